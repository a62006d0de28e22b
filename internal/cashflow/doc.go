// Package cashflow turns a requirement into quarters: it expands the series of every line, lets the units start as
// rolling development allows (滚动开发), and draws up the statement before financing, its peak gap and its appraisal.
// finance.md, sections "Series", "Rolling development" and "Statement of a quarter", fixes every formula; the comments
// here say only where a reading had to be chosen.
//
// It is pure: no I/O, no clock, no floating point except behind package yield. The same input gives the same bytes.
package cashflow
