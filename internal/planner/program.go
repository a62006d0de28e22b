package planner

import (
	"fmt"
	"math"
	"sort"

	"zutuan/internal/cashflow"
	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/lp"
	"zutuan/internal/money"
	"zutuan/internal/plan"
	"zutuan/internal/quarter"
)

type quarterOf func(index int) quarter.Quarter

// optionColumns are the unknowns of one option.
type optionColumns struct {
	use        lp.ColumnID
	commitment lp.ColumnID
	// draws are by quarter from the option's first; firstDraw is the index of the first, counted from the requirement's
	// start.
	draws     []lp.ColumnID
	firstDraw int
	// base is the balance at the end of grace, repayments are the free ones of a sculpted profile.
	base       lp.Expression
	repayments []lp.ColumnID
}

// margins tighten the program so that rounding to the fen breaks nothing; all in 万元.
type margins struct{ cash, service, capital, life float64 }

// Rounding moves an interest payment by half a fen and a balance by a few; with twenty loans over forty years that is
// below 20 yuan in one quarter's cash.
func firstMargins() margins {
	return margins{cash: 0.002, service: 0.001, capital: 0.0001, life: 0.001}
}

func (m margins) times(factor float64) margins {
	return margins{m.cash * factor, m.service * factor, m.capital * factor, m.life * factor}
}

// elastic names what a program may exceed, to ask by how little.
type elastic struct {
	source           string // the id of a source whose size may be exceeded
	general, special bool
}

// markKind says what a row or column limits, for shadow prices.
type markKind string

const (
	markSize     markKind = "size_max"
	markHeadroom markKind = "government_headroom"
	markCapital  markKind = "capital_ratio"
	markQuasi    markKind = "quasi_equity_share"
	markDSCR     markKind = "dscr"
	markCash     markKind = "cash"
	markProRata  markKind = "capital_pro_rata"
	markShare    markKind = "institution_share"
	markLender   markKind = "lender_limit"
	markLife     markKind = "tenor_match"
)

// mark ties a row (or the column of cash) to its meaning.
type mark struct {
	kind   markKind
	row    lp.RowID
	column lp.ColumnID
	// id is the source, institution or class of debt; quarter the index where there is one. use is the option's column
	// where the limit is that of one option.
	id      string
	use     lp.ColumnID
	quarter int
}

// program is the mixed-integer program of one case.
type program struct {
	model     *lp.Model
	kase      *Case
	sources   []Source
	statement *cashflow.Result
	margins   margins
	// quarters is how many quarters have rows: to the horizon, or the end of the last loan year.
	quarters int
	options  []*option
	// drawn, service, upfront and cost are sums over options by quarter; cost is discounted interest and fees.
	drawn, service, upfront []lp.Expression
	cost                    lp.Expression
	discount                []float64
	existing, existingOut   []float64
	cash, serviceColumns    []lp.ColumnID
	// lenders are the yes/no columns of institutions that have to be paid back, by id.
	lenders     map[string]lp.ColumnID
	lenderNames []string
	// alignments are the yes/no columns "loan years begin in this quarter", by quarter.
	alignments map[int]lp.ColumnID
	firsts     []int
	// windows are the loan years with the columns that switch them on; nil switches mean always.
	windows []window
	marks   []mark
	// peak is the column of the worst year's service / CFADS, where the objective needs it.
	peak    lp.ColumnID
	hasPeak bool
	elastic elastic
	// first fixes the quarter in which loan years begin, or is anyFirst or noDebt.
	first int
	// life asks for the rows of the tenor match.
	life         bool
	pace         pace
	tenorChoices int
	slacks       []lp.ColumnID
}

// window is one possible loan year.
type window struct {
	from     int
	cfads    float64
	switches []lp.ColumnID
	always   bool
}

// shape is what a program is written for.
type shape struct {
	margins margins
	elastic elastic
	// peak adds the column of the worst loan year; lenders the yes/no columns of institutions.
	peak, lenders bool
	// steps makes every commitment a whole number of steps.
	steps bool
	// tenorChoices is how many tenors of a source are considered.
	tenorChoices int
	// first fixes the quarter in which loan years begin; life adds the rows of the tenor match.
	first int
	life  bool
	pace  pace
}

// Values of shape.first that are no quarter.
const (
	// anyFirst leaves the quarter to the program, by yes/no columns.
	anyFirst = -2
	// noDebt allows nothing that is paid back.
	noDebt = -1
)

// newProgram writes the program. signings are the quarters in which offers may be signed.
func newProgram(kase *Case, statement *cashflow.Result, signings []int, as shape) *program {
	p := &program{model: lp.NewModel(kase.Requirement.Name), kase: kase, sources: kase.sorted(), statement: statement, margins: as.margins, elastic: as.elastic,
		lenders: map[string]lp.ColumnID{}, alignments: map[int]lp.ColumnID{}, hasPeak: as.peak, first: as.first, life: as.life, pace: as.pace, tenorChoices: as.tenorChoices}
	p.findOptions(signings)
	p.prepareQuarters()
	for _, o := range p.options {
		p.addOption(o)
	}
	p.chooseOne()
	if as.lenders || kase.Limits.MaxLenders != nil {
		p.addLenders()
	}
	p.addCash()
	p.addAlignments()
	p.addCoverage()
	p.addTenorMatch()
	p.addCapital()
	p.addShares()
	p.addHeadroom()
	if as.steps {
		for _, o := range p.options {
			o.addSteps(p.model)
		}
	}
	p.model.AddCost(p.cost, 1)
	return p
}

