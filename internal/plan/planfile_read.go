package plan

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"zutuan/internal/document"
	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/money"
	"zutuan/internal/quarter"
)

// SchemaPlan is the schema line of a plan file.
const SchemaPlan = "zutuan/plan/v1"

// Bounds of a plan file.
const (
	// MaxFileLines is far above the largest plan (a dozen sources).
	MaxFileLines = 100
	// maxFileDraws is one draw in each quarter of the longest statement.
	maxFileDraws = funding.MaxQuarters
	maxFileTerm  = 9_999
)

// FileContext is what a plan file may refer to.
type FileContext struct {
	// Requirement is the one the plan is for; the file names it.
	Requirement *funding.Requirement
	// Versions are the versions of each product that exist, by id.
	Versions map[string][]int
	// Offer gives the terms of a product version for this requirement, from which a line takes what it does not say; nil
	// where it has none. A version of 0 asks for the newest.
	Offer func(id string, version int) *Candidate
	// CFADS gives the cash flow from a quarter on over a number of quarters, for a sculpted profile; nil refuses those.
	CFADS func(from quarter.Quarter, quarters int) []money.Amount
}

// File is a plan as its file writes it.
type File struct {
	Name        string
	Requirement string
	Lines       []Line
	Limits      FileLimits
}

// FileLimits replace limits of the requirement or the law for this plan; nil: not given.
type FileLimits struct {
	MinDSCR             *money.Decimal
	TenorQuarters       *int
	CapitalRatioMin     *money.Decimal
	QuasiEquityShareMax *money.Decimal
	InstitutionShareMax *money.Decimal
	GeneralHeadroom     *money.Amount
	SpecialHeadroom     *money.Amount
	MaxLenders          *int
}

// ReadFile reads a plan file (zutuan/plan/v1, YAML or JSON) strictly and schedules its lines. A line that names a product
// takes every term it leaves out from the product's offer. The error, where there is one, is a document.Problems with
// everything that is wrong, each with path and line.
func ReadFile(file string, data []byte, context FileContext) (*File, error) {
	parsed, err := document.Parse(file, data)
	if err != nil {
		return nil, err
	}
	r := &fileReader{context: context, parsed: parsed, out: &File{}, seen: map[string]bool{}}
	r.read(parsed.Root().Object())
	if err := parsed.Err(); err != nil {
		return nil, err
	}
	return r.out, nil
}

type fileReader struct {
	context FileContext
	parsed  *document.Reader
	out     *File
	seen    map[string]bool
}

func (r *fileReader) read(root *document.Object) {
	schema := root.Required("schema")
	if text := schema.String(); schema.Present() && text != SchemaPlan {
		schema.Problem("schema", "schema 应为 "+SchemaPlan, "the schema should be "+SchemaPlan)
	}
	r.out.Name = root.Required("name").Name()
	requirement := root.Required("requirement")
	r.out.Requirement = requirement.Name()
	if known := r.context.Requirement; known != nil && r.out.Requirement != "" && r.out.Requirement != known.Name {
		requirement.Problem("requirement", fmt.Sprintf("方案写的资金需求是 %q，给出的是 %q", r.out.Requirement, known.Name),
			fmt.Sprintf("the plan is for the requirement %q; %q was given", r.out.Requirement, known.Name))
	}
	lines := root.Required("lines")
	if lines.Len() > MaxFileLines {
		lines.Problem("too_many", fmt.Sprintf("方案有 %d 条，最多 %d 条", lines.Len(), MaxFileLines), fmt.Sprintf("the plan has %d lines, at most %d are allowed", lines.Len(), MaxFileLines))
	} else {
		lines.List(func(_ int, item document.Value) { r.line(item.Object()) })
	}
	r.limits(root.Optional("limits").Object())
	root.Done()
}

// lineTerms is one line on its way: what it is, its terms, and where each term stands.
type lineTerms struct {
	line   Line
	terms  loan.Terms
	values map[string]document.Value
}

func (l *lineTerms) keep(value document.Value, name string) document.Value {
	l.values[name] = value
	return value
}

func (r *fileReader) line(in *document.Object) {
	problems := len(r.parsed.Problems())
	l := &lineTerms{values: map[string]document.Value{}}
	r.product(in, l)
	r.identity(in, l)
	r.terms(in, l)
	in.Done()
	if len(r.parsed.Problems()) == problems {
		r.schedule(in, l)
	}
	r.out.Lines = append(r.out.Lines, l.line)
}

