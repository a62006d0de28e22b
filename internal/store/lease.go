package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

func (s *shared) Acquire(ctx context.Context, name, owner string, ttl time.Duration) (Lease, error) {
	if name == "" || owner == "" || len(name) > MaxIDBytes || !cleanText(name) || !cleanText(owner) || ttl < time.Millisecond {
		return Lease{}, invalid("lease", name, "租约须有名称、持有者和期限", "a lease needs a name, an owner and a time of at least a millisecond")
	}
	now := s.now()
	held, ok, err := s.engine.Lease(ctx, name)
	if err != nil {
		return Lease{}, err
	}
	current := ok && held.Expires.After(now)
	if current && held.Owner != owner {
		return Lease{}, heldError(held)
	}
	next := Lease{Name: name, Owner: owner, Token: held.Token, Expires: stampOf(now.Add(ttl)), Generation: held.Generation + 1}
	if !current {
		next.Token++
	}
	return s.swap(ctx, next, held.Generation)
}

func (s *shared) Renew(ctx context.Context, lease Lease, ttl time.Duration) (Lease, error) {
	now := s.now()
	held, ok, err := s.engine.Lease(ctx, lease.Name)
	if err != nil {
		return Lease{}, err
	}
	// A lease that ran out may already be somebody else's work, even when nobody took it yet: it is acquired anew.
	if !ok || held.Token != lease.Token || held.Owner != lease.Owner || !held.Expires.After(now) {
		return Lease{}, heldError(held)
	}
	held.Expires = stampOf(now.Add(ttl))
	held.Generation++
	return s.swap(ctx, held, held.Generation-1)
}

func (s *shared) Release(ctx context.Context, lease Lease) error {
	held, ok, err := s.engine.Lease(ctx, lease.Name)
	if err != nil || !ok || held.Token != lease.Token || held.Owner != lease.Owner {
		return err
	}
	held.Expires = time.UnixMilli(0).UTC()
	held.Generation++
	_, err = s.swap(ctx, held, held.Generation-1)
	if errors.Is(err, ErrHeld) {
		return nil
	}
	return err
}

func (s *shared) swap(ctx context.Context, next Lease, expected int64) (Lease, error) {
	swapped, err := s.engine.SwapLease(ctx, next, expected)
	if err != nil {
		return Lease{}, err
	}
	if !swapped {
		held, _, err := s.engine.Lease(ctx, next.Name)
		if err != nil {
			return Lease{}, err
		}
		return Lease{}, heldError(held)
	}
	return next, nil
}

func heldError(held Lease) error {
	until := held.Expires.Format(time.RFC3339)
	return &Error{Code: CodeHeld, Kind: "lease", ID: held.Name, Until: held.Expires,
		ZH: fmt.Sprintf("租约由 %s 持有至 %s", held.Owner, until), EN: fmt.Sprintf("held by %s until %s", held.Owner, until)}
}
