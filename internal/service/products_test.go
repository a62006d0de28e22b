package service_test

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"zutuan/internal/gate"
	"zutuan/internal/office"
	"zutuan/internal/rulepack"
	"zutuan/internal/store"
	"zutuan/rules"
)

// threshold is a written decimal or a whole number of quarters at the end of a comparison, which variations move.
var (
	threshold = regexp.MustCompile(`(>=|<=|<) (\d+\.\d\d|\d+)'`)
	idLine    = regexp.MustCompile(`(?m)^id: ([\w-]+)`)
	rateLine  = regexp.MustCompile(`(?m)^  rate: '([^'\n]+)'`)
)

// variedProduct returns a product's text with everything moved a little, the further the higher the round, so that no two
// products answer alike.
func variedProduct(text string, round int) string {
	text, _, _ = strings.Cut(text, "\ntests:")
	text = idLine.ReplaceAllString(text, fmt.Sprintf("id: ${1}-%d", round))
	text = rateLine.ReplaceAllString(text, fmt.Sprintf(`  rate: '${1} + 0.000%d'`, round))
	return threshold.ReplaceAllStringFunc(text, func(found string) string {
		parts := threshold.FindStringSubmatch(found)
		moved := decimal.RequireFromString(parts[2])
		switch {
		case strings.Contains(parts[2], "."):
			moved = moved.Add(decimal.New(int64(round), -2))
		case len(parts[2]) < 4 && len(parts[2]) > 1: // quarters
			moved = moved.Add(decimal.NewFromInt(int64(round)))
		case len(parts[2]) > 4: // yuan
			moved = moved.Mul(decimal.New(int64(100+round), -2))
		}
		return parts[1] + " " + moved.String() + "'"
	})
}

// installProducts writes published versions of varied products into a store until count are in force on a day.
func installProducts(t testing.TB, records store.Store, count int, date time.Time) {
	t.Helper()
	library, err := rulepack.Load(rules.FS)
	if err != nil {
		t.Fatal(err)
	}
	var shipped []*rulepack.Product
	var ids []string
	for _, product := range library.Products {
		if !date.Before(product.From) && (product.To.IsZero() || !date.After(product.To)) {
			shipped = append(shipped, product)
			ids = append(ids, product.ID)
		}
	}
	ids = slices.Compact(ids)
	for round := 1; len(ids) < count; round++ {
		for _, product := range shipped {
			if len(ids) == count {
				break
			}
			text, err := fs.ReadFile(rules.FS, strings.TrimPrefix(filepath.ToSlash(product.File), "rules/"))
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, installProduct(t, records, library, variedProduct(string(text), round)))
		}
	}
}

func installProduct(t testing.TB, records store.Store, library *rulepack.Library, text string) (id string) {
	t.Helper()
	product, err := library.Product("varied.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	body := office.VersionBody{Type: office.PackProduct, Pack: product.ID, Number: 1, Institution: product.Institution, Name: product.Name, Text: text, Digest: product.Digest,
		Status: gate.StatusPublished, EffectiveFrom: product.From.Format(time.DateOnly), Author: "usr_seed", Reason: "test"}
	kept, err := store.Canonical(body)
	if err != nil {
		t.Fatal(err)
	}
	draft := store.Draft{Kind: store.KindProductVersion, ID: product.ID + "@1", Body: kept, Fields: store.Fields{"product": store.Text(product.ID), "institution": store.Text(product.Institution),
		"status": store.Text(string(body.Status)), "author": store.Text(body.Author), "effective_from": store.Time(product.From)}}
	if _, err := records.Create(context.Background(), draft, store.Change{Who: "usr_seed", Action: "publish"}); err != nil {
		t.Fatal(err)
	}
	return product.ID
}
