// Package store says how Zutuan keeps its records: what a record, its audit trail, a query, a lease and an export
// are, and what every database behind them promises. The promises stand at interface Store; the packages sqlite and
// mongo supply an Engine each, Over turns an Engine into a Store, and package storetest holds both to the promises.
//
// Nothing here knows what a plan or a requirement means: a record is a body of canonical JSON, a few declared index
// fields beside it, and the hash-chained list of who changed it, when, how and why.
package store
