package office

import (
	"context"
	"slices"

	"zutuan/internal/gate"
	"zutuan/internal/store"
)

// underWay are the states in which a plan stands on the versions that it was assessed with.
var underWay = []gate.Status{gate.StatusSubmitted, gate.StatusInReview, gate.StatusApproved}

// plansOn lists the plans under way that stand on a version.
func (o *Office) plansOn(ctx context.Context, t PackType, id string) ([]string, error) {
	var found []string
	for _, status := range underWay {
		err := o.each(ctx, store.Query{Kind: store.KindPlan, Where: []store.Filter{store.Equal("status", store.Text(string(status)))}}, func(r store.Record) error {
			uses, err := o.standsOn(ctx, r, t, id)
			if uses {
				found = append(found, r.ID)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// standsOn reports whether the newest assessment of a plan read a version.
func (o *Office) standsOn(ctx context.Context, plan store.Record, t PackType, id string) (bool, error) {
	body, err := bodyOf[struct {
		Assessment string `json:"assessment"`
	}](plan)
	if err != nil || body.Assessment == "" {
		return false, err
	}
	record, err := o.store.Get(ctx, store.KindAssessment, body.Assessment)
	if err != nil {
		return false, err
	}
	assessed, err := bodyOf[struct {
		Inputs gate.Inputs `json:"inputs"`
	}](record)
	list := assessed.Inputs.Packs
	if t == PackProduct {
		list = assessed.Inputs.Products
	}
	return slices.ContainsFunc(list, func(input gate.Input) bool { return input.ID == id }), err
}
