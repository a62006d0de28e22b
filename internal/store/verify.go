package store

import (
	"context"
	"errors"
)

// verifyPage is how many records are listed at a time; their trails are read one by one.
const verifyPage = 100

func (s *shared) Verify(ctx context.Context) (Report, error) {
	reader, _, release, err := s.engine.Snapshot(ctx)
	if err != nil {
		return Report{}, err
	}
	defer release()
	var report Report
	root := newOrdered("zutuan root 1")
	for _, name := range s.order {
		kind := s.kinds[name]
		err := walk(ctx, reader, kind, func(id string) error {
			whole, err := s.verified(ctx, reader, kind, id)
			if errors.Is(err, ErrNotFound) && kind.Perishable {
				return nil
			}
			if err != nil {
				return err
			}
			report.Records++
			report.Entries += int64(len(whole.Trail))
			root.part("kind", kind.Name)
			root.part("id", id)
			root.part("head", whole.Record.Head)
			return nil
		})
		if err != nil {
			return report, err
		}
		if err := noStray(ctx, reader, kind); err != nil {
			return report, err
		}
	}
	report.Root = root.sum()
	return report, nil
}

// noStray refuses trails without their record. Perishable records may leave one when their deletion is interrupted.
func noStray(ctx context.Context, reader Reader, kind Kind) error {
	if kind.Perishable {
		return nil
	}
	stray, err := reader.Stray(ctx, kind)
	if err == nil && stray != "" {
		err = Broken(kind.Name, stray, 0, "审计链尚在，记录已不存在", "the audit trail is there, the record is missing")
	}
	return err
}

// verified reads a record with its trail and checks them.
func (s *shared) verified(ctx context.Context, reader Reader, kind Kind, id string) (Whole, error) {
	whole, err := reader.Whole(ctx, kind, id)
	if err != nil {
		return Whole{}, err
	}
	return whole, checkWhole(kind, whole)
}

// walk calls visit for the id of every record of a kind, in order.
func walk(ctx context.Context, reader Reader, kind Kind, visit func(id string) error) error {
	search := Search{Sort: systemFields[0], Limit: verifyPage, WithoutBody: true}
	for {
		records, err := reader.Find(ctx, kind, search)
		if err != nil {
			return err
		}
		for _, record := range records {
			if err := visit(record.ID); err != nil {
				return err
			}
		}
		if len(records) < search.Limit {
			return nil
		}
		last := records[len(records)-1].ID
		search.After = &Place{Value: Text(last), ID: last}
	}
}
