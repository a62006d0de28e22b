package facts

import (
	"slices"
	"time"

	"zutuan/internal/funding"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
)

// zoneRecord is a zone and the lists that it may be in on a date.
type zoneRecord struct {
	zone        *funding.Zone
	memberships []funding.Membership
	date        time.Time
}

// SetZone sets zone.*. A nil zone makes all of it missing.
func (a *Assembler) SetZone(f *ruleexpr.Facts, zone *funding.Zone, memberships []funding.Membership, date time.Time) {
	record := zoneRecord{zone: zone, memberships: memberships, date: date}
	if zone == nil {
		missing(f, a.zone, "需求中的 zone 在 zones.yaml 中没有对应的边合区 / the requirement's zone has no record in zones.yaml")
		return
	}
	apply(f, a.zone, record)
}

// missing makes a whole group missing for one reason.
func missing[S any](f *ruleexpr.Facts, entries []bound[S], reason string) {
	for i := range entries {
		f.SetMissing(entries[i].slot, reason)
	}
}

const (
	noProvince = "边合区记录缺少 province / the zone's record does not give its province"
	noList     = "缺少重点省份名单（lists.yaml 的 key_provinces） / the list key_provinces is not in lists.yaml"
)

var zoneFacts = []entry[zoneRecord]{
	{"zone.code", func(t target, r zoneRecord) {
		t.word(r.zone.Code, "边合区记录缺少 code / the zone's record has no code")
	}},
	{"zone.province", func(t target, r zoneRecord) { t.word(r.zone.Province, noProvince) }},
	{"zone.national", func(t target, r zoneRecord) { t.flag(r.zone.National) }},
	{"zone.neighbours", func(t target, r zoneRecord) { t.texts(r.zone.Neighbour) }},
	{"zone.key_province", setKeyProvince},
}

// setKeyProvince looks for a membership that holds on the date, both its days included. A list without any entry is
// not an empty list but an unknown one.
func setKeyProvince(t target, r zoneRecord) {
	known := slices.ContainsFunc(r.memberships, func(m funding.Membership) bool { return m.List == rulepack.KeyProvinces })
	switch {
	case r.zone.Province == "":
		t.missing(noProvince)
	case !known:
		t.missing(noList)
	default:
		_, member := rulepack.MemberOn(r.memberships, rulepack.KeyProvinces, r.zone.Province, r.date)
		t.flag(member)
	}
}
