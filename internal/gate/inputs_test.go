package gate

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func someInputs() Inputs {
	return Inputs{
		Requirement: Input{ID: "req_1", Version: 3, Digest: "aa"}, Plan: Input{ID: "plan_1", Version: 2, Digest: "bb"}, Ledger: Input{ID: "GX-PX", Version: 1, Digest: "cc"},
		Products:   []Input{{ID: "x", Version: 2, Digest: "d2"}, {ID: "a", Version: 10, Digest: "d1"}},
		Packs:      []Input{{ID: "cn", Version: 1, Digest: "ee"}},
		Parameters: []Setting{{ID: "dscr", Value: "1.3"}},
		Market:     []Setting{{ID: "lpr_5y", Value: "0.035"}},
	}
}

// The hash was computed apart from this program, from the format that Hash describes:
//
//	python3 -c 'import hashlib
//	p = lambda n, v: f"{n}:{len(v.encode())}:{v}\n"
//	i = lambda n, a, b, c: p(n, a) + p("version", b) + p("digest", c)
//	s = "zutuan inputs 1\n" + i("requirement","req_1","3","aa") + i("plan","plan_1","2","bb") + i("ledger","GX-PX","1","cc") + i("fiscal","","0","")
//	s += i("product","a","10","d1") + i("product","x","2","d2") + i("pack","cn","1","ee")
//	s += p("parameter","dscr") + p("value","1.3") + p("market","lpr_5y") + p("value","0.035")
//	print(hashlib.sha256(s.encode()).hexdigest())'
const someHash = "bd9a51f5f3cb40bae5453ba30afabf6704939f1d12ce338e1fa24895acc6ac08"

func TestHashIsThatOfItsFormat(t *testing.T) {
	if got := someInputs().Hash(); got != someHash {
		t.Errorf("got %s", got)
	}
}

func TestDifferencesNameWhatChanged(t *testing.T) {
	cases := []struct {
		name       string
		change     func(*Inputs)
		zh, en     string
		kind       string
		numChanges int
	}{
		{"a new version of the requirement", func(in *Inputs) { in.Requirement = Input{ID: "req_1", Version: 4, Digest: "a4"} }, "资金需求 req_1：v3 → v4", "requirement req_1: v3 → v4", "requirement", 1},
		{"the same version with other content", func(in *Inputs) { in.Requirement.Digest = "ab" }, "资金需求 req_1：v3 aa → v3 ab", "requirement req_1: v3 aa → v3 ab", "requirement", 1},
		{"the ledger went", func(in *Inputs) { in.Ledger = Input{} }, "存量债务台账 GX-PX：不再使用（原为 v1）", "ledger GX-PX: no longer there (was v1)", "ledger", 1},
		{"a fiscal profile came", func(in *Inputs) { in.Fiscal = Input{ID: "GX-PX/2025", Version: 1, Digest: "f"} }, "财政概况 GX-PX/2025：新增（v1）", "fiscal profile GX-PX/2025: new (v1)", "fiscal", 1},
		{"a product has a new version", func(in *Inputs) { in.Products[0] = Input{ID: "x", Version: 3, Digest: "d3"} }, "产品 x：@2 → @3", "product x: @2 → @3", "product", 1},
		{"a pack has a new version", func(in *Inputs) { in.Packs[0].Version = 2 }, "规则包 cn：@1 → @2", "pack cn: @1 → @2", "pack", 1},
		{"a parameter changed", func(in *Inputs) { in.Parameters[0].Value = "1.25" }, "参数 dscr：1.3 → 1.25", "parameter dscr: 1.3 → 1.25", "parameter", 1},
		{"a market series changed", func(in *Inputs) { in.Market[0].Value = "0.0345" }, "市场数据 lpr_5y：0.035 → 0.0345", "market series lpr_5y: 0.035 → 0.0345", "market", 1},
		{"an override came", func(in *Inputs) { in.Overrides = []Setting{{"dscr", "1.2"}} }, "地方参数 dscr：新增（1.2）", "regional override dscr: new (1.2)", "override", 1},
		{"the province left the list", func(in *Inputs) { in.Memberships = []Setting{{"key_provinces/GX", "false"}} }, "名单 key_provinces/GX：新增（false）", "list membership key_provinces/GX: new (false)", "membership", 1},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			before, after := someInputs(), someInputs()
			test.change(&after)
			changes := Differences(before, after)
			if len(changes) != test.numChanges || changes[0].ZH != test.zh || changes[0].EN != test.en || changes[0].Kind != test.kind {
				t.Errorf("got %+v", changes)
			}
			if before.Hash() == after.Hash() {
				t.Error("the hash does not tell them apart")
			}
		})
	}
}

