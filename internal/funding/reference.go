package funding

import "time"

// Parameter is one threshold that comes from regulation, practice or the house, with its history. Rules name it
// p.<ID>. Nothing regulatory stands as a literal in a rule.
type Parameter struct {
	ID     string
	Name   Text
	Unit   string // a unit of the vocabulary: ratio, rate, yuan, quarters, years, count, text …
	Note   string
	Values []ParameterValue
}

// ParameterStatus and Confidence say how firm the ground is; house and practice values are labelled wherever shown.
var ParameterStatuses = []string{"in_force", "repealed", "unpublished", "practice", "house"}

// InForce reports whether a validity holds on a day: both its days are included, and a zero To has not ended.
func InForce(from, to, date time.Time) bool {
	return !date.Before(from) && (to.IsZero() || !date.After(to))
}

// ParameterValue is what a parameter was from a day on (To zero: still is; both days included, see InForce).
// LastVerified is the day on which the text itself was last read, zero where nobody has read it yet.
type ParameterValue struct {
	Value        string
	From         time.Time
	To           time.Time
	Basis        []string // document ids of the register, with clause after a space: "国办函〔2016〕88号 §4.2.4"
	Status       string
	Confidence   string
	LastVerified time.Time
	Note         string
}

// ParameterOverride replaces a parameter for a region until a day; it is part of every assessment that uses it.
type ParameterOverride struct {
	Region    string    `json:"region"`
	Parameter string    `json:"parameter"`
	Value     string    `json:"value"`
	Who       string    `json:"who"`
	Why       string    `json:"why"`
	Until     time.Time `json:"until"`
}

// Document is one entry of the register of documents that rules cite.
type Document struct {
	ID     string // number or short title: 国发〔2019〕26号
	Title  string
	Date   string
	Public string // yes | no | leaked
	Status string // in_force | repealed | unclear
	Seen   string // what was seen of the text: full, part, opening, press, none
	Note   string
	// RepealedOn is the first day on which a repealed document no longer holds, zero where that is not known; ReplacedBy
	// what took its place. Both come from the record of its repeal and not from the register's file.
	RepealedOn time.Time
	ReplacedBy string
}

// MarketSeries is one dated reference rate or exchange rate; a value holds from its day until the next.
type MarketSeries struct {
	ID    string
	Name  Text
	Unit  string // rate | fx
	Basis string // sourced | knowledge | illustrative, of the series as a whole
	Note  string
	Dates []time.Time // ascending
	Value []Decimal
	// ValueBasis is the basis of each value; it differs from Basis where the file says so.
	ValueBasis []string
	ValueNote  []string
}

// At returns the value in force on a day and the day it dates from; false before the first value.
func (m MarketSeries) At(date time.Time) (Decimal, time.Time, bool) {
	for i := len(m.Dates) - 1; i >= 0; i-- {
		if !m.Dates[i].After(date) {
			return m.Value[i], m.Dates[i], true
		}
	}
	return Decimal{}, time.Time{}, false
}

// Zone is one border economic cooperation zone (边境经济合作区).
type Zone struct {
	Code      string
	Aliases   []string
	Name      Text
	Host      string
	Province  string // GX, YN, NM …
	Neighbour []string
	National  bool
	// Year is the year of approval; Confidence says how firm the whole entry is.
	Year       int
	Confidence string
	Note       string
}

// Membership is a dated membership in a list that changes, such as the key provinces (重点省份).
type Membership struct {
	List       string
	Member     string
	Name       string // of the member, for people
	From       time.Time
	To         time.Time // zero: still a member
	Basis      string
	Status     string
	Confidence string
	Note       string
}

// Institution is one that offers products (金融机构). Net capital and tier-1 capital are in fen; nil is unknown, and the
// lender-side limits (R22) are then undecided.
type Institution struct {
	ID         string
	Name       Text
	Type       string
	NetCapital *Amount
	Tier1      *Amount
	AsOf       time.Time // of the capital figures; zero where there are none
	Note       string
}

// InstitutionTypes and MembershipStatuses are the words of those files.
var (
	InstitutionTypes   = []string{"policy_bank", "commercial_bank", "multilateral", "bilateral", "government", "market", "leasing", "fund", "guarantee", "private"}
	MembershipStatuses = []string{"in_force", "announced", "ended"}
)