// findOptions expands every source into the ways to use it.
func (p *program) findOptions(signings []int) {
	at := func(index int) quarter.Quarter { return p.statement.Start.Add(index) }
	for i := range p.sources {
		source := &p.sources[i]
		if source.Largest < max(source.Smallest, source.Step, money.Fen) && source.Line.ID != p.elastic.source {
			continue
		}
		if limit := p.kase.Limits.TenorQuarters; limit != nil && source.repaid() && source.Terms.Tenor > *limit {
			continue
		}
		starts := signings
		switch {
		case !source.repaid():
			starts = []int{source.From}
		case source.Terms.Start != 0:
			starts = []int{source.Terms.Start.Since(p.statement.Start)}
		}
		for _, start := range starts {
			for _, tenor := range source.tenors(p.tenorChoices) {
				if o := newOption(source, i, start, tenor, at); o != nil && start >= 0 && p.allows(o) {
					p.options = append(p.options, o)
				}
			}
		}
	}
}

// tenors are the tenors in which a source is considered: the longest on offer and evenly shorter ones down to half of it,
// whole intervals after the grace, and not below the product's shortest.
func (s *Source) tenors(choices int) []int {
	longest, interval := s.Terms.Tenor, max(s.Terms.Interval, 1)
	list := []int{longest}
	if !s.repaid() || s.TenorMin == 0 || s.Terms.Profile == loan.ProfileCustom {
		return list
	}
	for k := 1; k < choices; k++ {
		shorter := longest - longest*k/(2*(choices-1))
		shorter -= (shorter - s.Terms.Grace) % interval
		if shorter >= s.TenorMin && shorter >= s.Terms.Grace+interval && shorter < list[len(list)-1] {
			list = append(list, shorter)
		}
	}
	return list
}

// allows keeps out options whose principal would fall due before the loan years begin.
func (p *program) allows(o *option) bool {
	switch {
	case o.tenor == 0 || p.first == anyFirst:
		return true
	case p.first == noDebt:
		return false
	}
	return o.firstDue >= p.first
}

// prepareQuarters finds how far the rows reach and what is given for each quarter.
func (p *program) prepareQuarters() {
	p.quarters = p.kase.Requirement.Horizon
	for _, o := range p.options {
		p.quarters = max(p.quarters, o.start+o.tenor+3)
	}
	for _, schedule := range p.kase.Existing {
		if len(schedule.Rows) > 0 {
			p.quarters = max(p.quarters, schedule.LastQuarter().Since(p.statement.Start)+1)
		}
	}
	p.quarters = min(p.quarters, funding.MaxQuarters, p.statement.Quarters)
	p.drawn, p.service, p.upfront = make([]lp.Expression, p.quarters), make([]lp.Expression, p.quarters), make([]lp.Expression, p.quarters)
	p.discount = make([]float64, p.quarters)
	p.existing, p.existingOut = make([]float64, p.quarters), make([]float64, p.quarters)
	for q := range p.discount {
		p.discount[q] = math.Pow(1+real(p.kase.Requirement.DiscountRate), -float64(q+1)/4)
	}
	for _, schedule := range p.kase.Existing {
		for i := range schedule.Rows {
			row := &schedule.Rows[i]
			if q := row.Quarter.Since(p.statement.Start); q >= 0 && q < p.quarters {
				p.existing[q] += wan(row.Service())
				p.existingOut[q] += wan(row.Service() + row.Upfront)
			}
		}
	}
}

func (o *option) name(what string, t int) string {
	if t < 0 {
		return fmt.Sprintf("%s[%s@%d×%d]", what, o.source.Line.ID, o.start, o.tenor)
	}
	return fmt.Sprintf("%s[%s@%d×%d,%d]", what, o.source.Line.ID, o.start, o.tenor, t)
}

// addOption adds the unknowns of one option and what they do to each quarter.
func (p *program) addOption(o *option) {
	m, c := p.model, &o.columns
	c.use = m.AddBinary(o.name("use", -1), 0)
	largest := o.largest
	c.commitment = m.AddColumn(o.name("C", -1), 0, lp.Inf(), 0)
	first, last := o.start, o.start+o.available-1
	if o.tenor == 0 {
		first, last = o.source.From, o.source.To
		if last == 0 {
			last = p.kase.Requirement.Horizon - 1
		}
	}
	c.firstDraw = first
	drawn := lp.Expression{}
	for q := first; q <= min(last, p.quarters-1); q++ {
		column := m.AddColumn(o.name("D", q), 0, lp.Inf(), 0)
		c.draws = append(c.draws, column)
		drawn.Add(column, 1)
		p.drawn[q].Add(column, 1)
	}
	p.addSize(o, drawn, largest)
	if o.tenor > 0 {
		p.addGrace(o)
		p.addRepayment(o)
		p.addFees(o)
	}
}

