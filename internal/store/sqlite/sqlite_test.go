package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zutuan/internal/store"
	"zutuan/internal/storetest"
)

func TestContract(t *testing.T) {
	storetest.Run(t, func(t testing.TB) storetest.Database { return file(filepath.Join(t.TempDir(), "test.db")) })
}

// file is one database file.
type file string

func (f file) Open(t testing.TB, kinds []store.Kind, clock func() time.Time, fault store.Fault) store.Store {
	t.Helper()
	s, err := Open(context.Background(), Config{Path: string(f), Kinds: kinds, Clock: clock, Fault: fault})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (f file) BackDoor(t testing.TB) storetest.BackDoor {
	db, err := sql.Open("sqlite", string(f))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return door{t, db}
}

// door writes into the file as any program could.
type door struct {
	t  testing.TB
	db *sql.DB
}

func (d door) exec(statement string, arguments ...any) {
	d.t.Helper()
	result, err := d.db.Exec(statement, arguments...)
	if err != nil {
		d.t.Fatal(err)
	}
	if rows, _ := result.RowsAffected(); rows != 1 {
		d.t.Fatalf("%s %v: %d rows", statement, arguments, rows)
	}
}

func (d door) Body(kind, id string, change func(string) string) {
	var body string
	if err := d.db.QueryRow(`SELECT body FROM record_`+kind+` WHERE id = ?`, id).Scan(&body); err != nil {
		d.t.Fatal(err)
	}
	d.exec(`UPDATE record_`+kind+` SET body = ? WHERE id = ?`, change(body), id)
}

func (d door) Region(kind, id, region string) {
	d.exec(`UPDATE record_`+kind+` SET region = ? WHERE id = ?`, region, id)
}

func (d door) Number(kind, id, field string, value int64) {
	d.exec(`UPDATE record_`+kind+` SET fields = json_set(fields, '$.' || ?, ?) WHERE id = ?`, field, value, id)
}

func (d door) Head(kind, id, head string) {
	d.exec(`UPDATE record_`+kind+` SET head = ? WHERE id = ?`, head, id)
}

func (d door) Entry(kind, id string, version int64, change func(string) string) {
	var entry string
	if err := d.db.QueryRow(`SELECT entry FROM trail WHERE kind = ? AND id = ? AND version = ?`, kind, id, version).Scan(&entry); err != nil {
		d.t.Fatal(err)
	}
	if entry = change(entry); entry == "" {
		d.exec(`DELETE FROM trail WHERE kind = ? AND id = ? AND version = ?`, kind, id, version)
		return
	}
	d.exec(`UPDATE trail SET entry = ? WHERE kind = ? AND id = ? AND version = ?`, entry, kind, id, version)
}

func (d door) Record(kind, id string) { d.exec(`DELETE FROM record_`+kind+` WHERE id = ?`, id) }

// Ensure the kinds of the service can be declared, twice, and an empty store is whole.
func TestServiceKinds(t *testing.T) {
	path := file(filepath.Join(t.TempDir(), "zutuan.db"))
	for range 2 {
		s := path.Open(t, store.Kinds(), storetest.NewClock().Now, nil)
		if report, err := s.Verify(context.Background()); err != nil || report.Records != 0 {
			t.Errorf("%+v, %v", report, err)
		}
	}
}

// Ensure a backup opens as a store of its own, with everything in it.
func TestBackupIsADatabase(t *testing.T) {
	ctx, clock := context.Background(), storetest.NewClock()
	s := file(filepath.Join(t.TempDir(), "a 中?#%.db")).Open(t, storetest.Kinds(), clock.Now, nil)
	storetest.Fill(t, s, clock)
	copied := filepath.Join(t.TempDir(), "backup.db")
	if err := s.Backup(ctx, copied); err != nil {
		t.Fatal(err)
	}
	restored := file(copied).Open(t, storetest.Kinds(), clock.Now, nil)
	if !bytes.Equal(storetest.Export(t, s), storetest.Export(t, restored)) {
		t.Error("the backup exports differently")
	}
}

// Ensure every declared list of the service is answered by its index alone: no sorting, no scan of the table, however
// deep the page.
func TestListsUseTheirIndex(t *testing.T) {
	path := file(filepath.Join(t.TempDir(), "zutuan.db"))
	path.Open(t, store.Kinds(), storetest.NewClock().Now, nil)
	db, err := sql.Open("sqlite", string(path))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, kind := range store.Kinds() {
		for _, fields := range kind.Lists {
			for _, values := range []int{1, 3} {
				for _, descending := range []bool{false, true} {
					search := listSearch(kind, fields, values, descending)
					plan := explain(t, db, kind, search)
					if strings.Contains(plan, "SCAN record_") || (values == 1 && strings.Contains(plan, "TEMP B-TREE")) ||
						!strings.Contains(plan, comparison(kind, fields, search)) {
						t.Errorf("%s by %v, %d values:\n%s", kind.Name, fields, values, plan)
					}
				}
			}
		}
	}
}

// comparison is how the plan tells that equality and the place of the page both bound the index.
func comparison(kind store.Kind, fields []string, search store.Search) string {
	sign := ">"
	if search.Descending {
		sign = "<"
	}
	var parts []string
	for _, field := range fields[:len(fields)-1] {
		parts = append(parts, column(kind, field)+"=?")
	}
	key := column(kind, search.Sort.Name)
	return strings.Join(append(parts, fmt.Sprintf("(%s,id)%s(?,?)", key, sign)), " AND ")
}

func listSearch(kind store.Kind, fields []string, values int, descending bool) store.Search {
	search := store.Search{Limit: 20, Descending: descending}
	search.Sort, _, _ = kind.Column(fields[len(fields)-1])
	search.After = &store.Place{Value: store.Stored(search.Sort.Type, "x", 5), ID: "x"}
	for i, name := range fields[:len(fields)-1] {
		field, _, _ := kind.Column(name)
		filter := store.Filter{Field: name, In: []store.Value{store.Stored(field.Type, "x", 1)}}
		for j := 1; i == 0 && j < values; j++ {
			filter.In = append(filter.In, store.Stored(field.Type, fmt.Sprint(j), int64(j)))
		}
		search.Where = append(search.Where, filter)
	}
	return search
}

func explain(t *testing.T, db *sql.DB, kind store.Kind, search store.Search) string {
	query, arguments := findStatement(kind, search)
	rows, err := db.Query("EXPLAIN QUERY PLAN "+query, arguments...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	var plan []string
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		plan = append(plan, detail)
	}
	return strings.Join(plan, "\n")
}

// Ensure a killed process loses no acknowledged write and leaves no half of one. `make crash-test` kills a thousand.
func TestKilledWriterLosesNothing(t *testing.T) {
	storetest.RunKilled(t, 5, func(t testing.TB) string { return filepath.Join(t.TempDir(), "killed.db") }, func(path string) (store.Store, error) {
		return Open(context.Background(), Config{Path: path, Kinds: storetest.Kinds(), Clock: time.Now})
	})
}

func TestOpenRefusals(t *testing.T) {
	directory := t.TempDir()
	text := filepath.Join(directory, "text.db")
	if err := os.WriteFile(text, []byte(strings.Repeat("not a database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	newer := file(filepath.Join(directory, "newer.db"))
	newer.Open(t, storetest.Kinds(), time.Now, nil)
	door{t, newer.BackDoor(t).(door).db}.exec(`INSERT INTO migration (name) VALUES ('migrations/9999_later.sql')`)
	for _, test := range []struct{ name, path, says string }{
		{"a missing directory", filepath.Join(directory, "missing", "a.db"), "make it first"},
		{"a file that is no database", text, "not a database"},
		{"a file of a newer release", string(newer), "newer release (migrations/9999_later.sql)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Open(context.Background(), Config{Path: test.path, Kinds: storetest.Kinds(), Clock: time.Now})
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, want %q", err, test.says)
			}
		})
	}
	if _, err := Open(context.Background(), Config{Path: string(newer), Kinds: []store.Kind{{Name: "Bad"}}, Clock: time.Now}); err == nil {
		t.Error("a bad kind was taken")
	}
}
