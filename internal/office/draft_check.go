package office

import (
	"context"
	"errors"
	"time"

	"zutuan/internal/casework"
	"zutuan/internal/document"
	"zutuan/internal/funding"
	"zutuan/internal/match"
	"zutuan/internal/permit"
	"zutuan/internal/refuse"
	"zutuan/internal/rulecheck"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
)

// DraftText is a text that somebody is typing.
type DraftText struct {
	Type PackType
	Text string
	// Line and Column are where the cursor stands, 1-based, for completions and hover.
	Line, Column int
}

// typing checks that the actor writes drafts of the type at all, and returns the rules it is typed against.
func (o *Office) typing(ctx context.Context, actor permit.Actor, t PackType) (*Edition, error) {
	if err := knownType(t); err != nil {
		return nil, err
	}
	if err := allowed(actor, operationsOf(t).write); err != nil {
		return nil, err
	}
	return o.Edition(ctx)
}

// CheckDraft says what is wrong with a text as it stands.
func (o *Office) CheckDraft(ctx context.Context, actor permit.Actor, typed DraftText) ([]rulecheck.Diagnostic, error) {
	edition, err := o.typing(ctx, actor, typed.Type)
	if err != nil {
		return nil, err
	}
	found := rulecheck.DiagnoseAs(textKinds[typed.Type], edition.Desk.Library, draftFile, []byte(typed.Text))
	if found == nil {
		found = []rulecheck.Diagnostic{}
	}
	return found, nil
}

// CompleteDraft lists what could be typed at the cursor.
func (o *Office) CompleteDraft(ctx context.Context, actor permit.Actor, typed DraftText) ([]rulecheck.Completion, error) {
	edition, err := o.typing(ctx, actor, typed.Type)
	if err != nil {
		return nil, err
	}
	found := rulecheck.Complete(edition.Desk.Library, []byte(typed.Text), typed.Line, typed.Column)
	if found == nil {
		found = []rulecheck.Completion{}
	}
	return found, nil
}

// HoverDraft says what the word at the cursor means; empty texts where it means nothing.
func (o *Office) HoverDraft(ctx context.Context, actor permit.Actor, typed DraftText) (funding.Text, error) {
	edition, err := o.typing(ctx, actor, typed.Type)
	if err != nil {
		return funding.Text{}, err
	}
	text, _ := rulecheck.Hover(edition.Desk.Library, []byte(typed.Text), typed.Line, typed.Column)
	return text, nil
}

// DraftVerdict is what a product that is being typed says to one case.
type DraftVerdict struct {
	// Requirement is the id of a stored requirement, or "sample:" and the name of a sample.
	Requirement string               `json:"requirement"`
	Name        string               `json:"name"`
	Answer      *match.ProductAnswer `json:"answer,omitempty"`
	// Problem says why there is no answer.
	Problem *funding.Text `json:"problem,omitempty"`
}

// MaxDraftVerdicts bounds how many requirements a text is tried on while somebody is typing.
const MaxDraftVerdicts = 20

// DraftVerdicts tries a product that is being typed on stored requirements that the actor may see, and on samples. A text
// with mistakes is refused with all of them.
func (o *Office) DraftVerdicts(ctx context.Context, actor permit.Actor, typed DraftText, requirementIDs, samples []string, date time.Time) ([]DraftVerdict, error) {
	edition, err := o.typing(ctx, actor, typed.Type)
	if err != nil {
		return nil, err
	}
	if typed.Type != PackProduct {
		return nil, refuse.New(refuse.KindInvalid, "type", "只有产品可以即时试算", "only products can be tried while typing")
	}
	if len(requirementIDs)+len(samples) > MaxDraftVerdicts {
		return nil, refuse.Newf(refuse.KindInvalid, "too_many", "一次至多试算 %d 份需求", "at most %d requirements at once", MaxDraftVerdicts)
	}
	if date.IsZero() {
		date = o.Today()
	}
	product, err := edition.Desk.Library.Product(draftFile, []byte(typed.Text))
	if err != nil {
		return nil, problems(err, "/text")
	}
	desk, err := casework.NewDesk(edition.Desk.Library.With(rulepack.Changes{Products: []*rulepack.Product{product.Published(product.Version, time.Time{}, time.Time{})}}))
	if err != nil {
		return nil, err
	}
	verdicts := []DraftVerdict{}
	for _, id := range requirementIDs {
		verdicts = append(verdicts, o.tryStored(ctx, actor, desk, id, date))
	}
	for _, name := range samples {
		verdicts = append(verdicts, trySample(edition, desk, name, date))
	}
	return verdicts, nil
}

