package facts

import (
	"zutuan/internal/funding"
	"zutuan/internal/loan"
	"zutuan/internal/money"
)

// Owes reports whether an instrument is a debt of the borrower itself: it is the debtor, or the debtor is the cluster.
// Guarantees that it gave are not its debt until they are called.
func Owes(borrower *funding.Borrower, instrument *funding.Instrument) bool {
	return instrument.Kind != guarantee && isDebtor(borrower, instrument)
}

// guarantee is the kind of instrument that is a guarantee given.
const guarantee = "guarantee"

func isDebtor(borrower *funding.Borrower, instrument *funding.Instrument) bool {
	return instrument.DebtorType == "cluster" || instrument.Debtor == borrower.Name
}

// InCNY converts an amount in the currency of the ledger's instrument of that place; false where no exchange rate is known.
func (d *Debt) InCNY(place int, amount money.Amount) (money.Amount, bool) {
	if d.unknown != "" {
		return 0, false
	}
	return money.Share(amount, d.exchanges[place]), true
}

func setOwnDebt(t target, d *debtFigures) {
	d.own(t, Owes, func(_ int, instrument *funding.Instrument) money.Amount { return instrument.Outstanding })
}

func setOwnGuarantees(t target, d *debtFigures) {
	given := func(borrower *funding.Borrower, instrument *funding.Instrument) bool {
		return instrument.Kind == guarantee && isDebtor(borrower, instrument)
	}
	d.own(t, given, func(_ int, instrument *funding.Instrument) money.Amount { return instrument.Outstanding })
}

// setOwnDue adds the principal that the borrower itself owes within the four quarters after the ledger's day.
func setOwnDue(t target, d *debtFigures) {
	d.own(t, Owes, func(place int, _ *funding.Instrument) money.Amount {
		var due money.Amount
		first := loan.FirstQuarter(d.debt.ledger.AsOf)
		for _, row := range d.debt.schedules[place].Rows {
			if row.Quarter.Since(first) < dueQuarters {
				due += row.Principal
			}
		}
		return due
	})
}

// own adds up a value over the borrower's own instruments of a kind.
func (d *debtFigures) own(t target, counts func(*funding.Borrower, *funding.Instrument) bool, value func(place int, instrument *funding.Instrument) money.Amount) {
	if reason := d.missing(); reason != "" {
		t.missing(reason)
		return
	}
	var total money.Amount
	for i := range d.debt.ledger.Instruments {
		instrument := &d.debt.ledger.Instruments[i]
		if counts(&d.requirement.Borrower, instrument) {
			amount, _ := d.debt.InCNY(i, value(i, instrument))
			total += amount
		}
	}
	t.amount(total)
}
