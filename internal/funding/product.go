package funding

import "time"

// SchemaProduct, SchemaRisk and the like are the schema lines of the rule files.
const (
	SchemaProduct    = "zutuan/product/v1"
	SchemaRisk       = "zutuan/risk/v1"
	SchemaParameters = "zutuan/parameters/v1"
	SchemaMarket     = "zutuan/market/v1"
	SchemaFacts      = "zutuan/facts/v1"
	SchemaZones      = "zutuan/zones/v1"

	SchemaDocuments    = "zutuan/documents/v1"
	SchemaInstitutions = "zutuan/institutions/v1"
	SchemaLists        = "zutuan/lists/v1"
	SchemaOverrides    = "zutuan/overrides/v1"
)

// ProductKinds, RuleGroups and the like are the words a product file may use.
var (
	ProductKinds = []string{"policy_loan", "development_loan", "dfi_loan", "commercial_loan", "special_bond", "policy_tool", "fund", "lease", "reit", "bond", "guarantee", "grant"}
	RuleGroups   = []string{"eligibility", "tenor", "cost", "structure", "risk"}
	RuleLevels   = []string{"must", "should"}
	CountsAs     = []string{"debt", "equity", "quasi_equity", "grant"}
	Profiles     = []string{"equal_principal", "annuity", "bullet", "custom", "sculpted"}
	TermBases    = []string{"sourced", "knowledge", "typical", "illustrative"}
	Confidences  = []string{"high", "medium", "low"}
)

// Product is one version of a financing product as its file writes it; expressions are still text. rulepack compiles it.
type Product struct {
	ID          string
	Version     int // 1 for a file; published versions count up
	Institution string
	Name        Text
	Kind        string
	From        time.Time
	To          time.Time // zero: open
	Source      ProductSource
	Currency    string
	CountsAs    string
	// GovernmentDebt: empty, general or special; the statutory debt limit that a draw takes from.
	GovernmentDebt string
	Terms          ProductTerms
	Rules          []ProductRule
	Score          ScoreWeights
	Tests          []ProductTest
}

// ProductSource says where the terms come from and how far to trust them.
type ProductSource struct {
	Note         string
	Links        []string
	AsOf         time.Time
	Illustrative bool
	// Terms gives the basis of each term: path under terms → basis, confidence and where it was read.
	Terms map[string]TermBasis
}

// TermBasis is how one term is known.
type TermBasis struct {
	Basis      string // sourced | knowledge | typical | illustrative
	Confidence string // high | medium | low
	Note       string
}

// Formula is a number written out or an expression; which of the two, the file decides.
type Formula struct {
	Source string // as written; empty where not given
	Path   string
	Line   int
	// Column is where the expression begins on its line, 1-based; 0 where the file does not show it on one line.
	Column int
}

// Given reports whether the file wrote the formula at all.
func (f Formula) Given() bool { return f.Source != "" }

// ProductTerms are the terms of an offer.
type ProductTerms struct {
	TenorMinQuarters      int
	TenorMaxQuarters      int
	Tenor                 Formula // optional formula within the two bounds; default: the longest that fits
	GraceMaxQuarters      int
	Grace                 Formula // optional formula, cut to the maximum
	AvailabilityQuarters  int     // 0: as long as the grace
	Profile               string
	Interval              int
	Custom                []Decimal
	SizeMin               Amount
	SizeMax               Formula
	SizeStep              Amount
	Rate                  Formula
	FloatingReference     string
	FloatingSpreadFixed   bool
	FloatingResetQuarters int
	Fees                  ProductFees
	CapitalizeDuringGrace bool
	DrawTiming            string // start | mid | end
}

// ProductFees are shares, except Agency, which is an amount a year.
type ProductFees struct {
	Upfront    Decimal
	Commitment Decimal
	Agency     Amount
	Guarantee  Decimal
}

// ProductRule is one rule of a product.
type ProductRule struct {
	ID      string
	Group   string
	Level   string
	When    Formula
	Message Text
	Basis   string
}

// ScoreWeights rank offers; they sum to 1.
type ScoreWeights struct {
	Cost      Decimal
	Tenor     Decimal
	Structure Decimal
}

// ProductTest is one test that a product carries with it.
type ProductTest struct {
	Name        string
	Requirement string // a sample under rules/samples
	// Set overrides facts by name; the text is read by the fact's type. Unset names facts to make unknown.
	Set     map[string]string
	Unset   []string
	Date    time.Time // zero: the sample's own date
	Verdict string
	Failed  []string
	// Undecided lists rules expected undecided.
	Undecided []string
	Path      string
	Line      int
}
