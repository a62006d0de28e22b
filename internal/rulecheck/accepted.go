package rulecheck

import (
	"slices"

	"zutuan/internal/document"
	"zutuan/internal/funding"
	"zutuan/internal/rulepack"
)

// AcceptedPath is where a rules directory keeps the findings that it accepts, and SchemaAnalysis its schema line.
const (
	AcceptedPath   = "analysis.yaml"
	SchemaAnalysis = "zutuan/analysis/v1"
)

// Accepted is a finding that somebody looked at and let stand, with the reason.
type Accepted struct {
	Pack   string
	Kind   FindingKind
	Rule   string
	Other  string
	Reason funding.Text
	Line   int
}

// ReadAccepted reads the accepted findings. The error is a document.Problems; an entry that names no product or pack of the
// library, or no kind of finding, is one.
func ReadAccepted(file string, data []byte, library *rulepack.Library) ([]Accepted, error) {
	parsed, err := document.Parse(file, data)
	if err != nil {
		return nil, err
	}
	root := parsed.Root().Object()
	schema := root.Required("schema")
	if text := schema.String(); schema.Present() && text != SchemaAnalysis {
		schema.Problem("schema", "schema 应为 "+SchemaAnalysis, "the schema should be "+SchemaAnalysis)
	}
	var kinds []string
	for _, kind := range FindingKinds {
		kinds = append(kinds, string(kind))
	}
	var out []Accepted
	root.Required("accepted").List(func(_ int, item document.Value) {
		in := item.Object()
		pack := in.Required("pack")
		reason := in.Required("reason").Object()
		entry := Accepted{Pack: pack.Name(), Kind: FindingKind(in.Required("kind").Enum(kinds...)), Rule: in.Required("rule").Name(), Other: in.Optional("other").String(),
			Reason: funding.Text{ZH: reason.Required("zh").Name(), EN: reason.Required("en").Name()}, Line: in.Line()}
		reason.Done()
		if entry.Pack != "" && !hasPack(library, entry.Pack) {
			pack.Problem("unknown_name", "没有产品或风险包 "+entry.Pack, "there is no product or risk pack "+entry.Pack)
		}
		in.Done()
		out = append(out, entry)
	})
	root.Done()
	if err := parsed.Err(); err != nil {
		return nil, err
	}
	return out, nil
}

func hasPack(library *rulepack.Library, id string) bool {
	return slices.ContainsFunc(library.Products, func(p *rulepack.Product) bool { return p.ID == id }) ||
		slices.ContainsFunc(library.RiskPacks, func(p *rulepack.RiskPack) bool { return p.ID == id })
}

// Judged is the findings of a library, sorted by whether they were accepted.
type Judged struct {
	Open     []Finding
	Accepted []AcceptedFinding
	// Stale are accepted entries for which there is no finding any more.
	Stale []Accepted
}

// AcceptedFinding is a finding with the reason why it stands.
type AcceptedFinding struct {
	Finding
	Reason funding.Text `json:"reason"`
}

// Judge sets accepted findings apart from open ones.
func Judge(findings []Finding, accepted []Accepted) Judged {
	var out Judged
	used := make([]bool, len(accepted))
	for _, finding := range findings {
		at := slices.IndexFunc(accepted, func(a Accepted) bool {
			return a.Pack == finding.Pack && a.Kind == finding.Kind && a.Rule == finding.Rule && a.Other == finding.Other
		})
		if at < 0 {
			out.Open = append(out.Open, finding)
			continue
		}
		used[at] = true
		out.Accepted = append(out.Accepted, AcceptedFinding{finding, accepted[at].Reason})
	}
	for i, entry := range accepted {
		if !used[i] {
			out.Stale = append(out.Stale, entry)
		}
	}
	return out
}
