package loan

import (
	"fmt"
	"strings"

	"zutuan/internal/document"
	"zutuan/internal/funding"
	"zutuan/internal/money"
)

// Limits of a terms file.
const (
	// maxListedDraws is four draws in each of the longest statement's quarters.
	maxListedDraws = 4 * funding.MaxQuarters
	// maxTermQuarters lets a tenor that is too long reach Check, which says how long it may be.
	maxTermQuarters = 9_999
)

// ReadTerms reads the file of the schedule command (YAML or JSON): draws, rate, tenor, grace, interval, profile, custom,
// timing, capitalize_during_grace, availability, commitment, fees, start, rates, cfads. Tenor, grace and availability
// are quarters. It returns CFADS by quarter from the signing on, nil where the file has none. The error, where there is
// one, is a document.Problems with everything that is wrong, the rules of Terms.Check included.
func ReadTerms(file string, data []byte) (Terms, []money.Amount, error) {
	parsed, err := document.Parse(file, data)
	if err != nil {
		return Terms{}, nil, err
	}
	root := parsed.Root().Object()
	reader := &termsReader{values: map[string]document.Value{}, root: root.Value}
	terms, cfads := reader.read(root)
	reader.check(terms, parsed.Problems())
	if err := parsed.Err(); err != nil {
		return Terms{}, nil, err
	}
	return terms, cfads, nil
}

// check asks the rules of Terms.Check, each group only where the fields it looks at could be read: a tenor that is not a
// number is not also too short.
func (r *termsReader) check(terms Terms, found document.Problems) {
	readable := func(fields ...string) bool {
		for _, problem := range found {
			for _, field := range fields {
				if problem.Path == "" || problem.Path == field || strings.HasPrefix(problem.Path, field+".") || strings.HasPrefix(problem.Path, field+"[") {
					return false
				}
			}
		}
		return true
	}
	if readable("tenor", "grace", "interval", "availability", "timing") {
		terms.checkTime(r.problem)
	}
	if readable("rate", "rates") {
		terms.checkRates(r.problem)
	}
	if readable("start", "draws", "commitment", "availability", "grace") {
		terms.checkDraws(r.problem)
	}
	if readable("profile", "custom", "tenor", "grace", "interval") {
		terms.checkProfile(r.problem)
	}
	if readable("fees") {
		checkFees(terms.Fees, r.problem)
	}
}

func (r *termsReader) problem(path, code, zh, en string) {
	value, known := r.values[path]
	if !known {
		value, zh, en = r.root, path+"："+zh, path+": "+en
	}
	value.Problem(code, zh, en)
}

// termsReader remembers where each field stood, so that Check's problems get their lines.
type termsReader struct {
	values map[string]document.Value
	root   document.Value
}

func (r *termsReader) keep(value document.Value) document.Value {
	r.values[value.Path()] = value
	return value
}

func (r *termsReader) read(root *document.Object) (Terms, []money.Amount) {
	terms := Terms{
		Start:                 r.keep(root.Optional("start")).Quarter(),
		Commitment:            r.keep(root.Optional("commitment")).Amount(),
		Rate:                  r.keep(root.Required("rate")).Rate("0", "1"),
		Tenor:                 r.keep(root.Required("tenor")).Int(1, maxTermQuarters, 0),
		Grace:                 r.keep(root.Optional("grace")).Int(0, maxTermQuarters, 0),
		Interval:              r.keep(root.Optional("interval")).Int(1, 4, 1),
		Availability:          r.keep(root.Optional("availability")).Int(1, maxTermQuarters, 0),
		Profile:               Profile(r.keep(root.Required("profile")).Enum(funding.Profiles...)),
		Timing:                Timing(r.keep(root.Optional("timing")).Enum(string(TimingStart), string(TimingMid), string(TimingEnd))),
		CapitalizeDuringGrace: root.Optional("capitalize_during_grace").Bool(),
	}
	draws := r.keep(root.Required("draws"))
	r.list(draws, maxListedDraws, func(item *document.Object) {
		terms.Draws = append(terms.Draws, Draw{r.keep(item.Required("quarter")).Quarter(), r.keep(item.Required("amount")).Amount()})
	})
	r.list(r.keep(root.Optional("rates")), funding.MaxQuarters, func(item *document.Object) {
		terms.Changes = append(terms.Changes, RateChange{r.keep(item.Required("from")).Quarter(), r.keep(item.Required("rate")).Rate("0", "1")})
	})
	r.keep(root.Optional("custom")).List(func(_ int, item document.Value) {
		terms.Custom = append(terms.Custom, r.keep(item).Rate("0", "1"))
	})
	var cfads []money.Amount
	series := r.keep(root.Optional("cfads"))
	series.List(func(_ int, item document.Value) { cfads = append(cfads, item.SignedAmount()) })
	tooMany(series, maxTermQuarters)
	terms.Fees = r.fees(root.Optional("fees").Object())
	root.Done()
	return terms, cfads
}

func (r *termsReader) fees(fees *document.Object) funding.ProductFees {
	read := funding.ProductFees{
		Upfront:    r.keep(fees.Optional("upfront")).Rate("0", "1"),
		Commitment: r.keep(fees.Optional("commitment")).Rate("0", "1"),
		Agency:     r.keep(fees.Optional("agency")).Amount(),
		Guarantee:  r.keep(fees.Optional("guarantee")).Rate("0", "1"),
	}
	fees.Done()
	return read
}

// list reads a list of objects, at most so many.
func (r *termsReader) list(value document.Value, most int, read func(*document.Object)) {
	if tooMany(value, most) {
		return
	}
	value.List(func(_ int, item document.Value) {
		object := item.Object()
		read(object)
		object.Done()
	})
}

func tooMany(value document.Value, most int) bool {
	if value.Len() <= most {
		return false
	}
	value.Problem("too_many", fmt.Sprintf("列表有 %d 项，最多 %d 项", value.Len(), most), fmt.Sprintf("the list has %d items, at most %d are allowed", value.Len(), most))
	return true
}
