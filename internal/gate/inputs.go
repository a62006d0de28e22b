package gate

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"slices"
	"strconv"
	"strings"

	"zutuan/internal/funding"
)

// Input is one record that an assessment read. The zero Input is one that there was not (a case without a ledger).
type Input struct {
	ID string `json:"id"`
	// Version is that of the content: a step of a record's life, which changes its ETag, is no new content.
	Version int64 `json:"version,omitempty"`
	// Digest is the SHA-256 of the content, in hexadecimal.
	Digest string `json:"digest"`
}

// Setting is a value in force, as it was read: a parameter, a market rate, an override, a membership.
type Setting struct {
	ID    string `json:"id"`
	Value string `json:"value"`
}

// Inputs are everything that an assessment read. The lists are sets: their order and repetitions mean nothing.
//
// The day of the assessment is not among them. A hash with the day in it would be another one tomorrow, and every
// assessment would be stale overnight. What the day decides is here instead, as it came out on that day: which versions,
// parameters, market values and memberships are in force. The day itself is kept beside (Assessed.Date) and bounded by
// MaxAssessmentAgeDays.
type Inputs struct {
	Requirement Input   `json:"requirement"`
	Plan        Input   `json:"plan"`
	Ledger      Input   `json:"ledger,omitzero"`
	Fiscal      Input   `json:"fiscal,omitzero"`
	Products    []Input `json:"products"`
	Packs       []Input `json:"packs"`
	// References are further records that were read: zone, institutions, vocabulary, documents.
	References []Input   `json:"references"`
	Parameters []Setting `json:"parameters"`
	Market     []Setting `json:"market"`
	// Overrides are the region's own values; Memberships where the region stands in dated lists.
	Overrides   []Setting `json:"overrides"`
	Memberships []Setting `json:"memberships"`
}

// Complete reports whether the inputs name a requirement and a plan; without them nothing can be called current.
func (in Inputs) Complete() bool { return in.Requirement.Digest != "" && in.Plan.Digest != "" }

// Canonical returns the inputs with every list in order, without repetitions, and never nil.
func (in Inputs) Canonical() Inputs {
	for _, list := range []*[]Input{&in.Products, &in.Packs, &in.References} {
		*list = set(*list, func(a, b Input) int {
			if order := strings.Compare(a.ID, b.ID); order != 0 {
				return order
			}
			if order := cmp.Compare(a.Version, b.Version); order != 0 {
				return order
			}
			return strings.Compare(a.Digest, b.Digest)
		})
	}
	for _, list := range []*[]Setting{&in.Parameters, &in.Market, &in.Overrides, &in.Memberships} {
		*list = set(*list, func(a, b Setting) int {
			if order := strings.Compare(a.ID, b.ID); order != 0 {
				return order
			}
			return strings.Compare(a.Value, b.Value)
		})
	}
	return in
}

func set[T comparable](list []T, compare func(a, b T) int) []T {
	sorted := append([]T{}, list...)
	slices.SortFunc(sorted, compare)
	return slices.Compact(sorted)
}

// Hash is the SHA-256 of the inputs, in hexadecimal. Each part is led by its name and length, so that no two inputs have
// the same bytes; the order of the parts is the format, and a new part needs a new format line.
func (in Inputs) Hash() string {
	in = in.Canonical()
	o := ordered{sha256.New()}
	o.hash.Write([]byte("zutuan inputs 1\n"))
	o.input("requirement", in.Requirement)
	o.input("plan", in.Plan)
	o.input("ledger", in.Ledger)
	o.input("fiscal", in.Fiscal)
	for _, group := range in.groups() {
		for _, item := range group.inputs {
			o.input(group.kind, item)
		}
		for _, item := range group.settings {
			o.part(group.kind, item.ID)
			o.part("value", item.Value)
		}
	}
	return hex.EncodeToString(o.hash.Sum(nil))
}

// ordered hashes named parts.
type ordered struct{ hash hash.Hash }

func (o ordered) part(name, value string) {
	o.hash.Write([]byte(name + ":" + strconv.Itoa(len(value)) + ":" + value + "\n"))
}

func (o ordered) input(name string, in Input) {
	o.part(name, in.ID)
	o.part("version", strconv.FormatInt(in.Version, 10))
	o.part("digest", in.Digest)
}

// group is one list of the inputs with its name.
type group struct {
	kind     string
	inputs   []Input
	settings []Setting
}

func (in Inputs) groups() []group {
	return []group{
		{kind: "product", inputs: in.Products}, {kind: "pack", inputs: in.Packs}, {kind: "reference", inputs: in.References},
		{kind: "parameter", settings: in.Parameters}, {kind: "market", settings: in.Market},
		{kind: "override", settings: in.Overrides}, {kind: "membership", settings: in.Memberships},
	}
}

// Change is one difference between two sets of inputs.
type Change struct {
	// Kind is requirement, plan, ledger, fiscal, product, pack, reference, parameter, market, override or membership.
	Kind string `json:"kind"`
	ID   string `json:"id"`
	// Before and After are the version or value; empty where it was not there. Where only the content differs, both end
	// in the first digits of its digest.
	Before string `json:"before"`
	After  string `json:"after"`
	ZH     string `json:"zh"`
	EN     string `json:"en"`
}

