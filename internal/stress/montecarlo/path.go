package montecarlo

import (
	"math"

	"zutuan/internal/cashflow"
	"zutuan/internal/money"
)

// scratch is what one worker needs for a path; nothing in it outlives the path.
type scratch struct {
	model  *Model
	starts []int
	inflow, cost, invest, depreciation,
	cfads, net, cash, cumulative, closing, moved []float64
	service     []float64
	flows       []flow
	needEnd     int
	peakGap     float64
	returned    float64 // working capital that comes back in the last quarter
	returnedOwn float64 // the same at the end of the horizon
	losses      []loss
	slab        []float64
}

type loss struct {
	quarter int
	left    float64
}

// result is what a path comes to; MinDSCR is NaN where no debt falls due.
type result struct {
	minDSCR, peakGap, shortfall float64
}

func newScratch(m *Model) *scratch {
	w := &scratch{model: m, starts: make([]int, len(m.units)), flows: make([]flow, len(m.lines)), losses: make([]loss, 0, m.reach)}
	for _, column := range []*[]float64{&w.inflow, &w.cost, &w.invest, &w.depreciation, &w.cfads, &w.net, &w.cash, &w.cumulative, &w.closing, &w.moved, &w.service} {
		*column = make([]float64, m.reach)
	}
	for i := range w.flows {
		f := &w.flows[i]
		f.draws, f.effect, f.service, f.principal = make([]float64, m.length), make([]float64, m.reach), make([]float64, m.reach), make([]float64, m.reach)
	}
	return w
}

// run computes one path. closing and cumulative are left in the scratch.
func (w *scratch) run(f factors) result {
	w.statement(f)
	w.draw(f)
	m := w.model
	out := result{minDSCR: w.minDSCR(), peakGap: w.peakGap}
	for _, cash := range w.closing[:m.length] {
		if missing := m.minimum - cash; missing > out.shortfall {
			out.shortfall = missing
		}
	}
	return out
}

// statement draws up the statement before the lines that are repaid, and the cash that it leaves.
func (w *scratch) statement(f factors) {
	w.roll(f)
	w.addUnits(f)
	w.tax(f)
	w.replace(f)
	w.finish(f)
}

// roll lets the waiting units start, with conditions asked exactly, of a state rounded to the fen.
func (w *scratch) roll(f factors) {
	m, waiting := w.model, 0
	for i := range m.units {
		w.starts[i] = -1
		if u := &m.units[i]; u.waits {
			waiting++
		} else {
			w.starts[i] = u.fixed
		}
	}
	for q := 0; q < m.horizon && waiting > 0; q++ {
		for i := range m.units {
			u := &m.units[i]
			if !u.waits || w.starts[i] >= 0 || q < u.wait.earliest || q > u.wait.latest {
				continue
			}
			if w.ready(f, &u.wait, q) || q == u.wait.latest && u.wait.startAtLatest {
				w.starts[i] = q
				waiting--
			}
		}
	}
	for i, start := range w.starts {
		if start >= m.horizon {
			w.starts[i] = -1
		}
	}
}

func (w *scratch) ready(f factors, waiting *wait, q int) bool {
	start := w.starts[waiting.on]
	if start < 0 || start >= q {
		return waiting.idleReady
	}
	u, k := &w.model.units[waiting.on], q-start-1
	income, cost := 0.0, f[atCost]*u.cumulativeCost[k]
	for i := range u.sources {
		s := &u.sources[i]
		income += f[s.of] * s.cumulativeIncome[k]
		cost += f[atCost] * f[s.of] * s.cumulativeCost[k]
	}
	invested := f[atInvest] * u.cumulativeInvest[k]
	net := income - cost - income*w.model.surtax - u.cumulativeSurtaxRounding[k] - invested
	ready, err := waiting.condition.Ready(cashflow.UnitState{Quarters: k + 1, Started: true, Invested: money.Amount(round(invested)), InvestedShare: u.share[k],
		CumulativeInflow: money.Amount(round(income)), CumulativeNet: money.Amount(round(net)), Occupancy: u.occupancy[k]})
	return ready && err == nil
}

