package planner

import (
	"context"
	"fmt"

	"zutuan/internal/cashflow"
	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/lp"
	"zutuan/internal/money"
	"zutuan/internal/plan"
	"zutuan/internal/quarter"
)

// Relaxation is the smallest change of one kind that makes a plan possible, everything else staying as it is.
type Relaxation struct {
	Kind string
	// Subject is the id of the unit, source or class of debt; empty where the change is about the whole case.
	Subject string
	// Helps false: no change of this kind alone makes a plan possible; the other fields are then empty.
	Helps bool
	// From and To are the limit as it is and as it would have to be, Change their difference, all in Unit.
	From, To, Change money.Decimal
	Unit             string
	// By is the quarter by which more capital has to be paid in.
	By quarter.Quarter
	// Smaller is the largest change tried for which there still is no plan: To is what it is for a reason.
	Smaller money.Decimal
	// Cost is the cost of the cheapest plan with the change, built and judged exactly.
	Cost money.Amount
	Text funding.Text
}

// The kinds of relaxations.
const (
	RelaxCapital  = "more_capital"
	RelaxDSCR     = "lower_min_dscr"
	RelaxTenor    = "longer_tenor"
	RelaxProducts = "longer_product_tenor"
	RelaxStart    = "later_start"
	RelaxSize     = "larger_limit"
	RelaxHeadroom = "more_headroom"
)

const (
	// capitalGrain is to what capital and limits are stated: 1 万元, and for a product its own step where that is larger.
	capitalGrain = money.Wan
	// dscrGrain is to what a minimum DSCR is stated, in ten-thousandths.
	dscrGrain = 10_000
	// latestDelay is how many quarters a unit's start is put off at most.
	latestDelay = 12
)

// relaxations tries every kind of change alone. Each answer was built and judged exactly, and the next smaller change
// was shown to have no plan.
func (s *search) relaxations(ctx context.Context) ([]Relaxation, error) {
	var list []Relaxation
	for _, lever := range []func(context.Context) ([]Relaxation, error){s.moreCapital, s.lowerDSCR, s.longerTenor, s.laterStarts, s.largerLimits, s.moreHeadroom} {
		found, err := lever(ctx)
		if err != nil {
			return nil, err
		}
		list = append(list, found...)
	}
	return list, nil
}

// possible reports whether a case has a plan at all: any point of any part of its program.
func (s *search) possible(ctx context.Context, kase Case) (bool, error) {
	other, err := newSearch(s.alike(kase))
	if err != nil {
		return false, err
	}
	answer, err := other.least(ctx, shape{}, func(p *program, model *lp.Model) {})
	return answer != nil, err
}

// least minimises what a function puts into the objective of every part, the tenor match and the pace of capital
// included; nil where there is no plan.
func (s *search) least(ctx context.Context, as shape, costs func(p *program, model *lp.Model)) (*answered, error) {
	as.margins, as.life, as.tenorChoices = firstMargins(), true, s.in.tenorChoices()
	return s.keepingPace(ctx, func(paid pace) (*answered, error) {
		as.pace = paid
		return s.minimise(ctx, s.parts(as), func(p *program) (*lp.Model, lp.RowID) {
			model := p.model.Clone()
			model.ClearCosts()
			costs(p, model)
			return model, -1
		})
	})
}

// confirm builds the plan of a relaxed case exactly. It returns nil where the exact plan does not come about, which makes
// the change too small by a grain.
func (s *search) confirm(ctx context.Context, kase Case) (*Built, error) {
	other, err := newSearch(s.alike(kase))
	if err != nil {
		return nil, err
	}
	built, err := other.build(ctx)
	if err != nil || !built.Feasible {
		return nil, err
	}
	return built, nil
}

// vary is the case of a changed requirement, offers matched anew where that is possible.
func (s *search) vary(requirement *funding.Requirement) (Case, error) {
	if s.in.Vary != nil {
		return s.in.Vary(requirement)
	}
	kase := s.in.Case
	kase.Requirement = requirement
	return kase, nil
}

// smallest finds the smallest n in (low, high] for which trial says yes, knowing that low says no and high yes.
func smallest(low, high int64, trial func(n int64) (bool, error)) (int64, error) {
	for high-low > 1 {
		middle := low + (high-low)/2
		ok, err := trial(middle)
		if err != nil {
			return 0, err
		}
		if ok {
			high = middle
		} else {
			low = middle
		}
	}
	return high, nil
}

