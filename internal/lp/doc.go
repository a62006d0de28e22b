// Package lp describes linear and mixed-integer linear programs and the port behind which they are solved.
//
// A Model has named columns (the unknowns) and named rows (the limits); a Solution answers it with values, shadow
// prices and a bound that proves how good the values are. Nothing here solves: package highs does, and whoever
// holds a Solution can check it without trusting the solver (Verify, DualBound).
//
// Numbers are float64, because that is what a solver works in. No number from here is an answer to a person: the
// financing plan rounds them to fen and is judged again by the exact computation (finance.md). Amounts enter in 万元,
// which keeps the coefficients between 1e-2 and 6e4, where a solver is at its most accurate.
package lp
