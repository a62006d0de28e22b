package gate

import (
	"fmt"

	"zutuan/internal/document"
	"zutuan/internal/funding"
	"zutuan/internal/money"
)

// Bounds of the document of the studies.
const (
	// maxScored is more industries than any zone plan weighs against each other.
	maxScored = 100
	// maxPlots is every unit with as many plots as a requirement may have.
	maxPlots = funding.MaxUnits * funding.MaxLines
	// maxScore is the best score of a dimension.
	maxScore = "100"
)

// ReadStudies reads the document of the five studies (zutuan/studies/v1, YAML or JSON) strictly. Whatever is left out is
// not given; a study that is left out is missing. The error is a document.Problems with everything that is wrong.
func ReadStudies(file string, data []byte) (*Studies, error) {
	parsed, err := document.Parse(file, data)
	if err != nil {
		return nil, err
	}
	root := parsed.Root().Object()
	out := &Studies{Schema: SchemaStudies}
	if schema := root.Required("schema"); schema.Present() && schema.String() != SchemaStudies {
		schema.Problem("schema", "schema 应为 "+SchemaStudies, "the schema should be "+SchemaStudies)
	}
	readStudy(root, "industry", &out.Industry.Study, func(in *document.Object) { readIndustry(in, &out.Industry) })
	readStudy(root, "spatial", &out.Spatial.Study, func(in *document.Object) { readSpatial(in, &out.Spatial) })
	readStudy(root, "feasibility", &out.Feasibility.Study, func(in *document.Object) {
		out.Feasibility.Investment = given(in.Optional("investment"), document.Value.Amount)
		readRevenue(in.Optional("revenue").Object(), &out.Feasibility.Revenue)
	})
	readStudy(root, "finance", &out.Finance.Study, func(in *document.Object) {
		out.Finance.Investment = given(in.Optional("investment"), document.Value.Amount)
	})
	readStudy(root, "promotion", &out.Promotion.Study, func(in *document.Object) { readPromotion(in, &out.Promotion) })
	root.Done()
	if err := parsed.Err(); err != nil {
		return nil, err
	}
	return out, nil
}

// readStudy reads what every study has; a complete one names its document and its day.
func readStudy(root *document.Object, key string, out *Study, figures func(*document.Object)) {
	out.Status = StudyMissing
	value := root.Optional(key)
	if !value.Present() {
		return
	}
	in := value.Object()
	status := in.Required("status")
	out.Status = StudyStatus(status.Enum(string(StudyMissing), string(StudyInProgress), string(StudyComplete)))
	out.Reference = in.Optional("reference").Name()
	asOf := in.Optional("as_of")
	if day := asOf.Date(); asOf.Present() && !day.IsZero() {
		out.AsOf = DayOf(day)
	}
	figures(in)
	in.Done()
	if out.Status == StudyComplete && (out.Reference == "" || !asOf.Present()) {
		status.Problem("study", "已完成（complete）的研究须写明 reference（文号或文件）和 as_of（日期）", "a complete study names its document in reference and its day in as_of")
	}
}

func given[T any](value document.Value, read func(document.Value) T) *T {
	if !value.Present() {
		return nil
	}
	result := read(value)
	return &result
}

func atMost(value document.Value, limit int) {
	if value.Len() > limit {
		value.Problem("too_many", fmt.Sprintf("最多 %d 项", limit), fmt.Sprintf("at most %d items", limit))
	}
}

// entries reads a list of objects, each with a name of its own under a key.
func entries(value document.Value, limit int, key string, read func(name string, in *document.Object)) {
	atMost(value, limit)
	seen := map[string]bool{}
	value.List(func(_ int, item document.Value) {
		if !item.Present() {
			item.Problem("missing", "列表里有空项", "the list has an empty item")
			return
		}
		in := item.Object()
		field := in.Required(key)
		name := field.Name()
		if name != "" && seen[name] {
			field.Problem("duplicate", fmt.Sprintf("%q 重复", name), fmt.Sprintf("%q appears twice", name))
		}
		seen[name] = true
		read(name, in)
		in.Done()
	})
}

