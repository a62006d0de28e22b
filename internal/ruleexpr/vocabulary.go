// Package ruleexpr gives rules their meaning. It is the only importer of the expr language: expr's parser and type
// checker decide what an expression is, and this package turns the checked tree into something that is exact (no
// binary float ever decides a comparison), total (missing data gives Undecided, never zero or false), bounded, fast,
// and able to explain itself.
//
// The README beside this file describes the one design: a typed tree whose numbers are fractions of scaled integers,
// compiled once into closures over numbered slots, with an exact walk over the same tree for explanations, prices and
// the rare value that leaves an int64.
package ruleexpr

import (
	"fmt"
	"sort"
	"strings"
	"sync"

	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/types"

	"zutuan/internal/document"
	"zutuan/internal/money"
)

// Type is what kind of value a fact holds.
type Type string

// The types of facts.
const (
	TypeNumber  Type = "number"
	TypeText    Type = "text"
	TypeFlag    Type = "flag"
	TypeTexts   Type = "texts"
	TypeNumbers Type = "numbers"
)

// Unit says what a number counts. Numbers of different units are neither compared nor added.
type Unit string

// The units of number facts. Ratio, rate, count and fx are plain numbers and mix freely.
const (
	UnitYuan     Unit = "yuan"
	UnitRatio    Unit = "ratio"
	UnitRate     Unit = "rate"
	UnitFX       Unit = "fx"
	UnitCount    Unit = "count"
	UnitQuarters Unit = "quarters"
	UnitYears    Unit = "years"
	UnitQuarter  Unit = "quarter" // a calendar quarter, year × 4 + number − 1
	UnitDate     Unit = "date"    // a day, counted from 1970-01-01
)

// Units lists the units a vocabulary may use.
var Units = []Unit{UnitYuan, UnitRatio, UnitRate, UnitFX, UnitCount, UnitQuarters, UnitYears, UnitQuarter, UnitDate}

// Decimals returns how many decimals a value of the unit is held with in a fact.
func (u Unit) Decimals() int {
	switch u {
	case UnitYuan:
		return 2
	case UnitRatio, UnitRate, UnitFX, UnitYears:
		return money.RatioDecimals
	default:
		return 0
	}
}

// Direction says which way a bureau could move a fact.
type Direction string

// The directions of an adjustable fact; DirectionSet turns a flag to true.
const (
	DirectionNone Direction = ""
	DirectionUp   Direction = "up"
	DirectionDown Direction = "down"
	DirectionSet  Direction = "set"
)

// Fact is one entry of the vocabulary.
type Fact struct {
	Name string
	Type Type
	Unit Unit // numbers only
	ZH   string
	EN   string
	// From names the record or formula the value comes from.
	From string
	// Low and High bound the values that are possible at all; nil where unbounded.
	Low  *money.Decimal
	High *money.Decimal
	// Direction and Step say what a bureau could change; for an ordered text the step counts words.
	Direction Direction
	Step      money.Decimal
	// Order lists the words of an ordered text, worst first.
	Order []string
}

// Adjustable reports whether a bureau could change the fact.
func (f Fact) Adjustable() bool { return f.Direction != DirectionNone }

// Slot numbers a fact within its vocabulary.
type Slot int

// Vocabulary is the immutable dictionary of the only names an expression may use.
type Vocabulary struct {
	facts  []Fact
	byName map[string]Slot
	// place is where a fact's value stands among the values of its kind; texts, lists and series are few beside numbers.
	place                             []int32
	textCount, listCount, seriesCount int32
	names                             []string
	// environment declares every name to expr's type checker; each level is a closed map, so that a mistyped name is
	// an error and never a silent zero.
	environment types.Map
	// configs keeps expr's configuration for each result type; compiling guards it.
	configs   map[Type]*conf.Config
	compiling sync.Mutex
}

// NewVocabulary builds a dictionary. Names are words separated by dots, at most two levels deep, and unique.
func NewVocabulary(facts []Fact) (*Vocabulary, error) {
	v := &Vocabulary{byName: make(map[string]Slot, len(facts)), environment: types.Map{}, configs: map[Type]*conf.Config{}}
	for _, fact := range facts {
		if _, exists := v.byName[fact.Name]; exists {
			return nil, fmt.Errorf("fact %s is declared twice", fact.Name)
		}
		if err := v.declare(fact); err != nil {
			return nil, err
		}
		v.byName[fact.Name] = Slot(len(v.facts))
		v.place = append(v.place, v.reserve(fact.Type))
		v.facts = append(v.facts, fact)
		v.names = append(v.names, fact.Name)
	}
	sort.Strings(v.names)
	return v, nil
}

// reserve takes the next place among the values of a kind; numbers and flags stand at their slot.
func (v *Vocabulary) reserve(kind Type) int32 {
	count := map[Type]*int32{TypeText: &v.textCount, TypeTexts: &v.listCount, TypeNumbers: &v.seriesCount}[kind]
	if count == nil {
		return int32(len(v.facts))
	}
	*count++
	return *count - 1
}

func (v *Vocabulary) declare(fact Fact) error {
	var declared types.Type
	switch fact.Type {
	case TypeNumber:
		declared = types.Float64
	case TypeText:
		declared = types.String
	case TypeFlag:
		declared = types.Bool
	case TypeTexts:
		declared = types.Array(types.String)
	case TypeNumbers:
		declared = types.Array(types.Float64)
	default:
		return fmt.Errorf("fact %s has the unknown type %q", fact.Name, fact.Type)
	}
	group, name, dotted := strings.Cut(fact.Name, ".")
	if !dotted {
		v.environment[fact.Name] = declared
		return nil
	}
	if strings.Contains(name, ".") {
		return fmt.Errorf("fact %s has more than two levels", fact.Name)
	}
	level, ok := v.environment[group].(types.Map)
	if !ok {
		if v.environment[group] != nil {
			return fmt.Errorf("fact %s: %s is already a fact", fact.Name, group)
		}
		level = types.Map{}
		v.environment[group] = level
	}
	level[name] = declared
	return nil
}

// Facts returns the entries in the order in which they were declared.
func (v *Vocabulary) Facts() []Fact { return v.facts }

// Lookup returns the slot of a name.
func (v *Vocabulary) Lookup(name string) (Slot, bool) {
	slot, ok := v.byName[name]
	return slot, ok
}

// Slot is Lookup for names that the program itself uses; a name that is not there is a defect and panics.
func (v *Vocabulary) Slot(name string) Slot {
	slot, ok := v.byName[name]
	if !ok {
		panic("ruleexpr: the vocabulary has no fact " + name)
	}
	return slot
}

// Fact returns the entry of a slot.
func (v *Vocabulary) Fact(slot Slot) Fact { return v.facts[slot] }

// Nearest returns the existing names that a mistyped one most likely meant.
func (v *Vocabulary) Nearest(name string) []string {
	if near := document.Nearest(name, v.names); len(near) > 0 {
		return near
	}
	_, last, dotted := strings.Cut(name, ".")
	if !dotted {
		last = name
	}
	var sameEnding []string
	for _, known := range v.names {
		if strings.HasSuffix(known, "."+last) && len(sameEnding) < 3 {
			sameEnding = append(sameEnding, known)
		}
	}
	return sameEnding
}
