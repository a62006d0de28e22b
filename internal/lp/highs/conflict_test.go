package highs

import (
	"context"
	"errors"
	"math/rand/v2"
	"sort"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zutuan/internal/lp"
	"zutuan/internal/lp/sample"
)

func TestIISNamesTheConflict(t *testing.T) {
	for _, c := range []struct {
		name          string
		build         func(m *lp.Model)
		rows, columns []string
	}{
		{"the need against the limit of the only loan", func(m *lp.Model) {
			x, y := m.AddColumn("loan", 0, 600, 1), m.AddColumn("elsewhere", 0, 50, 1)
			m.AddAtLeast("need", lp.Sum(x), 1000)
			m.AddAtMost("not involved", lp.Sum(x, y), 5000)
		}, []string{"need"}, []string{"loan"}},
		{"two rows and the bound between them", func(m *lp.Model) {
			// 2a + b ≤ 50 and a + b ≥ 100 make a ≤ -50, which only a's lower bound forbids; b's bounds do not matter.
			a, b := m.AddColumn("a", 0, lp.Inf(), 0), m.AddColumn("b", 0, lp.Inf(), 0)
			m.AddAtMost("not involved", lp.Sum(a), 40)
			m.AddAtMost("at most", lp.Of(term(a, 2), term(b, 1)), 50)
			m.AddAtLeast("at least", lp.Sum(a, b), 100)
		}, []string{"at most", "at least"}, []string{"a"}},
		{"bounds that cross", func(m *lp.Model) { m.AddColumn("x", 2, 1, 0) }, nil, []string{"x"}},
		{"a row whose bounds cross", func(m *lp.Model) {
			m.AddRow("r", 2, lp.Sum(m.AddColumn("x", 0, 9, 0)), 1)
		}, []string{"r"}, nil},
		{"an impossible row without columns", func(m *lp.Model) { m.AddAtLeast("r", lp.Expression{}, 1) }, []string{"r"}, nil},
		{"only halves would do", func(m *lp.Model) {
			a, b, c := m.AddBinary("a", 0), m.AddBinary("b", 0), m.AddColumn("c", 0, 9, 0)
			m.AddAtMost("not involved", lp.Sum(b, c), 9)
			m.AddEqual("exactly one half", lp.Of(term(a, 2), term(b, 2)), 1)
			m.AddAtMost("not involved either", lp.Sum(a), 1)
		}, []string{"exactly one half"}, []string{"a", "b"}},
		{"two lenders at most, three needed", func(m *lp.Model) {
			var used, lent lp.Expression
			for _, name := range []string{"A", "B", "C"} {
				use, loan := m.AddBinary("use "+name, 0), m.AddColumn("loan "+name, 0, lp.Inf(), 0)
				m.AddSwitched(name, lp.Sum(loan), use, 10, 100)
				used.Add(use, 1)
				lent.Add(loan, 1)
			}
			m.AddAtMost("lenders", used, 2)
			// 2.5 × 100 fits while fractions of a lender are allowed up to 2: 200 < 210 is a conflict of the LP already.
			m.AddAtLeast("need", lent, 210)
		}, []string{"A.max", "B.max", "C.max", "lenders", "need"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := lp.NewModel(c.name)
			c.build(m)
			rows, columns, err := solver(t).IIS(context.Background(), m)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(sorted(c.rows), sorted(rows)); diff != "" {
				t.Errorf("rows: %s", diff)
			}
			if diff := cmp.Diff(sorted(c.columns), sorted(columns)); diff != "" {
				t.Errorf("columns: %s", diff)
			}
		})
	}
}

func sorted(names []string) []string {
	copied := append([]string{}, names...)
	sort.Strings(copied)
	return copied
}

func TestIISOfAPlanThatAsksForMoreCapitalThanThereIs(t *testing.T) {
	// Capital is bounded by 100 a quarter, the ratio is 20 % and the need some 5,000 a quarter: the answer must
	// speak of capital and need no row of the other quarters' service or cover.
	m := sample.Shape{Form: sample.Sculpt, Seed: 5, Products: 6, DrawQuarters: 8, Quarters: 24}.Model()
	for _, name := range []string{"equity[0]", "equity[1]", "equity[2]", "equity[3]", "equity[4]", "equity[5]", "equity[6]", "equity[7]"} {
		id, found := m.FindColumn(name)
		if !found {
			t.Fatal(name)
		}
		m.SetColumnBounds(id, 0, 100)
	}
	rows, columns, err := solver(t).IIS(context.Background(), m)
	if err != nil {
		t.Fatal(err)
	}
	irreducible(t, m, rows, columns)
	capital := false
	for _, name := range columns {
		capital = capital || name[:min(6, len(name))] == "equity"
	}
	if !capital {
		t.Errorf("no bound of capital among %v, %v", rows, columns)
	}
}

// irreducible checks the definition: together impossible, without any one of them possible.
func irreducible(t *testing.T, m *lp.Model, rows, columns []string) {
	t.Helper()
	if status := solve(t, m.Restrict(rows, columns), lp.Options{}).Status; status != lp.StatusInfeasible {
		t.Fatalf("rows %v and columns %v alone are %s", rows, columns, status)
	}
	for i := range rows {
		rest := append(append([]string{}, rows[:i]...), rows[i+1:]...)
		if status := solve(t, m.Restrict(rest, columns), lp.Options{}).Status; status == lp.StatusInfeasible {
			t.Errorf("row %s is not needed for the conflict", rows[i])
		}
	}
	for i := range columns {
		rest := append(append([]string{}, columns[:i]...), columns[i+1:]...)
		if status := solve(t, m.Restrict(rows, rest), lp.Options{}).Status; status == lp.StatusInfeasible {
			t.Errorf("column %s is not needed for the conflict", columns[i])
		}
	}
}

func TestIISOfRandomProgramsIsIrreducible(t *testing.T) {
	random, checked := rand.New(rand.NewPCG(11, 11)), 0
	for checked < 25 {
		m := lp.NewModel("random")
		for i := range 4 {
			m.AddColumn(string(rune('a'+i)), float64(random.IntN(4)), float64(4+random.IntN(6)), 0)
		}
		for i := range 6 {
			var e lp.Expression
			for column := range 4 {
				e.Add(lp.ColumnID(column), float64(random.IntN(7)-3))
			}
			bound := float64(random.IntN(40) - 20)
			m.AddRow(string(rune('A'+i)), bound, e, bound+float64(random.IntN(10)))
		}
		rows, columns, err := solver(t).IIS(context.Background(), m)
		if errors.Is(err, lp.ErrFeasible) {
			if status := solve(t, m, lp.Options{}).Status; status != lp.StatusOptimal {
				t.Fatalf("called feasible, but %s", status)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		irreducible(t, m, rows, columns)
		checked++
	}
}

func TestIISOfAModelThatHasASolution(t *testing.T) {
	for name, m := range map[string]*lp.Model{
		"ordinary":   sample.Shape{Form: sample.Fixed, Seed: 1, Products: 3, DrawQuarters: 4, Quarters: 12, Decisions: true}.Model(),
		"no columns": lp.NewModel("empty"),
	} {
		if rows, columns, err := solver(t).IIS(context.Background(), m); !errors.Is(err, lp.ErrFeasible) || rows != nil || columns != nil {
			t.Errorf("%s: %v %v %v", name, rows, columns, err)
		}
	}
}

func TestIISEndsWithItsContext(t *testing.T) {
	solver(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	m := lp.NewModel("m")
	m.AddAtLeast("need", lp.Sum(m.AddColumn("x", 0, 1, 0)), 2)
	if _, _, err := shared.IIS(ctx, m); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