// product reads {id, version} and starts the line from its offer.
func (r *fileReader) product(in *document.Object, l *lineTerms) {
	given := in.Optional("product")
	if !given.Present() {
		return
	}
	product := given.Object()
	id := product.Required("id")
	version := product.Optional("version")
	name, number := id.Name(), version.Int(1, maxFileTerm, 0)
	product.Done()
	versions, known := r.context.Versions[name]
	switch {
	case name == "":
		return
	case !known:
		ids := make([]string, 0, len(r.context.Versions))
		for other := range r.context.Versions {
			ids = append(ids, other)
		}
		slices.Sort(ids)
		near := strings.Join(document.Nearest(name, ids), ", ")
		if near == "" {
			near = strings.Join(ids, ", ")
		}
		id.Problem("unknown_product", fmt.Sprintf("没有产品 %s；相近的或现有的有 %s", name, near), fmt.Sprintf("there is no product %s; near it or existing: %s", name, near))
		return
	case number != 0 && !slices.Contains(versions, number):
		version.Problem("unknown_version", fmt.Sprintf("产品 %s 没有第 %d 版；现有的版本：%s", name, number, join(versions)),
			fmt.Sprintf("the product %s has no version %d; existing versions: %s", name, number, join(versions)))
		return
	}
	l.line.ID, l.line.Product, l.line.ProductVersion = name, name, number
	if r.context.Offer == nil {
		return
	}
	if offer := r.context.Offer(name, number); offer != nil {
		l.line, l.terms = offer.Line, offer.Terms
		if l.line.ID == "" {
			l.line.ID = name
		}
		if number != 0 {
			l.line.ProductVersion = number
		}
	}
}

func join(versions []int) string {
	texts := make([]string, len(versions))
	for i, version := range versions {
		texts[i] = fmt.Sprint(version)
	}
	return strings.Join(texts, ", ")
}

// identity reads what the line is; a line without a product has to say it itself.
func (r *fileReader) identity(in *document.Object, l *lineTerms) {
	get := in.Optional
	if l.line.Product == "" || l.line.Kind == "" {
		get = in.Required
	}
	line := &l.line
	if value := in.Optional("id"); value.Present() {
		line.ID = value.Name()
	}
	// A name that repeats the product's keeps its English side.
	if value := get("name"); value.Present() {
		if name := value.Name(); name != line.Name.ZH {
			line.Name = funding.Text{ZH: name}
		}
	}
	if value := in.Optional("institution"); value.Present() {
		line.Institution = value.Name()
	}
	if value := get("kind"); value.Present() {
		line.Kind = value.Name()
	}
	if value := get("counts_as"); value.Present() {
		line.CountsAs = value.Enum(funding.CountsAs...)
	}
	if value := in.Optional("government_debt"); value.Present() {
		line.GovernmentDebt = value.Enum(GovernmentGeneral, GovernmentSpecial, "none", "false")
		if line.GovernmentDebt == "none" || line.GovernmentDebt == "false" {
			line.GovernmentDebt = ""
		}
	}
	if value := in.Optional("as_capital"); value.Present() {
		line.AsCapital = value.Bool()
	}
	if line.ID == "" {
		line.ID = line.Name.ZH
	}
	if line.ID != "" && r.seen[line.ID] {
		in.Problem("duplicate_line", fmt.Sprintf("方案里有两条都叫 %s；同一产品用两次时请各写一个 id", line.ID), fmt.Sprintf("two lines are called %s; where a product is used twice, give each line an id", line.ID))
	}
	r.seen[line.ID] = true
}

