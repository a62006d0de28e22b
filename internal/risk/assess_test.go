package risk

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/plan"
	"zutuan/internal/quarter"
)

func date(text string) time.Time {
	parsed, err := time.Parse(time.DateOnly, text)
	if err != nil {
		panic(err)
	}
	return parsed
}

func value(text *string) string {
	if text == nil {
		return "none"
	}
	return *text
}

func TestBothDebtRatiosAreShownAndTheOfficialGradePrevails(t *testing.T) {
	t.Run("the two numerators give two flags", func(t *testing.T) {
		s := openSample(t, "lincang")
		statutory, implicit := s.flag(t, "R02"), s.flag(t, "R02I")
		// 64.0bn / 29.96bn and 91.0bn / 29.96bn: 5.2 + 22.5 − 0.2 + 2.4 + 0.06 = 29.96.
		if statutory.Level != orange || value(statutory.Value) != "2.136182" || implicit.Level != red || value(implicit.Value) != "3.037383" {
			t.Errorf("got %s %s and %s %s", statutory.Level, value(statutory.Value), implicit.Level, value(implicit.Value))
		}
		if value(implicit.Numerator.Value) != "91000000000.00" || value(implicit.Denominator.Value) != "29960000000.00" {
			t.Errorf("got %s over %s", value(implicit.Numerator.Value), value(implicit.Denominator.Value))
		}
	})
	t.Run("an official grade replaces the computed one and both are shown", func(t *testing.T) {
		s := openSample(t, "lincang")
		s.fiscal.OfficialGrade = "yellow"
		flag := s.flag(t, "R02")
		if flag.Level != yellow || flag.ComputedLevel != orange || flag.OfficialGrade != "yellow" {
			t.Errorf("got %s, computed %s, official %q", flag.Level, flag.ComputedLevel, flag.OfficialGrade)
		}
	})
	t.Run("a worse official grade counts too", func(t *testing.T) {
		s := openSample(t, "pingxiang")
		s.fiscal.OfficialGrade = "red"
		if flag := s.flag(t, "R02"); flag.Level != red || flag.ComputedLevel != green || !flag.Blocks {
			t.Errorf("got %s, computed %s", flag.Level, flag.ComputedLevel)
		}
	})
	t.Run("the grade of the present state does not excuse what the plan adds", func(t *testing.T) {
		s := openSample(t, "pingxiang")
		s.fiscal.OfficialGrade = "green"
		// 4.64bn are 1.141 of 4.065bn; with 0.30bn more it is 1.215, which is yellow.
		s.lines = []plan.Line{bondLine(t, "bond", "300000000.00", "0.02", quarter.Must("2026Q1"), 60)}
		if flag := s.flag(t, "R02"); flag.Level != yellow || flag.LevelBefore != green {
			t.Errorf("got %s, before %s", flag.Level, flag.LevelBefore)
		}
	})
}

func TestTheKeyProvinceGateGoesByTheDate(t *testing.T) {
	cases := []struct {
		name, sample, date string
		want               funding.Level
		member             bool
		to                 string
	}{
		{"Inner Mongolia on its last day", "manzhouli", "2025-12-31", stop, true, "2025-12-31"},
		{"Inner Mongolia on the day after", "manzhouli", "2026-01-01", green, false, "2025-12-31"},
		{"Inner Mongolia before the list existed", "manzhouli", "2023-08-31", green, false, ""},
		{"Guangxi with an enterprise investment", "pingxiang", "2026-01-31", green, true, ""},
		{"Yunnan with central approval", "lincang", "2026-01-31", green, true, ""},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			s := openSample(t, test.sample)
			s.date = date(test.date)
			// The pack is in force from 2024-07-01; the earlier date asks the membership alone.
			a := s.assess(t)
			if a.KeyProvince.Member != test.member || a.KeyProvince.To != test.to {
				t.Errorf("membership: got %+v", a.KeyProvince)
			}
			for _, flag := range a.Flags {
				if flag.Rule == "R09" && flag.Level != test.want {
					t.Errorf("got %s, want %s", flag.Level, test.want)
				}
			}
			if inForce := a.Packs[0].InForce; inForce != (test.date >= "2024-07-01") || inForce != (len(a.Flags) > 0) {
				t.Errorf("the pack is in force: %v, with %d flags", inForce, len(a.Flags))
			}
		})
	}
}

