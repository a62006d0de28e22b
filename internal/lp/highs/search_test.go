package highs

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"zutuan/internal/lp"
	"zutuan/internal/lp/sample"
)

// alone runs the search of this package, or HiGHS's own, without the one behind the other.
func alone(t testing.TB, model *lp.Model, options lp.Options, work func(*instance, context.Context, *lp.Model, lp.Options) (*lp.Solution, error)) (solution *lp.Solution, err error) {
	t.Helper()
	ctx := context.Background()
	used := solver(t).use(ctx, func(in *instance) error {
		solution, err = work(in, ctx, model, options)
		return nil
	})
	if used != nil {
		t.Fatal(used)
	}
	return solution, err
}

// decidedPlans are the programs of glpsol's file that have decisions, and some more.
func decidedPlans(t testing.TB) (models []*lp.Model) {
	for _, p := range readPlans(t) {
		if p.integer > 0 {
			models = append(models, p.shape.Model())
		}
	}
	for seed := range uint64(30) {
		form := []sample.Form{sample.Fixed, sample.Sculpt}[seed%2]
		models = append(models, sample.Shape{Form: form, Seed: 1000 + seed, Products: 3 + int(seed%6), DrawQuarters: 5, Quarters: 20, FeeTimes: 4,
			Capital: 0.2, Decisions: true}.Model())
	}
	return models
}

func TestTheSearchFindsWhatHiGHSFinds(t *testing.T) {
	var ratios []float64
	for i, model := range decidedPlans(t) {
		started := time.Now()
		want, err := alone(t, model, lp.Options{}, (*instance).solve)
		if err != nil {
			t.Fatal(err)
		}
		own := time.Since(started)
		started = time.Now()
		got, err := alone(t, model, lp.Options{}, (*instance).branchAndBound)
		if err != nil {
			t.Errorf("%d: %s: %v", i, model.Name, err)
			continue
		}
		ratios = append(ratios, float64(time.Since(started))/float64(own))
		if got.Status != want.Status {
			t.Errorf("%d: %s, HiGHS says %s", i, got.Status, want.Status)
		} else if got.HasPoint() && (math.Abs(got.Objective-want.Objective) > 1e-9*math.Abs(want.Objective) || got.Gap != 0 || got.Nodes < 1) {
			t.Errorf("%d: %.14g with gap %g in %d nodes, HiGHS finds %.14g", i, got.Objective, got.Gap, got.Nodes, want.Objective)
		}
	}
	slices.Sort(ratios)
	t.Logf("time of the search over that of HiGHS's: median %.2f, least %.2f, greatest %.2f", ratios[len(ratios)/2], ratios[0], ratios[len(ratios)-1])
}

// Whole numbers of any range, found by trying every point. Not one of them may be given up.
func TestTheSearchAgreesWithTryingEveryPoint(t *testing.T) {
	for seed := range uint64(300) {
		model, best := smallIntegerProgram(seed)
		got, err := alone(t, model, lp.Options{}, (*instance).branchAndBound)
		if err != nil {
			t.Errorf("seed %d: %v", seed, err)
			continue
		}
		if math.IsInf(best, 1) != (got.Status == lp.StatusInfeasible) {
			t.Errorf("seed %d: %s, the best of all points has %g", seed, got.Status, best)
		} else if got.HasPoint() && math.Abs(got.Objective-best) > 1e-9 {
			t.Errorf("seed %d: %g, the best of all points has %g", seed, got.Objective, best)
		}
	}
}

// A penalty is a promise: the child's relaxation is at least so much dearer.
func TestNoChildIsCheaperThanItsPenaltySays(t *testing.T) {
	tried, infeasible, felt := 0, 0, 0
	for i, model := range decidedPlans(t) {
		_, err := alone(t, model, lp.Options{}, func(in *instance, ctx context.Context, model *lp.Model, options lp.Options) (*lp.Solution, error) {
			tree := &tree{in: in, model: model, bound: math.Inf(1), started: time.Now()}
			root, err := tree.plant(ctx)
			if err != nil {
				return nil, err
			}
			down, err := tree.visit(ctx, root)
			if err != nil || down == nil {
				return nil, err
			}
			for _, child := range []*node{down, tree.open[0]} {
				status, err := tree.relax(ctx, child)
				if err != nil {
					return nil, err
				}
				tried++
				if status == statusInfeasible {
					infeasible++
					continue
				}
				objective, err := in.infoFloat(ctx, "objective_function_value")
				if err != nil {
					return nil, err
				}
				if child.bound > root.bound {
					felt++
				}
				if objective < child.bound-1e-9*math.Abs(objective) {
					t.Errorf("%d: the child has %.14g, less than its bound %.14g", i, objective, child.bound)
				}
			}
			return nil, nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	if tried-infeasible < 30 || felt < 30 {
		t.Errorf("%d children, %d of them infeasible, %d with a penalty: too few to show anything", tried, infeasible, felt)
	}
}

func TestWhatTheSearchLeavesToHiGHS(t *testing.T) {
	endless := lp.NewModel("endless")
	x, use := endless.AddInteger("x", 0, lp.Inf(), 1), endless.AddBinary("use", 1)
	endless.AddAtLeast("r", lp.Of(term(x, 2), term(use, 1)), 3)
	falling := lp.NewModel("falling")
	y, take := falling.AddColumn("y", 0, lp.Inf(), -1), falling.AddBinary("take", 1)
	falling.AddAtLeast("r", lp.Sum(y, take), 1)
	easy := sample.Shape{Form: sample.Fixed, Seed: 300, Products: 6, DrawQuarters: 8, Quarters: 40, FeeTimes: 6, Capital: 0.2, Decisions: true}.Model()
	for _, c := range []struct {
		name    string
		model   *lp.Model
		options lp.Options
		want    lp.Status
	}{
		{"a search of more than a hundred nodes", hardMIP(), lp.Options{MaxNodes: 150}, lp.StatusNodeLimit},
		{"more nodes than are allowed", easy, lp.Options{MaxNodes: 2}, lp.StatusNodeLimit},
		{"half of the time is over", hardMIP(), lp.Options{TimeLimit: time.Nanosecond}, lp.StatusTimeLimit},
		{"a whole number without a limit", endless, lp.Options{}, lp.StatusOptimal},
		{"an objective that falls for ever", falling, lp.Options{}, lp.StatusUnbounded},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := alone(t, c.model, c.options, (*instance).branchAndBound); !errors.Is(err, errGiveUp) {
				t.Errorf("the search ended with %v", err)
			}
			if got := solve(t, c.model, c.options); got.Status != c.want {
				t.Errorf("%s, want %s", got.Status, c.want)
			}
		})
	}
}
