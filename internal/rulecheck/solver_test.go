package rulecheck

// The goal: the solver never proves what is not so. Conditions are made at random over few facts with small ranges, so that
// proofs are frequent, and every proof is held against the evaluator on facts made at random.

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"zutuan/internal/money"
	"zutuan/internal/ruleexpr"
)

func smallVocabulary(t testing.TB) *ruleexpr.Vocabulary {
	t.Helper()
	low, high, one := money.MustRate("0"), money.MustRate("4"), money.MustRate("1")
	v, err := ruleexpr.NewVocabulary([]ruleexpr.Fact{
		{Name: "n.a", Type: ruleexpr.TypeNumber, Unit: ruleexpr.UnitCount, Low: &low, High: &high},
		{Name: "n.b", Type: ruleexpr.TypeNumber, Unit: ruleexpr.UnitCount, Low: &low, High: &high},
		{Name: "n.r", Type: ruleexpr.TypeNumber, Unit: ruleexpr.UnitRatio, Low: &low, High: &one},
		{Name: "f.x", Type: ruleexpr.TypeFlag}, {Name: "f.y", Type: ruleexpr.TypeFlag},
		{Name: "t.w", Type: ruleexpr.TypeText}, {Name: "l.ws", Type: ruleexpr.TypeTexts}, {Name: "l.ns", Type: ruleexpr.TypeNumbers, Unit: ruleexpr.UnitCount},
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func drawNumber(t *rapid.T, depth int) string {
	if depth <= 0 || rapid.Bool().Draw(t, "plain") {
		return rapid.SampledFrom([]string{"n.a", "n.b", "n.r", "0", "1", "2", "3", "0.5", "len(l.ws)", "sum(l.ns)", "count(l.ns, # < 2)"}).Draw(t, "number")
	}
	a, b := drawNumber(t, depth-1), drawNumber(t, depth-1)
	switch rapid.IntRange(0, 8).Draw(t, "operation") {
	case 0:
		return "(" + a + " + " + b + ")"
	case 1:
		return "(" + a + " - " + b + ")"
	case 2:
		return "(" + a + " * " + b + ")"
	case 3:
		return "(" + a + " / (" + b + " + 1))"
	case 4:
		return "min(" + a + ", " + b + ")"
	case 5:
		return "max(" + a + ", " + b + ")"
	case 6:
		return "abs(" + a + ")"
	case 7:
		return "floor(" + a + ")"
	default:
		return "(" + drawCondition(t, 0) + " ? " + a + " : " + b + ")"
	}
}

func drawCondition(t *rapid.T, depth int) string {
	if depth <= 0 || rapid.IntRange(0, 2).Draw(t, "leaf") == 0 {
		switch rapid.IntRange(0, 6).Draw(t, "kind") {
		case 0:
			return rapid.SampledFrom([]string{"f.x", "f.y", "true"}).Draw(t, "flag")
		case 1:
			return rapid.SampledFrom([]string{`t.w == "甲"`, `t.w != "乙"`, `t.w in ["甲", "乙"]`, `t.w in ["丙"]`, `f.x == f.y`, `n.a in [1, 2]`}).Draw(t, "text")
		case 2:
			return rapid.SampledFrom([]string{`any(l.ws, # contains "甲乙")`, `any(l.ws, # contains "甲" or # == "丙")`, `none(l.ws, # startsWith "甲")`, `"丙" in l.ws`, `all(l.ws, # == "丙")`}).Draw(t, "list")
		default:
			operator := rapid.SampledFrom([]string{">=", ">", "<=", "<", "==", "!="}).Draw(t, "operator")
			return drawNumber(t, 2) + " " + operator + " " + drawNumber(t, 1)
		}
	}
	a, b := drawCondition(t, depth-1), drawCondition(t, depth-1)
	switch rapid.IntRange(0, 3).Draw(t, "junction") {
	case 0:
		return "(" + a + " and " + b + ")"
	case 1:
		return "(" + a + " or " + b + ")"
	case 2:
		return "not (" + a + ")"
	default:
		return "(" + a + " ? " + b + " : " + drawCondition(t, 0) + ")"
	}
}

func drawFacts(t *rapid.T, v *ruleexpr.Vocabulary) *ruleexpr.Facts {
	facts := v.NewFacts()
	words := []string{"甲", "乙", "丙", "甲乙丁", "丁"}
	var list, numbers []string
	for range rapid.IntRange(0, 3).Draw(t, "items") {
		list = append(list, rapid.SampledFrom(words).Draw(t, "word"))
		numbers = append(numbers, fmt.Sprint(rapid.IntRange(-3, 4).Draw(t, "item")))
	}
	for name, text := range map[string]string{
		"n.a": fmt.Sprint(rapid.IntRange(0, 4).Draw(t, "a")), "n.b": fmt.Sprint(rapid.IntRange(0, 4).Draw(t, "b")),
		"n.r": rapid.SampledFrom([]string{"0", "0.25", "0.5", "0.999999", "1"}).Draw(t, "r"),
		"f.x": fmt.Sprint(rapid.Bool().Draw(t, "x")), "f.y": fmt.Sprint(rapid.Bool().Draw(t, "y")),
		"t.w": rapid.SampledFrom(words).Draw(t, "w"), "l.ws": strings.Join(list, ","), "l.ns": strings.Join(numbers, ","),
	} {
		if err := facts.SetFromText(v.Slot(name), text); err != nil {
			t.Fatal(err)
		}
	}
	return facts
}

func TestNothingIsProvenThatTheEvaluatorRefutes(t *testing.T) {
	v := smallVocabulary(t)
	proofs := 0
	rapid.Check(t, func(t *rapid.T) {
		first, err := v.CompileRule(drawCondition(t, 2))
		if err != nil {
			t.Skip(err)
		}
		second, err := v.CompileRule(drawCondition(t, 2))
		if err != nil {
			t.Skip(err)
		}
		s := &solver{vocabulary: v, spans: map[string]interval{}, place: map[string]int{}}
		var claims [][2]ruleexpr.Truth
		for _, a := range []bool{true, false} {
			for _, b := range []bool{true, false} {
				if s.impossible(wanted{first.Tree(), a}, wanted{second.Tree(), b}) {
					claims = append(claims, [2]ruleexpr.Truth{truthOf(a), truthOf(b)})
				}
			}
		}
		proofs += len(claims)
		for range 30 {
			facts := drawFacts(t, v)
			for _, claim := range claims {
				if first.Holds(facts) == claim[0] && second.Holds(facts) == claim[1] {
					t.Fatalf("proven impossible: %s is %s and %s is %s", first.Source(), claim[0], second.Source(), claim[1])
				}
			}
		}
	})
	if proofs == 0 {
		t.Error("no proof was tried")
	}
}

func truthOf(value bool) ruleexpr.Truth {
	if value {
		return ruleexpr.True
	}
	return ruleexpr.False
}

func TestWhatCanBeProvenIs(t *testing.T) {
	v := smallVocabulary(t)
	for _, test := range []struct{ a, b string }{
		{"n.a > 3", "n.a < 4"},
		{"n.a + n.b >= 8", "n.a < 4"},
		{"n.a - n.b > 0", "n.b > n.a"},
		{"n.a >= 2 * n.b", "n.a < n.b and n.b > 0"},
		{"min(n.a, n.b) >= 3", "n.b == 2"},
		{"max(n.a, 2) < 2", "true"},
		{"(f.x ? n.a : 0) > 3", "not f.x"},
		{"n.a / (n.b + 1) > 4", "true"},
		{"len(l.ws) < 0", "true"},
		{"n.a in [1, 2]", "n.a > 2"},
		{`t.w in ["甲", "乙"]`, `t.w == "丙"`},
		{`any(l.ws, # contains "甲乙")`, `none(l.ws, # contains "甲")`},
		{`"丙" in l.ws`, `none(l.ws, # == "丙" or # == "丁")`},
		{"f.x == f.y", "f.x and not f.y"},
		{"n.r > 0.9999990", "n.r < 0.9999995 and n.r != 0.9999990"},
	} {
		t.Run(test.a+" with "+test.b, func(t *testing.T) {
			first, err := v.CompileRule(test.a)
			if err != nil {
				t.Fatal(err)
			}
			second, err := v.CompileRule(test.b)
			if err != nil {
				t.Fatal(err)
			}
			s := &solver{vocabulary: v, spans: map[string]interval{}, place: map[string]int{}}
			if !s.impossible(wanted{first.Tree(), true}, wanted{second.Tree(), true}) {
				t.Error("not proven impossible")
			}
			if s.impossible(wanted{second.Tree(), true}) && test.b != "true" {
				t.Errorf("%s alone is impossible", test.b)
			}
		})
	}
}
