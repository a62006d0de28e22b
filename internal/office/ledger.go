package office

import (
	"context"
	"encoding/json"
	"time"

	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/permit"
	"zutuan/internal/refuse"
	"zutuan/internal/store"
)

// LedgerBody is the ledger of a region's existing debt (存量债务台账), all instruments in one record: it is handed in as
// a whole, must be right as a whole, and an assessment reads all of it.
type LedgerBody struct {
	// Document is {"as_of": …, "instruments": [{…}]}, every cell as it was handed in.
	Document     json.RawMessage `json:"document"`
	DocumentHash string          `json:"document_hash"`
	AsOf         string          `json:"as_of"`
	Instruments  int             `json:"instruments"`
	Outstanding  money.Amount    `json:"outstanding"`
}

// Ledger is a ledger as people see it; its id is its region's.
type Ledger struct {
	Meta
	LedgerBody
	// Findings are what a reader of the ledger should look at; they refuse nothing.
	Findings []funding.LedgerFinding `json:"findings"`
}

var ledgers = noun[LedgerBody]{store.KindLedger, func(b *LedgerBody) store.Fields {
	return store.Fields{"instruments": store.Count(int64(b.Instruments)), "outstanding": store.Amount(b.Outstanding), "as_of": store.Time(parseDay(b.AsOf))}
}}

// GetLedger reads the ledger of a region.
func (o *Office) GetLedger(ctx context.Context, actor permit.Actor, region string) (Ledger, error) {
	if err := o.inRegion(ctx, actor, permit.OperationLedgerRead, permit.OperationLedgerRead, store.KindLedger, region); err != nil {
		return Ledger{}, err
	}
	record, body, err := ledgers.get(ctx, o, region)
	if err != nil {
		return Ledger{}, err
	}
	return ledgerView(record, body)
}

func ledgerView(record store.Record, body LedgerBody) (Ledger, error) {
	read, err := readLedger(body)
	if err != nil {
		return Ledger{}, err
	}
	findings := read.Findings
	if findings == nil {
		findings = []funding.LedgerFinding{}
	}
	return Ledger{metaOf(record), body, findings}, nil
}

// LedgerText is a ledger as it is handed in: a CSV file, or the JSON document.
type LedgerText struct {
	CSV  bool
	Text []byte
	// AsOf is the day of the balances where the text does not say it.
	AsOf time.Time
}

// PutLedger replaces the ledger of a region; expected is 0 for the first. Plans that were assessed with the old one go
// back to draft.
func (o *Office) PutLedger(ctx context.Context, actor permit.Actor, region string, expected int64, handed LedgerText) (Ledger, error) {
	if err := o.inRegion(ctx, actor, permit.OperationLedgerWrite, permit.OperationLedgerRead, store.KindLedger, region); err != nil {
		return Ledger{}, err
	}
	body, err := ledgerBody(handed)
	if err != nil {
		return Ledger{}, err
	}
	if today := o.Today(); parseDay(body.AsOf).After(today) {
		return Ledger{}, refuse.Newf(refuse.KindInvalid, "as_of", "台账的截止日 %s 晚于今天 %s", "the ledger's day %s is after today %s", body.AsOf, day(today)).
			With(refuse.Point{Code: "future", Pointer: "/as_of", ZH: "余额不能是将来的：请核对截止日", EN: "balances cannot be of a day to come: check as_of"})
	}
	record, err := put(ctx, o, ledgers, region, region, expected, who(actor), &body)
	if err != nil {
		return Ledger{}, err
	}
	if err := o.inputsChanged(ctx, region); err != nil {
		return Ledger{}, err
	}
	return ledgerView(record, body)
}

// ledgerBody reads what was handed in and keeps it as a document of cells.
func ledgerBody(handed LedgerText) (LedgerBody, error) {
	text := handed.Text
	if handed.CSV {
		var err error
		if text, err = funding.LedgerJSON("ledger.csv", handed.Text, handed.AsOf); err != nil {
			return LedgerBody{}, problems(err, "")
		}
	}
	read, err := funding.ReadLedgerJSON("ledger.json", text, handed.AsOf)
	if err != nil {
		return LedgerBody{}, problems(err, "")
	}
	if read.AsOf.IsZero() {
		return LedgerBody{}, refuse.New(refuse.KindInvalid, "as_of", "请写明台账的截止日", "say on which day the balances hold").With(refuse.Point{Code: "missing", Pointer: "/as_of", ZH: "截止日必填，如 2025-12-31", EN: "as_of is needed, such as 2025-12-31"})
	}
	document, err := store.Canonical(json.RawMessage(text))
	if err != nil {
		return LedgerBody{}, err
	}
	body := LedgerBody{Document: document, DocumentHash: hashOf(document), AsOf: day(read.AsOf), Instruments: len(read.Instruments)}
	for i := range read.Instruments {
		body.Outstanding += read.Instruments[i].Outstanding
	}
	return body, nil
}

func readLedger(body LedgerBody) (*funding.Ledger, error) {
	return funding.ReadLedgerJSON("ledger.json", body.Document, parseDay(body.AsOf))
}

// LedgerTrail is the audit trail of a region's ledger.
func (o *Office) LedgerTrail(ctx context.Context, actor permit.Actor, region string) ([]TrailEntry, error) {
	if err := o.inRegion(ctx, actor, permit.OperationLedgerRead, permit.OperationLedgerRead, store.KindLedger, region); err != nil {
		return nil, err
	}
	return o.trail(ctx, store.KindLedger, region)
}

// inRegion checks an operation on what belongs to a region, whether it exists or not.
func (o *Office) inRegion(ctx context.Context, actor permit.Actor, operation, look permit.Operation, kind, region string) error {
	if err := allowed(actor, operation); err != nil {
		return err
	}
	tree, err := o.Tree(ctx)
	if err != nil {
		return err
	}
	if !tree.Has(region) {
		return refuse.Unknown(store.KindRegion, region)
	}
	return o.check(ctx, actor, operation, look, kind, region, permit.Subject{Region: region})
}

// put creates a record that there is one of, or replaces it. Whoever replaces one names the version that they saw; whoever
// thinks that there is none yet names 0 and is told if there is.
func put[T any](ctx context.Context, o *Office, n noun[T], id, region string, expected int64, author string, body *T) (store.Record, error) {
	if expected == 0 {
		record, err := n.create(ctx, o, id, region, body, store.Change{Who: author, Action: "create"})
		if isCode(err, string(store.CodeExists)) {
			return record, conditional(0)
		}
		return record, err
	}
	record, _, err := n.update(ctx, o, id, expected, store.Change{Who: author, Action: "replace"}, func(_ store.Record, kept *T) error {
		*kept = *body
		return nil
	})
	return record, err
}