// withCapital is the requirement with more capital, paid in one quarter.
func withCapital(requirement *funding.Requirement, amount money.Amount, at int) *funding.Requirement {
	more := *requirement
	more.Capital = append(append([]funding.FundingLine(nil), requirement.Capital...), funding.FundingLine{Source: "additional", Name: "追加资本金",
		Series: funding.Series{Form: funding.SeriesExplicit, Offset: at, Values: []int64{int64(amount)}}})
	return &more
}

// moreCapital looks for the smallest amount of capital, paid in before the first need, and then for the latest quarter
// in which it may still come.
func (s *search) moreCapital(ctx context.Context) ([]Relaxation, error) {
	if s.in.Vary == nil {
		return nil, nil
	}
	trial := func(grains int64, at int) (bool, error) {
		kase, err := s.vary(withCapital(s.in.Requirement, money.Amount(grains)*capitalGrain, at))
		if err != nil {
			return false, err
		}
		return s.possible(ctx, kase)
	}
	at := s.signings[0]
	most := int64((s.worstGap()+capitalGrain-1)/capitalGrain) + 1
	if ok, err := trial(most, at); err != nil || !ok {
		return []Relaxation{{Kind: RelaxCapital, Text: notEnough("追加资本金", "more capital")}}, err
	}
	grains, err := smallest(0, most, func(n int64) (bool, error) { return trial(n, at) })
	if err != nil {
		return nil, err
	}
	latest, err := smallest(-int64(s.lastNeed()+1), -int64(at), func(n int64) (bool, error) { return trial(grains, int(-n)) })
	if err != nil {
		return nil, err
	}
	// What is drawn, and so where offers may be signed, follows the capital: at the later quarter less may be enough.
	if ok, err := trial(grains-1, int(-latest)); err != nil {
		return nil, err
	} else if ok {
		if grains, err = smallest(0, grains-1, func(n int64) (bool, error) { return trial(n, int(-latest)) }); err != nil {
			return nil, err
		}
	}
	r := Relaxation{Kind: RelaxCapital, Helps: true, Unit: unitYuan, By: s.statement.Start.Add(int(-latest))}
	amount := money.Amount(grains) * capitalGrain
	own := s.statement.Summary.CapitalTotal
	r.From, r.To, r.Change, r.Smaller = own.Decimal(), (own + amount).Decimal(), amount.Decimal(), (amount - capitalGrain).Decimal()
	kase, err := s.vary(withCapital(s.in.Requirement, amount, int(-latest)))
	if err != nil {
		return nil, err
	}
	r.Text = funding.Text{ZH: fmt.Sprintf("追加资本金 %s，不晚于 %s 到位", amount.Show(money.Chinese), r.By), EN: fmt.Sprintf("pay in %s more capital, by %s", amount.Show(money.English), r.By)}
	return s.confirmed(ctx, r, kase)
}

// lastNeed is the last quarter in which something has to be drawn; capital that came later would finance nothing.
func (s *search) lastNeed() int {
	last := s.signings[0]
	for q := 0; q < s.statement.Horizon; q++ {
		if s.statement.Draw[q] > 0 {
			last = q
		}
	}
	return last
}

// worstGap is the largest need before debt over the whole statement: with that much more capital nothing is missing.
func (s *search) worstGap() money.Amount {
	worst := money.Amount(0)
	for _, gap := range s.statement.Gap {
		worst = max(worst, gap)
	}
	return worst
}

// confirmed adds the exact plan of the changed case to a relaxation; one that has none does not help.
func (s *search) confirmed(ctx context.Context, r Relaxation, kase Case) ([]Relaxation, error) {
	built, err := s.confirm(ctx, kase)
	if err != nil {
		return nil, err
	}
	if built == nil {
		return []Relaxation{{Kind: r.Kind, Subject: r.Subject, Text: notEnough(r.Text.ZH, r.Text.EN)}}, nil
	}
	r.Cost = built.Cost.Total
	return []Relaxation{r}, nil
}

func notEnough(zh, en string) funding.Text {
	return funding.Text{ZH: "只靠" + zh + "仍没有可行方案", EN: "not possible by " + en + " alone"}
}