func TestALimitBrokenInYearSixIsFoundToday(t *testing.T) {
	t.Run("PPP commitments that jump", func(t *testing.T) {
		s := openSample(t, "pingxiang")
		// 2025 is the profile's year and 2026 the first of the plan: the sixth of the plan is 2031, the seventh in the list.
		s.fiscal.PPPCommitments[6] = money.MustAmount("335000000.01") // 10 % of 3.35bn and a fen
		flag := s.flag(t, "R23")
		if flag.Level != red || flag.When != "2031" || value(flag.Value) != "0.100000" || !flag.Blocks {
			t.Errorf("got %s in %s with %s", flag.Level, flag.When, value(flag.Value))
		}
		if len(flag.Trajectory) < 7 || flag.Trajectory[0].Level != green || flag.Trajectory[6].Level != red || flag.Trajectory[7].Level != green {
			t.Errorf("got %+v", flag.Trajectory)
		}
	})
	t.Run("interest on bonds that are drawn in 2031", func(t *testing.T) {
		s := openSample(t, "pingxiang")
		s.lines = []plan.Line{bondLine(t, "late", "3200000000.00", "0.03", quarter.Must("2031Q1"), 60)}
		flag := s.flag(t, "R04")
		// From 2032 on a full year of 3 % on 3.2bn: 96.00m, with 76.88m of the reported 2.68bn (2.68bn at the ledger's rates:
		// 1.6bn × 3.05 % + 1.08bn × 2.6 % = 48.80m + 28.08m), over 1.65bn: 172.88 / 1650 = 10.4776 %.
		if flag.Level != red || flag.When != "2032" || value(flag.Value) != "0.104776" || value(flag.ValueBefore) != "0.046594" || flag.LevelBefore != green {
			t.Errorf("got %s in %s: %s, before %s", flag.Level, flag.When, value(flag.Value), value(flag.ValueBefore))
		}
		// (172.88m − 76.88m) / 1.65bn
		if value(flag.PlanEffect) != "0.058182" {
			t.Errorf("the plan moves it by %s", value(flag.PlanEffect))
		}
	})
}

func TestAnOverrideChangesTheVerdictAndIsShown(t *testing.T) {
	s := openSample(t, "lincang")
	if flag := s.flag(t, "R02I"); flag.Level != red || slices.Contains(flag.Labels, LabelOverride) {
		t.Fatalf("without an override: got %s %v", flag.Level, flag.Labels)
	}
	s.overrides = []funding.ParameterOverride{{Region: "YN-LC", Parameter: "debt_ratio_red", Value: "3.2", Who: "省财政厅债务处", Why: "内部口径", Until: date("2026-12-31")}}
	a := s.assess(t)
	at := slices.IndexFunc(a.Flags, func(f Flag) bool { return f.Rule == "R02I" })
	flag := a.Flags[at]
	if flag.Level != orange {
		t.Fatalf("got %s", flag.Level)
	}
	parameter := flag.Thresholds[2].Parameters[0]
	want := Override{Parameter: "debt_ratio_red", Value: "3.2", Replaced: "3.0", Who: "省财政厅债务处", Why: "内部口径", Until: "2026-12-31"}
	if parameter.Override == nil || *parameter.Override != want || parameter.Value != "3.2" {
		t.Errorf("the threshold shows %+v", parameter)
	}
	if len(a.Overrides) != 1 || a.Overrides[0] != want {
		t.Errorf("the assessment shows %+v", a.Overrides)
	}
	t.Run("and ends with its last day", func(t *testing.T) {
		s.date = date("2027-01-01")
		if flag := s.flag(t, "R02I"); flag.Level != red {
			t.Errorf("got %s", flag.Level)
		}
	})
}

