package main

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"zutuan/internal/office"
	"zutuan/internal/permit"
	"zutuan/internal/store"
	"zutuan/internal/store/sqlite"
	"zutuan/rules"
)

// filled is a data file with the samples handed in and one of them matched; the id is that of the match.
func filled(t *testing.T) (path, match string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "zutuan.db")
	records, err := sqlite.Open(t.Context(), sqlite.Config{Path: path, Kinds: store.Kinds(), Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer records.Close()
	desk, err := office.Open(t.Context(), office.Config{Store: records, Rules: rules.FS, Clock: frozen})
	if err != nil {
		t.Fatal(err)
	}
	system := permit.SystemActor("test")
	if err := desk.InstallSamples(t.Context(), func(string) permit.Actor { return system }); err != nil {
		t.Fatal(err)
	}
	page, err := desk.ListRequirements(t.Context(), system, office.RequirementFilter{Region: "GX-PX"}, office.Paging{Limit: 1})
	if err != nil || len(page.Items) != 1 {
		t.Fatalf("%v, %v", page, err)
	}
	made, err := desk.MatchRequirement(t.Context(), system, page.Items[0].ID, time.Time{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return path, made.ID
}

// ok runs a command that must succeed and returns its answer.
func ok(t *testing.T, args ...string) string {
	t.Helper()
	stdout, stderr, code := zutuan(t, args...)
	if code != exitOK {
		t.Fatalf("%v: exit %d: %s", args, code, stderr)
	}
	return stdout
}

// refused runs a command that must be refused with a text.
func refused(t *testing.T, text string, args ...string) {
	t.Helper()
	stdout, stderr, code := zutuan(t, args...)
	if code != exitBadInput || !strings.Contains(stderr, text) || strings.Contains(stdout, "goroutine") {
		t.Errorf("%v: exit %d, stderr %q; want %q in it", args, code, stderr, text)
	}
}

func TestEverythingMovesToAnotherDatabaseAndBack(t *testing.T) {
	path, match := filled(t)
	folder := t.TempDir()
	export, again := filepath.Join(folder, "all.jsonl"), filepath.Join(folder, "again.jsonl")
	ok(t, "export", export, "--data", path)
	moved := filepath.Join(folder, "new", "moved.db")
	ok(t, "import", export, "--data", moved)
	if here, there := ok(t, "verify", "--data", path), ok(t, "verify", "--data", moved); here != there {
		t.Errorf("the records moved as\n%s\nfrom\n%s", there, here)
	}
	ok(t, "export", again, "--data", moved)
	first, err := os.ReadFile(export)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := os.ReadFile(again); err != nil || string(first) != string(second) {
		t.Errorf("exporting what was imported gives other bytes, %v", err)
	}
	if answer := ok(t, "replay", match, "--data", moved); !strings.Contains(answer, "逐字节一致") {
		t.Errorf("the match in the new place comes out as %s", answer)
	}
	refused(t, "已存在", "export", export, "--data", path)
}

func TestABackupIsAWholeDatabase(t *testing.T) {
	path, match := filled(t)
	copied := filepath.Join(t.TempDir(), "backup.db")
	if told, verified := ok(t, "backup", copied, "--data", path), ok(t, "verify", "--data", copied); told != verified {
		t.Errorf("the backup is %s, it was told as %s", verified, told)
	}
	ok(t, "replay", match, "--data", copied)
}

func TestAChangedByteIsFoundByTheNameOfItsRecord(t *testing.T) {
	path, _ := filled(t)
	database, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	result, err := database.ExecContext(context.Background(), `UPDATE record_ledger SET body = replace(body, '1200000000.00', '1200000000.01') WHERE id = 'GX-PX'`)
	if err != nil {
		t.Fatal(err)
	}
	if changed, _ := result.RowsAffected(); changed != 1 {
		t.Fatalf("%d records were changed", changed)
	}
	if err := database.Close(); err != nil {
		t.Fatal(err)
	}
	refused(t, "ledger GX-PX", "verify", "--data", path)
}

func TestDatabaseCommandsSayWhatIsMissing(t *testing.T) {
	nowhere := filepath.Join(t.TempDir(), "nowhere.db")
	path, _ := filled(t)
	for name, args := range map[string][]string{
		"没有数据文件":      {"verify", "--data", nowhere},
		"文件不存在":       {"import", nowhere, "--data", filepath.Join(t.TempDir(), "x.db")},
		"没有编号为":       {"replay", "m_0000", "--data", path},
		"请给出匹配或评估":    {"replay", "--data", path},
		"verify 不带文件": {"verify", "x", "--data", path},
		"--log 应为":    {"serve", "--log", "xml", "--data", nowhere},
		"serve 不带文件":  {"serve", "x", "--data", nowhere},
	} {
		t.Run(name, func(t *testing.T) { refused(t, name, args...) })
	}
	if _, err := os.Stat(nowhere); err == nil {
		t.Error("a refused command made the data file")
	}
}
