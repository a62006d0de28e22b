package main

import (
	"zutuan/internal/impact"
	"zutuan/internal/office"
	"zutuan/internal/rulecheck"
)

// versionTypes are the types of versions, of drafts, and of what is found out about them.
var versionTypes = []named{
	kind[office.Page[office.Version]]("VersionPage"),
	kind[office.Version]("Version"),
	kind[office.VersionDiff]("VersionDiff"),
	kind[rulecheck.Change]("RuleChange"),
	kind[rulecheck.Dependent]("Dependent"),
	kind[office.Mark]("Mark"),
	kind[office.TrailEntry]("TrailEntry"),
	kind[office.Page[office.Draft]]("DraftPage"),
	kind[office.Draft]("Draft"),
	kind[office.DraftTests]("DraftTests"),
	kind[office.DraftVerdict]("DraftVerdict"),
	kind[rulecheck.Diagnostic]("Diagnostic"),
	kind[rulecheck.Completion]("Completion"),
	kind[office.DraftFinding]("Finding"),
	kind[rulecheck.Setting]("WitnessFact"),
	kind[rulecheck.Suggestion]("TestSuggestion"),
	kind[office.ImpactReport]("ImpactReport"),
	kind[impact.ProductDiff]("ImpactProduct"),
	kind[impact.RequirementDiff]("ImpactRequirement"),
	kind[office.Page[office.MarketData]]("MarketDataPage"),
	kind[office.MarketData]("MarketData"),
}