func TestAMissingRecordIsNamedAndNeverGreen(t *testing.T) {
	t.Run("no fiscal profile", func(t *testing.T) {
		s := openSample(t, "pingxiang")
		s.fiscal = nil
		a := s.assess(t)
		for _, flag := range a.Flags {
			if flag.Scope == "government" && flag.Level == green && flag.Rule != "R23N" && flag.Rule != "budget-evidence" {
				t.Errorf("%s is green without a fiscal profile", flag.Rule)
			}
		}
		if !slices.ContainsFunc(a.Summary.Unresolved, func(f FlagReference) bool { return f.Rule == "R01" }) {
			t.Errorf("R01 is not among the unresolved: %+v", a.Summary.Unresolved)
		}
		if !slices.ContainsFunc(a.Summary.Missing, func(m MissingFact) bool {
			return m.Fact == "fiscal.debt_limit" && strings.Contains(m.Why, "财政概况")
		}) {
			t.Errorf("the missing record is not named: %+v", a.Summary.Missing)
		}
	})
	t.Run("no ledger", func(t *testing.T) {
		s := openSample(t, "pingxiang")
		s.ledger, s.requirement.DebtService = nil, nil
		a := s.assess(t)
		if a.Ledger != nil {
			t.Error("a review of no ledger")
		}
		for _, flag := range a.Flags {
			if slices.Contains([]string{"overdue", "maturity-wall", "non-standard-share", "guarantees"}, flag.Rule) && flag.Level != undecided {
				t.Errorf("%s is %s without a ledger", flag.Rule, flag.Level)
			}
		}
	})
	t.Run("one item of the implicit-debt gate is not declared", func(t *testing.T) {
		s := openSample(t, "pingxiang")
		delete(s.requirement.Project.GateItems, "agency_guarantee")
		flag := s.flag(t, "R06")
		if flag.Level != undecided || len(flag.Missing) != 1 || !strings.Contains(flag.Missing[0].Why, "agency_guarantee") {
			t.Errorf("got %s %+v", flag.Level, flag.Missing)
		}
		s.requirement.Project.GateItems["commitment_letter"] = true
		if flag := s.flag(t, "R06"); flag.Level != stop || flag.Explanation == nil || len(flag.Explanation.Parts) != 1 {
			t.Errorf("a present item stops: got %s %+v", flag.Level, flag.Explanation)
		}
	})
}

func TestTheLenderLimitsGoByEachBank(t *testing.T) {
	capital := func(text string) *money.Amount { amount := money.MustAmount(text); return &amount }
	lender := func(id, net, tier string) Lender {
		record := Lender{Institution: funding.Institution{ID: id, Name: funding.Text{ZH: id}, Type: "policy_bank", NetCapital: capital(net), Tier1: capital(tier)}}
		return record
	}
	open := func(t *testing.T) *sample {
		s := openSample(t, "pingxiang")
		s.lines = []plan.Line{loanLine(t, "a", "cdb", "100000000.00", "0.03", quarter.Must("2026Q1"), 40, 8), loanLine(t, "b", "exim", "100000000.00", "0.03", quarter.Must("2026Q1"), 40, 8)}
		return s
	}
	t.Run("a loan of exactly a tenth of net capital passes", func(t *testing.T) {
		s := open(t)
		s.lenders = []Lender{lender("cdb", "1000000000.00", "1000000000.00"), lender("exim", "2000000000.00", "1000000000.00")}
		if flag := s.flag(t, "R22"); flag.Level != green || flag.Lender != "cdb" {
			t.Errorf("got %s of %s", flag.Level, flag.Lender)
		}
	})
	t.Run("the bank above its limit is the one that is named", func(t *testing.T) {
		s := open(t)
		s.lenders = []Lender{lender("cdb", "1000000000.00", "1000000000.00"), lender("exim", "999999999.99", "600000000.00")}
		if flag := s.flag(t, "R22"); flag.Level != stop || flag.Lender != "exim" {
			t.Errorf("loans: got %s of %s", flag.Level, flag.Lender)
		}
		// 100m of 600m tier-1 are 16.7 %, above 15 %.
		if flag := s.flag(t, "R22E"); flag.Level != stop || flag.Lender != "exim" || value(flag.ValueBefore) != "0.000000" {
			t.Errorf("exposure: got %s of %s", flag.Level, flag.Lender)
		}
	})
	t.Run("what the borrower owes the bank already counts", func(t *testing.T) {
		s := open(t)
		// PX-D03, 18m of the cluster itself, is owed to 某国有商业银行.
		s.lines = s.lines[:1]
		s.lines[0].Institution = "bank"
		record := lender("bank", "1179999999.99", "1000000000.00")
		record.Institution.Name.ZH = "某国有商业银行"
		s.lenders = []Lender{record}
		flag := s.flag(t, "R22")
		if flag.Level != stop || value(flag.Numerator.Value) != "118000000.00" || value(flag.ValueBefore) != "0.015254" { // 18 / 1180
			t.Errorf("got %s with %s, before %s", flag.Level, value(flag.Numerator.Value), value(flag.ValueBefore))
		}
	})
	t.Run("a bank whose capital nobody entered leaves the rule undecided", func(t *testing.T) {
		s := open(t)
		s.lenders = []Lender{lender("cdb", "1000000000.00", "1000000000.00")}
		if flag := s.flag(t, "R22"); flag.Level != undecided || flag.Lender != "exim" {
			t.Errorf("got %s of %s", flag.Level, flag.Lender)
		}
	})
	t.Run("every bank whose capital nobody entered is named", func(t *testing.T) {
		flag := open(t).flag(t, "R22")
		if len(flag.Missing) != 2 || flag.Missing[0].Lender != "cdb" || flag.Missing[1].Lender != "exim" || flag.Missing[0].Why == flag.Missing[1].Why {
			t.Errorf("missing %+v", flag.Missing)
		}
	})
	t.Run("a bank above its limit does not hide that another's is unknown", func(t *testing.T) {
		s := open(t)
		s.lenders = []Lender{lender("cdb", "999999999.99", "600000000.00")}
		if flag := s.flag(t, "R22"); flag.Level != stop || flag.Lender != "cdb" || len(flag.Missing) != 1 || flag.Missing[0].Lender != "exim" {
			t.Errorf("got %s of %s, missing %+v", flag.Level, flag.Lender, flag.Missing)
		}
	})
	t.Run("without a bank loan the rule does not apply", func(t *testing.T) {
		s := open(t)
		s.lines = []plan.Line{bondLine(t, "bond", "100000000.00", "0.02", quarter.Must("2026Q1"), 60)}
		if flag := s.flag(t, "R22"); flag.Level != notApplicable || flag.NotApplicable == nil {
			t.Errorf("got %s", flag.Level)
		}
	})
}