// lowerDSCR finds the highest minimum DSCR that a plan can keep: the inverse of the lowest peak of service / CFADS.
func (s *search) lowerDSCR(ctx context.Context) ([]Relaxation, error) {
	limit := s.in.Limits.MinDSCR
	if limit == nil || !limit.IsPositive() {
		return nil, nil
	}
	with := func(tenThousandths int64) Case {
		kase := s.in.Case
		minimum := decimalOf(float64(tenThousandths)/dscrGrain, 4)
		kase.Limits.MinDSCR = &minimum
		return kase
	}
	trial := func(n int64) (bool, error) { return s.possible(ctx, with(-n)) }
	asked := int64(real(*limit) * dscrGrain)
	if ok, err := trial(0); err != nil || !ok {
		return []Relaxation{{Kind: RelaxDSCR, Text: notEnough("降低最低偿债备付率", "a lower minimum DSCR")}}, err
	}
	low, high := s.bracketDSCR(ctx, asked, trial)
	reached, err := smallest(low, high, trial)
	if err != nil {
		return nil, err
	}
	kase := with(-reached)
	r := Relaxation{Kind: RelaxDSCR, Helps: true, Unit: unitRatio, From: *limit, To: *kase.Limits.MinDSCR}
	r.Change, r.Smaller = r.To.Sub(r.From), r.To.Add(decimalOf(1.0/dscrGrain, 4))
	r.Text = funding.Text{ZH: fmt.Sprintf("最低偿债备付率由 %s 降到 %s", limit, r.To), EN: fmt.Sprintf("lower the minimum DSCR from %s to %s", limit, r.To)}
	return s.confirmed(ctx, r, kase)
}

// bracketDSCR narrows the search around what the lowest peak says, where that holds on both sides. Values are negative
// ten-thousandths, so that a larger one is harder to reach.
func (s *search) bracketDSCR(ctx context.Context, asked int64, trial func(int64) (bool, error)) (low, high int64) {
	low, high = -asked, 0
	free := s.in.Case
	free.Limits.MinDSCR = nil
	other, err := newSearch(s.alike(free))
	if err != nil {
		return low, high
	}
	answer, err := other.least(ctx, shape{peak: true}, func(p *program, model *lp.Model) {
		if p.first >= 0 {
			model.SetCost(p.peak, 1)
		}
	})
	if err != nil || answer == nil || answer.solution.Objective <= 0 {
		return low, high
	}
	guess := -int64(dscrGrain / answer.solution.Objective)
	if ok, err := trial(guess + 2); err == nil && ok && guess+2 < high {
		high = guess + 2
	}
	if ok, err := trial(guess - 2); err == nil && !ok && guess-2 > low {
		low = guess - 2
	}
	return low, high
}

// longerTenor lengthens the bureau's own limit, offers matched anew; where that does not help, it asks how long the
// offers themselves would have to be.
func (s *search) longerTenor(ctx context.Context) ([]Relaxation, error) {
	var list []Relaxation
	if limit := s.in.Requirement.Limits.TenorQuarters; limit != nil && s.in.Vary != nil {
		found, err := s.lengthen(ctx, RelaxTenor, *limit, func(tenor int) (Case, error) {
			longer := *s.in.Requirement
			longer.Limits.TenorQuarters = &tenor
			return s.vary(&longer)
		})
		if err != nil || len(found) > 0 && found[0].Helps {
			return found, err
		}
		list = append(list, found...)
	}
	longest := 0
	for i := range s.in.Sources {
		if source := &s.in.Sources[i]; source.repaid() {
			longest = max(longest, source.Terms.Tenor)
		}
	}
	if longest == 0 {
		return list, nil
	}
	found, err := s.lengthen(ctx, RelaxProducts, longest, func(tenor int) (Case, error) { return s.withTenor(tenor), nil })
	return append(list, found...), err
}

// withTenor is the case with every offer as long as asked.
func (s *search) withTenor(tenor int) Case {
	kase := s.in.Case
	kase.Sources = append([]Source(nil), s.in.Sources...)
	for i := range kase.Sources {
		source := &kase.Sources[i]
		if source.repaid() && source.Terms.Tenor < tenor && source.Terms.Profile != loan.ProfileCustom {
			source.Terms.Tenor = tenor - (tenor-source.Terms.Grace)%max(source.Terms.Interval, 1)
			source.Line.TenorQuarters = source.Terms.Tenor
		}
	}
	kase.Limits.TenorQuarters = &tenor
	return kase
}