// addSize bounds the commitment: whole steps between smallest and largest, at least what is drawn, and more than that
// only as far as a whole step or the smallest size asks for, since an idle promise of money would otherwise dilute the
// share of the largest lender.
func (p *program) addSize(o *option, drawn lp.Expression, largest float64) {
	m, c := p.model, &o.columns
	atLeast := lp.Sum(c.commitment)
	atLeast.AddScaled(drawn, -1)
	m.AddAtLeast(o.name("drawn", -1), atLeast, 0)
	size := lp.Sum(c.commitment)
	size.Add(c.use, -largest)
	if p.elastic.source == o.source.Line.ID {
		slack := m.AddColumn(o.name("more", -1), 0, lp.Inf(), 0)
		switched := lp.Sum(slack)
		switched.Add(c.use, -wan(money.MaxAmount)/1e3)
		m.AddAtMost(o.name("more.use", -1), switched, 0)
		size.Add(slack, -1)
		p.slacks = append(p.slacks, slack)
	}
	row := m.AddAtMost(o.name("size.max", -1), size, 0)
	p.marks = append(p.marks, mark{kind: markSize, row: row, id: o.source.Line.ID, use: c.use})
	smallest := lp.Sum(c.commitment)
	smallest.Add(c.use, -o.smallest)
	m.AddAtLeast(o.name("size.min", -1), smallest, 0)
	idle := atLeast.Clone()
	idle.Add(c.use, -max(o.step, o.smallest))
	m.AddAtMost(o.name("idle", -1), idle, 0)
	used := drawn.Clone()
	used.Add(c.use, -o.least())
	m.AddAtLeast(o.name("used", -1), used, 0)
	if o.source.Terms.Fees.Upfront.IsPositive() && o.tenor > 0 && len(c.draws) > 0 {
		// The fee falls due with the first draw, so the first draw is where the fee is: in the quarter of signing.
		signed := lp.Sum(c.draws[0])
		signed.Add(c.use, -o.step)
		m.AddAtLeast(o.name("signed", -1), signed, 0)
	}
}

// least is what an offer in use draws at least: one step, and no token amount whose instalments would round to nothing.
func (o *option) least() float64 {
	return min(max(o.step, 1), max(o.largest, o.step))
}

// addGrace carries the balance through the quarters of grace. A new unknown stands for the balance only where it changes.
func (p *program) addGrace(o *option) {
	c := &o.columns
	balance := lp.Expression{}
	for t := 0; t < o.grace; t++ {
		q := o.start + t
		interest := lp.Expression{}
		interest.AddScaled(balance, o.rates[t])
		next := balance.Clone()
		if t < len(c.draws) {
			interest.Add(c.draws[t], o.rates[t]*o.weight)
			next.Add(c.draws[t], 1)
		}
		p.addInterest(q, interest, o.terms.CapitalizeDuringGrace)
		p.addGuarantee(o, q, balance)
		if o.terms.CapitalizeDuringGrace {
			next.AddScaled(interest, 1)
		}
		if t < len(c.draws) || o.terms.CapitalizeDuringGrace {
			column := p.model.AddColumn(o.name("B", q), 0, lp.Inf(), 0)
			next.Add(column, -1)
			p.model.AddEqual(o.name("balance", q), next, 0)
			next = lp.Sum(column)
		}
		balance = next
	}
	c.base = balance
	if o.grace == 0 && len(c.draws) > 0 {
		c.base = lp.Sum(c.draws[0])
	}
}

// addInterest books interest as a cost and, unless it is capitalized, as a payment.
func (p *program) addInterest(q int, interest lp.Expression, capitalized bool) {
	p.cost.AddScaled(interest, p.discount[q])
	if !capitalized {
		p.service[q].AddScaled(interest, 1)
	}
}

// addGuarantee books the annual share of the opening balance.
func (p *program) addGuarantee(o *option, q int, opening lp.Expression) {
	if share := real(o.terms.Fees.Guarantee) / 4; share != 0 {
		p.cost.AddScaled(opening, share*p.discount[q])
		p.service[q].AddScaled(opening, share)
	}
}

// addRepayment books instalments and interest after grace: multiples of the balance at the end of grace, or free ones.
func (p *program) addRepayment(o *option) {
	if o.free {
		p.addFreeRepayment(o)
		return
	}
	opening := 1.0
	for t := o.grace; t < o.tenor; t++ {
		q := o.start + t
		part := lp.Expression{}
		part.AddScaled(o.columns.base, o.interest[t])
		p.addInterest(q, part, false)
		p.service[q].AddScaled(o.columns.base, o.principal[t])
		if t > 0 {
			part = lp.Expression{}
			part.AddScaled(o.columns.base, opening)
			p.addGuarantee(o, q, part)
		}
		opening -= o.principal[t]
	}
}