func TestTheProvenanceOfAThresholdIsShown(t *testing.T) {
	s := openSample(t, "lincang")
	flag := s.flag(t, "R02I")
	parameter := flag.Thresholds[2].Parameters[0]
	if parameter.ID != "debt_ratio_red" || parameter.Value != "3.0" || parameter.Status != "unpublished" || parameter.Label != LabelUnpublished || len(parameter.Basis) == 0 || parameter.ValidFrom != "2020-01-01" {
		t.Errorf("got %+v", parameter)
	}
	if flag.Status != "unpublished" || flag.Confidence != "medium" || !slices.Contains(flag.Labels, LabelUnpublished) {
		t.Errorf("the flag stands on %s, %s, %v", flag.Status, flag.Confidence, flag.Labels)
	}
	// The yellow line of the debt limit is the house's own; the law speaks of 100 % only.
	s.lines = []plan.Line{bondLine(t, "bond", "748000000.00", "0.02", quarter.Must("2026Q1"), 60)}
	limit := s.flag(t, "R01")
	if limit.Level != yellow || limit.Status != "house" || !slices.Contains(limit.Labels, LabelHouse) || limit.Blocks {
		t.Errorf("got %s on %s, %v", limit.Level, limit.Status, limit.Labels)
	}
	if len(limit.Records) != 3 || value(limit.Records[2].Value) != "748000000.00" || limit.Records[0].From == "" {
		t.Errorf("got the records %+v", limit.Records)
	}
}

func TestAnaloguesAreShownButDecideNothing(t *testing.T) {
	s := openSample(t, "manzhouli")
	alone := s.assess(t).Summary
	s.packs = append(s.packs, "lic-dsf-analogue", "subnational-analogue")
	a := s.assess(t)
	if a.Summary.Counts != alone.Counts || len(a.Summary.Blocking) != len(alone.Blocking) {
		t.Errorf("got %+v, without analogues %+v", a.Summary.Counts, alone.Counts)
	}
	shown := 0
	for _, flag := range a.Flags {
		if flag.Pack == "cn-local-government" {
			continue
		}
		shown++
		if !slices.Contains(flag.Labels, LabelAnalogue) || flag.Blocks || !strings.Contains(flag.Message.ZH, "类比") || !strings.Contains(flag.Name.ZH, "类比") {
			t.Errorf("%s is not labelled: %v %v", flag.Rule, flag.Labels, flag.Message)
		}
	}
	if shown != 8 {
		t.Errorf("%d flags of analogues", shown)
	}
}

