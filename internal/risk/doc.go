// Package risk judges the fiscal and debt risk of a plan: it evaluates risk packs over the present state and over every
// year of the plan, before and after the plan, and says of each rule its level, the figures it rests on, the threshold
// with its provenance, and what would lower it. It also reconciles the ledger of existing debt. It is pure: no I/O, no
// clock, no binary floats; the same input gives the same bytes. See README.md for what it owns and how the years are
// projected.
package risk
