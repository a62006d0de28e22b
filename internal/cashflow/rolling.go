package cashflow

import (
	"fmt"

	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/quarter"

	"github.com/shopspring/decimal"
)

// millionths is one, in the unit in which shares and occupancies are compared.
const millionths = 1_000_000

// notStarted marks a unit that has not started, or never does.
const notStarted = -1

// rollingStarts visits the horizon quarter by quarter and lets each waiting unit start in the first quarter in which
// its condition is true of the state that the named unit had at the end of the quarter before. The order of units
// within a quarter cannot matter, because that state lies in the past.
func (r *Result) rollingStarts(input Input, profiles []*profile) ([]int, error) {
	starts := make([]int, len(profiles))
	waits := make([]*wait, 0, len(profiles))
	for i, p := range profiles {
		starts[i] = notStarted
		if p.unit.Start.After == "" {
			starts[i] = p.unit.Start.At.Since(r.Start)
			continue
		}
		waiting, err := r.newWait(input, profiles, i)
		if err != nil {
			return nil, err
		}
		waits = append(waits, waiting)
	}
	for q := 0; q < r.Horizon && len(waits) > 0; q++ {
		r.visit(q, waits, profiles, starts)
	}
	for i, start := range starts {
		// A unit fixed to start after the horizon, or before the requirement, is not part of this statement.
		if start < 0 || start >= r.Horizon {
			starts[i] = notStarted
		}
	}
	return starts, nil
}

// visit decides for one quarter which waiting units start in it.
func (r *Result) visit(q int, waits []*wait, profiles []*profile, starts []int) {
	for _, waiting := range waits {
		if starts[waiting.unit] != notStarted || q < waiting.earliest || q > waiting.latest {
			continue
		}
		ready := waiting.ready(r, q, profiles[waiting.on], starts[waiting.on])
		if ready || q == waiting.latest && waiting.startAtLatest {
			starts[waiting.unit] = q
		}
	}
}

// wait is one waiting unit and what it waits for.
type wait struct {
	unit, on         int
	code             string
	condition        StartCondition
	earliest, latest int
	startAtLatest    bool
	// idle caches the answer for a unit that has not started, whose state never changes until it does.
	idleKnown, idleReady bool
	failures             []funding.Text
}

func (r *Result) newWait(input Input, profiles []*profile, unit int) (*wait, error) {
	start := profiles[unit].unit.Start
	waiting := &wait{unit: unit, on: -1, code: profiles[unit].unit.Code, startAtLatest: start.StartAtLatest}
	for i, p := range profiles {
		if p.unit.Code == start.After {
			waiting.on = i
		}
	}
	if waiting.on < 0 {
		return nil, fmt.Errorf("unit %s after %q: %w", waiting.code, start.After, ErrUnit)
	}
	waiting.condition = input.Conditions[waiting.code]
	if waiting.condition == nil {
		return nil, fmt.Errorf("unit %s: %w", waiting.code, ErrCondition)
	}
	waiting.earliest, waiting.latest = window(start, r.Start, r.Horizon)
	return waiting, nil
}

// window returns the first and last quarter index in which a waiting unit may start.
func window(start funding.UnitStart, from quarter.Quarter, horizon int) (earliest, latest int) {
	latest = horizon - 1
	if start.Earliest != 0 {
		earliest = max(0, start.Earliest.Since(from))
	}
	if start.Latest != 0 {
		latest = start.Latest.Since(from)
	}
	return earliest, latest
}

// ready asks the condition; an error counts as not true and is kept as a note, once for each different message.
func (w *wait) ready(r *Result, q int, on *profile, start int) bool {
	started := start != notStarted && start < q
	if !started && w.idleKnown {
		return w.idleReady
	}
	ready, err := w.condition.Ready(on.stateAfter(q, start))
	if err != nil {
		ready = false
		w.report(r, q, err)
	}
	if !started {
		w.idleKnown, w.idleReady = true, ready
	}
	return ready
}

func (w *wait) report(r *Result, q int, err error) {
	why := funding.TextOf(err)
	for _, known := range w.failures {
		if known == why {
			return
		}
	}
	w.failures = append(w.failures, why)
	r.note(NoteConditionFailed, w.code, r.Start.Add(q),
		"单元 "+w.code+" 的启动条件无法计算，按未满足处理："+why.ZH, "the start condition of unit "+w.code+" could not be evaluated and counts as not met: "+why.EN)
}

// stateAfter returns the unit's state at the end of quarter q−1, for a decision about quarter q.
func (p *profile) stateAfter(q, start int) UnitState {
	count := q - start
	if start == notStarted || count <= 0 {
		return UnitState{}
	}
	last := count - 1
	state := UnitState{
		Quarters: count, Started: true,
		Invested: p.cumulativeInvested[last], CumulativeInflow: p.cumulativeInflow[last], CumulativeNet: p.cumulativeNet[last],
	}
	if p.investTotal > 0 {
		state.InvestedShare = decimal.New(int64(money.MulDiv(state.Invested, millionths, int64(p.investTotal))), -money.RatioDecimals)
	}
	if p.occupancy != nil {
		state.Occupancy = p.occupancy[last]
	}
	return state
}

// allAtOnce returns the starts with every waiting unit at its earliest, and whether any unit waits at all.
func allAtOnce(requirement *funding.Requirement, profiles []*profile, starts []int) (together []int, waiting bool) {
	together = append([]int(nil), starts...)
	for i, p := range profiles {
		if p.unit.Start.After == "" {
			continue
		}
		waiting = true
		together[i], _ = window(p.unit.Start, requirement.Start, requirement.Horizon)
		if together[i] >= requirement.Horizon {
			together[i] = notStarted
		}
	}
	return together, waiting
}