func (o *Office) tryStored(ctx context.Context, actor permit.Actor, desk *casework.Desk, id string, date time.Time) DraftVerdict {
	verdict := DraftVerdict{Requirement: id}
	record, body, err := o.requirement(ctx, actor, permit.OperationRequirementRead, id)
	if err == nil {
		verdict.Name = body.Name
		var p *papers
		if p, err = o.gather(ctx, record, &body, date); err == nil {
			var kase *casework.Case
			if kase, err = p.read(); err == nil {
				return tryCase(desk, kase, date, verdict)
			}
		}
	}
	text := funding.TextOf(err)
	verdict.Problem = &text
	return verdict
}

func trySample(edition *Edition, desk *casework.Desk, name string, date time.Time) DraftVerdict {
	verdict := DraftVerdict{Requirement: "sample:" + name, Name: name}
	papers, err := casework.SamplePapers(edition.Files, name)
	if err == nil {
		var kase *casework.Case
		if kase, err = casework.ReadCase(papers); err == nil {
			verdict.Name = kase.Requirement.Name
			return tryCase(desk, kase, date, verdict)
		}
	}
	verdict.Problem = &funding.Text{ZH: "没有样例 " + name, EN: "there is no sample " + name}
	return verdict
}

func tryCase(desk *casework.Desk, kase *casework.Case, date time.Time, verdict DraftVerdict) DraftVerdict {
	matching, err := desk.Match(kase, casework.Asked{Date: date})
	if err != nil {
		text := funding.TextOf(err)
		verdict.Problem = &text
		return verdict
	}
	if answer := matching.Match.Answer(); len(answer.Products) > 0 {
		verdict.Answer = &answer.Products[0]
	}
	return verdict
}

// DraftTests is what the tests of a product are worth.
type DraftTests struct {
	Results    []match.TestResult        `json:"-"`
	Tests      []TestAnswer              `json:"tests"`
	Complete   bool                      `json:"complete"`
	Rules      []rulecheck.RuleSight     `json:"rules"`
	Branches   []rulecheck.BranchSight   `json:"branches"`
	Boundaries []rulecheck.BoundarySight `json:"boundaries"`
	Mutation   *MutationAnswer           `json:"mutation,omitempty"`
	// Suggested are ready-made tests for whatever no test sees. With all but those of boundaries added, the tests are complete.
	Suggested []rulecheck.Suggestion `json:"suggested"`
}

// TestAnswer is one test.
type TestAnswer struct {
	Name    string        `json:"name"`
	Passed  bool          `json:"passed"`
	Path    string        `json:"path,omitempty"`
	Line    int           `json:"line,omitempty"`
	Problem *funding.Text `json:"problem,omitempty"`
}

// MutationAnswer is how many small changes of the rules the tests notice.
type MutationAnswer struct {
	Mutants   int              `json:"mutants"`
	Killed    int              `json:"killed"`
	Score     string           `json:"score_percent"`
	Survivors []SurvivorAnswer `json:"survivors"`
}

// SurvivorAnswer is a change that no test notices, with a test that would.
type SurvivorAnswer struct {
	Place string `json:"place"`
	Kind  string `json:"kind"`
	Was   string `json:"was"`
	Now   string `json:"now,omitempty"`
	Test  string `json:"test,omitempty"`
}

// testDraft runs a product's tests and says what they see.
func (o *Office) testDraft(edition *Edition, product *rulepack.Product) DraftTests {
	samples := edition.Desk.Samples(edition.Files)
	report := DraftTests{Results: match.RunTests(samples, product), Tests: []TestAnswer{}, Suggested: []rulecheck.Suggestion{}}
	for _, result := range report.Results {
		answer := TestAnswer{Name: result.Name, Passed: result.Passed, Path: result.Path, Line: result.Line}
		if !result.Passed {
			answer.Problem = &result.Problem
		}
		report.Tests = append(report.Tests, answer)
	}
	coverage := rulecheck.CoverProduct(samples, edition.Desk.Library, product)
	report.Complete = coverage.Complete()
	report.Rules = append([]rulecheck.RuleSight{}, coverage.Rules...)
	report.Branches = append([]rulecheck.BranchSight{}, coverage.Branches...)
	report.Boundaries = append([]rulecheck.BoundarySight{}, coverage.Boundaries...)
	return report
}

