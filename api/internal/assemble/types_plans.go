package main

import (
	"zutuan/internal/gate"
	"zutuan/internal/office"
)

// planTypes are the types of plans and of what is decided on them.
var planTypes = []named{
	kind[office.Page[office.Zone]]("ZonePage"),
	kind[office.Zone]("Zone"),
	kind[office.ZoneBody]("ZoneContent"),
	kind[office.TrailEntry]("TrailEntry"),
	kind[office.Page[office.Plan]]("PlanPage"),
	kind[office.Plan]("Plan"),
	kind[gate.StudiesView]("StudiesView"),
	kind[gate.View]("GateView"),
	kind[office.Page[office.Assessment]]("AssessmentPage"),
	kind[office.Assessment]("Assessment"),
	kind[office.Replay]("Replay"),
	kind[office.Page[office.Waiver]]("WaiverPage"),
	kind[office.Waiver]("Waiver"),
	kind[office.WaiverInput]("WaiverInput"),
	kind[office.Page[office.Override]]("OverridePage"),
	kind[office.Override]("Override"),
	kind[office.OverrideInput]("OverrideInput"),
}
