package funding

import (
	"reflect"
	"strings"
	"testing"

	"zutuan/internal/document"
	"zutuan/internal/money"
)

const smallProfile = `schema: zutuan/fiscal/v1
region: GX-PX
name: 凭祥市
level: county
year: 2025
source: 示例
`

func TestFiscalProfileKeepsUnknownApartFromZero(t *testing.T) {
	profile, err := ReadFiscalProfile("fiscal.yaml", []byte(smallProfile+"new_quota: \"0.00\"\ngdp: null\n"))
	if err != nil {
		t.Fatal(err)
	}
	if profile.NewQuota == nil || *profile.NewQuota != 0 {
		t.Errorf("new_quota was written as 0.00, got %v", profile.NewQuota)
	}
	if profile.GDP != nil || profile.GeneralRevenue != nil || profile.SubsidyPlan != nil {
		t.Errorf("what the file leaves out or writes as null must stay unknown: %+v", profile)
	}
}

// TestEveryFieldOfAProfileIsRead fills each key with a value of its own, so that a key read into the wrong field shows.
func TestEveryFieldOfAProfileIsRead(t *testing.T) {
	probe := &FiscalProfile{}
	var text strings.Builder
	text.WriteString(smallProfile + "province: GX\nillustrative: true\nofficial_grade: orange\nsubsidy_plan: false\n" +
		"land_sale_revenue_history: [\"1.00\", \"2.00\"]\nppp_commitments: [\"3.00\"]\n")
	// The values fall along the list, and each whole stands before its part there, so that no part exceeds its whole.
	values := map[string]money.Amount{}
	for i, field := range probe.amounts() {
		values[field.key] = money.Amount(10_000_000-i) * money.Yuan
		text.WriteString(field.key + ": \"" + values[field.key].String() + "\"\n")
	}
	profile, err := ReadFiscalProfile("fiscal.yaml", []byte(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[money.Amount]bool{}
	for _, field := range profile.amounts() {
		if got := *field.target; got == nil || *got != values[field.key] || seen[*got] {
			t.Errorf("%s: got %v, want %s of its own", field.key, got, values[field.key])
		} else {
			seen[*got] = true
		}
	}
	structure := reflect.ValueOf(*profile)
	for i := range structure.NumField() {
		if structure.Field(i).IsZero() {
			t.Errorf("no key fills %s", structure.Type().Field(i).Name)
		}
	}
}

func TestFiscalProfileProblemsAreReportedTogether(t *testing.T) {
	cases := []struct{ name, text, want string }{
		{"an unknown key names the nearest one", smallProfile + "general_revenu: \"1.00\"\n", "general_revenue"},
		{"a required key is missing", "schema: zutuan/fiscal/v1\nname: 凭祥市\nlevel: county\nyear: 2025\nsource: 示例\n", "region: a required value is missing"},
		{"another schema is refused by name", strings.Replace(smallProfile, "fiscal/v1", "fiscal/v2", 1), "zutuan/fiscal/v1"},
		{"a level outside the list", strings.Replace(smallProfile, "county", "village", 1), "county, city, prefecture, province"},
		{"a grade outside the list", smallProfile + "official_grade: purple\n", "green, yellow, orange, red"},
		{"a negative amount", smallProfile + "gdp: \"-1.00\"\n", "must not be negative"},
		{"an amount in words", smallProfile + "gdp: 174.3亿\n", "not an amount"},
		{"taxes above the revenue they are part of", smallProfile + "general_revenue: \"1.00\"\ntax_revenue: \"1.01\"\n", "should not exceed the 1.00 of general_revenue"},
		{"a gap in the years of PPP commitments", smallProfile + "ppp_commitments: [\"1.00\", null]\n", "ppp_commitments[1]"},
		{"a year before there were such budgets", strings.Replace(smallProfile, "2025", "1899", 1), "1990 to 2199"},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			_, err := ReadFiscalProfile("fiscal.yaml", []byte(test.text))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %v, want a problem with %q", err, test.want)
			}
		})
	}
	_, err := ReadFiscalProfile("fiscal.yaml", []byte(smallProfile+"gdp: x\nfund_revenue: y\n"))
	if problems, ok := err.(document.Problems); !ok || len(problems) != 2 {
		t.Fatalf("two wrong amounts should be reported together, got %v", err)
	}
}