// TestDraft runs the tests of a draft, with coverage and mutation, and suggests tests for what they do not see. A risk pack
// carries no tests: its rules are tried at their own boundaries, and Mutation says which changes that brings to light.
func (o *Office) TestDraft(ctx context.Context, actor permit.Actor, id string) (DraftTests, error) {
	_, body, err := o.draft(ctx, actor, id, toRead)
	if err != nil {
		return DraftTests{}, err
	}
	if body.Type == PackStress {
		return DraftTests{}, refuse.New(refuse.KindInvalid, "type", "压力情景包没有规则可测试", "a stress pack has no rules to test")
	}
	edition, err := o.Edition(ctx)
	if err != nil {
		return DraftTests{}, err
	}
	made := compileVersion(edition.Desk.Library, body.Type, draftFile, []byte(body.Text))
	if made.err != nil {
		return DraftTests{}, problems(made.err, "/text")
	}
	if body.Type == PackRisk {
		return riskTests(edition.Desk.Library, made.risk, edition.reference(o.Today())), nil
	}
	report := o.testDraft(edition, made.product)
	samples := edition.Desk.Samples(edition.Files)
	score := rulecheck.ScoreProduct(samples, edition.Desk.Library, made.product)
	report.Mutation = &MutationAnswer{Mutants: score.Mutants, Killed: score.Killed, Score: score.Score(), Survivors: []SurvivorAnswer{}}
	for _, survivor := range score.Survivors {
		answer := survivorAnswer(&survivor.Mutant)
		if survivor.Test != nil {
			answer.Test = rulecheck.TestYAML(survivor.Test)
		}
		report.Mutation.Survivors = append(report.Mutation.Survivors, answer)
	}
	if found := rulecheck.Suggestions(samples, edition.Desk.Library, made.product); found != nil {
		report.Suggested = found
	}
	return report, nil
}

func survivorAnswer(mutant *rulecheck.Mutant) SurvivorAnswer {
	return SurvivorAnswer{Place: mutant.Place, Kind: string(mutant.Kind), Was: mutant.Was, Now: mutant.Now}
}

// riskTests are what the boundaries of a risk pack's rules bring to light.
func riskTests(library *rulepack.Library, pack *rulepack.RiskPack, reference *ruleexpr.Facts) DraftTests {
	report := DraftTests{Tests: []TestAnswer{}, Complete: true, Rules: []rulecheck.RuleSight{}, Branches: []rulecheck.BranchSight{}, Boundaries: []rulecheck.BoundarySight{}, Suggested: []rulecheck.Suggestion{}}
	score := rulecheck.ScoreRiskPack(library, pack, reference)
	report.Mutation = &MutationAnswer{Mutants: score.Mutants, Killed: score.Killed, Score: score.Score(), Survivors: []SurvivorAnswer{}}
	for _, survivor := range score.Survivors {
		report.Mutation.Survivors = append(report.Mutation.Survivors, survivorAnswer(&survivor.Mutant))
	}
	return report
}

// reference are facts that do not depend on a case: the parameters of a day, and the first sample's where there is one, so
// that witnesses are complete cases.
func (e *Edition) reference(date time.Time) *ruleexpr.Facts {
	library := e.Desk.Library
	if len(library.Samples) > 0 {
		if need, err := e.Desk.Samples(e.Files)(library.Samples[0], date); err == nil {
			return need.Facts
		}
	}
	facts := library.Vocabulary.NewFacts()
	library.Parameters.At(date, "", nil).SetFacts(facts)
	return facts
}

// textKinds are the kinds of texts by the type of draft.
var textKinds = map[PackType]rulecheck.TextKind{PackProduct: rulecheck.TextProduct, PackRisk: rulecheck.TextRisk, PackStress: rulecheck.TextStress}

// asProblems are the problems of an error; nil where it has none.
func asProblems(err error) document.Problems {
	var found document.Problems
	errors.As(err, &found)
	return found
}
