// Package montecarlo asks what becomes of a plan when income, cost, investment and rates scatter together: many paths,
// each the whole chain of starts, statement, draws and debt service in binary floats. With every factor at one a path is
// the exact result, because amounts are whole fen and are rounded where the exact computation rounds. It is the one
// place under stress that computes with floats; nothing it says decides a plan, a flag or a gate. The same seed gives
// the same bytes on any number of cores. It does no I/O and reads no clock.
package montecarlo