func (p *program) addFreeRepayment(o *option) {
	c := &o.columns
	balance, k := c.base.Clone(), 0
	for t := o.grace; t < o.tenor; t++ {
		q := o.start + t
		part := lp.Expression{}
		weight := 1.0
		if t == 0 {
			weight = o.weight
		}
		part.AddScaled(balance, o.rates[t]*weight)
		p.addInterest(q, part, false)
		if t > 0 {
			p.addGuarantee(o, q, balance)
		}
		if k == len(o.due) || t != o.due[k] {
			continue
		}
		k++
		column := p.model.AddColumn(o.name("R", q), 0, lp.Inf(), 0)
		c.repayments = append(c.repayments, column)
		p.service[q].Add(column, 1)
		next := balance.Clone()
		next.Add(column, -1)
		if k < len(o.due) {
			after := p.model.AddColumn(o.name("B", q), 0, lp.Inf(), 0)
			next.Add(after, -1)
			p.model.AddEqual(o.name("balance", q), next, 0)
			balance = lp.Sum(after)
			continue
		}
		p.model.AddEqual(o.name("balance", q), next, 0)
	}
	// The loan years begin with the first instalment and debt service ends with the last, so there have to be both.
	ends := []int{0, len(c.repayments) - 1}
	if len(c.repayments) == 1 {
		ends = ends[:1]
	}
	for _, k := range ends {
		due := lp.Sum(c.repayments[k])
		due.Add(c.use, -wan(money.Yuan*100))
		p.model.AddAtLeast(o.name("R.due", o.start+o.due[k]), due, 0)
	}
}

// addFees books the fees that follow from commitment and use.
func (p *program) addFees(o *option) {
	c, fees := &o.columns, o.terms.Fees
	if share := real(fees.Upfront); share != 0 {
		p.upfront[o.start].Add(c.commitment, share)
		p.cost.Add(c.commitment, share*p.discount[o.start])
	}
	undrawn := lp.Sum(c.commitment)
	for t := 0; t < o.tenor; t++ {
		q := o.start + t
		if share := real(fees.Commitment) / 4; share != 0 && t < o.available {
			now := undrawn.Clone()
			if t < len(c.draws) {
				now.Add(c.draws[t], -o.weight)
				undrawn.Add(c.draws[t], -1)
			}
			p.cost.AddScaled(now, share*p.discount[q])
			p.service[q].AddScaled(now, share)
		}
		if agency := wan(fees.Agency); agency != 0 && t%4 == 0 {
			p.cost.Add(c.use, agency*p.discount[q])
			p.service[q].Add(c.use, agency)
		}
	}
}

// chooseOne lets a source be signed once.
func (p *program) chooseOne() {
	bySource := map[int]*lp.Expression{}
	counts := map[int]int{}
	for _, o := range p.options {
		if bySource[o.index] == nil {
			bySource[o.index] = &lp.Expression{}
		}
		bySource[o.index].Add(o.columns.use, 1)
		counts[o.index]++
	}
	for i := range p.sources {
		if counts[i] > 1 {
			p.model.AddAtMost("once["+p.sources[i].Line.ID+"]", *bySource[i], 1)
		}
	}
}

// addLenders adds a yes/no column for each institution that would have to be paid back.
func (p *program) addLenders() {
	for _, o := range p.options {
		if o.tenor == 0 {
			continue
		}
		institution := o.source.lender()
		column, known := p.lenders[institution]
		if !known {
			column = p.model.AddBinary("lender["+institution+"]", 0)
			p.lenders[institution] = column
			p.lenderNames = append(p.lenderNames, institution)
		}
		implied := lp.Sum(column)
		implied.Add(o.columns.use, -1)
		p.model.AddAtLeast(o.name("lender", -1), implied, 0)
	}
	sort.Strings(p.lenderNames)
	if limit := p.kase.Limits.MaxLenders; limit != nil {
		p.model.AddAtMost("lenders", p.lenderCount(), float64(*limit))
	}
}

func (p *program) lenderCount() lp.Expression {
	var count lp.Expression
	for _, name := range p.lenderNames {
		count.Add(p.lenders[name], 1)
	}
	return count
}

// lender is the institution that has to be paid back; a source without one stands for itself.
func (s *Source) lender() string {
	if s.Line.Institution != "" {
		return s.Line.Institution
	}
	return s.Line.ID
}

