package plan

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/money"
	"zutuan/internal/quarter"
)

// sameDecimals compares decimals by value: 0.05 and 0.050 are the same rate. No timing is the middle of the quarter.
var sameDecimals = cmp.Options{cmp.Comparer(func(a, b money.Decimal) bool { return a.Equal(b) }), cmp.AllowUnexported(loan.Row{}),
	cmp.Comparer(func(a, b loan.Timing) bool {
		middle := func(t loan.Timing) bool { return t == "" || t == loan.TimingMid }
		return a == b || middle(a) && middle(b)
	})}

func TestAWrittenPlanReadsBackToTheSameLines(t *testing.T) {
	data, err := os.ReadFile("../../testdata/plans/two-lines.yaml")
	if err != nil {
		t.Fatal(err)
	}
	capital := "  - {id: 拨款, name: 补助, kind: grant, counts_as: grant, commitment: \"5.00\", draws: [{quarter: 2026Q2, amount: \"5.00\"}]}\n"
	file, err := ReadFile("two-lines.yaml", []byte(strings.Replace(string(data), "limits:", capital+"limits:", 1)), fileContext())
	if err != nil {
		t.Fatal(err)
	}
	text, err := file.JSON()
	if err != nil {
		t.Fatal(err)
	}
	// An offer whose terms have changed since: what was written out holds all the same.
	later := fileContext()
	later.Offer = func(id string, version int) *Candidate {
		candidate := fileContext().Offer(id, version)
		candidate.Terms = loan.Terms{Rate: money.MustRate("0.09"), Tenor: 40, Grace: 8, Interval: 4, Availability: 3, Profile: loan.ProfileBullet, Timing: loan.TimingStart, CapitalizeDuringGrace: true,
			Fees: funding.ProductFees{Upfront: money.MustRate("0.01"), Agency: money.Yuan}}
		return candidate
	}
	gone := fileContext()
	gone.Offer = nil
	for name, context := range map[string]FileContext{"the same offer": fileContext(), "another offer": later, "no offer any more": gone} {
		again, err := ReadFile("plan.json", text, context)
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, text)
		}
		if len(again.Lines) != 3 {
			t.Fatalf("%s: %d lines", name, len(again.Lines))
		}
		for i := range file.Lines {
			want, got := file.Lines[i], again.Lines[i]
			want.Terms, got.Terms = nil, nil
			if difference := cmp.Diff(want, got, sameDecimals); name == "the same offer" && difference != "" {
				t.Errorf("%s: line %s differs:\n%s", name, want.ID, difference)
			}
			// Nothing of the other offer comes through: the schedules are the same to the fen.
			if difference := cmp.Diff(want.Schedule, got.Schedule, sameDecimals); difference != "" {
				t.Errorf("%s: the schedule of %s differs:\n%s", name, want.ID, difference)
			}
		}
		if difference := cmp.Diff(file.Limits, again.Limits, sameDecimals); difference != "" {
			t.Errorf("%s: the limits differ:\n%s", name, difference)
		}
	}
}

func TestAFloatingRateThatBeginsLaterIsWrittenWithTheRateBefore(t *testing.T) {
	terms := loan.Terms{Draws: []loan.Draw{{Quarter: quarter.New(2026, 1), Amount: 100 * money.Yuan}}, Rate: money.MustRate("0.05"),
		Changes: []loan.RateChange{{From: quarter.New(2027, 1), Rate: money.MustRate("0.04")}}, Tenor: 8, Profile: loan.ProfileBullet}
	schedule, err := loan.Build(terms, nil)
	if err != nil {
		t.Fatal(err)
	}
	file := &File{Name: "方案", Requirement: "plan", Lines: []Line{{ID: "贷款", Name: funding.Text{ZH: "贷款"}, Kind: "policy_loan", CountsAs: CountsAsDebt, Commitment: 100 * money.Yuan, Schedule: schedule, Terms: &terms}}}
	text, err := file.JSON()
	if err != nil {
		t.Fatal(err)
	}
	again, err := ReadFile("plan.json", text, fileContext())
	if err != nil {
		t.Fatal(err)
	}
	// 100 at 5 %: 1.25 a quarter from the second on; at 4 % from 2027Q1 on: 1.00.
	rows := again.Lines[0].Schedule.Rows
	if rows[1].Interest != 125*money.Fen || rows[4].Interest != money.Yuan {
		t.Errorf("interest %s and %s", rows[1].Interest, rows[4].Interest)
	}
	file.Lines[0].Terms = nil
	if _, err := file.JSON(); err == nil {
		t.Error("a schedule without terms was written")
	}
}
