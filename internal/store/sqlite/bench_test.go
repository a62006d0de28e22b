package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"zutuan/internal/store"
	"zutuan/internal/storetest"
)

// The baseline is what a program without this package would do: database/sql on the same driver with the same
// settings, one table with two indexed columns and the body as JSON, no trail, no hashes, no checks.

// benchBody has about 500 bytes, like the documents on which the databases were compared.
type benchBody struct {
	Amount string   `json:"amount"`
	Lines  []string `json:"lines"`
	Name   string   `json:"name"`
	Status string   `json:"status"`
}

func newBenchBody(i int) benchBody {
	return benchBody{Amount: fmt.Sprintf("%d.00", i), Name: "凭祥边境经济合作区", Status: "draft",
		Lines: []string{"土地一级开发与场地平整", "标准厂房与配套道路", "污水处理与供热管网", "边民互市交易场所", "产业集群公共服务平台", "口岸查验设施改造提升", "保障性住房与人才公寓", "数字园区与信息基础设施"}}
}

var benchChange = store.Change{Who: "张三", Action: "edit"}

func benchDraft(b *testing.B, i int) store.Draft {
	text, err := store.Canonical(newBenchBody(i))
	if err != nil {
		b.Fatal(err)
	}
	return store.Draft{Kind: "note", ID: fmt.Sprintf("n%08d", i), Region: "451481", Body: text, Fields: store.Fields{"status": store.Text("draft")}}
}

func benchStore(b *testing.B) (store.Store, string) {
	path := filepath.Join(b.TempDir(), "bench.db")
	return file(path).Open(b, storetest.Kinds(), time.Now, nil), path
}

func benchRaw(b *testing.B) *sql.DB {
	db, err := open(filepath.Join(b.TempDir(), "raw.db"), "immediate", 1)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	for _, statement := range []string{`CREATE TABLE doc (id TEXT PRIMARY KEY, status TEXT, amount INTEGER, body TEXT)`, `CREATE INDEX by_amount ON doc (status, amount, id)`, `CREATE INDEX by_status ON doc (status, id)`} {
		if _, err := db.Exec(statement); err != nil {
			b.Fatal(err)
		}
	}
	return db
}

