package gate

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"zutuan/internal/cashflow"
	"zutuan/internal/document"
	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/quarter"
)

const studiesText = `{
  "schema": "zutuan/studies/v1",
  "industry": {"status": "complete", "reference": "产规1号", "as_of": "2026-05-01",
    "weights": {"development": "0.2", "linkage": "0.2", "adaptability": "0.2", "competitiveness": "0.15", "environment": "0.15", "risk": "0.1"},
    "scores": [
      {"industry": "冷链物流", "development": "90", "linkage": "80", "adaptability": "70", "competitiveness": "60", "environment": "50", "risk": "40"},
      {"industry": "果蔬加工", "development": "80", "linkage": "80", "adaptability": "80", "competitiveness": "60", "environment": "50", "risk": "40"},
      {"industry": "木材", "development": "10", "linkage": "10", "adaptability": "10", "competitiveness": "10", "environment": "10", "risk": "10"}]},
  "spatial": {"status": "complete", "reference": "空规1号", "as_of": "2026-05-01", "area_ha": "12.5", "units": [{"code": "A", "area_ha": "10"}, {"code": "B", "area_ha": "2.5"}]},
  "feasibility": {"status": "complete", "reference": "可研1号", "as_of": "2026-05-01", "investment": "1000000.00",
    "revenue": {"land": "800.00", "energy": "0.00", "industry": "5000.00", "commercial": "0.00", "service": "100.00"}},
  "finance": {"status": "complete", "reference": "投融1号", "as_of": "2026-05-01", "investment": "1000000.00"},
  "promotion": {"status": "complete", "reference": "招商1号", "as_of": "2026-05-01",
    "plots": [{"code": "A1", "signed": true, "investor": "甲公司"}, {"code": "A2", "signed": false}, {"code": "B1", "signed": false}]}
}`

func someStudies() *Studies {
	studies, err := ReadStudies("studies.json", []byte(studiesText))
	if err != nil {
		panic(err)
	}
	return studies
}

func someFigures() *Figures {
	yuan := money.MustAmount
	ha := money.MustRate
	return &Figures{Industries: []string{"果蔬加工", "冷链物流"}, Investment: yuan("1000000.00"), Revenue: RevenueTotals{yuan("800"), 0, yuan("5000"), 0, yuan("100")},
		Units: []UnitFigures{
			{Code: "A", Plots: []PlotFigures{{Code: "A1", AreaHa: ha("6"), Signed: true}, {Code: "A2", AreaHa: ha("4")}}, Invested: ha("0.6")},
			{Code: "B", Plots: []PlotFigures{{Code: "B1", AreaHa: ha("2.5")}}, Invested: money.Zero},
		}}
}

func find(t *testing.T, checks []StudyCheck, code, subject string) StudyCheck {
	t.Helper()
	for _, check := range checks {
		if check.Code == code && check.Subject == subject {
			return check
		}
	}
	t.Fatalf("no check %s %s in %+v", code, subject, checks)
	return StudyCheck{}
}

