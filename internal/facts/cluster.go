package facts

import (
	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/ruleexpr"
)

// SetCluster sets cluster.* from the requirement.
func (a *Assembler) SetCluster(f *ruleexpr.Facts, requirement *funding.Requirement) {
	apply(f, a.cluster, requirement)
}

const noPlots = "需求文件未填写地块面积 units[].plots[].area_ha / the requirement file gives no plot areas in units[].plots[].area_ha"

var clusterFacts = []entry[*funding.Requirement]{
	{"cluster.industries", func(t target, r *funding.Requirement) { t.texts(r.Cluster.Industries) }},
	{"cluster.units", func(t target, r *funding.Requirement) { t.count(len(r.Units)) }},
	{"cluster.rolling", func(t target, r *funding.Requirement) { t.flag(anyUnitWaits(r)) }},
	{"cluster.signed_area_share", setSignedAreaShare},
}

func anyUnitWaits(r *funding.Requirement) bool {
	for i := range r.Units {
		if r.Units[i].Start.After != "" {
			return true
		}
	}
	return false
}

// setSignedAreaShare divides the area of the plots that have a signed investor by the area of all plots.
func setSignedAreaShare(t target, r *funding.Requirement) {
	signed, all := money.Zero, money.Zero
	for i := range r.Units {
		for _, plot := range r.Units[i].Plots {
			all = all.Add(plot.AreaHa)
			if plot.Signed {
				signed = signed.Add(plot.AreaHa)
			}
		}
	}
	if all.IsZero() {
		t.missing(noPlots)
		return
	}
	t.decimal(signed.DivRound(all, money.RatioDecimals))
}
