package match_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"github.com/shopspring/decimal"

	"zutuan/internal/loan"
	"zutuan/internal/match"
)

// written is what encoding/json writes of an answer, the reference for AppendJSON.
func written(t *testing.T, answer any) []byte {
	t.Helper()
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	must(t, encoder.Encode(answer))
	return bytes.TrimSuffix(buffer.Bytes(), []byte("\n"))
}

// TestAppendedAnswersAreTheBytesOfEncodingJSON compares whole answers of the samples, and answers whose every field is
// empty or set to what needs care.
func TestAppendedAnswersAreTheBytesOfEncodingJSON(t *testing.T) {
	d := shippedDesk(t)
	answers := map[string]match.Answer{"nothing": {}, "an empty product": {Products: []match.ProductAnswer{{}}}}
	for _, name := range d.library.Samples {
		answers[name] = d.catalogue().Match(d.need(t, name, "2026-06-30"), match.Options{}).Answer()
	}
	for _, text := range []string{"x", "季度", "<a href=\"#\">&\\ \u2028 \x01\xff"} {
		var full match.Answer
		fill(reflect.ValueOf(&full).Elem(), text, 0)
		answers["everything set to "+text] = full
	}
	var measures []loan.Measure
	for _, value := range []string{"0.000000", "-0.000001", "1.234567", "-12.5", "3", "0.1234567", "1234567890123.000000", "-99999999999999999999.000001"} {
		measures = append(measures, loan.Measure{Value: decimal.RequireFromString(value), Known: true})
	}
	answers["measures of every form"] = match.Answer{Products: []match.ProductAnswer{{Offer: &match.OfferAnswer{DSCRByYear: append(measures, loan.Measure{})}}}}
	for name, answer := range answers {
		if want, got := written(t, answer), answer.AppendJSON(nil); !bytes.Equal(want, got) {
			t.Errorf("%s: encoding/json writes\n%s\nAppendJSON\n%s", name, want, got)
		}
	}
}

// TestAMatchAppendsTheBytesOfItsAnswer compares an answer that is written at once with one that is made first, of every
// sample, with and without what would help, twice of each match: the second time finds texts that are written already.
func TestAMatchAppendsTheBytesOfItsAnswer(t *testing.T) {
	d := shippedDesk(t)
	for _, name := range d.library.Samples {
		for _, options := range []match.Options{{}, {RanksOnly: true}} {
			m := d.catalogue().Match(d.need(t, name, "2026-06-30"), options)
			for range 2 {
				answer := m.Answer()
				if want, got := answer.AppendJSON(nil), m.AppendAnswer(nil); !bytes.Equal(want, got) {
					t.Fatalf("%s, %+v: the answer is\n%s\nappended\n%s", name, options, want, got)
				}
			}
		}
	}
}

// fill sets every exported field of a value that it can set, down to a depth that explanations within explanations need.
func fill(v reflect.Value, text string, depth int) {
	const deepest = 9
	if depth > deepest {
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Int, reflect.Int64:
		v.SetInt(8103)
	case reflect.Uint8:
		v.SetUint(1)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		if v.Type().Elem().Kind() != reflect.Struct || v.Type().Elem().NumField() > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(v.Elem(), text, depth+1)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), text, depth+1)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key, text, depth+1)
		fill(value, text, depth+1)
		v.SetMapIndex(key, value)
		v.SetMapIndex(reflect.New(v.Type().Key()).Elem(), value)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				fill(v.Field(i), text, depth+1)
			}
		}
	}
}

// TestASummarySaysOfVerdictsAndFiguresWhatTheAnswerSays compares the two, product by product, and the summary's bytes.
func TestASummarySaysOfVerdictsAndFiguresWhatTheAnswerSays(t *testing.T) {
	d := shippedDesk(t)
	for _, name := range d.library.Samples {
		need := d.need(t, name, "2026-06-30")
		answer := d.catalogue().Match(need, match.Options{}).Answer()
		summary := d.catalogue().Match(need, match.Options{Detail: match.DetailVerdicts}).Summary()
		if len(summary.Products) != len(answer.Products) || !reflect.DeepEqual(summary.Counts, answer.Counts) {
			t.Fatalf("%s: the summary counts %v, the answer %v", name, summary.Counts, answer.Counts)
		}
		for i := range answer.Products {
			if want, got := expectedSummary(&answer.Products[i]), summary.Products[i]; !bytes.Equal(written(t, want), written(t, got)) {
				t.Errorf("%s: the summary says %s, the answer %s", name, written(t, got), written(t, want))
			}
		}
		if want, got := written(t, summary), summary.AppendJSON(nil); !bytes.Equal(want, got) {
			t.Errorf("%s: encoding/json writes\n%s\nAppendJSON\n%s", name, want, got)
		}
	}
	for _, text := range []string{"x", "<\u2028>"} {
		var full match.Summary
		fill(reflect.ValueOf(&full).Elem(), text, 0)
		if want, got := written(t, full), full.AppendJSON(nil); !bytes.Equal(want, got) {
			t.Errorf("encoding/json writes\n%s\nAppendJSON\n%s", want, got)
		}
	}
}

// expectedSummary makes a product's summary out of its answer.
func expectedSummary(p *match.ProductAnswer) match.ProductSummary {
	out := match.ProductSummary{ID: p.ID, Version: p.Version, Institution: p.Institution, Name: p.Name, Kind: p.Kind, Verdict: p.Verdict, Rank: p.Rank, DominatedBy: p.DominatedBy}
	for _, rule := range p.Report.Rules {
		if rule.Result == match.ResultFailed {
			out.Failed = append(out.Failed, rule.Rule)
		} else {
			out.Undecided = append(out.Undecided, rule.Rule)
		}
	}
	for _, term := range p.Report.Terms {
		out.Terms = append(out.Terms, term.Term)
	}
	if p.Score != nil {
		out.Score = p.Score.Total
	}
	if p.Remedy != nil {
		out.LeadsTo = p.Remedy.LeadsTo
	}
	if o := p.Offer; o != nil {
		out.Offer = &match.OfferSummary{Size: o.Size, Rate: o.Rate, TenorQuarters: o.TenorQuarters, GraceQuarters: o.GraceQuarters, AllInCost: o.AllInCost, MinDSCR: o.MinDSCR, Cover: o.Cover}
	}
	return out
}
