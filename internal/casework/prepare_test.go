package casework_test

import (
	"encoding/json"
	"testing"
	"time"

	"zutuan/internal/casework"
	"zutuan/internal/funding"
	"zutuan/internal/match"
	"zutuan/internal/rulepack"
	"zutuan/rules"
)

func made[T any](value T, err error) func(t testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func answer(t testing.TB, m *match.Match) string {
	t.Helper()
	return string(made(json.Marshal(m.Answer()))(t))
}

func ask(t testing.TB, desk *casework.Desk, prepared *casework.Prepared, date time.Time) string {
	t.Helper()
	return answer(t, match.NewCatalogue(desk.Library.Vocabulary, desk.InForce(date)).Match(prepared.Need, match.Options{}))
}

// TestAPreparedCaseAnswersAsTheCaseItself compares to the byte, for every sample: with the case's own match, with other
// market data worked in later, and with papers that were read apart.
func TestAPreparedCaseAnswersAsTheCaseItself(t *testing.T) {
	library := made(rulepack.Load(rules.FS))(t)
	desk := made(casework.NewDesk(library))(t)
	later := made(rulepack.ReadMarket("market.json", []byte(`{"schema":"zutuan/market/v1","series":[{"id":"lpr_5y","name":{"zh":"五年期","en":"five years"},"unit":"rate","basis":"sourced","values":[{"from":"2026-06-01","value":"0.0310"}]}]}`)))(t)
	other := made(casework.NewDesk(library.With(rulepack.Changes{Market: rulepack.MergeMarket(library.Market, later)})))(t)
	date := casework.SampleDate
	overrides := []funding.ParameterOverride{{Region: "GX-PX", Parameter: "debt_ratio_red", Value: "0.01", Who: "测试", Why: "测试", Until: date}}
	moved := 0
	for _, sample := range library.Samples {
		for name, used := range map[string][]funding.ParameterOverride{"plain": nil, "with an override": overrides} {
			t.Run(sample+" "+name, func(t *testing.T) {
				papers := made(casework.SamplePapers(rules.FS, sample))(t)
				kase := made(casework.ReadCase(papers))(t)
				joined := made(casework.JoinCase(papers.Requirement, kase.Ledger, kase.Fiscal))(t)
				prepared := made(desk.Preparer(date).Prepare(joined, used))(t)
				asked := casework.Asked{Date: date, Overrides: used}
				if got, want := ask(t, desk, prepared, date), answer(t, made(desk.Match(kase, asked))(t).Match); got != want {
					t.Errorf("prepared, it answers\n%.400s\nwant\n%.400s", got, want)
				}
				want := answer(t, made(other.Match(kase, asked))(t).Match)
				if got := ask(t, other, other.Preparer(date).Again(prepared), date); got != want {
					t.Errorf("with other market data it answers\n%.400s\nwant\n%.400s", got, want)
				}
				if want != ask(t, desk, prepared, date) {
					moved++
				}
			})
		}
	}
	if moved == 0 {
		t.Error("the other market data change no answer; the test says nothing")
	}
}