// addUnits adds up what the started units earn, cost, invest and write off.
func (w *scratch) addUnits(f factors) {
	m := w.model
	clear(w.inflow)
	clear(w.cost)
	clear(w.invest)
	clear(w.depreciation)
	w.returned, w.returnedOwn = 0, 0
	for i := range m.units {
		u, start := &m.units[i], w.starts[i]
		if start < 0 {
			continue
		}
		count := m.reach - start
		for j := range u.sources {
			s := &u.sources[j]
			addTimes(w.inflow[start:], s.income[:count], f[s.of])
			addTimes(w.cost[start:], s.cost[:count], f[s.of]*f[atCost])
		}
		addTimes(w.cost[start:], u.cost[:count], f[atCost])
		addTimes(w.invest[start:], u.invest[:count], f[atInvest])
		if from := start + u.lastInvest + 1; from < m.reach {
			addTimes(w.depreciation[from:], u.depreciation[:m.reach-from], f[atInvest])
		}
		for k := 0; u.circulates && start+k < m.length; k++ {
			w.returned += f[atInvest] * u.workingCapital[k]
			if start+k < m.horizon {
				w.returnedOwn += f[atInvest] * u.workingCapital[k]
			}
		}
	}
}

func addTimes(sum, column []float64, factor float64) {
	sum = sum[:len(column)]
	for k, value := range column {
		sum[k] += factor * value
	}
}

// lossQuarters is how long a loss may be carried forward.
const lossQuarters = 20

// tax fills CFADS: income less cost, surtax and the adjusted income tax after losses, oldest first.
func (w *scratch) tax(_ factors) {
	m, oldest := w.model, 0
	w.losses = w.losses[:0]
	for q := range w.cfads {
		inflow, cost := round(w.inflow[q]), round(w.cost[q])
		before := inflow - cost - round(inflow*m.surtax)
		w.cfads[q] = before
		taxable := before - w.depreciation[q]
		if taxable < 0 {
			w.losses = append(w.losses, loss{q, -taxable})
			continue
		}
		for oldest < len(w.losses) && q-w.losses[oldest].quarter > lossQuarters {
			oldest++
		}
		for oldest < len(w.losses) && taxable > 0 {
			used := min(w.losses[oldest].left, taxable)
			taxable -= used
			if w.losses[oldest].left -= used; w.losses[oldest].left > 0 {
				break
			}
			oldest++
		}
		w.cfads[q] -= round(taxable * m.tax)
	}
}

// replace puts after_horizon in the place of the lines, with what the path takes from the last year of the horizon.
func (w *scratch) replace(_ factors) {
	m := w.model
	if m.after == nil {
		return
	}
	change := -m.baseCFADS
	for q := max(0, m.horizon-4); q < m.horizon; q++ {
		change += w.cfads[q]
	}
	for q := m.horizon; q < m.reach; q++ {
		w.cfads[q] = round(m.after.amount[q] + change*m.after.growth[q])
	}
}

// finish fills net, the cumulative sum, the need before debt and the cash before the lines.
func (w *scratch) finish(f factors) {
	m := w.model
	w.needEnd, w.peakGap = 0, 0
	cumulative, before, given, drawn := m.opening, 0.0, 0.0, 0.0
	for q := 0; q < m.length; q++ {
		invest := round(w.invest[q])
		net := w.cfads[q] - invest
		if q == m.length-1 {
			net += round(w.returned)
		}
		w.net[q] = net
		cumulative += net
		before += m.financing[q] - m.existing[q] - round((f[atRate]-1)*m.floating[q])
		given += m.given[q]
		w.cumulative[q], w.cash[q] = cumulative, cumulative+before+given
		gap := m.minimum - cumulative - before
		if gap > drawn {
			drawn = gap
			w.needEnd = q
		} else if invest > 0 {
			w.needEnd = q
		}
		if q == m.horizon-1 && m.length > m.horizon {
			gap -= round(w.returnedOwn)
		}
		if q < m.horizon && gap > w.peakGap {
			w.peakGap = gap
		}
	}
}

// minDSCR returns the smallest CFADS / debt service of the loan years, NaN where no principal falls due.
func (w *scratch) minDSCR() float64 {
	m, first, last := w.model, -1, -1
	for i := range w.flows {
		if !w.flows[i].drawn {
			continue
		}
		for q, principal := range w.flows[i].principal {
			if principal > 0 {
				if first < 0 || q < first {
					first = q
				}
				last = max(last, q)
			}
		}
	}
	least := math.NaN()
	if first < 0 {
		return least
	}
	for from := first; from <= last; from += 4 {
		cfads, service := 0.0, 0.0
		for q := from; q < from+4 && q < m.reach; q++ {
			cfads += w.cfads[q]
			service += w.service[q]
		}
		if service > 0 && !(cfads/service >= least) {
			least = cfads / service
		}
	}
	return least
}
