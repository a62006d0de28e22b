package main

import (
	"zutuan/internal/office"
	"zutuan/internal/people"
)

// recordTypes are the types of people, places, requirements, books, matches and offers.
var recordTypes = []named{
	kind[people.User]("User"),
	kind[people.Status]("UserStatus"),
	kind[people.UserPage]("UserPage"),
	kind[people.WithPassword]("UserWithPassword"),
	kind[people.Event]("Event"),
	kind[people.Outcome]("EventOutcome"),
	kind[people.EventPage]("EventPage"),
	kind[office.Region]("Region"),
	kind[office.RegionBody]("RegionContent"),
	kind[office.Page[office.Region]]("RegionPage"),
	kind[office.Institution]("Institution"),
	kind[office.InstitutionBody]("InstitutionContent"),
	kind[office.Page[office.Institution]]("InstitutionPage"),
	kind[office.Requirement]("Requirement"),
	kind[office.Page[office.Requirement]]("RequirementPage"),
	kind[office.Match]("StoredMatch"),
	kind[office.Page[office.Match]]("StoredMatchPage"),
	kind[office.Offer]("Offer"),
	kind[office.Page[office.Offer]]("OfferPage"),
	kind[office.Ledger]("Ledger"),
	kind[office.Fiscal]("FiscalProfile"),
	kind[office.Page[office.Fiscal]]("FiscalPage"),
	kind[office.Notification]("Notification"),
	kind[office.Page[office.Notification]]("NotificationPage"),
	kind[office.DemandReport]("DemandReport"),
}
