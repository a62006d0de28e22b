package planner

import (
	"zutuan/internal/plan"
)

// Judge evaluates lines that somebody typed in, exactly, against the limits of a case as the plan's file changes them. It
// proves nothing: Bound, Prices and Frontier stay empty, and Feasible says whether every constraint is kept.
func Judge(kase Case, lines []plan.Line, own plan.FileLimits) (*Built, error) {
	kase.Limits = kase.Limits.with(own)
	if problems := kase.Limits.problems(); len(problems) > 0 {
		return nil, problems.Err()
	}
	s := &search{in: &Input{Case: kase}}
	built := &Built{}
	if err := s.judge(built, lines); err != nil {
		return nil, err
	}
	built.Feasible = len(Broken(built.Constraints)) == 0
	return built, nil
}

// with replaces limits by those that a plan's file gives.
func (l Limits) with(own plan.FileLimits) Limits {
	replace(&l.MinDSCR, own.MinDSCR)
	replace(&l.TenorQuarters, own.TenorQuarters)
	replace(&l.CapitalRatioMin, own.CapitalRatioMin)
	replace(&l.QuasiEquityShareMax, own.QuasiEquityShareMax)
	replace(&l.InstitutionShareMax, own.InstitutionShareMax)
	replace(&l.GeneralHeadroom, own.GeneralHeadroom)
	replace(&l.SpecialHeadroom, own.SpecialHeadroom)
	replace(&l.MaxLenders, own.MaxLenders)
	return l
}

func replace[T any](limit **T, own *T) {
	if own != nil {
		*limit = own
	}
}
