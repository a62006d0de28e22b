package journey

import (
	"encoding/json"
	"io/fs"
	"strings"
	"testing"

	"zutuan/internal/document"
	"zutuan/rules"
)

func sampleFile(t testing.TB, name string) []byte {
	t.Helper()
	text, err := fs.ReadFile(rules.FS, name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// edited replaces pairs of texts, each of which must be there.
func edited(t testing.TB, text string, pairs ...string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("the sample has no %q any more", pairs[i])
		}
		text = strings.ReplaceAll(text, pairs[i], pairs[i+1])
	}
	return text
}

func asJSON(t testing.TB, name, text string) json.RawMessage {
	t.Helper()
	converted, err := document.JSON(name, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return converted
}

// fiscalProfile is the sample's with more to pay under old PPP contracts than a tenth of general expenditure
// (340 of 3,350 million yuan): a rule that blocks at red and is no prohibition, so that it can be waived. The sample itself
// raises no such flag.
func fiscalProfile(t testing.TB) json.RawMessage {
	t.Helper()
	return asJSON(t, "fiscal.yaml", edited(t, string(sampleFile(t, "samples/pingxiang/fiscal.yaml")), `ppp_commitments: ["42000000.00", "42000000.00"`, `ppp_commitments: ["340000000.00", "340000000.00"`))
}

// firstRequirement is the sample's: nobody has listed its plots, and nobody says what lenders have at risk with the
// borrower's group. Without the former the studies have nothing to be compared with, without the latter a limit that may
// be a prohibition cannot be decided.
func firstRequirement(t testing.TB) json.RawMessage {
	t.Helper()
	return asJSON(t, "requirement.yaml", string(sampleFile(t, "samples/pingxiang/requirement.yaml")))
}

// mendedRequirement has both.
func mendedRequirement(t testing.TB) json.RawMessage {
	t.Helper()
	text := edited(t, string(sampleFile(t, "samples/pingxiang/requirement.yaml")),
		"    plots: []\n", `    plots:
      - {code: PX-01, area_ha: "22.5", use: M1, investor: 某果蔬加工企业（虚构）, signed: true}
      - {code: PX-02, area_ha: "9.5", use: W1, investor: 某冷链企业（虚构）, signed: true}
      - {code: PX-03, area_ha: "8", use: B1}
`,
		"  cash: \"86000000.00\"\n", "  cash: \"86000000.00\"\n  group_exposures:\n"+groupExposures(t))
	return asJSON(t, "requirement.yaml", text)
}

// groupExposures lists every institution with nothing at risk.
func groupExposures(t testing.TB) string {
	var list strings.Builder
	for _, line := range strings.Split(string(sampleFile(t, "institutions.yaml")), "\n") {
		if _, after, found := strings.Cut(line, "- {id: "); found {
			id, _, _ := strings.Cut(after, ",")
			list.WriteString("    - {institution: " + id + ", amount: \"0.00\"}\n")
		}
	}
	if list.Len() == 0 {
		t.Fatal("no institutions")
	}
	return list.String()
}

// given is a value as the client's types take one that may be left out.
func given[T any](value T) *T { return &value }
