package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"zutuan/internal/rulecheck"
	"zutuan/internal/rulepack"
	"zutuan/internal/textview"
)

// rulesSubcommands are the words after rules that take arguments of their own.
var rulesSubcommands = map[string]func(*environment, []string) error{"diff": diffRules, "basis": basisRules, "table": tableRules}

// readProduct compiles a product file against the library.
func readProduct(library *rulepack.Library, path string) (*rulepack.Product, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return library.Product(filepath.ToSlash(path), data)
}

// diffRules says in words what differs between two versions of a product.
func diffRules(env *environment, words []string) error {
	if len(words) != 2 {
		return usageError{"应写成 zutuan rules diff 旧.yaml 新.yaml", "write zutuan rules diff OLD.yaml NEW.yaml"}
	}
	library, err := env.library()
	if err != nil {
		return err
	}
	before, err := readProduct(library, words[0])
	if err != nil {
		return err
	}
	after, err := readProduct(library, words[1])
	if err != nil {
		return err
	}
	changes := rulecheck.Diff(before, after)
	if env.json {
		return env.answer(struct {
			Changes []rulecheck.Change `json:"changes"`
		}{append([]rulecheck.Change{}, changes...)})
	}
	marks := map[rulecheck.ChangeKind]string{rulecheck.ChangeAdded: "+ ", rulecheck.ChangeRemoved: "− ", rulecheck.ChangeChanged: "~ "}
	tones := map[rulecheck.ChangeKind]textview.Tone{rulecheck.ChangeAdded: textview.Good, rulecheck.ChangeRemoved: textview.Bad, rulecheck.ChangeChanged: textview.Warn}
	for _, change := range changes {
		env.line(env.style.Paint(tones[change.Kind], marks[change.Kind]), env.style.Paint(textview.Faint, change.Place), "  ", change.Text.In(env.language))
	}
	env.line(fmt.Sprintf(env.say("共 %d 处不同", "%d differences"), len(changes)))
	return nil
}

// basisRules says what rests on a document; without one, which repealed documents something still rests on.
func basisRules(env *environment, words []string) error {
	library, err := env.library()
	if err != nil {
		return err
	}
	var uses []rulecheck.DocumentUse
	if len(words) == 0 {
		uses = rulecheck.RepealedUses(library)
	}
	for _, id := range words {
		use, nearest, found := rulecheck.UsesOf(library, id)
		if !found {
			zh, en := "", ""
			if len(nearest) > 0 {
				list := strings.Join(nearest, "、")
				zh, en = "，是否想写 "+list+"？", "; did you mean "+list+"?"
			}
			return usageError{"documents.yaml 里没有文件 " + id + zh, "documents.yaml has no document " + id + en}
		}
		uses = append(uses, use)
	}
	if env.json {
		return env.answer(toBasisAnswers(uses))
	}
	for i := range uses {
		showUse(env, &uses[i])
	}
	if len(words) == 0 {
		env.line(fmt.Sprintf(env.say("已废止而仍被引用的文件 %d 个", "%d repealed documents are still relied on"), len(uses)))
	}
	return nil
}

// basisAnswer is a document with what rests on it, as JSON.
type basisAnswer struct {
	ID         string                `json:"id"`
	Title      string                `json:"title"`
	Status     string                `json:"status"`
	Dependents []rulecheck.Dependent `json:"dependents"`
}

func toBasisAnswers(uses []rulecheck.DocumentUse) []basisAnswer {
	out := []basisAnswer{}
	for _, use := range uses {
		out = append(out, basisAnswer{use.Document.ID, use.Document.Title, use.Document.Status, append([]rulecheck.Dependent{}, use.Dependents...)})
	}
	return out
}

func showUse(env *environment, use *rulecheck.DocumentUse) {
	env.title(use.Document.ID + "  " + use.Document.Title)
	if use.Document.Status == "repealed" {
		env.line(env.style.Paint(textview.Bad, env.say("已废止：下列规则和参数须改用现行依据", "repealed: the rules and parameters below need a basis that is in force")))
	}
	for _, dependent := range use.Dependents {
		name := dependent.ID
		if dependent.Pack != "" {
			name = dependent.Pack + " · " + name
		}
		detail := dependent.Basis
		if dependent.Value != "" {
			detail = dependent.Value + "（" + dependent.From + " – " + dependent.To + "）" + detail
		}
		if dependent.Via != "" {
			detail = env.say("经参数 ", "through ") + dependent.Via
		}
		env.line("  ", name, "  ", env.style.Paint(textview.Faint, detail), "  ", dependent.Name.In(env.language))
	}
	env.line(fmt.Sprintf(env.say("共 %d 处", "%d in all"), len(use.Dependents)))
}
