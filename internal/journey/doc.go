// Package journey tests the whole service from outside, over HTTP and through the generated client: a case from its first
// paper to its final plan and back, every operation with every role, and requests that nobody should send. It holds tests
// only.
package journey