// addCash carries the cash forward and keeps it above the minimum.
func (p *program) addCash() {
	m := p.model
	before := lp.Expression{Constant: wan(p.kase.Requirement.OpeningCash)}
	minimum := wan(p.kase.Requirement.MinimumCash) + p.margins.cash
	for q := range p.quarters {
		service := m.AddColumn(fmt.Sprintf("service[%d]", q), math.Inf(-1), lp.Inf(), 0)
		p.serviceColumns = append(p.serviceColumns, service)
		sum := p.service[q].Clone()
		sum.Add(service, -1)
		m.AddEqual(fmt.Sprintf("service[%d]", q), sum, 0)

		cash := m.AddColumn(fmt.Sprintf("cash[%d]", q), minimum, lp.Inf(), 0)
		p.marks = append(p.marks, mark{kind: markCash, row: -1, column: cash, quarter: q})
		flow := before.Clone()
		flow.AddScaled(p.drawn[q], 1)
		flow.Add(service, -1)
		flow.AddScaled(p.upfront[q], -1)
		flow.AddConstant(wan(at(p.statement.Net, q)+at(p.statement.Capital, q)+at(p.statement.Grants, q)) - p.existingOut[q])
		flow.Add(cash, -1)
		m.AddEqual(fmt.Sprintf("cash[%d]", q), flow, 0)
		p.cash = append(p.cash, cash)
		before = lp.Sum(cash)
	}
}

func at(series []money.Amount, q int) money.Amount {
	if q < len(series) {
		return series[q]
	}
	return 0
}

// addAlignments adds the yes/no columns of the quarter in which loan years begin: that of the first principal. With one
// possible quarter there is nothing to decide.
func (p *program) addAlignments() {
	seen := map[int]bool{}
	for _, o := range p.options {
		if o.tenor > 0 && !seen[o.firstDue] {
			seen[o.firstDue] = true
			p.firsts = append(p.firsts, o.firstDue)
		}
	}
	sort.Ints(p.firsts)
	if p.first >= 0 {
		begins := lp.Expression{}
		for _, o := range p.options {
			if o.tenor > 0 && o.firstDue == p.first {
				begins.Add(o.columns.use, 1)
			}
		}
		p.model.AddAtLeast("first", begins, 1)
		p.firsts = []int{p.first}
	}
	if len(p.firsts) < 2 {
		return
	}
	p.oneOf("first", p.firsts, p.alignments, func(o *option) int { return o.firstDue }, true)
}

// oneOf adds yes/no columns of which exactly one is chosen: the smallest (or largest) key among the options in use. It
// is chosen freely where no option is in use.
func (p *program) oneOf(name string, keys []int, columns map[int]lp.ColumnID, key func(*option) int, smallest bool) {
	m := p.model
	all := lp.Expression{}
	for _, k := range keys {
		columns[k] = m.AddBinary(fmt.Sprintf("%s[%d]", name, k), 0)
		all.Add(columns[k], 1)
	}
	m.AddEqual(name, all, 1)
	for _, o := range p.options {
		if o.tenor == 0 {
			continue
		}
		beyond := lp.Sum(o.columns.use)
		for _, k := range keys {
			if smallest && k > key(o) || !smallest && k < key(o) {
				beyond.Add(columns[k], 1)
			}
		}
		m.AddAtMost(o.name(name, -1), beyond, 1)
	}
	for _, k := range keys {
		chosen := lp.Expression{}
		chosen.Add(columns[k], -1)
		for _, o := range p.options {
			if o.tenor > 0 && key(o) == k {
				chosen.Add(o.columns.use, 1)
			}
		}
		// Where nothing is borrowed the choice is free; one unit of slack for each source in use keeps the row valid.
		if p.mayBeIdle(k, keys, smallest) {
			continue
		}
		m.AddAtLeast(fmt.Sprintf("%s.used[%d]", name, k), chosen, 0)
	}
}

// mayBeIdle lets the last key be chosen without an option, so that a plan that borrows nothing stays possible.
func (p *program) mayBeIdle(key int, keys []int, smallest bool) bool {
	if smallest {
		return key == keys[len(keys)-1]
	}
	return key == keys[0]
}

// addCoverage asks the minimum DSCR of every possible loan year, or measures the worst of them.
func (p *program) addCoverage() {
	minimum := 0.0
	if limit := p.kase.Limits.MinDSCR; limit != nil {
		minimum = real(*limit)
	}
	if minimum <= 0 && !p.hasPeak || len(p.firsts) == 0 {
		return
	}
	if p.hasPeak {
		p.peak = p.model.AddColumn("peak", 0, lp.Inf(), 0)
	}
	last := 0
	for _, o := range p.options {
		if o.tenor > 0 {
			last = max(last, o.lastDue)
		}
	}
	for from := p.firsts[0]; from <= last; from++ {
		w := window{from: from, always: len(p.firsts) == 1}
		for _, first := range p.firsts {
			if first <= from && (from-first)%4 == 0 && !w.always {
				w.switches = append(w.switches, p.alignments[first])
			}
		}
		if w.always && (from-p.firsts[0])%4 != 0 || !w.always && len(w.switches) == 0 {
			continue
		}
		for q := from; q < from+4; q++ {
			w.cfads += wan(at(p.statement.CFADS, q))
		}
		p.windows = append(p.windows, w)
		p.addWindow(&w, minimum)
	}
}

