package gate

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/shopspring/decimal"

	"zutuan/internal/funding"
)

func TestWhatACoverReaches(t *testing.T) {
	flag := func(level funding.Level, value, unit, worse string) Flag {
		f := Flag{Pack: "cn", Rule: "r", Level: level, Unit: unit, Worse: worse, Blocks: true}
		if value != "" {
			f.Value = &value
		}
		return f
	}
	cover := func(level funding.Level, value, unit string) Cover {
		c := Cover{Pack: "cn", Rule: "r", Level: level, Unit: unit}
		if value != "" {
			c.WorstValue = &value
		}
		return c
	}
	const red, orange, stop = funding.LevelRed, funding.LevelOrange, funding.LevelStop
	cases := []struct {
		name  string
		cover Cover
		flag  Flag
		want  bool
	}{
		{"red at 3.1 covers red at 3.1", cover(red, "3.1", "ratio"), flag(red, "3.100000", "ratio", WorseHigher), true},
		{"red at 3.1 covers red at 3.0", cover(red, "3.1", "ratio"), flag(red, "3.0", "ratio", WorseHigher), true},
		{"red at 3.1 does not cover red at 3.2", cover(red, "3.1", "ratio"), flag(red, "3.2", "ratio", WorseHigher), false},
		{"red at 3.1 does not cover a stop", cover(red, "3.1", "ratio"), flag(stop, "3.1", "ratio", WorseHigher), false},
		{"red covers orange at the same value", cover(red, "3.1", "ratio"), flag(orange, "3.1", "ratio", WorseHigher), true},
		{"red does not cover orange at a worse value", cover(red, "3.1", "ratio"), flag(orange, "3.2", "ratio", WorseHigher), false},
		{"orange does not cover red", cover(orange, "3.1", "ratio"), flag(red, "3.1", "ratio", WorseHigher), false},
		{"where lower is worse, 1.05 covers 1.06", cover(red, "1.05", "ratio"), flag(red, "1.06", "ratio", WorseLower), true},
		{"and not 1.04", cover(red, "1.05", "ratio"), flag(red, "1.04", "ratio", WorseLower), false},
		{"without a direction the same value alone is covered", cover(red, "1.05", "ratio"), flag(red, "1.050", "ratio", ""), true},
		{"and nothing on either side", cover(red, "1.05", "ratio"), flag(red, "1.06", "ratio", ""), false},
		{"a gate without a value is covered by its level", cover(red, "", ""), flag(red, "", "", ""), true},
		{"a cover without a value does not reach one", cover(red, "", "ratio"), flag(red, "9", "ratio", WorseHigher), false},
		{"nor one with a value a flag without", cover(red, "9", ""), flag(red, "", "", ""), false},
		{"another unit cannot be compared", cover(red, "3.1", "ratio"), flag(red, "3", "years", WorseHigher), false},
		{"amounts are compared in full", cover(red, "123456789012.34", "yuan"), flag(red, "123456789012.35", "yuan", WorseHigher), false},
		{"and exactly", cover(red, "123456789012.34", "yuan"), flag(red, "123456789012.34", "yuan", WorseHigher), true},
		{"a value that is no number covers nothing", cover(red, "1e9", "ratio"), flag(red, "3.1", "ratio", WorseHigher), false},
		{"another rule", Cover{Pack: "cn", Rule: "s", Level: red}, flag(red, "", "", ""), false},
		{"another lender", Cover{Pack: "cn", Rule: "r", Lender: "cdb", Level: red}, flag(red, "", "", ""), false},
		{"a level that is none", cover("purple", "3.1", "ratio"), flag(red, "3.1", "ratio", WorseHigher), false},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			got, why := test.cover.Reaches(test.flag)
			if got != test.want || got != (why.ZH == "") || got != (why.EN == "") {
				t.Errorf("got %v, %q, %q", got, why.ZH, why.EN)
			}
		})
	}
}

// A waiver for a flag as it stands never reaches the same flag grown worse, and always the same flag grown better.
func TestACoverNeverReachesWorse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := func(label string) *string {
			value := decimal.New(rapid.Int64Range(-500, 500).Draw(t, label), -2).StringFixed(6)
			return &value
		}
		flag := Flag{Pack: "cn", Rule: "r", Level: funding.LevelRed, Value: text("granted"), Worse: rapid.SampledFrom([]string{WorseHigher, WorseLower}).Draw(t, "worse")}
		cover := CoverOf(flag)
		now := flag
		now.Value = text("now")
		granted, value := decimal.RequireFromString(*flag.Value), decimal.RequireFromString(*now.Value)
		worse := value.GreaterThan(granted)
		if flag.Worse == WorseLower {
			worse = value.LessThan(granted)
		}
		if got, _ := cover.Reaches(now); got == worse {
			t.Fatalf("%s to %s, %s is worse: reaches %v", *flag.Value, *now.Value, flag.Worse, got)
		}
	})
}