var inputNames = map[string]funding.Text{
	"requirement": {ZH: "资金需求", EN: "requirement"}, "plan": {ZH: "方案", EN: "plan"}, "ledger": {ZH: "存量债务台账", EN: "ledger"},
	"fiscal": {ZH: "财政概况", EN: "fiscal profile"}, "product": {ZH: "产品", EN: "product"}, "pack": {ZH: "规则包", EN: "pack"},
	"reference": {ZH: "基础资料", EN: "reference record"}, "parameter": {ZH: "参数", EN: "parameter"}, "market": {ZH: "市场数据", EN: "market series"},
	"override": {ZH: "地方参数", EN: "regional override"}, "membership": {ZH: "名单", EN: "list membership"},
}

// Differences lists what changed from one set of inputs to another, in the order of Inputs' fields, then by id. It is
// empty exactly where the hashes are equal.
func Differences(before, after Inputs) []Change {
	before, after = before.Canonical(), after.Canonical()
	var changes []Change
	for _, single := range []struct {
		kind        string
		left, right Input
	}{{"requirement", before.Requirement, after.Requirement}, {"plan", before.Plan, after.Plan}, {"ledger", before.Ledger, after.Ledger}, {"fiscal", before.Fiscal, after.Fiscal}} {
		changes = append(changes, inputChanges(single.kind, present(single.left), present(single.right))...)
	}
	right := after.groups()
	for i, left := range before.groups() {
		changes = append(changes, inputChanges(left.kind, left.inputs, right[i].inputs)...)
		changes = append(changes, settingChanges(left.kind, left.settings, right[i].settings)...)
	}
	return changes
}

// present is a record as a list: none where there is none.
func present(in Input) []Input {
	if in == (Input{}) {
		return nil
	}
	return []Input{in}
}

func inputChanges(kind string, before, after []Input) []Change {
	return pairs(before, after, func(in Input) string { return in.ID }, func(id string, left, right *Input) Change {
		// The same version with other content: only the digest tells them apart.
		long := left != nil && right != nil && left.Version == right.Version
		change := newChange(kind, id, versionText(kind, left, long), versionText(kind, right, long), left != nil, right != nil)
		if long && left.Version == 0 {
			// A record that goes by its content alone: its digests, in Before and After, tell a person nothing.
			change.ZH, change.EN = fmt.Sprintf("%s %s：内容已修改", inputNames[kind].ZH, id), fmt.Sprintf("%s %s: its content was changed", inputNames[kind].EN, id)
		}
		return change
	})
}

func settingChanges(kind string, before, after []Setting) []Change {
	value := func(s *Setting) string {
		if s == nil {
			return ""
		}
		return s.Value
	}
	return pairs(before, after, func(s Setting) string { return s.ID }, func(id string, left, right *Setting) Change {
		return newChange(kind, id, value(left), value(right), left != nil, right != nil)
	})
}

// pairs takes away what both lists have, and pairs the rest by id; what has no partner came or went.
func pairs[T comparable](before, after []T, id func(T) string, change func(id string, left, right *T) Change) []Change {
	left, right := without(before, after), without(after, before)
	var changes []Change
	for len(left) > 0 || len(right) > 0 {
		switch {
		case len(right) == 0 || len(left) > 0 && id(left[0]) < id(right[0]):
			changes, left = append(changes, change(id(left[0]), &left[0], nil)), left[1:]
		case len(left) == 0 || id(right[0]) < id(left[0]):
			changes, right = append(changes, change(id(right[0]), nil, &right[0])), right[1:]
		default:
			changes, left, right = append(changes, change(id(left[0]), &left[0], &right[0])), left[1:], right[1:]
		}
	}
	return changes
}

func without[T comparable](list, other []T) []T {
	var rest []T
	for _, item := range list {
		if !slices.Contains(other, item) {
			rest = append(rest, item)
		}
	}
	return rest
}

// shownDigest is how many digits of a digest people compare.
const shownDigest = 12

// versionText writes a version as people name it: product@2, and v2 of everything else.
func versionText(kind string, in *Input, withDigest bool) string {
	if in == nil {
		return ""
	}
	digest, mark := in.Digest[:min(len(in.Digest), shownDigest)], "v"
	if kind == "product" || kind == "pack" {
		mark = "@"
	}
	switch {
	case in.Version == 0:
		return digest
	case withDigest:
		return fmt.Sprintf("%s%d %s", mark, in.Version, digest)
	}
	return fmt.Sprintf("%s%d", mark, in.Version)
}

// newChange words a change; had and has say whether it was there before and is there now.
func newChange(kind, id, before, after string, had, has bool) Change {
	name := inputNames[kind]
	change := Change{Kind: kind, ID: id, Before: before, After: after}
	switch {
	case !has:
		change.ZH, change.EN = fmt.Sprintf("%s %s：不再使用（原为 %s）", name.ZH, id, before), fmt.Sprintf("%s %s: no longer there (was %s)", name.EN, id, before)
	case !had:
		change.ZH, change.EN = fmt.Sprintf("%s %s：新增（%s）", name.ZH, id, after), fmt.Sprintf("%s %s: new (%s)", name.EN, id, after)
	default:
		change.ZH, change.EN = fmt.Sprintf("%s %s：%s → %s", name.ZH, id, before, after), fmt.Sprintf("%s %s: %s → %s", name.EN, id, before, after)
	}
	return change
}