// addWindow adds CFADS − minimum × service ≥ 0 for one loan year, switched on by the columns that make it one.
func (p *program) addWindow(w *window, minimum float64) {
	m := p.model
	service, existing := lp.Expression{}, 0.0
	most := 0.0
	for q := w.from; q < min(w.from+4, p.quarters); q++ {
		service.Add(p.serviceColumns[q], 1)
		existing += p.existing[q]
		most += p.mostService(q)
	}
	if w.cfads-minimum*existing < p.margins.service || p.hasPeak && w.cfads <= 0 {
		p.forbid(w)
		return
	}
	if minimum > 0 && !p.hasPeak {
		row := lp.Expression{Constant: w.cfads - minimum*existing - p.margins.service}
		row.AddScaled(service, -minimum)
		slack := max(0, minimum*(most+existing)-w.cfads+p.margins.service)
		p.marks = append(p.marks, mark{kind: markDSCR, row: p.switched(m, fmt.Sprintf("dscr[%d]", w.from), row, slack, w), quarter: w.from})
	}
	if p.hasPeak {
		row := lp.Expression{Constant: -existing}
		row.AddScaled(service, -1)
		row.Add(p.peak, w.cfads)
		p.switched(m, fmt.Sprintf("peak[%d]", w.from), row, most+existing, w)
	}
}

// switched adds row ≥ 0 where one of the window's switches is on; slack is how far it may be negative otherwise.
func (p *program) switched(m *lp.Model, name string, row lp.Expression, slack float64, w *window) lp.RowID {
	if !w.always && slack > 0 {
		row.AddConstant(slack)
		for _, column := range w.switches {
			row.Add(column, -slack)
		}
	}
	return m.AddAtLeast(name, row, 0)
}

// forbid keeps every option out that would still be repaid in a loan year which existing debt or a loss breaks by
// itself; a plan whose debt has ended by then has no such loan year.
func (p *program) forbid(w *window) {
	for _, o := range p.options {
		if o.tenor == 0 || o.lastDue < w.from {
			continue
		}
		row := lp.Sum(o.columns.use)
		for _, column := range w.switches {
			row.Add(column, 1)
		}
		most := 1.0
		if w.always {
			most = 0
		}
		p.model.AddAtMost(o.name("dscr.forbidden", w.from), row, most)
	}
}

// mostService bounds the service of new debt in one quarter: every option at its largest.
func (p *program) mostService(q int) float64 {
	bySource := map[int]float64{}
	for _, o := range p.options {
		if o.tenor == 0 || q < o.start || q >= o.start+o.tenor {
			continue
		}
		t := q - o.start
		base := o.largest * 1.5
		part := o.rates[t] + real(o.terms.Fees.Commitment)/4 + real(o.terms.Fees.Guarantee)/4
		switch {
		case o.free && t >= o.grace:
			part++
		case t >= o.grace:
			part += o.principal[t] + o.interest[t]
		}
		bySource[o.index] = max(bySource[o.index], base*part+wan(o.terms.Fees.Agency))
	}
	most := 0.0
	for i := range p.sources {
		most += bySource[i]
	}
	return most
}

// addTenorMatch keeps the average life of the debt within that of the CFADS that serves it. CFADS counts from the first
// principal to the last service, so there is one row for each pair of those quarters.
func (p *program) addTenorMatch() {
	if !p.life || !p.kase.Limits.TenorMatch || len(p.firsts) == 0 {
		return
	}
	existing := -1
	for q, amount := range p.existing {
		if amount != 0 {
			existing = q
		}
	}
	ends, seen := []int{}, map[int]bool{}
	last := func(o *option) int { return max(o.lastService, existing) }
	for _, o := range p.options {
		if o.tenor > 0 && !seen[last(o)] {
			seen[last(o)] = true
			ends = append(ends, last(o))
		}
	}
	sort.Ints(ends)
	columns := map[int]lp.ColumnID{}
	if len(ends) > 1 {
		p.oneOf("last", ends, columns, last, false)
	}
	for _, first := range p.firsts {
		for _, end := range ends {
			if first <= end {
				p.addLifeRow(first, end, columns)
			}
		}
	}
}

func (p *program) addLifeRow(first, end int, ends map[int]lp.ColumnID) {
	life, ok := p.lifeOfCFADS(first, end)
	if !ok {
		return
	}
	row, slack := lp.Expression{Constant: p.margins.life}, p.margins.life
	for _, o := range p.options {
		if o.tenor == 0 {
			continue
		}
		slack += o.largest * 1.5 * max(0, float64(o.start+o.tenor)-life)
		if !o.free {
			row.AddScaled(o.columns.base, o.lifeQuarters()-life)
			continue
		}
		for k, column := range o.columns.repayments {
			row.Add(column, float64(o.start+o.due[k]+1)-life)
		}
	}
	if column, decided := p.alignments[first]; decided {
		row.AddConstant(-slack)
		row.Add(column, slack)
	}
	if column, decided := ends[end]; decided {
		row.AddConstant(-slack)
		row.Add(column, slack)
	}
	id := p.model.AddAtMost(fmt.Sprintf("life[%d,%d]", first, end), row, 0)
	p.marks = append(p.marks, mark{kind: markLife, row: id, quarter: first})
}