// lengthen searches whole years from a tenor up.
func (s *search) lengthen(ctx context.Context, kind string, from int, with func(tenor int) (Case, error)) ([]Relaxation, error) {
	trial := func(n int64) (bool, error) {
		kase, err := with(from + 4*int(n))
		if err != nil {
			return false, err
		}
		return s.possible(ctx, kase)
	}
	zh, en := "延长期限上限", "a longer tenor"
	if kind == RelaxProducts {
		zh, en = "延长产品期限", "longer tenors of the products"
	}
	most := int64((funding.MaxQuarters - s.signings[0] - from) / 4)
	if most < 1 {
		return nil, nil
	}
	if ok, err := trial(most); err != nil || !ok {
		return []Relaxation{{Kind: kind, Text: notEnough(zh, en)}}, err
	}
	n, err := smallest(0, most, trial)
	if err != nil {
		return nil, err
	}
	to := from + 4*int(n)
	kase, err := with(to)
	if err != nil {
		return nil, err
	}
	r := Relaxation{Kind: kind, Helps: true, Unit: unitQuarters, From: whole(from), To: whole(to), Change: whole(to - from), Smaller: whole(to - 4)}
	r.Text = funding.Text{ZH: fmt.Sprintf("%s：由 %d 季（%d 年）到 %d 季（%d 年）", zh, from, from/4, to, to/4), EN: fmt.Sprintf("%s: from %d to %d quarters", en, from, to)}
	return s.confirmed(ctx, r, kase)
}

// laterStarts puts off the start of one unit at a time.
func (s *search) laterStarts(ctx context.Context) ([]Relaxation, error) {
	if s.in.Vary == nil {
		return nil, nil
	}
	var list []Relaxation
	for i := range s.in.Requirement.Units {
		found, err := s.laterStart(ctx, i)
		if err != nil {
			return nil, err
		}
		list = append(list, found...)
	}
	return list, nil
}

func (s *search) laterStart(ctx context.Context, unit int) ([]Relaxation, error) {
	code := s.in.Requirement.Units[unit].Code
	for delay := 1; delay <= latestDelay; delay++ {
		kase, err := s.vary(delayed(s.in.Requirement, s.statement, unit, delay))
		if err != nil {
			return nil, err
		}
		ok, err := s.possible(ctx, kase)
		if err != nil {
			return nil, err
		}
		if ok {
			r := Relaxation{Kind: RelaxStart, Subject: code, Helps: true, Unit: unitQuarters, To: whole(delay), Change: whole(delay), Smaller: whole(delay - 1)}
			r.Text = funding.Text{ZH: fmt.Sprintf("单元 %s 推迟 %d 个季度开工", code, delay), EN: fmt.Sprintf("start unit %s %d quarters later", code, delay)}
			return s.confirmed(ctx, r, kase)
		}
	}
	return []Relaxation{{Kind: RelaxStart, Subject: code, Text: notEnough(fmt.Sprintf("单元 %s 推迟开工（%d 个季度以内）", code, latestDelay), fmt.Sprintf("a start of unit %s up to %d quarters later", code, latestDelay))}}, nil
}

// delayed is the requirement in which one unit starts so many quarters later than it does: a fixed start moves, and a
// waiting unit may not start before.
func delayed(requirement *funding.Requirement, statement *cashflow.Result, unit, delay int) *funding.Requirement {
	later := *requirement
	later.Units = append([]funding.Unit(nil), requirement.Units...)
	start := &later.Units[unit].Start
	if start.At != 0 {
		start.At = start.At.Add(delay)
		return &later
	}
	from := requirement.Start
	if unit < len(statement.Units) && statement.Units[unit].Started {
		from = statement.Units[unit].Start
	}
	start.Earliest = from.Add(delay)
	if start.Latest != 0 {
		start.Latest = max(start.Latest, start.Earliest)
	}
	return &later
}

