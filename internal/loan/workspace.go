package loan

import "zutuan/internal/money"

// Workspace lends its memory to schedules that are looked at once and not kept: whoever searches over sizes and tenors
// builds thousands. The zero value is ready; it is not safe for concurrent use.
type Workspace struct {
	course   course
	schedule Schedule
	debt     debtFlows
	flows    []int64
}

// Build is Build into the workspace: the schedule is valid until the next one is built.
func (w *Workspace) Build(terms Terms, cfads []money.Amount) (*Schedule, error) {
	return w.course.build(&w.schedule, terms, cfads)
}

// Cover works out the wanted parts of Coverage; the others are left absent. The result is the caller's to keep.
func (w *Workspace) Cover(input CoverageInput, wanted CoverParts) CoverageResult {
	return w.debt.coverage(input, wanted)
}
