package ruleexpr

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// text writes an explanation as lines a person can read: result, expression, values, distance.
func outline(e Explanation, indent string) string {
	line := indent + e.Result.String() + " " + e.Kind + ": " + e.Expression
	if e.Item != nil {
		line += " | " + e.Item.Expression + " = " + e.Item.Value
	}
	if e.Left != nil {
		line += " | " + e.Left.Value
		if e.Left.Values != nil {
			encoded, _ := json.Marshal(e.Left.Values)
			line += string(encoded)
		}
	}
	if e.Right != nil {
		line += " " + e.Operator + " " + e.Right.Value
		if e.Right.Values != nil {
			encoded, _ := json.Marshal(e.Right.Values)
			line += string(encoded)
		}
	}
	if e.Distance != nil {
		line += " | distance " + e.Distance.Value + " " + string(e.Distance.Unit)
	}
	if e.Doubt != nil {
		encoded, _ := json.Marshal(e.Doubt.Missing)
		line += " | missing " + string(encoded) + e.Doubt.EN
	}
	line += "\n"
	for _, part := range e.Parts {
		line += outline(part, indent+"  ")
	}
	return line
}

func TestExplanationsShowEveryComparisonWithBothSides(t *testing.T) {
	v := testVocabulary(t)
	for _, test := range []struct {
		name, source string
		facts        []string
		want         string
	}{
		{"a comparison shows its distance", "need.a >= 0.20", []string{"need.a=0.15"},
			"false comparison: need.a >= 0.20 | 0.150000 >= 0.20 | distance 0.050000 ratio\n"},
		{"both sides of and are shown although the first decides", "need.a >= 0.20 and need.b > 0.1 and borrower.clean", []string{"need.a=0.15", "need.b=0.2", "borrower.clean=false"},
			"false and: need.a >= 0.20 and need.b > 0.1 and borrower.clean\n" +
				"  false comparison: need.a >= 0.20 | 0.150000 >= 0.20 | distance 0.050000 ratio\n" +
				"  true comparison: need.b > 0.1 | 0.200000 > 0.1 | distance -0.100000 ratio\n" +
				"  false flag: borrower.clean | false\n"},
		{"each item of any is shown", `any(cluster.industries, # == "冷链物流")`, []string{"cluster.industries=木材,粮油"},
			"false any: any(cluster.industries, # == \"冷链物流\") | [\"木材\",\"粮油\"]\n" +
				"  false comparison: # == \"冷链物流\" | cluster.industries[0] = 木材 | 木材 == 冷链物流\n" +
				"  false comparison: # == \"冷链物流\" | cluster.industries[1] = 粮油 | 粮油 == 冷链物流\n"},
		{"a quotient is shown to six decimals and as its operands' text", "need.debt / need.investment <= 0.7", []string{"need.debt=200", "need.investment=300"},
			"true comparison: need.debt / need.investment <= 0.7 | 0.666667 <= 0.7 | distance 0.033333 ratio\n"},
		{"an amount is shown to the fen", "need.debt <= need.investment * 0.80", []string{"need.debt=200", "need.investment=100.01"},
			"false comparison: need.debt <= need.investment * 0.80 | 200.00 <= 80.008 | distance -119.992 yuan\n"},
		{"a missing fact is named on the side that needs it", "need.a >= 0.2 or need.b > 1", []string{"need.b=0.5"},
			"undecided or: need.a >= 0.2 or need.b > 1 | missing [\"need.a\"]\n" +
				"  undecided comparison: need.a >= 0.2 |  >= 0.2 | missing [\"need.a\"]\n" +
				"  false comparison: need.b > 1 | 0.500000 > 1 | distance 0.500000 ratio\n"},
		{"a membership shows the list", `borrower.rating in ["AAA", "AA+"]`, []string{"borrower.rating=AA"},
			"false membership: borrower.rating in [\"AAA\", \"AA+\"] | AA in [\"AAA\",\"AA+\"]\n"},
		{"a bracketed side keeps its brackets", "(need.a + need.b) * 2 >= 1", []string{"need.a=0.1", "need.b=0.2"},
			"false comparison: (need.a + need.b) * 2 >= 1 | 0.600000 >= 1 | distance 0.400000 ratio\n"},
		{"division by zero says so", "need.a / need.b > 1", []string{"need.a=1", "need.b=0"},
			"undecided comparison: need.a / need.b > 1 |  > 1 | missing nulldivision by zero\n"},
		{"calendar values read as people write them", `need.start >= quarter("2026Q1")`, []string{"need.start=2025Q4"},
			"false comparison: need.start >= quarter(\"2026Q1\") | 2025Q4 >= 2026Q1\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := outline(mustRule(t, v, test.source).Explain(factsFrom(t, v, test.facts...)), "")
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("explanation (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSmallestChangesAreMinimalAndChecked(t *testing.T) {
	v := testVocabulary(t)
	for _, test := range []struct {
		name, source string
		facts        []string
		want         []Change
	}{
		{"a ratio moves up to its limit", "need.a >= 0.20", []string{"need.a=0.19999"}, []Change{{"need.a", "0.199990", "0.200000", UnitRatio, 1}}},
		{"a ratio must pass a strict limit by one step", "need.a > 0.20", []string{"need.a=0.2"}, []Change{{"need.a", "0.200000", "0.200100", UnitRatio, 1}}},
		{"a fact that may only fall falls", "need.c <= 0.70", []string{"need.c=0.755"}, []Change{{"need.c", "0.755000", "0.700000", UnitRatio, 6}}},
		{"a fact that may only rise is no help to an upper limit", "need.a <= 0.1", []string{"need.a=0.2"}, nil},
		{"an amount inside arithmetic", "need.debt / need.investment <= 0.8", []string{"need.debt=100000000", "need.investment=100000000"},
			[]Change{{"need.investment", "100000000.00", "125000000.00", UnitYuan, 2500}}},
		{"a rating rises by the fewest grades", `borrower.rating in ["AAA", "AA+"]`, []string{"borrower.rating=AA-"}, []Change{{"borrower.rating", "AA-", "AA+", "", 2}}},
		{"a flag is set", "borrower.clean", []string{"borrower.clean=false"}, []Change{{"borrower.clean", "false", "true", "", 1}}},
		{"two facts are offered, the nearer first", "need.a >= 0.3 or need.tenor_quarters >= 42", []string{"need.a=0.2", "need.tenor_quarters=40"},
			[]Change{{"need.tenor_quarters", "40", "42", UnitQuarters, 2}, {"need.a", "0.200000", "0.300000", UnitRatio, 1000}}},
		{"one fact alone cannot help where two fail", "need.a >= 0.3 and need.tenor_quarters >= 42", []string{"need.a=0.2", "need.tenor_quarters=40"}, nil},
		{"a limit out of range has no change", "need.a >= 11", []string{"need.a=1"}, nil},
		{"a rule that holds needs none", "need.a >= 0.1", []string{"need.a=1"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			rule, facts := mustRule(t, v, test.source), factsFrom(t, v, test.facts...)
			if diff := cmp.Diff(test.want, rule.SmallestChanges(facts)); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFewestStepsFindsTheBoundary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.Int64Range(1, 1<<40).Draw(t, "limit")
		boundary := rapid.Int64Range(1, 1<<41).Draw(t, "boundary")
		got, ok := FewestSteps(limit, func(steps int64) bool { return steps >= boundary })
		if ok != (boundary <= limit) || ok && got != boundary {
			t.Fatalf("limit %d, boundary %d: got %d, %v", limit, boundary, got, ok)
		}
	})
}

func TestSetAgreesWithItsRulesOneByOne(t *testing.T) {
	v := testVocabulary(t)
	var rules []*Rule
	for _, source := range []string{"need.a >= 0.2", "need.b >= 0.2", "need.a >= 0.2", "need.c < 1", "need.a >= 0.20"} {
		rules = append(rules, mustRule(t, v, source))
	}
	set := NewSet(rules)
	var verdicts Verdicts
	for _, settings := range [][]string{{"need.a=0.2", "need.b=0.1"}, {"need.a=0.1", "need.c=1"}, nil} {
		facts := factsFrom(t, v, settings...)
		verdicts = set.Evaluate(facts, verdicts)
		for i, rule := range rules {
			if got, want := verdicts.Of(i), rule.Holds(facts); got != want {
				t.Errorf("%v: rule %d is %v in the set, %v alone", settings, i, got, want)
			}
		}
	}
}

func TestFormulasAreExactToTheLastDigit(t *testing.T) {
	v := testVocabulary(t)
	facts := factsFrom(t, v, "need.investment=839000000.00", "need.a=0.035", "borrower.rating=AA", "need.debt=100")
	for _, test := range []struct{ source, want string }{
		{`need.a - 0.0020 + (borrower.rating in ["AAA", "AA+"] ? 0 : 0.0035)`, "0.0365"},
		{"min(need.investment * 0.80, 1500000000)", "671200000"},
		{"need.debt / 3", "33.333333"},
		{"need.debt / 6", "16.666667"},
		{"0 - need.debt / 6", "-16.666667"},
	} {
		formula, err := v.CompileNumber(test.source)
		if err != nil {
			t.Fatal(err)
		}
		got, doubt := formula.Decimal(facts, 6)
		if doubt != nil || got.String() != test.want {
			t.Errorf("%s = %v (%v), want %s", test.source, got, doubt, test.want)
		}
	}
	formula, err := v.CompileNumber("need.b + 1")
	if err != nil {
		t.Fatal(err)
	}
	if _, doubt := formula.Decimal(facts, 6); doubt == nil || len(doubt.Missing) != 1 || doubt.Missing[0] != "need.b" {
		t.Errorf("a formula with a missing fact: doubt %+v", doubt)
	}
}
