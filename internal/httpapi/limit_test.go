package httpapi

import (
	"fmt"
	"testing"
	"time"
)

func TestALimiterForgetsTheQuietAndStaysSmall(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	l := newLimiter(Rate{PerSecond: 1, Burst: 2}, func() time.Time { return now })
	for i := range maxBuckets {
		l.take(fmt.Sprint(i))
	}
	now = now.Add(2 * time.Second)
	l.take("one more")
	if len(l.buckets) != 1 {
		t.Errorf("%d buckets are kept of which all but one are full again", len(l.buckets))
	}
	for i := range 2 * maxBuckets {
		l.take(fmt.Sprint("crowd ", i))
	}
	if len(l.buckets) > maxBuckets {
		t.Errorf("%d buckets, at most %d are kept", len(l.buckets), maxBuckets)
	}
}

func TestABucketGivesItsBurstAndThenItsRate(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	l := newLimiter(Rate{PerSecond: 2, Burst: 3}, func() time.Time { return now })
	// Three at once; then one each half second: 3 + 2 × 10 in ten seconds.
	given := 0
	for range 1001 {
		if _, ok := l.take("a"); ok {
			given++
		}
		now = now.Add(10 * time.Millisecond)
	}
	if given != 23 {
		t.Errorf("%d of 1001 requests in ten seconds, want 23", given)
	}
	// A clock that is set back gives nothing and breaks nothing.
	now = now.Add(-time.Hour)
	if seconds, ok := l.take("a"); ok && seconds != 0 || !ok && seconds != 1 {
		t.Errorf("after the clock was set back: %d, %v", seconds, ok)
	}
}

func TestLanguagesByWeight(t *testing.T) {
	for header, want := range map[string]string{"": "zh", "*": "zh", "en": "en", "EN-us": "en", "zh, en": "zh", "en, zh": "en", "en;q=0.8, zh;q=0.81": "zh", "de, en;q=0.1": "en",
		"en;q=x": "zh", "en;q=1.0": "en", "en;q=0.000": "zh", ";;;,": "zh"} {
		if got := languageOf(header); string(got) != want {
			t.Errorf("%q: %s, want %s", header, got, want)
		}
	}
}

func TestETagsMatchWeakly(t *testing.T) {
	for known, want := range map[string]bool{`"3"`: true, `W/"3"`: true, `"1", "3"`: true, `*`: true, `"33"`: false, `3`: false, ``: false} {
		if matchesETag(known, `"3"`) != want {
			t.Errorf("If-None-Match %s", known)
		}
	}
	if versionOf(`"17"`) != 17 || versionOf("x") != 0 {
		t.Error("versions are read wrongly")
	}
}