func TestStudiesAgainstTheRequirement(t *testing.T) {
	rate, yuan := money.MustRate, money.MustAmount
	cases := []struct {
		name          string
		code, subject string
		change        func(*Studies, *Figures)
		want          CheckStatus
		// figure, other and difference are the two figures and the first less the second.
		figure, other, difference string
	}{
		{"plots add to the unit's area", StudyCheckUnitArea, "A", nil, CheckConsistent, "10", "10", "0"},
		{"a millionth of a hectare is no difference", StudyCheckUnitArea, "A", func(s *Studies, _ *Figures) { s.Spatial.Units[0].AreaHa = rate("10.000001") }, CheckConsistent, "10.000001", "10", "0.000001"},
		{"two millionths are", StudyCheckUnitArea, "A", func(s *Studies, _ *Figures) { s.Spatial.Units[0].AreaHa = rate("9.999998") }, CheckDifferent, "9.999998", "10", "-0.000002"},
		{"a unit that the plan does not give", StudyCheckUnitArea, "B", func(s *Studies, _ *Figures) { s.Spatial.Units = s.Spatial.Units[:1] }, CheckIncomplete, "", "2.5", ""},
		{"a unit without plots", StudyCheckUnitArea, "B", func(_ *Studies, f *Figures) { f.Units[1].Plots = nil }, CheckIncomplete, "", "", ""},
		{"a unit of the plan alone", StudyCheckUnitArea, "C", func(s *Studies, _ *Figures) { s.Spatial.Units = append(s.Spatial.Units, UnitArea{"C", rate("3")}) }, CheckDifferent, "3", "0", "3"},
		{"all plots add to the plan's area", StudyCheckArea, "", nil, CheckConsistent, "12.5", "12.5", "0"},
		{"the plan's area is not given", StudyCheckArea, "", func(s *Studies, _ *Figures) { s.Spatial.AreaHa = nil }, CheckIncomplete, "", "12.5", ""},
		{"the plan's area is another", StudyCheckArea, "", func(s *Studies, _ *Figures) { s.Spatial.AreaHa = ptr(rate("13")) }, CheckDifferent, "13", "12.5", "0.5"},
		{"the plots of a unit are missing from the whole", StudyCheckArea, "", func(_ *Studies, f *Figures) { f.Units[1].Plots = nil }, CheckIncomplete, "", "", ""},
		{"the plan's units add to its area", StudyCheckUnitsArea, "", nil, CheckConsistent, "12.5", "12.5", "0"},

		{"the investment agrees to the fen", StudyCheckInvestment, "", nil, CheckConsistent, "1000000.00", "1000000.00", "0.00"},
		{"a fen less is a difference", StudyCheckInvestment, "", func(s *Studies, _ *Figures) { s.Feasibility.Investment = ptr(yuan("999999.99")) }, CheckDifferent, "999999.99", "1000000.00", "-0.01"},
		{"no investment is given", StudyCheckInvestment, "", func(s *Studies, _ *Figures) { s.Feasibility.Investment = nil }, CheckIncomplete, "", "1000000.00", ""},
		{"the financing plan finances more", StudyCheckFinance, "", func(s *Studies, _ *Figures) { s.Finance.Investment = ptr(yuan("1100000")) }, CheckDifferent, "1100000.00", "1000000.00", "100000.00"},
		{"land agrees", StudyCheckRevenue, "land", nil, CheckConsistent, "800.00", "800.00", "0.00"},
		{"a zero that is given agrees with zero", StudyCheckRevenue, "energy", nil, CheckConsistent, "0.00", "0.00", "0.00"},
		{"a zero that is not given does not", StudyCheckRevenue, "energy", func(s *Studies, _ *Figures) { s.Feasibility.Revenue.Energy = nil }, CheckIncomplete, "", "0.00", ""},
		{"services differ", StudyCheckRevenue, "service", func(_ *Studies, f *Figures) { f.Revenue[4] = yuan("90.5") }, CheckDifferent, "100.00", "90.50", "9.50"},

		// 0.2·(90+80+70) + 0.15·(60+50) + 0.1·40 = 48 + 16.5 + 4 = 68.5; the fruit industry has the same, timber 10.
		{"a leading industry is among the best two", StudyCheckIndustry, "冷链物流", nil, CheckConsistent, "68.5", "68.5", "0"},
		{"timber is not", StudyCheckIndustry, "木材", func(_ *Studies, f *Figures) { f.Industries = []string{"木材", "冷链物流"} }, CheckDifferent, "10", "68.5", "-58.5"},
		{"an industry that nobody scored", StudyCheckIndustry, "化工", func(_ *Studies, f *Figures) { f.Industries = []string{"化工"} }, CheckIncomplete, "", "", ""},
		{"no leading industry", StudyCheckIndustry, "", func(_ *Studies, f *Figures) { f.Industries = nil }, CheckIncomplete, "", "", ""},
		{"no weights", StudyCheckWeights, "", func(s *Studies, _ *Figures) { s.Industry.Weights = nil }, CheckIncomplete, "", "", ""},
		{"weights that do not add to 1", StudyCheckWeights, "", func(s *Studies, _ *Figures) { s.Industry.Weights.Risk = rate("0.100000000001") }, CheckDifferent, "1.000000000001", "1", "0.000000000001"},

		{"a plot with a signed investor", StudyCheckSigned, "A1", nil, CheckConsistent, "1", "1", "0"},
		{"a plot that only the study calls signed", StudyCheckSigned, "A2", func(s *Studies, _ *Figures) { s.Promotion.Plots[1].Signed = true }, CheckDifferent, "1", "0", "1"},
		{"a plot that only the requirement calls signed", StudyCheckSigned, "B1", func(_ *Studies, f *Figures) { f.Units[1].Plots[0].Signed = true }, CheckDifferent, "0", "1", "-1"},
		{"a plot that the study leaves out", StudyCheckSigned, "B1", func(s *Studies, _ *Figures) { s.Promotion.Plots = s.Promotion.Plots[:2] }, CheckIncomplete, "", "0", ""},
		{"a plot of the study alone", StudyCheckSigned, "Z9", func(s *Studies, _ *Figures) { s.Promotion.Plots = append(s.Promotion.Plots, PlotPromotion{Code: "Z9"}) }, CheckDifferent, "0", "", ""},
		// 60 % of 10 ha are developed, the 6 ha of plot A1 are signed.
		{"promotion keeps up with development", StudyCheckPace, "A", nil, CheckConsistent, "6", "6", "0"},
		{"development runs ahead", StudyCheckPace, "A", func(_ *Studies, f *Figures) { f.Units[0].Invested = rate("0.75") }, CheckDifferent, "6", "7.5", "-1.5"},
		{"what is not developed needs no investor", StudyCheckPace, "B", nil, CheckConsistent, "0", "0", "0"},
		{"a plot that is left out hides the pace", StudyCheckPace, "A", func(s *Studies, _ *Figures) { s.Promotion.Plots = s.Promotion.Plots[:1] }, CheckIncomplete, "", "", ""},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			studies, figures := someStudies(), someFigures()
			if test.change != nil {
				test.change(studies, figures)
			}
			check := find(t, CheckStudies(studies, figures, nil), test.code, test.subject)
			show := func(figure *string) string {
				if figure == nil {
					return ""
				}
				return *figure
			}
			got := fmt.Sprint(check.Status, " ", show(check.Figure), " ", show(check.Other), " ", show(check.Difference))
			if want := fmt.Sprint(test.want, " ", test.figure, " ", test.other, " ", test.difference); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			if check.ZH == "" || check.EN == "" {
				t.Errorf("no text: %+v", check)
			}
			zh, en := []string{test.figure, test.other, test.difference}, []string{test.figure, test.other, test.difference}
			if test.want == CheckDifferent && check.Unit == "yuan" {
				amounts := []money.Amount{money.MustAmount(test.figure), money.MustAmount(test.other), money.MustAmount(test.difference)}
				zh, en = money.ShowAlike(money.Chinese, amounts...), money.ShowAlike(money.English, amounts...)
			}
			for i := range zh {
				if test.want == CheckDifferent && (!strings.Contains(check.ZH, zh[i]) || !strings.Contains(check.EN, en[i])) {
					t.Errorf("the text does not name %q: %s", zh[i], check.ZH)
				}
			}
		})
	}
}

