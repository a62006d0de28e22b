package match

import (
	"zutuan/internal/loan"
	"zutuan/internal/money"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
)

// workshop is where a worker tries offers that nobody keeps. A search for what would help asks for thousands of them, many
// with the same terms: a fact that is moved often moves no term at all. So what the terms of the product in hand came to
// is remembered, and schedules are built in memory that is used again.
type workshop struct {
	loans loan.Workspace
	draws []loan.Draw
	// financing is the list of the one loan that is looked at.
	financing [1]*loan.Schedule
	// offer and facts are lent to one trial at a time.
	offer Offer
	spare []*ruleexpr.Facts
	// done is what terms came to, found by key; all of one product and one need.
	product *rulepack.Product
	place   map[termsKey]int
	done    []worked
}

// termsKey is everything in which two offers of one product for one need can differ.
type termsKey struct {
	tenor, grace, available int
	size                    money.Amount
	rate                    int64 // in trillionths
}

// worked holds the figures of an offer as far as they were worked out.
type worked struct {
	parts   parts
	builtIn *BuiltIn
	offer   Offer
}

// borrow returns facts equal to others, to be given back.
func (w *workshop) borrow(from *ruleexpr.Facts) *ruleexpr.Facts {
	if last := len(w.spare) - 1; last >= 0 {
		facts := w.spare[last]
		w.spare = w.spare[:last]
		facts.CopyFrom(from)
		return facts
	}
	return from.Clone()
}

func (w *workshop) giveBack(facts *ruleexpr.Facts) { w.spare = append(w.spare, facts) }

// figures fills in the wanted figures of an offer whose terms are fixed, and returns the built-in must that fails where
// they make no schedule.
func (w *workshop) figures(s *sizing, wanted parts) *BuiltIn {
	if w.product != s.product {
		w.product, w.done = s.product, w.done[:0]
		clear(w.place)
	}
	rate, short := money.PerTrillion(s.offer.Rate.Value)
	if !short {
		return w.workOut(s, &worked{}, wanted)
	}
	if w.place == nil {
		w.place = map[termsKey]int{}
	}
	key := termsKey{s.offer.TenorQuarters, s.offer.GraceQuarters, s.offer.AvailableQuarters, s.offer.Size, rate}
	at, known := w.place[key]
	if !known {
		at = len(w.done)
		w.place[key], w.done = at, append(w.done, worked{})
	}
	return w.workOut(s, &w.done[at], wanted)
}

// workOut completes what is known of the terms by what is wanted besides, and gives it to the offer.
func (w *workshop) workOut(s *sizing, known *worked, wanted parts) *BuiltIn {
	if missing := wanted &^ known.parts; missing != 0 && known.builtIn == nil {
		schedule := s.offer.Schedule
		if schedule == nil {
			w.draws = s.draws(w.draws)
			var err error
			if schedule, err = w.loans.Build(s.terms(w.draws), s.cfads()); err != nil {
				known.builtIn = noSchedule(err)
				return known.builtIn
			}
		}
		w.measure(&known.offer, schedule, s.need, missing)
		known.parts |= missing
	}
	if known.builtIn == nil {
		s.offer.takeFigures(&known.offer)
	}
	return known.builtIn
}

// measure works out what the schedule costs and how the money that comes back covers it, existing debt included.
func (w *workshop) measure(o *Offer, schedule *loan.Schedule, need *Need, missing parts) {
	if missing&partSchedule != 0 {
		start := need.start
		o.TotalInterest, o.TotalFees = schedule.TotalInterest, schedule.TotalFees
		o.AverageLifeYears = schedule.AverageLifeYears()
		o.LastQuarter = schedule.LastQuarter().Since(start)
		o.FirstInstalment = o.LastQuarter
		if first, ok := schedule.FirstPrincipal(); ok {
			o.FirstInstalment = first.Since(start)
		}
	}
	if missing&partCost != 0 {
		o.AllInCost = w.loans.AllInCost(schedule)
	}
	if missing&partCoverage != 0 {
		w.cover(o, schedule, need, missing)
	}
}

func (w *workshop) cover(o *Offer, schedule *loan.Schedule, need *Need, missing parts) {
	if need.serviceUnknown != "" {
		o.serviceCoverUnknown = need.serviceUnknown
		return
	}
	w.financing[0] = schedule
	financing := w.financing[:]
	reach := need.projectEnd
	if last, ok := loan.LastLoanQuarter(financing); ok {
		reach = min(max(reach, last.Since(need.start)+1), len(need.operating))
	}
	covered := w.loans.Cover(loan.CoverageInput{
		Start: need.start, CFADS: need.cfads[:reach], Operating: need.operating[:reach],
		ProjectQuarters: need.projectEnd, Financing: financing, Existing: need.existing,
	}, missing.cover())
	if missing&partLeast != 0 {
		o.MinDSCR, o.AvgDSCR, o.MinICR = covered.MinDSCR, covered.AvgDSCR, covered.MinICR
	}
	if missing&partYears != 0 {
		o.DSCRByYear = covered.DSCRs
	}
	if missing&partLife != 0 {
		o.LLCR, o.PLCR = covered.LLCR, covered.PLCR
	}
	if missing&partSlack != 0 {
		// The vocabulary counts slack as the plan's reader does: positive where the money comes before the instalment.
		o.GraceSlackQuarters, o.GraceSlackKnown = -covered.Tenor.GraceSlackQuarters, covered.Tenor.GraceKnown
	}
}

// cover names the parts as the loans know them.
func (p parts) cover() (wanted loan.CoverParts) {
	if p&partLeast != 0 {
		wanted |= loan.CoverLeast
	}
	if p&partYears != 0 {
		wanted |= loan.CoverDSCRs
	}
	if p&partLife != 0 {
		wanted |= loan.CoverLife
	}
	if p&partSlack != 0 {
		wanted |= loan.CoverSlack
	}
	return wanted
}

// takeFigures takes over what follows from the terms and the schedule.
func (o *Offer) takeFigures(from *Offer) {
	o.TotalInterest, o.TotalFees, o.AverageLifeYears = from.TotalInterest, from.TotalFees, from.AverageLifeYears
	o.LastQuarter, o.FirstInstalment = from.LastQuarter, from.FirstInstalment
	o.AllInCost = from.AllInCost
	o.MinDSCR, o.AvgDSCR, o.MinICR, o.DSCRByYear = from.MinDSCR, from.AvgDSCR, from.MinICR, from.DSCRByYear
	o.LLCR, o.PLCR = from.LLCR, from.PLCR
	o.GraceSlackQuarters, o.GraceSlackKnown, o.serviceCoverUnknown = from.GraceSlackQuarters, from.GraceSlackKnown, from.serviceCoverUnknown
	o.measured = true
}
