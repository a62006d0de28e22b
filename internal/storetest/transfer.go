package storetest

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zutuan/internal/store"
)

// Fill writes records of every kind and sort into a store, one of them with a long trail.
func Fill(t testing.TB, s store.Store, clock *Clock) {
	t.Helper()
	ctx := context.Background()
	fill(t, s, clock, 30)
	for range longTrail {
		clock.Add(time.Second)
		update(t, s, name(3))
	}
	create(t, s, store.Draft{Kind: "fact", ID: "中 <&> \u2028", Body: []byte(`{"a":"<&>","b":"\u2028\\","c":[]}`), Fields: store.Fields{"subject": store.Text(`"\`)}})
	create(t, s, store.Draft{Kind: "ticket", ID: "t", Body: []byte(`null`)})
	if _, err := s.Update(ctx, "ticket", "t", 1, by, func(r store.Record) (store.Draft, error) { return r.Draft(), nil }); err != nil {
		t.Fatal(err)
	}
	create(t, s, store.Draft{Kind: "pass", ID: "p", Body: []byte(`0`), Fields: store.Fields{"secret": store.Text("密")}})
}

// Export is a store's export.
func Export(t testing.TB, s store.Store) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := s.Export(context.Background(), &out); err != nil {
		t.Fatalf("export: %v", err)
	}
	return out.Bytes()
}

// testExport writes an export back into the database from which its records were removed, which is as good as another
// one; the adapters' tests do the same from one database to the other.
func testExport(t *testing.T, db Database) {
	ctx, clock := context.Background(), NewClock()
	s := open(t, db, clock)
	Fill(t, s, clock)
	report := verify(t, s)
	text := Export(t, s)
	if again := Export(t, s); !bytes.Equal(text, again) {
		t.Fatal("two exports of one state differ")
	}
	// Importing into the same store finds everything there.
	if err := s.Import(ctx, bytes.NewReader(text)); err != nil {
		t.Fatalf("import over the same records: %v", err)
	}
	// An older export does not undo what was written since.
	update(t, s, name(3))
	want(t, s.Import(ctx, bytes.NewReader(text)), store.ErrExists)
	if after := verify(t, s); after.Root == report.Root {
		t.Error("another state has the same root")
	}
}

func testDamagedExport(t *testing.T, db Database) {
	ctx, clock := context.Background(), NewClock()
	s := open(t, db, clock)
	create(t, s, note(t, "a", 1))
	update(t, s, "a")
	create(t, s, note(t, "b", 1))
	text := string(Export(t, s))
	lines := strings.SplitAfter(strings.TrimSuffix(text, "\n"), "\n")
	for _, test := range []struct{ name, text string }{
		{"nothing", ""},
		{"another format", `{"export":"zutuan export 0"}` + "\n"},
		{"the last line is missing", strings.Join(lines[:len(lines)-1], "")},
		{"a record is missing", lines[0] + lines[2] + lines[3] + "\n"},
		{"records in another order", lines[0] + lines[2] + lines[1] + lines[3] + "\n"},
		{"another body", strings.Replace(text, `{"n":2}`, `{"n":3}`, 1)},
		{"another region", strings.Replace(text, `"region":""`, `"region":"451481"`, 1)},
		{"another reason", strings.Replace(text, "测试", "测验", 1)},
		{"an unknown kind", strings.Replace(text, `"kind":"note"`, `"kind":"nothing"`, 1)},
		{"a line that is no record", lines[0] + "{\n" + lines[3] + "\n"},
		{"a cut line", text[:len(text)-5]},
	} {
		t.Run(test.name, func(t *testing.T) {
			var told *store.Error
			if err := s.Import(ctx, strings.NewReader(test.text)); !errors.As(err, &told) {
				t.Errorf("got %v, want a refusal", err)
			}
		})
	}
	if got := string(Export(t, s)); got != text {
		t.Error("a refused import changed something")
	}
}

func testBackup(t *testing.T, db Database) {
	ctx, clock := context.Background(), NewClock()
	s := open(t, db, clock)
	Fill(t, s, clock)
	path := filepath.Join(t.TempDir(), "backup")
	done := make(chan error, 1)
	go func() {
		for i := range 10 {
			if _, err := s.Create(ctx, note(t, "meanwhile"+name(i), i), by); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	if err := s.Backup(ctx, path); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() == 0 {
		t.Errorf("no backup: %v", err)
	}
	if err := s.Backup(ctx, path); err == nil {
		t.Error("a backup overwrote another")
	}
}