func TestSoundStudiesAgree(t *testing.T) {
	for _, check := range CheckStudies(someStudies(), someFigures(), nil) {
		if check.Status != CheckConsistent {
			t.Errorf("%+v", check)
		}
	}
}

func TestNothingGivenIsNeverConsistent(t *testing.T) {
	// The plan's own sum of units needs nothing where there are no units; every other comparison has to be incomplete.
	for _, check := range CheckStudies(nil, someFigures(), nil) {
		if check.Status != CheckIncomplete {
			t.Errorf("%+v", check)
		}
	}
	if checks := CheckStudies(someStudies(), nil, nil); len(checks) != 1 || checks[0].Status != CheckIncomplete {
		t.Errorf("without figures: %+v", checks)
	}
}

func TestConfiguredWeightsStandInForTheStudys(t *testing.T) {
	studies := someStudies()
	weights := *studies.Industry.Weights
	studies.Industry.Weights = nil
	if check := find(t, CheckStudies(studies, someFigures(), &weights), StudyCheckIndustry, "冷链物流"); check.Status != CheckConsistent {
		t.Errorf("%+v", check)
	}
}

func TestStudiesComeBackAsTheyAreWritten(t *testing.T) {
	studies := someStudies()
	text, err := json.Marshal(studies)
	if err != nil {
		t.Fatal(err)
	}
	again, err := ReadStudies("again", text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if second, _ := json.Marshal(again); string(second) != string(text) {
		t.Errorf("%s\n%s", text, second)
	}
	if again.Industry.Scores[0].Development.String() != "90" || again.Industry.Weights.Risk.String() != "0.1" || again.Spatial.Units[1].AreaHa.String() != "2.5" ||
		*again.Feasibility.Revenue.Land != money.MustAmount("800") || again.Promotion.Plots[0].Investor != "甲公司" || again.Finance.AsOf != "2026-05-01" {
		t.Errorf("%+v", again)
	}
}

func TestAnEmptyDocumentIsFiveMissingStudies(t *testing.T) {
	studies, err := ReadStudies("s", []byte(`{"schema": "zutuan/studies/v1", "finance": {"status": "in_progress"}}`))
	if err != nil {
		t.Fatal(err)
	}
	s := finalizable()
	s.Studies = studies
	view := ViewStudies(s)
	if view.Complete.Satisfied || len(view.Complete.Items) != 5 || view.Consistent.Satisfied || view.Industry.Status != StudyMissing || view.Finance.Status != StudyInProgress {
		t.Errorf("%+v", view)
	}
	s.Studies = nil
	if view := ViewStudies(s); view.Promotion.Status != StudyMissing || view.Schema != SchemaStudies || s.Studies != nil {
		t.Errorf("%+v", view)
	}
	text, _ := json.Marshal(view)
	var keys map[string]any
	if err := json.Unmarshal(text, &keys); err != nil || keys["industry"] == nil || keys["checks"] == nil || keys["complete"] == nil {
		t.Errorf("%s", text)
	}
}

func TestProblemsOfStudiesAreToldTogether(t *testing.T) {
	cases := []struct{ name, old, new, want string }{
		{"another schema", "zutuan/studies/v1", "zutuan/plan/v1", "the schema should be zutuan/studies/v1"},
		{"an unknown key names the nearest", `"area_ha": "12.5"`, `"area_hectares": "12.5"`, "area_ha"},
		{"weights that do not add to 1", `"risk": "0.1"`, `"risk": "0.2"`, "they must add to exactly 1"},
		{"a weight in percent", `"risk": "0.1"`, `"risk": "10"`, "industry.weights.risk"},
		{"a dimension that is left out", `"competitiveness": "0.15", `, ``, "industry.weights.competitiveness: a required value is missing"},
		{"a score above 100", `"development": "90"`, `"development": "101"`, "from 0 to 100"},
		{"a negative amount", `"land": "800.00"`, `"land": "-800.00"`, "must not be negative"},
		{"a source that is none", `"land": "800.00"`, `"wind": "800.00"`, "feasibility.revenue.wind: unknown key"},
		{"a status that is none", `"status": "complete", "reference": "空规1号"`, `"status": "done", "reference": "空规1号"`, "missing, in_progress, complete"},
		{"a complete study without a document", `"reference": "空规1号", `, ``, "names its document"},
		{"a day that is none", `"reference": "空规1号", "as_of": "2026-05-01"`, `"reference": "空规1号", "as_of": "2026-02-30"`, "not a date"},
		{"a signed plot without its investor", `, "investor": "甲公司"`, ``, "a signed plot names its investor"},
		{"a plot that does not say whether it is signed", `{"code": "A2", "signed": false}`, `{"code": "A2"}`, "promotion.plots[1].signed"},
		{"a unit twice", `{"code": "B", "area_ha": "2.5"}`, `{"code": "A", "area_ha": "2.5"}`, `"A" appears twice`},
		{"a gap in a list", `{"code": "B", "area_ha": "2.5"}`, `null`, "empty item"},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			text := strings.Replace(studiesText, test.old, test.new, 1)
			if text == studiesText {
				t.Fatal("nothing was replaced")
			}
			_, err := ReadStudies("s.json", []byte(text))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	_, err := ReadStudies("s.json", []byte(strings.NewReplacer(`"land": "800.00"`, `"land": "x"`, `"area_ha": "12.5"`, `"area_ha": "y"`).Replace(studiesText)))
	if problems, ok := err.(document.Problems); !ok || len(problems) != 2 {
		t.Errorf("two mistakes: %v", err)
	}
}

func FuzzReadStudies(f *testing.F) {
	f.Add([]byte(studiesText))
	f.Add([]byte("schema: zutuan/studies/v1\nfinance: {status: complete}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		studies, err := ReadStudies("s", data)
		if err != nil {
			return
		}
		// What was read can be written, read again as the same, and compared without a panic.
		text, err := json.Marshal(studies)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ReadStudies("again", text)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		second, _ := json.Marshal(again)
		if string(second) != string(text) {
			t.Fatalf("%s\n%s", text, second)
		}
		CheckStudies(studies, someFigures(), nil)
	})
}

// Two units of 100.00 each: A invests 25 a quarter from 2026Q1, B all at once in 2027Q1. On 2026-08-15 two quarters are
// over: A has made half, B nothing. Land brings 10 in each of four quarters, a fifth set aside: 32.
func TestFiguresOfARequirement(t *testing.T) {
	fen := func(yuan int64) int64 { return yuan * 100 }
	explicit := func(values ...int64) funding.Series {
		for i := range values {
			values[i] = fen(values[i])
		}
		return funding.Series{Form: funding.SeriesExplicit, Values: values}
	}
	requirement := &funding.Requirement{Start: quarter.Must("2026Q1"), Horizon: 8, Cluster: funding.Cluster{Industries: []string{"冷链物流"}}, Units: []funding.Unit{
		{Code: "A", Start: funding.UnitStart{At: quarter.Must("2026Q1")}, Plots: []funding.Plot{{Code: "A1", AreaHa: money.MustRate("6"), Signed: true}},
			Invest:  []funding.InvestLine{{Category: funding.InvestBuildings, Series: explicit(25, 25, 25, 25)}},
			Revenue: []funding.RevenueLine{{Source: funding.SourceLand, Route: funding.RouteFundBudget, SetAside: money.MustRate("0.2"), Series: explicit(10, 10, 10, 10)}}},
		{Code: "B", Start: funding.UnitStart{At: quarter.Must("2027Q1")}, Invest: []funding.InvestLine{{Category: funding.InvestBuildings, Series: explicit(100)}}},
		{Code: "C", Start: funding.UnitStart{At: quarter.Must("2026Q2")}},
	}}
	simulated, err := cashflow.Simulate(cashflow.Input{Requirement: requirement})
	if err != nil {
		t.Fatal(err)
	}
	figures := FiguresOf(requirement, simulated, "2026-08-15")
	want := &Figures{Industries: []string{"冷链物流"}, Investment: money.MustAmount("200"), Revenue: RevenueTotals{money.MustAmount("32")}, Units: []UnitFigures{
		{Code: "A", Plots: []PlotFigures{{Code: "A1", AreaHa: money.MustRate("6"), Signed: true}}, Invested: money.MustRate("0.5")},
		{Code: "B", Plots: []PlotFigures{}, Invested: money.Zero},
		{Code: "C", Plots: []PlotFigures{}, Invested: money.One},
	}}
	left, _ := json.Marshal(figures)
	right, _ := json.Marshal(want)
	if string(left) != string(right) {
		t.Errorf("got  %s\nwant %s", left, right)
	}
	for day, want := range map[Day][]string{"2025-01-01": {"0", "0", "0"}, "2026-06-30": {"0.25", "0", "0"}, "2040-01-01": {"1", "1", "1"}} {
		var got []string
		for _, unit := range FiguresOf(requirement, simulated, day).Units {
			got = append(got, unit.Invested.String())
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, want %v", day, got, want)
		}
	}
}
