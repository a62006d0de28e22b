package montecarlo

// drawRounds is that of the exact drawing.
const drawRounds = 64

// draw finds the draws by the rules of stress (its README, "Draws") and fills closing and the debt service. Amounts are
// whole fen throughout, so that the rounds end where the exact ones do.
func (w *scratch) draw(f factors) {
	m := w.model
	last := max(w.needEnd, m.lastPlanned) + 1
	if w.asMade(f, last) {
		for i := range w.flows {
			copy(w.flows[i].draws, m.lines[i].planned)
			w.flows[i].last = m.length - 1
			m.lines[i].walk(&w.flows[i], f[atRate], m.reach)
		}
	} else {
		w.find(f, last)
	}
	copy(w.closing, w.cash)
	for q := range w.service {
		w.service[q] = m.existing[q] + round((f[atRate]-1)*m.floating[q])
	}
	for i := range w.flows {
		flow, effect := &w.flows[i], 0.0
		if !flow.drawn {
			continue
		}
		for q := range w.closing {
			effect += flow.effect[q]
			w.closing[q] += effect
			w.service[q] += flow.service[q]
		}
	}
}

// asMade reports whether cash comes out as planned, and suffices, as long as anything is built, so that the draws of the plan hold.
func (w *scratch) asMade(f factors, last int) bool {
	if f[atRate] != 1 || last > len(w.model.baseCash) || w.model.baseCash == nil {
		return false
	}
	for q := 0; q < last; q++ {
		if w.cash[q] != w.model.baseCash[q] || q <= w.needEnd && w.model.plan[q] < w.model.minimum {
			return false
		}
	}
	return true
}

func (w *scratch) find(f factors, last int) {
	m := w.model
	for i := range w.flows {
		clear(w.flows[i].draws)
		w.flows[i].left, w.flows[i].drawn, w.flows[i].last = m.lines[i].commitment, false, -1
	}
	last = min(last, m.length)
	for range drawRounds {
		copy(w.closing[:last], w.cash[:last])
		for i := range w.flows {
			if !w.flows[i].drawn {
				continue
			}
			effect := 0.0
			for q := 0; q < last; q++ {
				effect += w.flows[i].effect[q]
				w.closing[q] += effect
			}
		}
		if !w.round(last) {
			break
		}
		for i := range w.flows {
			if w.flows[i].changed {
				m.lines[i].walk(&w.flows[i], f[atRate], last)
			}
		}
	}
	for i := range w.flows {
		m.lines[i].walk(&w.flows[i], f[atRate], m.reach)
	}
}

// round raises the draws by what is missing with the present ones, and reports whether anything was.
func (w *scratch) round(last int) bool {
	m := w.model
	clear(w.moved[:m.length])
	added, any := 0.0, false
	for q := 0; q < last; q++ {
		added += w.moved[q]
		before := added
		if gap := m.target[q] - w.closing[q] - added; gap > 0 {
			for i := range w.flows {
				flow := &w.flows[i]
				added += flow.take(q, min(m.lines[i].planned[q]-flow.draws[q], flow.left), gap-(added-before))
			}
		}
		if gap := m.minimum - w.closing[q] - added; gap > 0 && q <= w.needEnd {
			added += w.beyondPlan(q, gap)
		}
		any = any || added != before
	}
	return any
}

// beyondPlan is the exact drawing's: open lines, lines opened earlier, ended lines ahead of the need, later draws brought
// forward.
func (w *scratch) beyondPlan(q int, gap float64) float64 {
	m, taken := w.model, 0.0
	for i := range w.flows {
		if l := &m.lines[i]; l.opens <= q && q <= l.ends {
			taken += w.flows[i].take(q, w.flows[i].left, gap-taken)
		}
	}
	for i := range w.flows {
		if m.lines[i].canOpenBy(q) {
			taken += w.flows[i].take(q, w.flows[i].left, gap-taken)
		}
	}
	for i := range w.flows {
		if l := &m.lines[i]; l.ends < q && l.ends >= max(l.opens, 0) {
			taken += w.flows[i].take(l.ends, w.flows[i].left, gap-taken)
		}
	}
	for i := range w.flows {
		if l := &m.lines[i]; l.opens <= q && q <= l.ends || l.canOpenBy(q) {
			taken += w.forward(&w.flows[i], q, gap-taken)
		}
	}
	return taken
}

func (f *flow) take(q int, room, gap float64) float64 {
	amount := min(gap, room)
	if amount <= 0 {
		return 0
	}
	f.draws[q] += amount
	f.left -= amount
	f.last = max(f.last, q)
	f.changed = true
	return amount
}

func (w *scratch) forward(f *flow, q int, gap float64) float64 {
	taken := 0.0
	for later := f.last; later > q && taken < gap; later-- {
		amount := min(f.draws[later], gap-taken)
		if amount <= 0 {
			continue
		}
		f.draws[later] -= amount
		f.draws[q] += amount
		f.changed = true
		w.moved[later] -= amount
		taken += amount
	}
	return taken
}