// lifeOfCFADS returns Σ CFADS × (quarter + 1) / Σ CFADS, and false where the CFADS add to nothing.
func (p *program) lifeOfCFADS(first, end int) (float64, bool) {
	weighted, sum := 0.0, 0.0
	for q := first; q <= end && q < len(p.statement.CFADS); q++ {
		weighted += wan(p.statement.CFADS[q]) * float64(q+1)
		sum += wan(p.statement.CFADS[q])
	}
	return weighted / sum, sum > 0
}

// capitalDraws returns what counts as capital among the options.
func (p *program) capitalDraws() (capital, quasi lp.Expression) {
	for _, o := range p.options {
		for _, column := range o.columns.draws {
			if o.source.Line.IsCapital() {
				capital.Add(column, 1)
			}
			if o.source.Line.CountsAs == plan.CountsAsQuasiEquity {
				quasi.Add(column, 1)
			}
		}
	}
	return capital, quasi
}

// addCapital adds the rows about capital: its ratio, the share of equity-type instruments in it, and its pace.
func (p *program) addCapital() {
	limits := &p.kase.Limits
	capital, quasi := p.capitalDraws()
	own := wan(p.statement.Summary.CapitalTotal)
	if limits.CapitalRatioMin != nil {
		row := capital.Clone()
		row.AddConstant(own - p.margins.capital)
		id := p.model.AddAtLeast("capital.ratio", row, real(*limits.CapitalRatioMin)*wan(p.statement.Summary.TotalInvestment))
		p.marks = append(p.marks, mark{kind: markCapital, row: id})
	}
	if limits.QuasiEquityShareMax != nil && len(quasi.Terms()) > 0 {
		share := real(*limits.QuasiEquityShareMax)
		row := quasi.Clone()
		row.AddScaled(capital, -share)
		row.AddConstant(wan(limits.QuasiEquityInCapital) + p.margins.capital)
		id := p.model.AddAtMost("capital.quasi", row, share*own)
		p.marks = append(p.marks, mark{kind: markQuasi, row: id})
	}
	if limits.CapitalProRata {
		p.addProRata()
	}
}

// capitalPace returns the share of the requirement's own capital that is paid in by the end of each quarter. Without own
// capital it is the share of investment made.
func capitalPace(statement *cashflow.Result) []float64 {
	series := statement.Capital
	if statement.Summary.CapitalTotal == 0 {
		series = statement.Invest
	}
	total := money.Amount(0)
	for _, amount := range series {
		total += amount
	}
	pace, sum := make([]float64, len(series)), money.Amount(0)
	for q, amount := range series {
		sum += amount
		if pace[q] = 1; total > 0 {
			pace[q] = float64(sum) / float64(total)
		}
	}
	return pace
}

// pace says how the program keeps capital at least pro rata with debt: paid so far / all capital ≥ drawn so far / all
// debt. Both totals are unknown, so the product of two unknowns has to be avoided.
type pace struct {
	kind paceKind
	// ratio is all debt / all capital, for paceRatio.
	ratio float64
}

type paceKind int

const (
	// paceOff leaves the rows out. A plan found without them that keeps the limit is the best with it, too.
	paceOff paceKind = iota
	// paceOwn asks that debt is drawn no faster than the requirement's own capital is paid in, and every further source of
	// capital paid in no slower. Exact where there is no further source, else sufficient.
	paceOwn
	// paceRatio asks that debt drawn so far is at most a fixed multiple of capital paid so far, and all debt at least that
	// multiple of all capital: sufficient for every multiple, and exact for the right one.
	paceRatio
)

// addProRata adds the rows of the pace.
func (p *program) addProRata() {
	if p.pace.kind == paceOff {
		return
	}
	paid := capitalPace(p.statement)
	var debt, capital []*option
	for _, o := range p.options {
		if o.source.Line.IsDebt() {
			debt = append(debt, o)
		} else if o.source.Line.IsCapital() {
			capital = append(capital, o)
		}
	}
	if p.pace.kind == paceRatio {
		p.addPaceRatio(debt, capital)
		return
	}
	for q := 0; q < min(len(paid), p.quarters); q++ {
		if paid[q] < 1 {
			id := p.model.AddAtMost(fmt.Sprintf("pace[%d]", q), paced(debt, q, paid[q]), 0)
			p.marks = append(p.marks, mark{kind: markProRata, row: id, quarter: q})
		}
		for _, o := range capital {
			if paid[q] > 0 {
				p.model.AddAtLeast(o.name("pace", q), paced([]*option{o}, q, paid[q]), 0)
			}
		}
		if paid[q] >= 1 {
			break // whatever comes later has been asked for already
		}
	}
}