func TestTheAnswerIsOrderedAndTheSameEveryTime(t *testing.T) {
	write := func() string {
		s := openSample(t, "manzhouli")
		s.lines = typedPlan(t, "100000000.00", "500000000.00")
		text, err := json.Marshal(s.assess(t))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	first := write()
	if first != write() {
		t.Error("two assessments of one input differ")
	}
	var a Assessment
	s := openSample(t, "manzhouli")
	a = *s.assess(t)
	for i := 1; i < len(a.Flags); i++ {
		x, y := a.Flags[i-1], a.Flags[i]
		if Worse(y.Level, x.Level) || x.Level == y.Level && x.Rule >= y.Rule {
			t.Errorf("%s %s stands before %s %s", x.Level, x.Rule, y.Level, y.Rule)
		}
	}
	if strings.Contains(first, `"value":0`) || !strings.Contains(first, `"value":"`) {
		t.Error("figures should be strings")
	}
}

func TestAStatementThatEndsTooEarlyIsRefused(t *testing.T) {
	s := openSample(t, "pingxiang")
	s.lines = []plan.Line{loanLine(t, "a", "cdb", "100000000.00", "0.03", quarter.Must("2026Q1"), 80, 8)}
	in := s.input(t)
	in.Statement = s.simulate(t, 0)
	if _, err := Assess(in); !errors.Is(err, ErrStatementTooShort) {
		t.Errorf("got %v", err)
	}
}

func TestTheLimitIsFollowedThroughTheDraws(t *testing.T) {
	s := openSample(t, "pingxiang")
	s.lines = []plan.Line{bondLine(t, "first", "585000000.00", "0.02", quarter.Must("2026Q1"), 60), bondLine(t, "second", "625000000.01", "0.02", quarter.Must("2027Q1"), 60)}
	a := s.assess(t)
	// 4.64bn of 5.85bn are 79.3162 %; 0.585bn more are 10 points; then 0.62500000001bn more pass 100 %.
	want := [][2]string{{"0.793162", "0.893162"}, {"0.893162", "1.000000"}}
	for i, use := range a.LimitUse {
		if use.Before.String() != want[i][0] || use.After.String() != want[i][1] {
			t.Errorf("draw %d: got %s and %s", i, use.Before, use.After)
		}
	}
	if flag := s.flag(t, "R01"); flag.Level != stop || flag.When != "now" || value(flag.Value) != "1.000000" {
		t.Errorf("one fen above the limit: got %s", flag.Level) // the level goes by the exact figures, not by the rounded value
	}
	s.lines[1] = bondLine(t, "second", "625000000.00", "0.02", quarter.Must("2027Q1"), 60)
	if flag := s.flag(t, "R01"); flag.Level != orange {
		t.Errorf("exactly at the limit: got %s", flag.Level)
	}
}

// More government debt never improves the use of the statutory limit, at present and in every year.
func TestMoreDebtNeverImprovesTheLimitUse(t *testing.T) {
	s := openSample(t, "pingxiang")
	rapid.Check(t, func(rt *rapid.T) {
		var lines []plan.Line
		draw := func(id string) plan.Line {
			amount := money.Amount(rapid.Int64Range(1, 2_000_000_000).Draw(rt, "wan")) * 100
			start := quarter.Must("2026Q1").Add(rapid.IntRange(0, 12).Draw(rt, "start"))
			return bondLine(t, id, amount.String(), "0.02", start, 12+4*rapid.IntRange(1, 15).Draw(rt, "years"))
		}
		for i := range rapid.IntRange(0, 2).Draw(rt, "lines") {
			lines = append(lines, draw("line"+string(rune('a'+i))))
		}
		s.lines = lines
		few := s.flag(t, "R01")
		s.lines = append(lines, draw("more"))
		many := s.flag(t, "R01")
		if Worse(few.Level, many.Level) {
			rt.Fatalf("more debt made %s to %s", few.Level, many.Level)
		}
		for i := range few.Trajectory {
			if i < len(many.Trajectory) && money.MustRate(value(many.Trajectory[i].Value)).LessThan(money.MustRate(value(few.Trajectory[i].Value))) {
				rt.Fatalf("%s: %s with less debt, %s with more", few.Trajectory[i].When, value(few.Trajectory[i].Value), value(many.Trajectory[i].Value))
			}
		}
	})
}

func BenchmarkAssessASample(b *testing.B) {
	s := openSample(b, "lincang")
	s.lines = []plan.Line{loanLine(b, "a", "cdb", "400000000.00", "0.03", quarter.Must("2026Q1"), 80, 12), bondLine(b, "b", "400000000.00", "0.02", quarter.Must("2026Q1"), 60)}
	in := s.input(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Assess(in); err != nil {
			b.Fatal(err)
		}
	}
}
