// Package planner builds financing plans and proves them: it writes the choice of lenders, amounts and draws as a
// mixed-integer linear program (plan.md), solves it behind the port of package lp, turns the answer into whole steps and
// fen, and has package plan judge the lines exactly. A limit that the exact judgement finds broken sends the program back
// with a margin; a need that nothing covers is answered with the smallest relaxations, each tried out.
//
// The program is in binary floats and in 万元. No number of it reaches an answer: amounts are rounded to the fen and
// everything that is said about a plan is computed from its lines again. README.md lists the constraints, how each open
// point of plan.md is read, and the invariants.
package planner
