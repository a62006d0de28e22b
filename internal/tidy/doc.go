// Package tidy holds tests about the code itself: imports point one way, money never meets a binary float, deciders do
// no I/O, and every fixture is used. A habit that matters is a test; the package has no code of its own.
package tidy
