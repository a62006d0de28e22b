package gate

import (
	"github.com/shopspring/decimal"

	"zutuan/internal/cashflow"
	"zutuan/internal/document"
	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/quarter"
)

// FiguresOf takes the requirement's side of the comparison from the requirement and its simulation over the horizon.
// Investment and income are those of the statement (finance.md): over the horizon, land after set-aside and lag.
func FiguresOf(r *funding.Requirement, simulated *cashflow.Result, today Day) *Figures {
	figures := &Figures{Industries: append([]string{}, r.Cluster.Industries...), Investment: simulated.Summary.TotalInvestment, Units: []UnitFigures{}}
	for i := range figures.Revenue {
		for q := range simulated.Horizon {
			figures.Revenue[i] += simulated.InflowBySource[i][q]
		}
	}
	done := finished(simulated, today)
	for i := range r.Units {
		unit := &r.Units[i]
		out := UnitFigures{Code: unit.Code, Plots: []PlotFigures{}, Invested: investedShare(simulated, unit.Code, done)}
		for _, plot := range unit.Plots {
			out.Plots = append(out.Plots, PlotFigures{Code: plot.Code, AreaHa: plot.AreaHa, Signed: plot.Signed})
		}
		figures.Units = append(figures.Units, out)
	}
	return figures
}

// finished counts the quarters of the statement that ended before the quarter of a day.
func finished(simulated *cashflow.Result, today Day) int {
	day, err := document.ParseDate(string(today))
	if err != nil {
		return 0
	}
	return min(max(quarter.Of(day).Since(simulated.Start), 0), simulated.Quarters)
}

// investedShare is the part of a unit's investment that its statement makes in the first quarters. A unit that invests
// nothing is developed once it has started.
func investedShare(simulated *cashflow.Result, unit string, quarters int) money.Decimal {
	var all, made money.Amount
	for i := range simulated.Lines {
		line := &simulated.Lines[i]
		if line.Unit != unit || line.Kind != cashflow.LineInvest {
			continue
		}
		for q := range simulated.Quarters {
			all += line.At(q)
			if q < quarters {
				made += line.At(q)
			}
		}
	}
	if share, ok := money.Ratio(made, all); ok {
		return share
	}
	for i := range simulated.Units {
		if outcome := &simulated.Units[i]; outcome.Code == unit && outcome.Started && outcome.StartIndex < quarters {
			return money.One
		}
	}
	return money.Zero
}

// area adds up the plots of a unit, in hectares.
func (u *UnitFigures) area() money.Decimal {
	sum := decimal.Zero
	for _, plot := range u.Plots {
		sum = sum.Add(plot.AreaHa)
	}
	return sum
}
