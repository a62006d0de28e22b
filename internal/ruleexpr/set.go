package ruleexpr

// Set is the rules of many products, evaluated together against one set of facts. Liaisons write the same condition in
// many products; a set evaluates each distinct text once and keeps a verdict for every rule.
type Set struct {
	distinct []condition
	place    []int32
}

// NewSet groups rules of one vocabulary; the index of a rule in the set is its index in the slice.
func NewSet(rules []*Rule) *Set {
	set := &Set{place: make([]int32, len(rules))}
	places := make(map[string]int32, len(rules))
	for i, rule := range rules {
		source := string(rule.source)
		at, seen := places[source]
		if !seen {
			at = int32(len(set.distinct))
			places[source] = at
			// Compiled anew, so that the closures of a set lie side by side in memory: with ten thousand products the
			// time goes into fetching them, and beside the parser's leavings they lie pages apart.
			set.distinct = append(set.distinct, compileCondition(rule.root, rule.vocabulary))
		}
		set.place[i] = at
	}
	return set
}

// Distinct returns how many different conditions the set has, and Place which of them the rule at an index is.
func (s *Set) Distinct() int { return len(s.distinct) }

// Place numbers equal conditions alike, from 0.
func (s *Set) Place(index int) int { return int(s.place[index]) }

// Verdicts holds the truth of every rule of a set for one set of facts.
type Verdicts struct {
	truths []Truth
	place  []int32
}

// Evaluate decides every rule. The buffer of an earlier answer may be handed in to be used again; its verdicts are
// then overwritten.
func (s *Set) Evaluate(facts *Facts, reuse Verdicts) Verdicts {
	truths := reuse.truths
	if cap(truths) < len(s.distinct) {
		truths = make([]Truth, len(s.distinct))
	}
	truths = truths[:len(s.distinct)]
	for i, holds := range s.distinct {
		truths[i] = holds(facts)
	}
	return Verdicts{truths: truths, place: s.place}
}

// Of returns the verdict of the rule at an index.
func (v Verdicts) Of(index int) Truth { return v.truths[v.place[index]] }
