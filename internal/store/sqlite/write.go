package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"zutuan/internal/store"
)

// inWrite runs steps in one write transaction. It commits only when every step succeeded.
func (e *engine) inWrite(ctx context.Context, doing string, kind store.Kind, steps func(*sql.Tx) error) error {
	tx, err := e.write.BeginTx(ctx, nil)
	if err != nil {
		return wrap(doing, kind, err)
	}
	defer func() { _ = tx.Rollback() }()
	if err := e.fault.At(store.StepBegun); err != nil {
		return err
	}
	if err := steps(tx); err != nil {
		return wrap(doing, kind, err)
	}
	if err := e.fault.At(store.StepTrail); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return wrap(doing, kind, err)
	}
	return e.fault.At(store.StepWritten)
}

// nextSeq is one above the largest place in the feed. The write lock is held, so no other writer can take the same and
// a reader sees places in the order in which they were taken. Perishable kinds have no feed.
func nextSeq(kind store.Kind) string {
	if kind.Perishable {
		return "0"
	}
	return `(SELECT coalesce(max(seq), 0) + 1 FROM ` + table(kind) + `)`
}

func (e *engine) Insert(ctx context.Context, kind store.Kind, record store.Record, entry []byte) (seq int64, err error) {
	err = e.inWrite(ctx, "create", kind, func(tx *sql.Tx) error {
		fields, err := record.Fields.MarshalJSON()
		if err != nil {
			return err
		}
		statement := fmt.Sprintf(`INSERT INTO %s (id, version, region, created, updated, seq, head, fields, body) VALUES (?, ?, ?, ?, ?, %s, ?, ?, ?) RETURNING seq`, table(kind), nextSeq(kind))
		err = tx.QueryRowContext(ctx, statement, record.ID, record.Version, record.Region, record.Created.UnixMilli(), record.Updated.UnixMilli(),
			record.Head, string(fields), string(record.Body)).Scan(&seq)
		if isUnique(err) {
			return whichUnique(ctx, tx, kind, record, true)
		}
		if err != nil {
			return err
		}
		if err := e.fault.At(store.StepRecord); err != nil {
			return err
		}
		return appendEntry(ctx, tx, kind, record.ID, record.Version, entry)
	})
	return seq, err
}

func appendEntry(ctx context.Context, tx *sql.Tx, kind store.Kind, id string, version int64, entry []byte) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO trail (kind, id, version, entry) VALUES (?, ?, ?, ?)`, kind.Name, id, version, string(entry))
	return err
}

// whichUnique finds out, in the same transaction, what a refused row collided with.
func whichUnique(ctx context.Context, tx *sql.Tx, kind store.Kind, record store.Record, created bool) error {
	if created {
		switch err := tx.QueryRowContext(ctx, `SELECT id FROM `+table(kind)+` WHERE id = ?`, record.ID).Scan(new(string)); {
		case err == nil:
			return store.Exists(kind.Name, record.ID)
		case !errors.Is(err, sql.ErrNoRows):
			return err
		}
	}
	for _, field := range kind.Uniques() {
		var other string
		err := tx.QueryRowContext(ctx, fmt.Sprintf(`SELECT id FROM %s WHERE %s = ? AND id <> ?`, table(kind), column(kind, field.Name)),
			record.Fields[field.Name].Text(), record.ID).Scan(&other)
		if err == nil && !record.Fields[field.Name].IsZero() {
			return store.Duplicate(kind.Name, record.ID, field.Name)
		}
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
	}
	return errors.New("a unique index refused the row, and no other row has its values; check the file with `PRAGMA integrity_check`")
}

func (e *engine) Replace(ctx context.Context, kind store.Kind, record store.Record, entry []byte, expected int64) (seq int64, err error) {
	err = e.inWrite(ctx, "update", kind, func(tx *sql.Tx) error {
		fields, err := record.Fields.MarshalJSON()
		if err != nil {
			return err
		}
		statement := fmt.Sprintf(`UPDATE %s SET version = ?, region = ?, updated = ?, seq = %s, head = ?, fields = ?, body = ? WHERE id = ? AND version = ? RETURNING seq`, table(kind), nextSeq(kind))
		err = tx.QueryRowContext(ctx, statement, record.Version, record.Region, record.Updated.UnixMilli(), record.Head, string(fields), string(record.Body), record.ID, expected).Scan(&seq)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return overtaken(ctx, tx, kind, record.ID)
		case isUnique(err):
			return whichUnique(ctx, tx, kind, record, false)
		case err != nil:
			return err
		}
		if err := e.fault.At(store.StepRecord); err != nil {
			return err
		}
		if kind.Brief {
			if _, err := tx.ExecContext(ctx, `DELETE FROM trail WHERE kind = ? AND id = ?`, kind.Name, record.ID); err != nil {
				return err
			}
		}
		return appendEntry(ctx, tx, kind, record.ID, record.Version, entry)
	})
	return seq, err
}

// overtaken tells a changed record from one that is gone.
func overtaken(ctx context.Context, tx *sql.Tx, kind store.Kind, id string) error {
	var current int64
	err := tx.QueryRowContext(ctx, `SELECT version FROM `+table(kind)+` WHERE id = ?`, id).Scan(&current)
	if errors.Is(err, sql.ErrNoRows) {
		return store.NotFound(kind.Name, id)
	}
	if err != nil {
		return err
	}
	return store.Conflict(kind.Name, id, current)
}

func (e *engine) Remove(ctx context.Context, kind store.Kind, id string, expected int64) error {
	return e.inWrite(ctx, "delete", kind, func(tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, `DELETE FROM `+table(kind)+` WHERE id = ? AND version = ?`, id, expected)
		if err != nil {
			return err
		}
		rows, err := result.RowsAffected()
		if err != nil {
			return err
		}
		if rows == 0 {
			return overtaken(ctx, tx, kind, id)
		}
		if err := e.fault.At(store.StepRecord); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM trail WHERE kind = ? AND id = ?`, kind.Name, id)
		return err
	})
}