// largerLimits asks, of each source alone, how much larger its limit would have to be.
func (s *search) largerLimits(ctx context.Context) ([]Relaxation, error) {
	var list []Relaxation
	for _, source := range s.in.sorted() {
		if source.Line.CountsAs == plan.CountsAsGrant {
			continue // what is given is not there for the asking
		}
		id, step := source.Line.ID, max(source.Step, capitalGrain)
		more, err := s.leastSlack(ctx, elastic{source: id})
		if err != nil {
			return nil, err
		}
		if more < 0 {
			continue
		}
		with := func(largest money.Amount) Case {
			kase := s.in.Case
			kase.Sources = append([]Source(nil), s.in.Sources...)
			for i := range kase.Sources {
				if kase.Sources[i].Line.ID == id {
					kase.Sources[i].Largest = largest
				}
			}
			return kase
		}
		base := source.Largest / step * step
		name := s.nameOf(id)
		found, err := s.enlarge(ctx, Relaxation{Kind: RelaxSize, Subject: id, From: source.Largest.Decimal()}, base, step, more, with,
			func(to money.Amount) funding.Text {
				return funding.Text{ZH: fmt.Sprintf("%s的最大额度由 %s提高到 %s", name.ZH, source.Largest.Show(money.Chinese), to.Show(money.Chinese)), EN: fmt.Sprintf("raise the limit of %s from %s to %s", name.EN, source.Largest.Show(money.English), to.Show(money.English))}
			})
		if err != nil {
			return nil, err
		}
		list = append(list, found...)
	}
	if len(list) == 0 && len(s.in.Sources) > 0 {
		list = append(list, Relaxation{Kind: RelaxSize, Text: notEnough("提高某一个产品的额度", "a larger limit of any one product")})
	}
	return list, nil
}

// leastSlack is the smallest slack, in 万元, with which an elastic program has a plan; −1 where none does.
func (s *search) leastSlack(ctx context.Context, e elastic) (float64, error) {
	other := &search{in: s.alike(s.in.Case), statement: s.statement, signings: s.signings}
	answer, err := other.least(ctx, shape{elastic: e}, func(p *program, model *lp.Model) {
		for _, slack := range p.slacks {
			model.SetCost(slack, 1)
		}
	})
	if err != nil || answer == nil {
		return -1, err
	}
	return answer.solution.Objective, nil
}

// enlarge turns a slack into whole steps above a base, finds the fewest steps that have a plan and confirms them.
func (s *search) enlarge(ctx context.Context, r Relaxation, base, step money.Amount, more float64, with func(money.Amount) Case, text func(money.Amount) funding.Text) ([]Relaxation, error) {
	trial := func(n int64) (bool, error) { return s.possible(ctx, with(base+money.Amount(n)*step)) }
	guess := int64(more / wan(step))
	low, high := int64(0), guess+2
	if guess > 2 {
		if ok, err := trial(guess - 2); err != nil {
			return nil, err
		} else if !ok {
			low = guess - 2
		}
	}
	if ok, err := trial(high); err != nil || !ok {
		return nil, err
	}
	n, err := smallest(low, high, trial)
	if err != nil {
		return nil, err
	}
	to := base + money.Amount(n)*step
	r.Helps, r.Unit, r.To = true, unitYuan, to.Decimal()
	r.Change, r.Smaller = r.To.Sub(r.From), (to - step).Decimal()
	r.Text = text(to)
	return s.confirmed(ctx, r, with(to))
}

// moreHeadroom asks how much more either statutory limit would have to leave.
func (s *search) moreHeadroom(ctx context.Context) ([]Relaxation, error) {
	var list []Relaxation
	for _, class := range []struct {
		name  string
		left  *money.Amount
		e     elastic
		raise func(*Limits, *money.Amount)
	}{
		{"general", s.in.Limits.GeneralHeadroom, elastic{general: true}, func(l *Limits, a *money.Amount) { l.GeneralHeadroom = a }},
		{"special", s.in.Limits.SpecialHeadroom, elastic{special: true}, func(l *Limits, a *money.Amount) { l.SpecialHeadroom = a }},
	} {
		if class.left == nil {
			continue
		}
		more, err := s.leastSlack(ctx, class.e)
		if err != nil {
			return nil, err
		}
		name := classNames[class.name]
		if more < 0 {
			list = append(list, Relaxation{Kind: RelaxHeadroom, Subject: class.name, Text: notEnough("增加"+name.ZH+"限额空间", "more headroom for "+name.EN)})
			continue
		}
		left := *class.left
		found, err := s.enlarge(ctx, Relaxation{Kind: RelaxHeadroom, Subject: class.name, From: left.Decimal()}, left, capitalGrain, more, func(to money.Amount) Case {
			kase := s.in.Case
			class.raise(&kase.Limits, &to)
			return kase
		}, func(to money.Amount) funding.Text {
			return funding.Text{ZH: fmt.Sprintf("%s限额空间由 %s增加到 %s", name.ZH, left.Show(money.Chinese), to.Show(money.Chinese)), EN: fmt.Sprintf("raise the headroom for %s from %s to %s", name.EN, left.Show(money.English), to.Show(money.English))}
		})
		if err != nil {
			return nil, err
		}
		list = append(list, found...)
	}
	return list, nil
}
