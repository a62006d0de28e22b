package rulepack

import (
	"fmt"
	"time"

	"zutuan/internal/document"
	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/ruleexpr"
)

// MarketPrefix leads the facts that market series fill.
const MarketPrefix = "market."

var (
	marketUnits = []string{string(ruleexpr.UnitRate), string(ruleexpr.UnitFX)}
	marketBases = []string{"sourced", "knowledge", "illustrative"}
)

// Market is the dated reference rates and exchange rates. It does not change after it was made.
type Market struct {
	list []funding.MarketSeries
	byID map[string]int
}

// ReadMarket reads market data (zutuan/market/v1). The error is a document.Problems.
func ReadMarket(file string, data []byte) (*Market, error) {
	market := &Market{byID: map[string]int{}}
	seen := map[string]bool{}
	err := readFile(file, data, funding.SchemaMarket, func(root *document.Object) {
		objects(root.Required("series"), maxValues, func(in *document.Object) {
			series := readSeries(in, seen)
			market.byID[series.ID] = len(market.list)
			market.list = append(market.list, series)
		})
	})
	if err != nil {
		return nil, err
	}
	return market, nil
}

func readSeries(in *document.Object, seen map[string]bool) funding.MarketSeries {
	series := funding.MarketSeries{
		ID: readID(in.Required("id"), word, seen), Name: readText(in.Required("name")), Unit: in.Required("unit").Enum(marketUnits...),
		Basis: in.Required("basis").Enum(marketBases...), Note: in.Optional("note").String(),
	}
	low, high := "-0.05", "0.5"
	if series.Unit == string(ruleexpr.UnitFX) {
		low, high = "0.000001", "10000"
	}
	objects(in.Required("values"), 10*maxValues, func(value *document.Object) {
		from := value.Required("from")
		date := from.Date()
		if count := len(series.Dates); count > 0 && !date.After(series.Dates[count-1]) {
			from.Problem("order", "日期应晚于上一个取值的日期", "the day should be after that of the value before")
		}
		basis := value.Optional("basis").Enum(marketBases...)
		if basis == "" {
			basis = series.Basis
		}
		series.Dates = append(series.Dates, date)
		series.Value = append(series.Value, value.Required("value").Rate(low, high))
		series.ValueBasis = append(series.ValueBasis, basis)
		series.ValueNote = append(series.ValueNote, value.Optional("note").String())
	})
	return series
}

// NewMarket joins series that did not come from one file, such as those a store keeps; the ids must be unique.
func NewMarket(list []funding.MarketSeries) *Market {
	market := &Market{list: list, byID: map[string]int{}}
	for i, series := range list {
		market.byID[series.ID] = i
	}
	return market
}

// All returns the series in file order.
func (m *Market) All() []funding.MarketSeries { return m.list }

// Series returns one series.
func (m *Market) Series(id string) (funding.MarketSeries, bool) {
	at, ok := m.byID[id]
	if !ok {
		return funding.MarketSeries{}, false
	}
	return m.list[at], true
}

// At returns the value of a series in force on a day and the day it dates from; false where there is none.
func (m *Market) At(id string, date time.Time) (money.Decimal, time.Time, bool) {
	series, ok := m.Series(id)
	if !ok {
		return money.Zero, time.Time{}, false
	}
	return series.At(date)
}

// SetFacts writes the values of a day into the market.* facts; a series that has none on that day is missing.
func (m *Market) SetFacts(facts *ruleexpr.Facts, date time.Time) {
	for _, series := range m.list {
		slot, ok := facts.Vocabulary().Lookup(MarketPrefix + series.ID)
		if !ok {
			continue
		}
		value, _, found := series.At(date)
		if !found {
			day := date.Format(time.DateOnly)
			facts.SetMissing(slot, "市场数据 "+series.ID+" 在 "+day+" 没有取值 / market data has no "+series.ID+" on "+day)
			continue
		}
		facts.SetDecimal(slot, value)
	}
}

