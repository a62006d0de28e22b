package service_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"testing"

	"zutuan/internal/gate"
	"zutuan/internal/office"
	"zutuan/internal/store"
)

// seedRegions are the zones that seeded requirements lie in, with the sample whose document they vary.
var seedRegions = []struct{ region, sample string }{
	{"GX-PX", "pingxiang"}, {"YN-LC", "lincang"}, {"NM-MZL", "manzhouli"}, {"GX-PX", "pingxiang-rolling"},
}

// seeded is what requirement number i is made from: canonical texts, in which the number alone is exchanged. Making each
// canonical anew would be most of the work.
type seeded struct{ document, body []byte }

// seedMark stands for the number of a requirement, and seedHash for the hash of its document.
const (
	seedMark = "#NUMBER#"
	seedHash = "#HASH#"
)

func seedTexts(t testing.TB, status gate.Status) (list []seeded) {
	t.Helper()
	for _, place := range seedRegions {
		document := sampleDocument(t, place.sample)
		document["name"] = "需求 " + seedMark
		text, err := store.Canonical(document)
		if err != nil {
			t.Fatal(err)
		}
		body, err := store.Canonical(office.RequirementBody{Document: text, DocumentHash: seedHash, Status: status, Zone: place.region, Name: "需求 " + seedMark, Requested: 100_000_000, Owner: "usr_seed"})
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, seeded{text, body})
	}
	return list
}

// seed writes requirements into a store as the service keeps them: whole documents of a dozen units, by turns of four
// samples, drafts but for each tenth.
func seed(t testing.TB, records store.Store, from, count int, tenth gate.Status) (last string) {
	t.Helper()
	texts := map[gate.Status][]seeded{gate.StatusDraft: seedTexts(t, gate.StatusDraft), tenth: seedTexts(t, tenth)}
	for i := from; i < from+count; i++ {
		place, status := seedRegions[i%len(seedRegions)], gate.StatusDraft
		if i%10 == 0 {
			status = tenth
		}
		made, number := texts[status][i%len(seedRegions)], []byte(fmt.Sprintf("%06d", i))
		body := bytes.ReplaceAll(made.body, []byte(seedMark), number)
		body = bytes.Replace(body, []byte(seedHash), []byte(sha(bytes.ReplaceAll(made.document, []byte(seedMark), number))), 1)
		last = fmt.Sprintf("req_%026d", i)
		draft := store.Draft{Kind: store.KindRequirement, ID: last, Region: place.region, Body: body, Fields: store.Fields{"status": store.Text(string(status)), "zone": store.Text(place.region),
			"name": store.Text("需求 " + string(number)), "owner": store.Text("usr_seed"), "requested": store.Amount(100_000_000)}}
		if _, err := records.Create(context.Background(), draft, store.Change{Who: "usr_seed", Action: "create"}); err != nil {
			t.Fatal(err)
		}
	}
	return last
}

func sha(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// quickDirectory is in memory where the machine has such a place: what is tested there is not the disk.
func quickDirectory(t testing.TB) string {
	t.Helper()
	directory, err := os.MkdirTemp("/dev/shm", "zutuan-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(directory) })
	return directory
}
