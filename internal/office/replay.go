package office

import (
	"context"
	"encoding/json"

	"zutuan/internal/permit"
	"zutuan/internal/store"
)

// EngineVersion is raised whenever the program itself, on the same rules, day and papers, answers in other bytes: other
// figures or other words. A test holds the answers of the samples to it. A result names the engine that computed it, so that
// a later program says why its bytes differ instead of leaving somebody to look for a change that nobody made.
const EngineVersion = "1"

// Replay is a result computed again from what it names.
type Replay struct {
	// Identical says that the bytes of the answer are those of the first time.
	Identical bool   `json:"identical"`
	Recorded  string `json:"recorded_hash"`
	Computed  string `json:"computed_hash"`
	Basis     Basis  `json:"basis"`
	// Engine is the version that computed it now; where it is not that of the basis, other bytes are no sign of a change.
	Engine string `json:"engine"`
	// Answer is the answer as it was computed now.
	Answer json.RawMessage `json:"answer"`
}

// replay computes an answer again under the rules and from the papers that a basis names, and compares it with the hash
// of the first time.
func (o *Office) replay(ctx context.Context, region string, basis Basis, recorded string, compute func(*Edition, *papers) ([]byte, error)) (Replay, error) {
	edition, err := o.EditionOf(ctx, basis.Edition)
	if err != nil {
		return Replay{}, err
	}
	p, err := o.recallPapers(ctx, region, basis.Papers)
	if err != nil {
		return Replay{}, err
	}
	answer, err := compute(edition, p)
	if err != nil {
		return Replay{}, err
	}
	computed := hashOf(answer)
	return Replay{Identical: computed == recorded, Recorded: recorded, Computed: computed, Basis: basis, Engine: EngineVersion, Answer: answer}, nil
}

// readResult reads an immutable result and checks that the actor may see its region.
func readResult[T any](ctx context.Context, o *Office, actor permit.Actor, n noun[T], operation permit.Operation, id string) (record store.Record, body T, err error) {
	var none T
	if err := allowed(actor, operation); err != nil {
		return store.Record{}, none, err
	}
	if record, body, err = n.get(ctx, o, id); err != nil {
		return record, none, err
	}
	if err := o.check(ctx, actor, operation, operation, n.kind, id, permit.Subject{Region: record.Region}); err != nil {
		return store.Record{}, none, err
	}
	return record, body, nil
}