func readIndustry(in *document.Object, out *IndustryStudy) {
	weights := in.Optional("weights")
	if weights.Present() {
		object := weights.Object()
		w := Weights(readDimensions(object, func(v document.Value) money.Decimal { return v.Rate("0", "1") }))
		object.Done()
		if sum := w.Sum(); !sum.Equal(money.One) {
			weights.Problem("weights", fmt.Sprintf("六个维度的权重之和为 %s，应正好等于 1", sum), fmt.Sprintf("the weights of the six dimensions add to %s; they must add to exactly 1", sum))
		}
		out.Weights = &w
	}
	entries(in.Optional("scores"), maxScored, "industry", func(name string, item *document.Object) {
		scores := readDimensions(item, func(v document.Value) money.Decimal { return v.Number("0", maxScore) })
		out.Scores = append(out.Scores, IndustryScore{Industry: name, Dimensions: scores})
	})
}

// readDimensions reads the six; each is required, because a gap would count as the worst score or no weight.
func readDimensions(in *document.Object, read func(document.Value) money.Decimal) Dimensions {
	var d Dimensions
	for i, field := range d.each() {
		*field = read(in.Required(dimensionNames[i].key))
	}
	return d
}

func readSpatial(in *document.Object, out *SpatialStudy) {
	area := func(v document.Value) money.Decimal { return v.Number("0", "999999") }
	out.AreaHa = given(in.Optional("area_ha"), area)
	entries(in.Optional("units"), funding.MaxUnits, "code", func(code string, item *document.Object) {
		out.Units = append(out.Units, UnitArea{Code: code, AreaHa: area(item.Required("area_ha"))})
	})
}

func readRevenue(in *document.Object, out *Revenue) {
	for i, field := range out.each() {
		*field = given(in.Optional(string(funding.IncomeSources[i])), document.Value.Amount)
	}
	in.Done()
}

func readPromotion(in *document.Object, out *PromotionStudy) {
	entries(in.Optional("plots"), maxPlots, "code", func(code string, item *document.Object) {
		plot := PlotPromotion{Code: code, Signed: item.Required("signed").Bool()}
		investor := item.Optional("investor")
		plot.Investor = investor.Name()
		if plot.Signed && plot.Investor == "" {
			item.Problem("investor", "已签约的地块须写明 investor（投资人）", "a signed plot names its investor")
		}
		out.Plots = append(out.Plots, plot)
	})
}

// each returns the six in the order of dimensionNames.
func (d *Dimensions) each() []*money.Decimal {
	return []*money.Decimal{&d.Development, &d.Linkage, &d.Adaptability, &d.Competitiveness, &d.Environment, &d.Risk}
}

var dimensionNames = []struct {
	key  string
	name funding.Text
}{
	{"development", funding.Text{ZH: "发展性", EN: "development"}}, {"linkage", funding.Text{ZH: "带动性", EN: "linkage"}},
	{"adaptability", funding.Text{ZH: "适应性", EN: "adaptability"}}, {"competitiveness", funding.Text{ZH: "竞争性", EN: "competitiveness"}},
	{"environment", funding.Text{ZH: "环保性", EN: "environment"}}, {"risk", funding.Text{ZH: "风险性", EN: "risk"}},
}

// each returns the five in the order of funding.IncomeSources.
func (r *Revenue) each() []**money.Amount {
	return []**money.Amount{&r.Land, &r.Energy, &r.Industry, &r.Commercial, &r.Service}
}

// Sum adds the weights; it has to be exactly 1.
func (w Weights) Sum() money.Decimal {
	sum := money.Zero
	for _, weight := range (*Dimensions)(&w).each() {
		sum = sum.Add(*weight)
	}
	return sum
}
