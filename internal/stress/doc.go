// Package stress puts a plan under pressure with the exact computation: it changes the requirement and the terms of the
// lines as a scenario says, lets the units start anew, draws the committed lines as the new need asks, and recomputes
// coverage and risk flags. It also searches backwards for the smallest stress that breaks the plan. It is pure: no I/O,
// no clock, no binary floats; montecarlo below it is the one place that computes with floats. See README.md.
package stress