func genInputs() *rapid.Generator[Inputs] {
	// Few words, so that equal inputs, shared ids and texts that could run into one another come up often.
	word := rapid.SampledFrom([]string{"", "a", "b", "1", "a:1:b", "a\n", "value:1:a"})
	input := rapid.Custom(func(t *rapid.T) Input {
		return Input{ID: word.Draw(t, "id"), Version: rapid.Int64Range(0, 2).Draw(t, "version"), Digest: word.Draw(t, "digest")}
	})
	setting := rapid.Custom(func(t *rapid.T) Setting { return Setting{ID: word.Draw(t, "id"), Value: word.Draw(t, "value")} })
	inputs, settings := rapid.SliceOfN(input, 0, 2), rapid.SliceOfN(setting, 0, 2)
	return rapid.Custom(func(t *rapid.T) Inputs {
		return Inputs{Requirement: input.Draw(t, "requirement"), Plan: input.Draw(t, "plan"), Ledger: input.Draw(t, "ledger"), Fiscal: input.Draw(t, "fiscal"),
			Products: inputs.Draw(t, "products"), Packs: inputs.Draw(t, "packs"), References: inputs.Draw(t, "references"),
			Parameters: settings.Draw(t, "parameters"), Market: settings.Draw(t, "market"), Overrides: settings.Draw(t, "overrides"), Memberships: settings.Draw(t, "memberships")}
	})
}

// asSets compares inputs as sets by membership, another way than by ordering them.
func asSets(a, b Inputs) bool {
	inputs := func(x, y []Input) bool {
		within := func(x, y []Input) bool {
			return !slices.ContainsFunc(x, func(item Input) bool { return !slices.Contains(y, item) })
		}
		return within(x, y) && within(y, x)
	}
	settings := func(x, y []Setting) bool {
		within := func(x, y []Setting) bool {
			return !slices.ContainsFunc(x, func(item Setting) bool { return !slices.Contains(y, item) })
		}
		return within(x, y) && within(y, x)
	}
	return a.Requirement == b.Requirement && a.Plan == b.Plan && a.Ledger == b.Ledger && a.Fiscal == b.Fiscal &&
		inputs(a.Products, b.Products) && inputs(a.Packs, b.Packs) && inputs(a.References, b.References) &&
		settings(a.Parameters, b.Parameters) && settings(a.Market, b.Market) && settings(a.Overrides, b.Overrides) && settings(a.Memberships, b.Memberships)
}

// Hashes are equal exactly where the inputs are, and exactly there nothing differs. The second inputs are the first with
// at most one part taken from a third, so that near twins come up.
func TestHashAndDifferencesAgreeWithEquality(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, other := genInputs().Draw(t, "a"), genInputs().Draw(t, "other")
		b := a
		left, right := reflect.ValueOf(&b).Elem(), reflect.ValueOf(other)
		if field := rapid.IntRange(0, left.NumField()).Draw(t, "field"); field < left.NumField() {
			left.Field(field).Set(right.Field(field))
		}
		same := asSets(a, b)
		if hashes := a.Hash() == b.Hash(); hashes != same {
			t.Fatalf("equal %v, hashes equal %v", same, hashes)
		}
		changes := Differences(a, b)
		if (len(changes) == 0) != same {
			t.Fatalf("equal %v, differences %+v", same, changes)
		}
		for _, change := range changes {
			if change.ZH == "" || change.EN == "" || change.Kind == "" {
				t.Fatalf("change without a text: %+v", change)
			}
		}
		if len(Differences(b, a)) != len(changes) {
			t.Fatalf("there and back are not as many")
		}
	})
}

func TestOrderAndRepetitionMeanNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := genInputs().Draw(t, "inputs")
		b := a
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		b.Products, b.Parameters = append(slices.Clone(a.Products), a.Products...), append(slices.Clone(a.Parameters), a.Parameters...)
		random.Shuffle(len(b.Products), func(i, j int) { b.Products[i], b.Products[j] = b.Products[j], b.Products[i] })
		random.Shuffle(len(b.Parameters), func(i, j int) { b.Parameters[i], b.Parameters[j] = b.Parameters[j], b.Parameters[i] })
		if a.Hash() != b.Hash() || len(Differences(a, b)) != 0 {
			t.Fatal("order or repetition changed the hash")
		}
	})
}

// The papers of a plan go by their content; a person is not shown digests.
func TestAChangedPaperIsNamedWithoutItsDigests(t *testing.T) {
	before := Inputs{Requirement: Input{ID: "req_1", Digest: "a3"}, Plan: Input{ID: "plan_1", Digest: "b"}}
	after := before
	after.Requirement.Digest = "a4"
	changes := Differences(before, after)
	if len(changes) != 1 || changes[0].ZH != "资金需求 req_1：内容已修改" || changes[0].EN != "requirement req_1: its content was changed" || changes[0].Before != "a3" || changes[0].After != "a4" {
		t.Errorf("%+v", changes)
	}
}