func BenchmarkInsert(b *testing.B) {
	b.Run("store", func(b *testing.B) {
		s, _ := benchStore(b)
		b.ResetTimer()
		for i := range b.N {
			if _, err := s.Create(context.Background(), benchDraft(b, i), benchChange); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("raw", func(b *testing.B) {
		db := benchRaw(b)
		b.ResetTimer()
		for i := range b.N {
			insertRaw(b, db, i)
		}
	})
}

func insertRaw(b *testing.B, db *sql.DB, i int) {
	text, err := json.Marshal(newBenchBody(i))
	if err == nil {
		_, err = db.Exec(`INSERT INTO doc VALUES (?, ?, ?, ?)`, fmt.Sprintf("n%08d", i), "draft", i, string(text))
	}
	if err != nil {
		b.Fatal(err)
	}
}

func BenchmarkUpdate(b *testing.B) {
	s, _ := benchStore(b)
	draft := benchDraft(b, 0)
	if _, err := s.Create(context.Background(), draft, benchChange); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for i := range b.N {
		if _, err := s.Update(context.Background(), "note", draft.ID, 0, benchChange, func(r store.Record) (store.Draft, error) {
			next := r.Draft()
			var err error
			next.Body, err = store.Canonical(newBenchBody(i))
			return next, err
		}); err != nil {
			b.Fatal(err)
		}
	}
}

// seed multiplies one record behind the store: lists do not look at trails.
func seed(b *testing.B, path string, s store.Store, count int) {
	if _, err := s.Create(context.Background(), benchDraft(b, 0), benchChange); err != nil {
		b.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(`WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < ? - 1)
		INSERT INTO record_note (id, version, region, created, updated, seq, head, fields, body)
		SELECT printf('n%08d', i), version, region, created, updated + i, seq + i, head, json_set(fields, '$.amount', i), body FROM c, record_note WHERE id = 'n00000000'`, count); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkGet(b *testing.B) {
	const count = 10_000
	b.Run("store", func(b *testing.B) {
		s, path := benchStore(b)
		seed(b, path, s, count)
		b.ResetTimer()
		for i := range b.N {
			record, err := s.Get(context.Background(), "note", fmt.Sprintf("n%08d", i*7919%count))
			var body benchBody
			if err == nil {
				err = json.Unmarshal(record.Body, &body)
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("raw", func(b *testing.B) {
		db := benchRaw(b)
		seedRaw(b, db, count)
		b.ResetTimer()
		for i := range b.N {
			var text []byte
			err := db.QueryRow(`SELECT body FROM doc WHERE id = ?`, fmt.Sprintf("n%08d", i*7919%count)).Scan(&text)
			var body benchBody
			if err == nil {
				err = json.Unmarshal(text, &body)
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}

func seedRaw(b *testing.B, db *sql.DB, count int) {
	insertRaw(b, db, 0)
	if _, err := db.Exec(`WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < ? - 1) INSERT INTO doc SELECT printf('n%08d', i), status, i, body FROM c, doc WHERE id = 'n00000000'`, count); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkList reads a page of twenty from the middle of the order.
func BenchmarkList(b *testing.B) {
	for _, count := range []int{1_000, 100_000} {
		b.Run(fmt.Sprintf("store of %d", count), func(b *testing.B) {
			s, path := benchStore(b)
			seed(b, path, s, count)
			regions := make([]string, 20)
			for i := range regions {
				regions[i] = fmt.Sprint(451475 + i)
			}
			for _, test := range []struct {
				name  string
				query store.Query
			}{
				{"one status by amount", store.Query{Kind: "note", Sort: "amount", Limit: 20, Where: []store.Filter{store.Equal("status", store.Text("draft"))}}},
				{"twenty regions by time", store.Query{Kind: "note", Sort: "updated", Descending: true, Limit: 20, Where: []store.Filter{store.Regions(regions)}}},
				{"without bodies", store.Query{Kind: "note", Sort: "amount", Limit: 20, WithoutBody: true, Where: []store.Filter{store.Equal("status", store.Text("draft"))}}},
			} {
				b.Run(test.name, func(b *testing.B) { benchList(b, s, test.query, count/2) })
			}
		})
		b.Run(fmt.Sprintf("raw of %d", count), func(b *testing.B) {
			db := benchRaw(b)
			seedRaw(b, db, count)
			b.ResetTimer()
			for range b.N {
				listRaw(b, db, count/2)
			}
		})
	}
}

// benchList pages to the middle in long pages first, so that the cursor measured stands there.
func benchList(b *testing.B, s store.Store, query store.Query, middle int) {
	skip := query
	skip.Limit, skip.WithoutBody = 500, true
	for skipped := 0; skipped < middle; skipped += skip.Limit {
		page, err := s.List(context.Background(), skip)
		if err != nil {
			b.Fatal(err)
		}
		skip.After = page.Next
	}
	query.After = skip.After
	b.ResetTimer()
	for range b.N {
		page, err := s.List(context.Background(), query)
		if err != nil || len(page.Records) != query.Limit {
			b.Fatalf("%d records, %v", len(page.Records), err)
		}
	}
}

func listRaw(b *testing.B, db *sql.DB, from int) {
	rows, err := db.Query(`SELECT id, status, amount, body FROM doc WHERE status = 'draft' AND (amount, id) > (?, '') ORDER BY amount, id LIMIT 20`, from)
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, status string
		var amount int64
		var text []byte
		if err := rows.Scan(&id, &status, &amount, &text); err != nil {
			b.Fatal(err)
		}
	}
}