// Restore writes a batch in one transaction.
func (e *engine) Restore(ctx context.Context, kind store.Kind, wholes []store.Whole) error {
	return e.inWrite(ctx, "import", kind, func(tx *sql.Tx) error {
		for _, whole := range wholes {
			if err := restore(ctx, tx, kind, whole); err != nil {
				return err
			}
			if err := e.fault.At(store.StepRecord); err != nil {
				return err
			}
		}
		return nil
	})
}

func restore(ctx context.Context, tx *sql.Tx, kind store.Kind, whole store.Whole) error {
	r := whole.Record
	old, err := reader{tx}.whole(ctx, kind, r.ID)
	switch {
	case err == nil:
		same, follows := old.Follows(whole)
		if same {
			return nil
		}
		if !follows {
			return store.Exists(kind.Name, r.ID)
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM `+table(kind)+` WHERE id = ?`, r.ID); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM trail WHERE kind = ? AND id = ?`, kind.Name, r.ID); err != nil {
			return err
		}
	case !errors.Is(err, store.ErrNotFound):
		return err
	}
	fields, err := r.Fields.MarshalJSON()
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO `+table(kind)+` (id, version, region, created, updated, seq, head, fields, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		r.ID, r.Version, r.Region, r.Created.UnixMilli(), r.Updated.UnixMilli(), r.Seq, r.Head, string(fields), string(r.Body))
	if isUnique(err) {
		return store.Exists(kind.Name, r.ID)
	}
	if err != nil {
		return err
	}
	first := r.Version - int64(len(whole.Trail)) + 1
	for i, entry := range whole.Trail {
		if err := appendEntry(ctx, tx, kind, r.ID, first+int64(i), entry); err != nil {
			return err
		}
	}
	return nil
}

// leases is the name under which errors about leases are told.
var leases = store.Kind{Name: "lease"}

func (e *engine) Lease(ctx context.Context, name string) (store.Lease, bool, error) {
	lease := store.Lease{Name: name}
	var expires int64
	err := e.read.QueryRowContext(ctx, `SELECT owner, token, expires, generation FROM lease WHERE name = ?`, name).Scan(&lease.Owner, &lease.Token, &expires, &lease.Generation)
	if errors.Is(err, sql.ErrNoRows) {
		return store.Lease{}, false, nil
	}
	lease.Expires = time.UnixMilli(expires).UTC()
	return lease, err == nil, wrap("read", leases, err)
}

func (e *engine) SwapLease(ctx context.Context, lease store.Lease, expected int64) (bool, error) {
	statement := `UPDATE lease SET owner = ?2, token = ?3, expires = ?4, generation = ?5 WHERE name = ?1 AND generation = ?6`
	if expected == 0 {
		statement = `INSERT INTO lease (name, owner, token, expires, generation) SELECT ?1, ?2, ?3, ?4, ?5 WHERE ?6 = 0 ON CONFLICT DO NOTHING`
	}
	result, err := e.write.ExecContext(ctx, statement, lease.Name, lease.Owner, lease.Token, lease.Expires.UnixMilli(), lease.Generation, expected)
	if err != nil {
		return false, wrap("write", leases, err)
	}
	rows, err := result.RowsAffected()
	return rows == 1, wrap("write", leases, err)
}