func (p *program) addPaceRatio(debt, capital []*option) {
	last := 0
	for _, o := range debt {
		last = max(last, o.columns.firstDraw+len(o.columns.draws)-1)
	}
	own := money.Amount(0)
	for q := 0; q <= min(last, p.quarters-1); q++ {
		own += at(p.statement.Capital, q)
		row := paced(debt, q, 0)
		row.AddScaled(paced(capital, q, 0), -p.pace.ratio)
		p.model.AddAtMost(fmt.Sprintf("pace[%d]", q), row, p.pace.ratio*wan(own))
	}
	row := paced(debt, p.quarters, 0)
	row.AddScaled(paced(capital, p.quarters, 0), -p.pace.ratio)
	p.model.AddAtLeast("pace.all", row, p.pace.ratio*wan(p.statement.Summary.CapitalTotal))
}

// keepsPace reports whether a solution keeps capital at least pro rata with debt; ratio is its all debt / all capital.
func (p *program) keepsPace(solution *lp.Solution) (kept bool, ratio float64) {
	debt, capital := make([]float64, p.quarters), make([]float64, p.quarters)
	for q := range capital {
		capital[q] = wan(at(p.statement.Capital, q))
	}
	for _, o := range p.options {
		for i, column := range o.columns.draws {
			switch q := o.columns.firstDraw + i; {
			case o.source.Line.IsDebt():
				debt[q] += solution.Value(column)
			case o.source.Line.IsCapital():
				capital[q] += solution.Value(column)
			}
		}
	}
	allDebt, allCapital := 0.0, 0.0
	for q := range debt {
		allDebt, allCapital = allDebt+debt[q], allCapital+capital[q]
	}
	if allDebt == 0 || allCapital == 0 {
		return true, 0
	}
	kept = true
	drawn, paid := 0.0, 0.0
	for q := range debt {
		drawn, paid = drawn+debt[q], paid+capital[q]
		kept = kept && (debt[q] < 1e-9 || paid >= allCapital*drawn/allDebt-1e-7)
	}
	return kept, allDebt / allCapital
}

// furtherCapital reports whether a source brings capital beside the requirement's own.
func (c *Case) furtherCapital() bool {
	for i := range c.Sources {
		if line := &c.Sources[i].Line; line.IsCapital() && !line.IsDebt() {
			return true
		}
	}
	return false
}

func paceTerm(drawn bool, pace float64) float64 {
	if drawn {
		return 1 - pace
	}
	return -pace
}

// paced returns Σ draws up to q − pace × Σ all draws.
func paced(options []*option, q int, pace float64) lp.Expression {
	row := lp.Expression{}
	for _, o := range options {
		for i, column := range o.columns.draws {
			row.Add(column, paceTerm(o.columns.firstDraw+i <= q, pace))
		}
	}
	return row
}

// addShares bounds the share of one institution, and what it may lend to one borrower.
func (p *program) addShares() {
	limits := &p.kase.Limits
	all, byInstitution, names := lp.Expression{}, map[string]*lp.Expression{}, []string{}
	for _, o := range p.options {
		if !o.source.Line.IsDebt() {
			continue
		}
		all.Add(o.columns.commitment, 1)
		id := o.source.Line.Institution
		if byInstitution[id] == nil {
			byInstitution[id] = &lp.Expression{}
			names = append(names, id)
		}
		byInstitution[id].Add(o.columns.commitment, 1)
	}
	sort.Strings(names)
	for _, id := range names {
		if limits.InstitutionShareMax != nil {
			row := byInstitution[id].Clone()
			row.AddScaled(all, -real(*limits.InstitutionShareMax))
			p.marks = append(p.marks, mark{kind: markShare, row: p.model.AddAtMost("share["+id+"]", row, 0), id: id})
		}
		if room, known := limits.LenderRoom[id]; known {
			row := p.model.AddAtMost("lender.room["+id+"]", p.lent(id), wan(max(room, 0)))
			p.marks = append(p.marks, mark{kind: markLender, row: row, id: id})
		}
	}
}

// lent is what an institution commits in loans.
func (p *program) lent(institution string) lp.Expression {
	var sum lp.Expression
	for _, o := range p.options {
		if o.source.Line.Institution == institution && o.source.Line.IsLoan() {
			sum.Add(o.columns.commitment, 1)
		}
	}
	return sum
}

// addHeadroom keeps government debt within what the statutory limits leave.
func (p *program) addHeadroom() {
	for _, class := range []struct {
		name     string
		headroom *money.Amount
		elastic  bool
	}{{plan.GovernmentGeneral, p.kase.Limits.GeneralHeadroom, p.elastic.general}, {plan.GovernmentSpecial, p.kase.Limits.SpecialHeadroom, p.elastic.special}} {
		if class.headroom == nil {
			continue
		}
		row := lp.Expression{}
		for _, o := range p.options {
			if o.source.Line.GovernmentDebt == class.name {
				row.Add(o.columns.commitment, 1)
			}
		}
		if class.elastic {
			slack := p.model.AddColumn("headroom.more["+class.name+"]", 0, lp.Inf(), 0)
			row.Add(slack, -1)
			p.slacks = append(p.slacks, slack)
		}
		if len(row.Terms()) > 0 {
			id := p.model.AddAtMost("headroom["+class.name+"]", row, wan(*class.headroom))
			p.marks = append(p.marks, mark{kind: markHeadroom, row: id, id: class.name})
		}
	}
}
