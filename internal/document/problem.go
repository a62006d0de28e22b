// Package document reads YAML and JSON files strictly: every key must be asked for, every value must have the kind
// that was asked for, and everything that is wrong with a file is reported together, each with the file, the path of
// the field, the line, and what is allowed. It knows nothing of what the files mean.
package document

import (
	"fmt"
	"sort"
	"strings"

	"zutuan/internal/money"
)

// Problem is one thing that is wrong with an input, told to the person who can mend it.
type Problem struct {
	// File is the name under which the input was given.
	File string `json:"file,omitempty"`
	// Path is the field's path, "units[1].start.when"; for a table "row 12, column rate". Empty for the whole file.
	Path string `json:"path,omitempty"`
	// Line and Column are 1-based; 0 where they are not known.
	Line   int `json:"line,omitempty"`
	Column int `json:"column,omitempty"`
	// Code is stable and machine-readable: "unknown_key", "missing", "amount", …
	Code string `json:"code"`
	// ZH and EN say what is wrong and what is allowed.
	ZH string `json:"zh"`
	EN string `json:"en"`
}

// Message returns the text in one language, led by the place.
func (p Problem) Message(language money.Language) string {
	var place []string
	if p.File != "" {
		where := p.File
		if p.Line > 0 {
			where = fmt.Sprintf("%s:%d", where, p.Line)
			if p.Column > 0 {
				where = fmt.Sprintf("%s:%d", where, p.Column)
			}
		}
		place = append(place, where)
	}
	if p.Path != "" {
		place = append(place, p.Path)
	}
	text := p.ZH
	if language == money.English {
		text = p.EN
	}
	return strings.Join(append(place, text), ": ")
}

// Problems collects what is wrong; as an error it prints every problem on a line of its own, in English.
type Problems []Problem

func (ps Problems) Error() string { return ps.In(money.English) }

// In prints every problem on a line of its own.
func (ps Problems) In(language money.Language) string {
	lines := make([]string, len(ps))
	for i, problem := range ps {
		lines[i] = problem.Message(language)
	}
	return strings.Join(lines, "\n")
}

// Err returns the collected problems as an error, sorted by place so that the same input gives the same text, or nil
// where there are none.
func (ps Problems) Err() error {
	if len(ps) == 0 {
		return nil
	}
	sort.SliceStable(ps, func(i, j int) bool {
		if ps[i].File != ps[j].File {
			return ps[i].File < ps[j].File
		}
		if ps[i].Line != ps[j].Line {
			return ps[i].Line < ps[j].Line
		}
		return ps[i].Column < ps[j].Column
	})
	return ps
}

// Nearest returns the candidates that a mistyped word most likely meant, best first, at most three. A word longer than
// any name in use is near nothing.
func Nearest(word string, candidates []string) []string {
	if len(word) > 4*maxShown {
		return []string{}
	}
	type scored struct {
		name     string
		distance int
	}
	var found []scored
	limit := max(2, len([]rune(word))/3)
	for _, candidate := range candidates {
		if distance := editDistance(word, candidate); distance <= limit {
			found = append(found, scored{candidate, distance})
		}
	}
	sort.Slice(found, func(i, j int) bool {
		if found[i].distance != found[j].distance {
			return found[i].distance < found[j].distance
		}
		return found[i].name < found[j].name
	})
	names := make([]string, 0, 3)
	for _, entry := range found[:min(3, len(found))] {
		names = append(names, entry.name)
	}
	return names
}

// editDistance is Levenshtein's, over runes.
func editDistance(a, b string) int {
	left, right := []rune(a), []rune(b)
	previous := make([]int, len(right)+1)
	current := make([]int, len(right)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := range left {
		current[0] = i + 1
		for j := range right {
			cost := 1
			if left[i] == right[j] {
				cost = 0
			}
			current[j+1] = min(previous[j]+cost, previous[j+1]+1, current[j]+1)
		}
		previous, current = current, previous
	}
	return previous[len(right)]
}
