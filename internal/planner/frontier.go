package planner

import "context"

// FrontierPoint is the least cost within one limit of tenor.
type FrontierPoint struct{ TenorQuarters int }

func (s *search) frontier(ctx context.Context) ([]FrontierPoint, error) { return nil, nil }

// Relaxation is x.
type Relaxation struct{ Kind string }

func (s *search) relaxations(ctx context.Context) ([]Relaxation, error)       { return nil, nil }
func (s *search) conflict(ctx context.Context, built *Built, m margins) error { return nil }