// terms reads commitment, draws and the terms of repayment.
func (r *fileReader) terms(in *document.Object, l *lineTerms) {
	t := &l.terms
	l.line.Commitment = l.keep(in.Required("commitment"), "commitment").Amount()
	t.Draws = r.draws(l.keep(in.Required("draws"), "draws"), l)
	if value := l.keep(in.Optional("start"), "start"); value.Present() {
		t.Start = value.Quarter()
	}
	rate, rates := l.keep(in.Optional("rate"), "rate"), l.keep(in.Optional("rates"), "rates")
	if rate.Present() {
		t.Rate = rate.Rate("0", "1")
	}
	if rates.Present() {
		r.rates(rates, rate, l)
	}
	count := func(name string, low, high int, target *int) {
		if value := l.keep(in.Optional(name), name); value.Present() {
			*target = value.Int(low, high, 0)
		}
	}
	count("tenor", 0, maxFileTerm, &t.Tenor)
	count("grace", 0, maxFileTerm, &t.Grace)
	count("interval", 1, 4, &t.Interval)
	count("availability", 1, maxFileTerm, &t.Availability)
	if value := l.keep(in.Optional("profile"), "profile"); value.Present() {
		t.Profile = loan.Profile(value.Enum(funding.Profiles...))
	}
	if value := l.keep(in.Optional("custom"), "custom"); value.Present() {
		t.Custom = nil
		value.List(func(_ int, item document.Value) { t.Custom = append(t.Custom, item.Rate("0", "1")) })
	}
	if value := l.keep(in.Optional("timing"), "timing"); value.Present() {
		t.Timing = loan.Timing(value.Enum(string(loan.TimingStart), string(loan.TimingMid), string(loan.TimingEnd)))
	}
	if value := in.Optional("capitalize_during_grace"); value.Present() {
		t.CapitalizeDuringGrace = value.Bool()
	}
	if value := in.Optional("fees"); value.Present() {
		t.Fees = readFees(value.Object(), l)
	}
}

func (r *fileReader) draws(list document.Value, l *lineTerms) []loan.Draw {
	var draws []loan.Draw
	if list.Len() > maxFileDraws {
		list.Problem("too_many", fmt.Sprintf("提款有 %d 笔，最多 %d 笔", list.Len(), maxFileDraws), fmt.Sprintf("there are %d draws, at most %d are allowed", list.Len(), maxFileDraws))
		return nil
	}
	list.List(func(index int, item document.Value) {
		object := item.Object()
		name := fmt.Sprintf("draws[%d]", index)
		draws = append(draws, loan.Draw{Quarter: l.keep(object.Required("quarter"), name+".quarter").Quarter(), Amount: l.keep(object.Required("amount"), name+".amount").Amount()})
		object.Done()
	})
	return draws
}

// rates reads a floating rate: the first entry is the rate from the start on unless rate is given too, which is one too
// many.
func (r *fileReader) rates(rates, rate document.Value, l *lineTerms) {
	if rate.Present() {
		rates.Problem("rate", "rate 与 rates 只写一个：固定利率写 rate，浮动利率写 rates", "give rate or rates, not both: rate for a fixed one, rates for a floating one")
		return
	}
	l.terms.Changes = nil
	rates.List(func(index int, item document.Value) {
		object := item.Object()
		name := fmt.Sprintf("rates[%d]", index)
		change := loan.RateChange{From: l.keep(object.Required("from"), name+".from").Quarter(), Rate: l.keep(object.Required("rate"), name+".rate").Rate("0", "1")}
		object.Done()
		if index == 0 {
			l.terms.Rate = change.Rate
		}
		l.terms.Changes = append(l.terms.Changes, change)
	})
}

func readFees(in *document.Object, l *lineTerms) funding.ProductFees {
	fees := funding.ProductFees{
		Upfront:    l.keep(in.Optional("upfront"), "fees.upfront").Rate("0", "1"),
		Commitment: l.keep(in.Optional("commitment"), "fees.commitment").Rate("0", "1"),
		Agency:     l.keep(in.Optional("agency"), "fees.agency").Amount(),
		Guarantee:  l.keep(in.Optional("guarantee"), "fees.guarantee").Rate("0", "1"),
	}
	in.Done()
	return fees
}

