// Package jobs does long work outside of requests: a queue of jobs in the store, shared by all processes of the service.
// A job is run in at most one place at a time, survives the death of the process that runs it, tells its progress, can
// be cancelled from anywhere, and is removed some time after it ended. Beside it stand periodic duties, which one
// process at a time does.
package jobs
