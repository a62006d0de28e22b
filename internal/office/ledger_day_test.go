package office

import (
	"io/fs"
	"testing"
	"time"

	"zutuan/rules"
)

// Balances of a day to come would make overdue what is not yet due.
func TestALedgerIsNotOfADayToCome(t *testing.T) {
	o, _ := newOffice(t)
	text, err := fs.ReadFile(rules.FS, "samples/pingxiang/ledger.csv")
	if err != nil {
		t.Fatal(err)
	}
	hand := func(asOf time.Time) error {
		_, err := o.PutLedger(t.Context(), bureauPX, "GX-PX", 0, LedgerText{CSV: true, Text: text, AsOf: asOf})
		return err
	}
	if err := hand(o.Today().AddDate(0, 0, 1)); !isCode(err, "as_of") {
		t.Errorf("a ledger of tomorrow: %v", err)
	}
	if err := hand(o.Today()); err != nil {
		t.Errorf("a ledger of today: %v", err)
	}
}