// schedule checks the line as a whole and builds its schedule. Money that is not paid back has draws alone.
func (r *fileReader) schedule(in *document.Object, l *lineTerms) {
	drawn := money.Amount(0)
	for _, draw := range l.terms.Draws {
		drawn += draw.Amount
	}
	commitment := l.values["commitment"]
	if l.line.Commitment < drawn {
		commitment.Problem("commitment", fmt.Sprintf("承诺额 %s 小于提款合计 %s", l.line.Commitment, drawn), fmt.Sprintf("the commitment of %s is below the draws' %s", l.line.Commitment, drawn))
		return
	}
	if l.terms.Tenor == 0 && (l.line.CountsAs == CountsAsDebt || l.terms.Profile != "") {
		l.values["tenor"].Problem("tenor", "要偿还的资金须给出期限（季）", "money that is paid back needs a tenor, in quarters")
		return
	}
	if l.terms.Tenor == 0 || l.line.CountsAs == CountsAsGrant {
		l.line.Draws = l.terms.Draws
		return
	}
	terms := l.terms
	terms.Commitment = l.line.Commitment
	if terms.Availability > max(terms.Grace, 1) && !l.values["availability"].Present() {
		terms.Availability = 0 // the product's, for a grace that the line has shortened
	}
	r.build(in, l, terms)
}

func (r *fileReader) build(in *document.Object, l *lineTerms, terms loan.Terms) {
	var cfads []money.Amount
	if terms.Profile == loan.ProfileSculpted && r.context.CFADS != nil && len(terms.Check()) == 0 {
		first := terms.Start
		if first == 0 {
			first = terms.Draws[0].Quarter
			for _, draw := range terms.Draws {
				first = min(first, draw.Quarter)
			}
		}
		cfads = r.context.CFADS(first, terms.Tenor)
	}
	schedule, err := loan.Build(terms, cfads)
	var problems document.Problems
	if errors.As(err, &problems) {
		for _, problem := range problems {
			place := l.values[problem.Path]
			if place.Present() {
				place.Problem(problem.Code, problem.ZH, problem.EN)
			} else {
				in.Problem(problem.Code, problem.Path+"："+problem.ZH, problem.Path+": "+problem.EN)
			}
		}
		return
	}
	l.line.Terms, l.line.Schedule, l.line.Rate, l.line.TenorQuarters, l.line.GraceQuarters = &terms, schedule, terms.Rate, terms.Tenor, terms.Grace
}

// limits reads limits for this plan and what contradicts in them.
func (r *fileReader) limits(in *document.Object) {
	limits := &r.out.Limits
	ratio := func(name, most string) *money.Decimal {
		value := in.Optional(name)
		if !value.Present() {
			return nil
		}
		rate := value.Rate("0", most)
		return &rate
	}
	amount := func(name string) *money.Amount {
		value := in.Optional(name)
		if !value.Present() {
			return nil
		}
		read := value.Amount()
		return &read
	}
	limits.MinDSCR = ratio("min_dscr", "100")
	limits.CapitalRatioMin, limits.QuasiEquityShareMax, limits.InstitutionShareMax = ratio("capital_ratio_min", "1"), ratio("quasi_equity_share_max", "1"), ratio("institution_share_max", "1")
	limits.GeneralHeadroom, limits.SpecialHeadroom = amount("general_headroom"), amount("special_headroom")
	years, quarters := in.Optional("tenor_years"), in.Optional("tenor_quarters")
	if years.Present() {
		count := 4 * years.Int(1, funding.MaxQuarters/4, 1)
		limits.TenorQuarters = &count
	}
	if quarters.Present() {
		count := quarters.Int(1, funding.MaxQuarters, 1)
		if limits.TenorQuarters != nil && *limits.TenorQuarters != count {
			quarters.Problem("contradiction", fmt.Sprintf("期限上限相互矛盾：tenor_years 为 %d 季，tenor_quarters 为 %d 季；只写一个", *limits.TenorQuarters, count),
				fmt.Sprintf("the tenor limits contradict: tenor_years says %d quarters, tenor_quarters %d; give one", *limits.TenorQuarters, count))
		}
		limits.TenorQuarters = &count
	}
	lenders := in.Optional("max_lenders")
	if lenders.Present() {
		count := lenders.Int(0, MaxFileLines, 0)
		limits.MaxLenders = &count
		if share := limits.InstitutionShareMax; share != nil && count > 0 && share.Mul((money.Amount(count) * money.Yuan).Decimal()).LessThan(money.One) {
			lenders.Problem("contradiction", fmt.Sprintf("机构数上限 %d 与单一机构占比上限 %s 相互矛盾：%d 家合计不到 100%%", count, share, count),
				fmt.Sprintf("at most %d lenders with at most %s each cannot make up the whole debt", count, share))
		}
	}
	in.Done()
}
