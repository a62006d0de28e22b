package office

import (
	"context"

	"time"

	"zutuan/internal/funding"
)

// OverrideUsed is a parameter that a region replaced, as a result read it.
type OverrideUsed struct {
	Parameter string `json:"parameter"`
	Region    string `json:"region"`
	Value     string `json:"value"`
	Who       string `json:"who"`
	Why       string `json:"why"`
	Until     string `json:"until"`
}

// overridesOf are the overrides that hold in a region on a day.
func (o *Office) overridesOf(context.Context, string, time.Time) ([]OverrideUsed, error) {
	return nil, nil
}

func overridesUsed(list []OverrideUsed) []funding.ParameterOverride {
	var out []funding.ParameterOverride
	for _, used := range list {
		out = append(out, funding.ParameterOverride{Parameter: used.Parameter, Region: used.Region, Value: used.Value, Who: used.Who, Why: used.Why, Until: parseDay(used.Until)})
	}
	return out
}
