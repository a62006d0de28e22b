// Package gate says which step of a record's life may be taken, and what is missing for it. The lives of plans,
// requirements, waivers and rule versions are tables (lives.go); every condition is evaluated, so that a refusal names
// all that is missing at once, in both languages, with the actual values and what would satisfy it. It is pure: days,
// records and whoever acts come in, and nothing is stored or looked up.
package gate