// ReadZones reads zone records (zutuan/zones/v1). The error is a document.Problems.
func ReadZones(file string, data []byte) ([]funding.Zone, error) {
	var list []funding.Zone
	seen := map[string]bool{}
	err := readFile(file, data, funding.SchemaZones, func(root *document.Object) {
		objects(root.Required("zones"), maxValues, func(in *document.Object) {
			code := in.Required("code")
			zone := funding.Zone{
				Code: code.Name(), Name: readText(in.Required("name")), Aliases: readTexts(in.Optional("aliases")), Host: in.Required("host").Name(),
				Province: in.Required("province").Name(), Neighbour: readTexts(in.Required("neighbours")), National: in.Required("national").Bool(),
				Year: in.Optional("year").Int(1980, 2199, 0), Confidence: in.Required("confidence").Enum(funding.Confidences...), Note: in.Optional("note").String(),
			}
			for _, name := range append([]string{zone.Code}, zone.Aliases...) {
				if name != "" && seen[name] {
					code.Problem("duplicate_id", "代码或别名 "+name+" 重复", "the code or alias "+name+" appears twice")
				}
				seen[name] = true
			}
			list = append(list, zone)
		})
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// ReadInstitutions reads institution records (zutuan/institutions/v1). The error is a document.Problems.
func ReadInstitutions(file string, data []byte) ([]funding.Institution, error) {
	var list []funding.Institution
	seen := map[string]bool{}
	err := readFile(file, data, funding.SchemaInstitutions, func(root *document.Object) {
		objects(root.Required("institutions"), maxValues, func(in *document.Object) {
			entry := funding.Institution{
				ID: readID(in.Required("id"), identifier, seen), Name: readText(in.Required("name")), Type: in.Required("type").Enum(funding.InstitutionTypes...),
				NetCapital: readAmount(in.Optional("net_capital")), Tier1: readAmount(in.Optional("tier1")), AsOf: in.Optional("as_of").Date(), Note: in.Optional("note").String(),
			}
			if (entry.NetCapital != nil || entry.Tier1 != nil) && entry.AsOf.IsZero() {
				in.Problem("missing", "给出资本时要写 as_of（哪一天的数）", "capital figures need as_of, the day they are of")
			}
			list = append(list, entry)
		})
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// readAmount keeps an amount that is not given apart from zero.
func readAmount(value document.Value) *money.Amount {
	if !value.Present() {
		return nil
	}
	amount := value.Amount()
	return &amount
}

// KeyProvinces is the list of key provinces (重点省份); its members are province codes.
const KeyProvinces = "key_provinces"

// ReadMemberships reads dated memberships (zutuan/lists/v1). The error is a document.Problems.
func ReadMemberships(file string, data []byte, documents *Documents) ([]funding.Membership, error) {
	var list []funding.Membership
	err := readFile(file, data, funding.SchemaLists, func(root *document.Object) {
		objects(root.Required("memberships"), maxValues, func(in *document.Object) {
			basis := in.Required("basis")
			entry := funding.Membership{
				List: in.Required("list").Name(), Member: in.Required("member").Name(), Name: in.Optional("name").Name(), Basis: basis.Name(),
				Status: in.Required("status").Enum(funding.MembershipStatuses...), Confidence: in.Required("confidence").Enum(funding.Confidences...), Note: in.Optional("note").String(),
			}
			documents.check(basis, entry.Basis)
			from := in.Required("from")
			entry.From, entry.To = readPeriod(from, in.Optional("to"))
			if entry.Status == "ended" && entry.To.IsZero() {
				from.Problem("period", "已结束的成员要写 to", "a membership that has ended needs its last day")
			}
			for _, other := range list {
				if other.List == entry.List && other.Member == entry.Member && overlap(other, entry) {
					from.Problem("overlap", fmt.Sprintf("%s 在名单 %s 里的日期重叠", entry.Member, entry.List), fmt.Sprintf("the memberships of %s in %s overlap", entry.Member, entry.List))
				}
			}
			list = append(list, entry)
		})
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

func overlap(a, b funding.Membership) bool {
	return funding.InForce(a.From, a.To, b.From) || funding.InForce(b.From, b.To, a.From)
}

// MemberOn returns the membership that holds on a day, and false where the member is not in the list on that day.
func MemberOn(memberships []funding.Membership, list, member string, date time.Time) (funding.Membership, bool) {
	for _, entry := range memberships {
		if entry.List == list && entry.Member == member && funding.InForce(entry.From, entry.To, date) {
			return entry, true
		}
	}
	return funding.Membership{}, false
}
