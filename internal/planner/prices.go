package planner

import (
	"context"

	"zutuan/internal/funding"
	"zutuan/internal/money"
)

// Price is a binding limit and what moving it would save.
type Price struct {
	Kind    string
	Subject string
	// Saving is by how much the present value of cost falls for one more unit of the limit (Per).
	Saving money.Amount
	Per    string
	Text   funding.Text
}

func (s *search) prices(ctx context.Context, a *answered) ([]Price, error) { return nil, nil }
