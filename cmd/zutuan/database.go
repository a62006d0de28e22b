package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"zutuan/internal/refuse"
	"zutuan/internal/store"
	"zutuan/internal/store/mongo"
	"zutuan/internal/store/sqlite"
)

// databaseFlags say where the service's records are.
type databaseFlags struct{ data, mongo, name string }

// defaultData is where records are kept where nobody says otherwise.
const defaultData = "zutuan-data/zutuan.db"

func (d *databaseFlags) register(flags *flag.FlagSet) {
	flags.StringVar(&d.data, "data", cmp.Or(os.Getenv("ZUTUAN_DATA"), defaultData), "")
	flags.StringVar(&d.mongo, "mongo", os.Getenv("ZUTUAN_MONGO"), "")
	flags.StringVar(&d.name, "database", cmp.Or(os.Getenv("ZUTUAN_DATABASE"), "zutuan"), "")
}

// open opens the database. fresh allows a file that does not exist yet.
func (d *databaseFlags) open(ctx context.Context, env *environment, fresh bool) (store.Store, error) {
	if d.mongo != "" {
		records, err := mongo.Open(ctx, mongo.Config{URI: d.mongo, Database: d.name, Kinds: store.Kinds(), Clock: env.now})
		if err != nil {
			return nil, usageError{"连不上数据库：" + err.Error(), "the database cannot be reached: " + err.Error()}
		}
		return records, nil
	}
	if _, err := os.Stat(d.data); errors.Is(err, os.ErrNotExist) {
		if !fresh {
			return nil, usageError{"没有数据文件 " + d.data + "；请用 --data 指明，或先运行 zutuan serve", "there is no data file " + d.data + "; name it with --data, or run zutuan serve first"}
		}
		if err := os.MkdirAll(filepath.Dir(d.data), 0o700); err != nil {
			return nil, unreadable(d.data, err)
		}
	}
	records, err := sqlite.Open(ctx, sqlite.Config{Path: d.data, Kinds: store.Kinds(), Clock: env.now})
	if err != nil {
		return nil, usageError{"打不开数据文件：" + err.Error(), "the data file cannot be opened: " + err.Error()}
	}
	return records, nil
}

// withStore opens the database that the flags name, and closes it after the work.
func (e *environment) withStore(database databaseFlags, fresh bool, work func(context.Context, store.Store) error) error {
	ctx, stop := interruptible()
	defer stop()
	records, err := database.open(ctx, e, fresh)
	if err != nil {
		return err
	}
	return errors.Join(e.refusedByStore(work(ctx, records)), records.Close())
}

// refusedByStore tells a refusal of the store in the chosen language.
func (e *environment) refusedByStore(err error) error {
	var refused *store.Error
	if errors.As(err, &refused) {
		place := ""
		if refused.Kind != "" {
			place = refused.Kind + " " + refused.ID + ": "
			if refused.Version > 0 {
				place = fmt.Sprintf("%s %s（%d）: ", refused.Kind, refused.ID, refused.Version)
			}
		}
		return usageError{place + refused.ZH, place + refused.EN}
	}
	var no *refuse.Error
	if errors.As(err, &no) {
		return usageError{no.In("zh"), no.In("en")}
	}
	return err
}

// databaseAndFile reads the arguments of a command that works on a database and one file.
func (e *environment) databaseAndFile(name string, args []string) (database databaseFlags, file string, err error) {
	files, err := e.parse(name, args, database.register)
	if err == nil {
		file, err = oneFile(files, "")
	}
	return database, file, err
}

// exportCommand writes every record with its trail.
func exportCommand(env *environment, args []string) error {
	database, to, err := env.databaseAndFile("export", args)
	if err != nil {
		return err
	}
	return env.withStore(database, false, func(ctx context.Context, records store.Store) error {
		return writeWhole(to, func(w io.Writer) error { return records.Export(ctx, w) })
	})
}

// writeWhole writes a file that is either complete or not there: beside its place first, then moved.
func writeWhole(path string, write func(io.Writer) error) error {
	if _, err := os.Stat(path); err == nil {
		return usageError{path + " 已存在；请换一个文件名", path + " exists already; choose another name"}
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".zutuan-*")
	if err != nil {
		return unreadable(path, err)
	}
	defer os.Remove(file.Name())
	if err := errors.Join(write(file), file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

// importCommand fills an empty database from an export.
func importCommand(env *environment, args []string) error {
	database, from, err := env.databaseAndFile("import", args)
	if err != nil {
		return err
	}
	file, err := os.Open(from)
	if err != nil {
		return unreadable(from, err)
	}
	defer file.Close()
	return env.withStore(database, true, func(ctx context.Context, records store.Store) error { return records.Import(ctx, file) })
}

// backupCommand copies the database while it is in use.
func backupCommand(env *environment, args []string) error {
	database, to, err := env.databaseAndFile("backup", args)
	if err != nil {
		return err
	}
	return env.withStore(database, false, func(ctx context.Context, records store.Store) error {
		if err := records.Backup(ctx, to); err != nil {
			return err
		}
		return env.showRoot(ctx, records)
	})
}

// verifyCommand recomputes every audit chain.
func verifyCommand(env *environment, args []string) error {
	var database databaseFlags
	files, err := env.parse("verify", args, database.register)
	if err != nil {
		return err
	}
	if len(files) > 0 {
		return usageError{"verify 不带文件；请用 --data 或 --mongo 指明数据库", "verify takes no file; name the database with --data or --mongo"}
	}
	return env.withStore(database, false, env.showRoot)
}

// showRoot verifies, and prints the root that is to be kept beside backups.
func (e *environment) showRoot(ctx context.Context, records store.Store) error {
	report, err := records.Verify(ctx)
	if err != nil {
		return err
	}
	if e.json {
		return e.answer(struct {
			Records int64  `json:"records"`
			Entries int64  `json:"entries"`
			Root    string `json:"root"`
		}{report.Records, report.Entries, report.Root})
	}
	e.line(fmt.Sprintf(e.say("审计链完整：%d 条记录，%d 次写入", "every audit chain is whole: %d records, %d writes"), report.Records, report.Entries))
	e.line(e.say("总哈希（请另处保存）：", "root (keep it elsewhere): "), report.Root)
	return nil
}
