package rulepack

import (
	"strings"

	"zutuan/internal/document"
	"zutuan/internal/funding"
)

// ReadOverrides reads the overrides of one or more regions (zutuan/overrides/v1): who replaced which parameter by what,
// why, and until which day. The error is a document.Problems.
func ReadOverrides(file string, data []byte, parameters *Parameters) ([]funding.ParameterOverride, error) {
	var list []funding.ParameterOverride
	seen := map[string]bool{}
	err := readFile(file, data, funding.SchemaOverrides, func(root *document.Object) {
		objects(root.Required("overrides"), maxValues, func(in *document.Object) {
			parameter, value := in.Required("parameter"), in.Required("value")
			override := funding.ParameterOverride{
				Region: in.Required("region").Name(), Parameter: parameter.Name(), Value: value.Name(),
				Who: in.Required("who").Name(), Why: in.Required("why").Name(), Until: in.Required("until").Date(),
			}
			if problem := checkOverride(override, parameters); problem.ZH != "" {
				place := value
				if _, known := parameters.Lookup(override.Parameter); !known {
					place = parameter
				}
				if place.Present() {
					place.Problem("override", problem.ZH, problem.EN)
				}
			}
			key := override.Region + "\x00" + override.Parameter
			if seen[key] {
				parameter.Problem("duplicate_id", "同一地区的同一参数只能覆盖一次", "a parameter is overridden once a region")
			}
			seen[key] = true
			list = append(list, override)
		})
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// CheckOverride returns what is wrong with an override that did not come from a file, empty where nothing is.
func CheckOverride(override funding.ParameterOverride, parameters *Parameters) funding.Text {
	var missing []string
	for _, field := range []struct{ name, text string }{{"region", override.Region}, {"who", override.Who}, {"why", override.Why}} {
		if strings.TrimSpace(field.text) == "" {
			missing = append(missing, field.name)
		}
	}
	if override.Until.IsZero() {
		missing = append(missing, "until")
	}
	if len(missing) > 0 {
		list := strings.Join(missing, ", ")
		return funding.Text{ZH: "覆盖缺少 " + list, EN: "the override lacks " + list}
	}
	return checkOverride(override, parameters)
}

func checkOverride(override funding.ParameterOverride, parameters *Parameters) funding.Text {
	parameter, known := parameters.Lookup(override.Parameter)
	if !known {
		zh, en := suggest(override.Parameter, parameters.ids())
		return funding.Text{ZH: "没有参数 " + override.Parameter + zh, EN: "there is no parameter " + override.Parameter + en}
	}
	return valueProblem(override.Value, parameter.Unit)
}

func (p *Parameters) ids() []string {
	ids := make([]string, len(p.list))
	for i, parameter := range p.list {
		ids[i] = parameter.ID
	}
	return ids
}
