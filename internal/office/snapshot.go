package office

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"zutuan/internal/store"
)

// A snapshot keeps an input by the hash of its content, so that a result can name what it read, and the same input is
// kept once however many results read it.

// hashOf is the name of a content: the SHA-256 of its canonical JSON, in hexadecimal.
func hashOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// keep stores a content under its hash. It must be canonical JSON.
func (o *Office) keep(ctx context.Context, region string, content json.RawMessage) (string, error) {
	id := hashOf(content)
	_, err := o.store.Create(ctx, store.Draft{Kind: store.KindSnapshot, ID: id, Region: region, Body: content}, store.Change{Who: "system:snapshot", Action: "keep"})
	if err != nil && !already(err) {
		return "", fmt.Errorf("keep snapshot: %w", err)
	}
	return id, nil
}

// recall reads a content by its hash, and checks that it is what the hash names.
func (o *Office) recall(ctx context.Context, id string) (json.RawMessage, error) {
	record, err := o.store.Get(ctx, store.KindSnapshot, id)
	if err != nil {
		return nil, fmt.Errorf("recall snapshot %s: %w", id, err)
	}
	if hashOf(record.Body) != id {
		return nil, store.Broken(store.KindSnapshot, id, record.Version, "快照内容与其编号（哈希）不符", "the snapshot is not what its id, a hash, names")
	}
	return record.Body, nil
}
