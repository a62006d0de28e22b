package zzprobe

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
	"zutuan/internal/lp/highs"
	"zutuan/internal/office"
	"zutuan/internal/planner"
	"zutuan/internal/rulepack"
	"zutuan/rules"
)

func TestProbe(t *testing.T) {
	lib, err := rulepack.Load(rules.FS)
	if err != nil {
		t.Fatal(err)
	}
	d, err := office.NewDesk(lib)
	if err != nil {
		t.Fatal(err)
	}
	solver := highs.New(highs.Config{})
	solver.Warm(context.Background())
	every := []int{}
	for _, e := range strings.Fields(os.Getenv("EVERY")) {
		n := 0
		fmt.Sscan(e, &n)
		every = append(every, n)
	}
	for _, s := range strings.Fields(os.Getenv("SAMPLES")) {
		rd := func(n string) office.File {
			b, _ := os.ReadFile("../../../rules/samples/" + s + "/" + n)
			return office.File{Name: n, Data: b}
		}
		k, err := office.ReadCase(office.Papers{Requirement: rd("requirement.yaml"), Ledger: rd("ledger.csv"), Fiscal: rd("fiscal.yaml")})
		if err != nil {
			t.Fatal(err)
		}
		m, err := d.Match(k, office.Asked{Date: time.Date(2026, 6, 30, 0, 0, 0, 0, time.UTC)})
		if err != nil {
			t.Fatal(err)
		}
		for _, every := range every {
			for _, obj := range strings.Fields(os.Getenv("OBJ")) {
				in := d.PlanInput(m, office.PlanRequest{Objective: planner.Objective(obj), Frontier: os.Getenv("FRONTIER") != "", Relax: os.Getenv("RELAX") != ""}, solver)
				in.SigningEvery = every
				t0 := time.Now()
				b, err := planner.Build(context.Background(), in)
				fmt.Println(s, every, obj, time.Since(t0), err)
				if err != nil {
					continue
				}
				for _, r := range b.Relaxations {
					fmt.Printf("   %+v\n", r)
				}
				if !b.Feasible {
					fmt.Println("  infeasible", b.Conflict)
					continue
				}
				fmt.Println("   cost", b.Cost.Total, "bound", b.Bound, "gap", b.Gap, b.Proven, "rate", b.Cost.WeightedRate, "allin", b.Cost.AllInCost, "life", b.Cost.AverageLifeYears, "dscr", b.Evaluation.Coverage.MinDSCR, b.Evaluation.Coverage.AvgDSCR, "repairs", b.Repairs, b.Program, b.Signings)
				for _, l := range b.Lines {
					fmt.Print("     ", l.ID, " C=", l.Commitment, " drawn=", l.Drawn())
					if l.Schedule != nil {
						fmt.Print(" t0=", l.Schedule.Start, " T=", l.TenorQuarters)
					}
					fmt.Println()
				}
				fmt.Println("     constraints", len(b.Constraints), "gaps", b.Evaluation.Coverage.Tenor.LifeGapYears)
				for _, r := range b.Prices {
					fmt.Printf("   %+v\n", r)
				}
				for _, r := range b.Frontier {
					fmt.Printf("   %+v\n", r)
				}
			}
		}
	}
}
