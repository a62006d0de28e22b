package planner_test

import (
	"context"
	"errors"
	"testing"

	"zutuan/internal/casework"
	"zutuan/internal/lp"
	"zutuan/internal/planner"
)

// stopping is a solver that cancels the work when it is asked for the last time that anybody waits for.
type stopping struct {
	lp.Solver
	cancel context.CancelFunc
	last   int
	asked  int
}

func (s *stopping) Solve(ctx context.Context, model *lp.Model, options lp.Options) (*lp.Solution, error) {
	if s.asked++; s.asked == s.last {
		s.cancel()
	}
	return s.Solver.Solve(ctx, model, options)
}

// A plan that nobody waits for any longer is given up at the next question to the solver, in whichever part of the work:
// the search itself, the frontier of cost against tenor, the relaxations of a question without an answer.
func TestACancelledBuildStopsAtTheNextProgram(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"pingxiang", "manzhouli"} {
		for _, last := range []int{1, 2, 5, 20} {
			in := sample(t, name, casework.PlanRequest{Frontier: true, Relax: true})
			ctx, cancel := context.WithCancel(context.Background())
			watched := &stopping{Solver: in.Solver, cancel: cancel, last: last}
			in.Solver = watched
			built, err := planner.Build(ctx, in)
			if watched.asked < last {
				t.Fatalf("%s: the solver was asked %d times only", name, watched.asked)
			}
			if !errors.Is(err, context.Canceled) || built != nil {
				t.Errorf("%s, cancelled at question %d: built %t, error %v", name, last, built != nil, err)
			}
			if watched.asked > last+1 {
				t.Errorf("%s: %d questions after the cancellation", name, watched.asked-last)
			}
		}
	}
}
