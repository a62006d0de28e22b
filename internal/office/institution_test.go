package office

import (
	"testing"
	"time"

	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/refuse"
)

func TestTheCapitalOfALenderIsEnteredAndCounts(t *testing.T) {
	o, clock := newOffice(t)
	bank, err := o.GetInstitution(t.Context(), bureauPX, "cdb")
	if err != nil || bank.NetCapital != nil {
		t.Fatalf("%+v, %v", bank, err)
	}
	before, err := o.Edition(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	capital, more := money.Amount(1_500_000_000_000_00), money.Amount(1_600_000_000_000_00)
	wrong := bank.InstitutionBody
	wrong.NetCapital, wrong.Tier1 = &capital, &more
	_, err = o.UpdateInstitution(t.Context(), admin, "cdb", bank.Version, wrong)
	wantRefusal(t, err, refuse.KindInvalid)
	if codes := pointCodes(err); len(codes) != 2 {
		t.Errorf("refused for %v; want the missing day and tier-1 above the whole", codes)
	}
	_, err = o.UpdateInstitution(t.Context(), bureauPX, "cdb", bank.Version, bank.InstitutionBody)
	wantRefusal(t, err, refuse.KindForbidden)
	right := bank.InstitutionBody
	right.NetCapital, right.Tier1, right.AsOf = &more, &capital, "2025-12-31"
	if _, err := o.UpdateInstitution(t.Context(), admin, "cdb", bank.Version, right); err != nil {
		t.Fatal(err)
	}
	after, err := o.Edition(t.Context())
	if err != nil || after.ID == before.ID || len(after.Broken) > 0 {
		t.Fatalf("the edition stayed %s, %v", after.ID, err)
	}
	record, known := after.Desk.Library.Institution("cdb")
	if !known || record.NetCapital == nil || *record.NetCapital != more || !record.AsOf.Equal(time.Date(2025, 12, 31, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("the rules see %+v", record)
	}
	clock.advance(2 * cacheAge)
	if old, err := o.EditionOf(t.Context(), before.ID); err != nil || old.ID != before.ID {
		t.Errorf("the edition before is %v, %v", old, err)
	} else if record, _ := old.Desk.Library.Institution("cdb"); record.NetCapital != nil {
		t.Error("the edition before knows the capital that was entered after it")
	}
}

func TestANewBankMayHaveProducts(t *testing.T) {
	o, _ := newOffice(t)
	if _, err := o.CreateInstitution(t.Context(), admin, "bank-x", InstitutionBody{Name: text("某银行"), Type: "commercial_bank"}); err != nil {
		t.Fatal(err)
	}
	edition, err := o.Edition(t.Context())
	if err != nil || len(edition.Broken) > 0 {
		t.Fatal(err)
	}
	if _, known := edition.Desk.Library.Institution("bank-x"); !known {
		t.Error("the rules do not know the new bank")
	}
	_, err = o.CreateInstitution(t.Context(), admin, "bank-x", InstitutionBody{Name: text("某银行"), Type: "commercial_bank"})
	wantRefusal(t, err, refuse.KindConflict)
}

func text(zh string) funding.Text { return funding.Text{ZH: zh} }
