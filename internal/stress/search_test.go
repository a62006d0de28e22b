package stress

import "testing"

func TestTheSmallestStepIsFound(t *testing.T) {
	from := func(first int) func(int) bool { return func(steps int) bool { return steps >= first } }
	cases := []struct {
		name   string
		end    int
		breaks func(int) bool
		want   int
	}{
		{"nothing breaks", 100, func(int) bool { return false }, 0},
		{"the first step breaks", 100, from(1), 1},
		{"the last step breaks", 100, from(100), 100},
		{"in between", 100, from(37), 37},
		{"a short axis is tried step by step", 20, func(steps int) bool { return steps == 7 || steps > 15 }, 7},
		// A stretch that breaks below one that holds: the probes below the bisected point find it.
		{"an island below", 100, func(steps int) bool { return steps >= 20 && steps < 45 || steps >= 90 }, 20},
		{"an island although the end holds", 100, func(steps int) bool { return steps >= 50 && steps < 70 }, 50},
		{"no axis", 0, from(0), 0},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			got := smallest(test.end, test.breaks)
			if got != test.want {
				t.Errorf("found %d, not %d", got, test.want)
			}
			if got > 0 && (!test.breaks(got) || got > 1 && test.breaks(got-1)) {
				t.Errorf("%d does not break, or the step before does", got)
			}
		})
	}
}

func TestTheNextPointOfAFrontierIsSoughtFromTheLast(t *testing.T) {
	for _, test := range []struct{ name, before, first, want int }{{0, 0, 40, 40}, {1, 40, 40, 40}, {2, 40, 35, 35}, {3, 40, 60, 60}, {4, 40, 200, 0}} {
		if got := nextOn(test.before, 100, func(steps int) bool { return steps >= test.first }); got != test.want {
			t.Errorf("from %d: found %d, not %d", test.before, got, test.want)
		}
	}
}
