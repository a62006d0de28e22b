package montecarlo

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"zutuan/internal/document"
)

// MaxPaths bounds a simulation, so that its memory stays below a gigabyte: two amounts a path and quarter are kept.
const MaxPaths = 100_000

// chunk is how many paths a worker takes at a time: about a millisecond of work, after which it looks at the context.
const chunk = 64

// Input is what a simulation depends on besides the case. Seed and Spread decide every path; Workers and Progress change
// nothing in the answer.
type Input struct {
	Paths  int
	Seed   uint64
	Spread Spread
	// Workers is the number of cores to use, 0 for all.
	Workers int
	// Progress is told now and then how many paths are done, from one goroutine and in rising order; nil for nobody.
	Progress func(done, total int)
	// Thresholds are the DSCRs for which the probability to stay below is answered.
	Thresholds []float64
}

// Run computes the paths. The error is document.Problems for a number of paths or a spread that is not allowed, or the
// context's where it was cancelled; nothing is answered then.
func (m *Model) Run(ctx context.Context, in Input) (*Outcome, error) {
	if in.Paths < 1 || in.Paths > MaxPaths {
		return nil, document.Problems{problem("paths", "paths", fmt.Sprintf("模拟次数 %d 应在 1 到 %d 之间", in.Paths, MaxPaths), fmt.Sprintf("%d paths should be from 1 to %d", in.Paths, MaxPaths))}
	}
	if err := in.Spread.Check(); err != nil {
		return nil, err
	}
	r := newRun(m, &in)
	if err := r.paths(ctx); err != nil {
		return nil, err
	}
	r.sort()
	return r.outcome(), nil
}

// run keeps the results of all paths, each in its own place, so that it does not matter who wrote it.
type run struct {
	model   *Model
	in      *Input
	sampler *sampler
	workers int
	results []result
	// closing and cumulative are by quarter and path.
	closing, cumulative [][]float64
	short               [][]int // by worker and quarter: paths below the minimum
}

func newRun(m *Model, in *Input) *run {
	r := &run{model: m, in: in, sampler: newSampler(in.Spread, in.Seed), workers: in.Workers, results: make([]result, in.Paths)}
	if r.workers <= 0 {
		r.workers = runtime.GOMAXPROCS(0)
	}
	r.workers = min(r.workers, (in.Paths+chunk-1)/chunk)
	table := func() [][]float64 {
		rows, slab := make([][]float64, m.length), make([]float64, m.length*in.Paths)
		for q := range rows {
			rows[q] = slab[q*in.Paths : (q+1)*in.Paths]
		}
		return rows
	}
	r.closing, r.cumulative = table(), table()
	r.short = make([][]int, r.workers)
	for i := range r.short {
		r.short[i] = make([]int, m.length)
	}
	return r
}

func (r *run) paths(ctx context.Context) error {
	var next atomic.Int64
	finished := make(chan int, r.workers)
	var group sync.WaitGroup
	for i := range r.workers {
		group.Add(1)
		go func() {
			defer group.Done()
			w := newScratch(r.model)
			for ctx.Err() == nil {
				from := int(next.Add(chunk)) - chunk
				if from >= r.in.Paths {
					return
				}
				to := min(from+chunk, r.in.Paths)
				r.work(w, from, to, r.short[i])
				finished <- to - from
			}
		}()
	}
	go func() {
		group.Wait()
		close(finished)
	}()
	done := 0
	for count := range finished {
		done += count
		if r.in.Progress != nil {
			r.in.Progress(done, r.in.Paths)
		}
	}
	if done < r.in.Paths {
		return ctx.Err()
	}
	return nil
}

// work computes a few paths and then writes them out, quarter by quarter, which keeps the writes together.
func (r *run) work(w *scratch, from, to int, short []int) {
	minimum, length := r.model.minimum, r.model.length
	var closing, cumulative [chunk][]float64
	slab := w.buffer(2 * chunk * length)
	for path := from; path < to; path++ {
		r.results[path] = w.run(r.sampler.draw(path))
		at := path - from
		closing[at], cumulative[at] = slab[2*at*length:(2*at+1)*length], slab[(2*at+1)*length:(2*at+2)*length]
		copy(closing[at], w.closing)
		copy(cumulative[at], w.cumulative)
	}
	for q := range length {
		for path := from; path < to; path++ {
			cash := closing[path-from][q]
			r.closing[q][path], r.cumulative[q][path] = cash, cumulative[path-from][q]
			if cash < minimum {
				short[q]++
			}
		}
	}
}

// buffer returns memory that lasts until the next call.
func (w *scratch) buffer(size int) []float64 {
	if len(w.slab) < size {
		w.slab = make([]float64, size)
	}
	return w.slab[:size]
}

// sort puts every quarter's amounts in order, for the percentiles.
func (r *run) sort() {
	rows := append(append([][]float64(nil), r.closing...), r.cumulative...)
	var next atomic.Int64
	var group sync.WaitGroup
	for range r.workers {
		group.Add(1)
		go func() {
			defer group.Done()
			for {
				at := int(next.Add(1)) - 1
				if at >= len(rows) {
					return
				}
				slices.Sort(rows[at])
			}
		}()
	}
	group.Wait()
}

// percentile returns the nearest rank of sorted values: the smallest that at least the share p of them do not exceed.
func percentile(sorted []float64, p float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	return sorted[max(int(math.Ceil(p*float64(len(sorted)))), 1)-1]
}
