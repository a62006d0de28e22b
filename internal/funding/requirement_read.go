package funding

import (
	"fmt"
	"regexp"
	"strings"

	"zutuan/internal/document"
	"zutuan/internal/money"
)

// Bounds of a requirement file beyond those of finance.md, each so that no file can ask for an endless computation.
const (
	// MaxUnits is far above the largest cluster plan (a dozen units).
	MaxUnits = 100
	// MaxLines bounds the lines of one list in one unit; the largest real unit has about forty.
	MaxLines = 200
	// minHorizon is one year, the least that has a loan year in it.
	minHorizon = 4
	// defaultHorizon is ten years, finance.md section "Money, rates, time".
	defaultHorizon = 40
	// Bounds of lives, tenors and the years after the horizon: longer than any asset or loan.
	maxDepreciationYears = 100
	maxAfterYears        = 40
	maxTenorYears        = 40
	maxGraceQuarters     = 80
	maxAssetLifeYears    = 100
)

// ReadRequirement reads a requirement file (zutuan/requirement/v1, YAML or JSON) strictly. checkWhen compiles the
// `when` of a waiting unit and returns what is wrong with it, told in both languages where it speaks both (see TextOf);
// nil leaves expressions unchecked. The error, where there is one, is a document.Problems with everything that is wrong,
// each with path and line.
func ReadRequirement(file string, data []byte, checkWhen func(expression string) error) (*Requirement, error) {
	parsed, err := document.Parse(file, data)
	if err != nil {
		return nil, err
	}
	reader := &requirementReader{checkWhen: checkWhen, out: &Requirement{}}
	reader.read(parsed.Root().Object())
	if err := parsed.Err(); err != nil {
		return nil, err
	}
	return reader.out, nil
}

// requirementReader fills a requirement; what is wrong is collected by the values themselves.
type requirementReader struct {
	checkWhen func(string) error
	out       *Requirement
	// bound adds up the magnitudes of everything that can enter a statement, in fen.
	bound Decimal
	// waits holds, for each unit, the value of start.after; absent where the unit has a fixed start.
	waits []document.Value
	plots map[string]bool
}

func (r *requirementReader) read(root *document.Object) {
	out := r.out
	readSchema(root, SchemaRequirement)
	out.Name = root.Required("name").Name()
	out.Zone = root.Required("zone").Name()
	r.cluster(root.Required("cluster").Object())
	r.borrower(root.Required("borrower").Object())
	out.Currency = readCurrency(root.Required("currency"))
	out.Start = root.Required("start").Quarter()
	out.Horizon = root.Optional("horizon").Int(minHorizon, MaxHorizon, defaultHorizon)
	out.DiscountRate = root.Required("discount_rate").Rate("0", "1")
	r.tax(root.Required("tax").Object())
	out.OpeningCash = r.count(root.Optional("opening_cash").Amount())
	out.MinimumCash = r.count(root.Optional("minimum_cash").Amount())
	out.Capital = r.fundingLines(root.Optional("capital"))
	out.Grants = r.fundingLines(root.Optional("grants"))
	r.units(root.Required("units"))
	r.debtService(root.Optional("debt_service"))
	r.afterHorizon(root.Optional("after_horizon"))
	r.limits(root.Optional("limits").Object())
	r.security(root.Optional("security"))
	r.studies(root.Optional("studies").Object())
	r.project(root.Optional("project").Object())
	root.Done()
	if r.bound.GreaterThan(fenDecimal(int64(money.MaxFileTotal))) {
		root.Problem("total", "全部金额按最长 160 个季度合计超过 4,000 万亿元；请检查单位是否为元", "all amounts together, over 160 quarters, exceed 4,000 trillion; check that the unit is yuan")
	}
}

// readSchema checks the schema line, so that a file of another kind is refused by name and not by its keys.
func readSchema(root *document.Object, schema string) {
	value := root.Required("schema")
	if text := value.String(); value.Present() && text != schema {
		value.Problem("schema", fmt.Sprintf("schema 应为 %s", schema), fmt.Sprintf("the schema should be %s", schema))
	}
}

var currencyCode = regexp.MustCompile(`^[A-Z]{3}$`)

func readCurrency(value document.Value) string {
	text := value.String()
	if value.Present() && !currencyCode.MatchString(text) {
		value.Problem("currency", "币种应为三个大写字母，如 CNY", "the currency should be three capital letters, such as CNY")
	}
	return text
}

func (r *requirementReader) cluster(in *document.Object) {
	r.out.Cluster = Cluster{Code: in.Required("code").Name(), Name: in.Required("name").Name()}
	r.out.Cluster.Industries = readTexts(in.Optional("industries"))
	in.Done()
}

func readTexts(value document.Value) []string {
	var texts []string
	value.List(func(_ int, item document.Value) { texts = append(texts, requiredItem(item).Name()) })
	return texts
}

// requiredItem reports a list item that is null: a gap in a list is a mistake, never a zero.
func requiredItem(item document.Value) document.Value {
	if !item.Present() {
		item.Problem("missing", "列表里有空项", "the list has an empty item")
	}
	return item
}

func (r *requirementReader) borrower(in *document.Object) {
	b := Borrower{Name: in.Required("name").Name(), Type: in.Required("type").Enum(BorrowerTypes...)}
	b.Rating = in.Optional("rating").Name()
	b.NetAssets = optional(in.Optional("net_assets"), document.Value.SignedAmount)
	b.AssetLiabilityRatio = optional(in.Optional("asset_liability_ratio"), func(v document.Value) Decimal { return v.Rate("0", "100") })
	b.ImplicitDebt = optional(in.Optional("implicit_debt"), document.Value.Bool)
	b.Established = in.Optional("established").Quarter()
	b.Class = in.Optional("class").Enum(SubjectClasses...)
	b.Cash = optional(in.Optional("cash"), document.Value.Amount)
	b.GroupExposures = groupExposures(in.Optional("group_exposures"))
	in.Done()
	r.out.Borrower = b
}