func TestTheLifeOfAWaiver(t *testing.T) {
	requested := func(change func(*WaiverSituation)) WaiverSituation {
		base := finalizable()
		w := base.Waivers[0]
		w.Status, w.GrantedBy, w.GrantedOn = StatusRequested, "", ""
		s := WaiverSituation{Moment: Moment{Actor: person("risk2")}, Waiver: w, Assessment: base.Assessment, Today: today}
		change(&s)
		return s
	}
	cases := []struct {
		name    string
		step    Step
		change  func(*WaiverSituation)
		want    Status
		missing string
	}{
		{"another officer grants it", StepGrant, func(s *WaiverSituation) {}, StatusGranted, ""},
		{"who asked does not grant it", StepGrant, func(s *WaiverSituation) { s.Actor = person("risk1") }, StatusRequested, "four_eyes"},
		{"nor somebody else who may not decide", StepGrant, func(s *WaiverSituation) { s.Authors = []string{"risk2"} }, StatusRequested, "four_eyes"},
		{"it ends tomorrow", StepGrant, func(s *WaiverSituation) { s.Waiver.ExpiresOn = "2026-07-01" }, StatusGranted, ""},
		{"it may not end today", StepGrant, func(s *WaiverSituation) { s.Waiver.ExpiresOn = today }, StatusRequested, "waiver_expiry"},
		{"it may last 366 days", StepGrant, func(s *WaiverSituation) { s.Waiver.ExpiresOn = "2027-07-01" }, StatusGranted, ""},
		{"and no longer", StepGrant, func(s *WaiverSituation) { s.Waiver.ExpiresOn = "2027-07-02" }, StatusRequested, "waiver_expiry"},
		{"it has to end some day", StepGrant, func(s *WaiverSituation) { s.Waiver.ExpiresOn = "" }, StatusRequested, "waiver_expiry"},
		{"a stop is not waived", StepGrant, func(s *WaiverSituation) {
			s.Assessment.Flags[0].Level, s.Waiver.Cover.Level = funding.LevelStop, funding.LevelStop
		}, StatusRequested, "waiver_cover"},
		{"a cover that says stop is not granted for a red flag", StepGrant, func(s *WaiverSituation) { s.Waiver.Cover.Level = funding.LevelStop }, StatusRequested, "waiver_cover"},
		{"what does not block needs none", StepGrant, func(s *WaiverSituation) { s.Waiver.Cover = CoverOf(s.Assessment.Flags[1]) }, StatusRequested, "waiver_cover"},
		{"a value milder than the flag's is not enough", StepGrant, func(s *WaiverSituation) { s.Waiver.Cover.WorstValue = ptr("0.96") }, StatusRequested, "waiver_cover"},
		{"one that allows for worse is", StepGrant, func(s *WaiverSituation) { s.Waiver.Cover.WorstValue = ptr("0.9") }, StatusGranted, ""},
		{"there is no such flag", StepGrant, func(s *WaiverSituation) { s.Waiver.Cover.Rule = "x" }, StatusRequested, "waiver_cover"},
		{"all at once", StepGrant, func(s *WaiverSituation) {
			s.Actor, s.Assessment, s.Waiver = person("risk1"), nil, Waiver{Status: StatusRequested, RequestedBy: "risk1"}
		}, StatusRequested,
			"four_eyes waiver_reason waiver_evidence waiver_expiry waiver_cover"},
		{"it is rejected with a reason, whatever it states", StepReject, func(s *WaiverSituation) { s.Reason, s.Waiver.Evidence, s.Assessment = "依据不足", "", nil }, StatusRejected, ""},
		{"and not without", StepReject, func(s *WaiverSituation) {}, StatusRequested, "reason"},
		{"what is asked for is not revoked", StepRevoke, func(s *WaiverSituation) { s.Reason = "x" }, StatusRequested, "status"},
		{"what is granted is revoked by any officer", StepRevoke, func(s *WaiverSituation) {
			s.Waiver.Status, s.Reason, s.Actor = StatusGranted, "情况变化", person("risk1")
		}, StatusRevoked, ""},
		{"what expired is not revoked", StepRevoke, func(s *WaiverSituation) {
			s.Waiver.Status, s.Waiver.ExpiresOn, s.Reason = StatusGranted, "2026-06-29", "x"
		}, StatusExpired, "status"},
		{"it holds on its last day", StepRevoke, func(s *WaiverSituation) { s.Waiver.Status, s.Waiver.ExpiresOn, s.Reason = StatusGranted, today, "x" }, StatusRevoked, ""},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			s := requested(test.change)
			got, err := TakeWaiver(test.step, s)
			if missing := codes(t, err); got != test.want || missing != test.missing {
				t.Errorf("status %s missing %q; want %s missing %q", got, missing, test.want, test.missing)
			}
		})
	}
}

func TestAWaiverIsRefusedWhenItIsAskedFor(t *testing.T) {
	s := finalizable()
	if err := RequestWaiver(s.Waivers[0], s.Assessment, today); err != nil {
		t.Errorf("a sound one: %v", err)
	}
	err := RequestWaiver(Waiver{Cover: CoverOf(s.Assessment.Flags[0]), ExpiresOn: "2030-01-01"}, s.Assessment, today)
	if got := codes(t, err); got != "waiver_reason waiver_evidence waiver_expiry" {
		t.Errorf("missing %q", got)
	}
	if text := err.Error(); !strings.Contains(text, "no later than 2027-07-01 (at most 366 days)") {
		t.Errorf("%s", text)
	}
}

func TestAcknowledgingCoversEveryFlagThatDoesNotBlock(t *testing.T) {
	s := finalizable()
	s.Acknowledgements = Acknowledge(s.Assessment, "bureau", today, "")
	if len(s.Acknowledgements) != 1 || len(Missing(StepFinalize, s)) != 0 {
		t.Errorf("%+v", s.Acknowledgements)
	}
}