func groupExposures(value document.Value) map[string]Amount {
	if !value.Present() {
		return nil
	}
	exposures := map[string]Amount{}
	atMost(value, MaxLines)
	value.List(func(_ int, item document.Value) {
		in := item.Object()
		institution, amount := in.Required("institution"), in.Required("amount").Amount()
		id := institution.Name()
		if _, twice := exposures[id]; twice && id != "" {
			institution.Problem("duplicate", fmt.Sprintf("机构 %s 已列过", id), fmt.Sprintf("the institution %s is already listed", id))
		}
		in.Done()
		exposures[id] = amount
	})
	return exposures
}

// optional reads a value that may be left out; nil keeps "not given" apart from zero and false.
func optional[T any](value document.Value, read func(document.Value) T) *T {
	if !value.Present() {
		return nil
	}
	result := read(value)
	return &result
}

func (r *requirementReader) tax(in *document.Object) {
	r.out.Tax = Tax{Surtax: in.Required("surtax").Rate("0", "1"), Income: in.Required("income").Rate("0", "1")}
	in.Done()
}

func (r *requirementReader) fundingLines(value document.Value) []FundingLine {
	var lines []FundingLine
	atMost(value, MaxLines)
	value.List(func(_ int, item document.Value) {
		in := item.Object()
		line := FundingLine{Source: in.Required("source").Name(), Name: in.Optional("name").String()}
		line.Series = r.moneySeries(in)
		in.Done()
		lines = append(lines, line)
	})
	return lines
}

func atMost(value document.Value, limit int) {
	if value.Len() > limit {
		value.Problem("too_many", fmt.Sprintf("有 %d 项，最多 %d 项", value.Len(), limit), fmt.Sprintf("there are %d items; at most %d are allowed", value.Len(), limit))
	}
}

func (r *requirementReader) debtService(value document.Value) {
	seen := map[string]bool{}
	atMost(value, MaxLines)
	value.List(func(_ int, item document.Value) {
		in := item.Object()
		ledger := in.Required("ledger")
		id := ledger.Name()
		if id != "" && seen[id] {
			ledger.Problem("duplicate", fmt.Sprintf("台账编号 %s 已列过", id), fmt.Sprintf("the instrument %s is already listed", id))
		}
		seen[id] = true
		in.Done()
		r.out.DebtService = append(r.out.DebtService, id)
	})
}

func (r *requirementReader) afterHorizon(value document.Value) {
	if !value.Present() {
		return
	}
	in := value.Object()
	after := &AfterHorizon{
		Years:      in.Required("years").Int(1, maxAfterYears, 1),
		NetPerYear: in.Required("net_per_year").SignedAmount(),
		Growth:     in.Optional("growth").Rate("-1", "1"),
		Residual:   in.Optional("residual").Amount(),
	}
	in.Done()
	r.count(after.Residual)
	r.bound = r.bound.Add(grown(int64(after.NetPerYear.Abs()), after.Growth, after.Years*4))
	r.out.AfterHorizon = after
}

func (r *requirementReader) limits(in *document.Object) {
	rate := func(high string) func(document.Value) Decimal {
		return func(v document.Value) Decimal { return v.Rate("0", high) }
	}
	r.out.Limits = Limits{
		MaxCost: optional(in.Optional("max_cost"), rate("1")),
		MinDSCR: optional(in.Optional("min_dscr"), rate("10")),
		TenorQuarters: optional(in.Optional("tenor_years"), func(v document.Value) int {
			return 4 * v.Int(1, maxTenorYears, 1)
		}),
		GraceQuarters: optional(in.Optional("grace_quarters"), func(v document.Value) int { return v.Int(0, maxGraceQuarters, 0) }),
	}
	in.Done()
}

func (r *requirementReader) security(value document.Value) {
	atMost(value, MaxLines)
	value.List(func(_ int, item document.Value) {
		in := item.Object()
		r.out.Security = append(r.out.Security, Security{
			Type:     in.Required("type").Enum(SecurityTypes...),
			Value:    optional(in.Optional("value"), document.Value.Amount),
			Provider: in.Optional("provider").String(),
			Note:     in.Optional("note").String(),
		})
		in.Done()
	})
}

// studies keeps what a file says about the five special studies as text: either a text, or the status and reference of
// one that is filed elsewhere.
func (r *requirementReader) studies(in *document.Object) {
	r.out.Studies = Studies{
		Industry:    readStudy(in.Optional("industry")),
		Spatial:     readStudy(in.Optional("spatial")),
		Feasibility: readStudy(in.Optional("feasibility")),
		Finance:     readStudy(in.Optional("finance")),
		Promotion:   readStudy(in.Optional("promotion")),
	}
	in.Done()
}

func readStudy(value document.Value) string {
	if value.Kind() != document.KindObject {
		return value.String()
	}
	in := value.Object()
	var parts []string
	for _, key := range []string{"status", "reference"} {
		if text := in.Optional(key).Name(); text != "" {
			parts = append(parts, text)
		}
	}
	in.Done()
	return strings.Join(parts, "; ")
}

// count adds an amount to the bound and returns it.
func (r *requirementReader) count(amount Amount) Amount {
	r.bound = r.bound.Add(fenDecimal(int64(amount.Abs())))
	return amount
}
