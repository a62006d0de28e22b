package montecarlo

import (
	"fmt"
	"math"
	"slices"

	"zutuan/internal/document"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
)

// The factors, in the order of rulepack.StressFactors: the five sources of income, then cost, investment and rate.
const (
	sourceCount = 5
	atCost      = 5
	atInvest    = 6
	atRate      = 7
	factorCount = 8
)

// factors is one path's draw: what each line of its kind is multiplied by.
type factors [factorCount]float64

func ones() (f factors) {
	for i := range f {
		f[i] = 1
	}
	return f
}

// Distribution is how one factor spreads; its mean is one.
type Distribution struct {
	Factor string
	// Kind is one of rulepack.StressDistributions. Sigma is the standard deviation of the factor (normal, cut off at
	// zero) or of its logarithm (lognormal); Low and High are the ends of a triangular one.
	Kind             string
	Sigma, Low, High float64
}

// Correlation is that of the normal variables behind two factors (a Gaussian copula).
type Correlation struct {
	A, B  string
	Value float64
}

// Spread is all that a path's factors are drawn from. A factor that is not named stays at one; two that are not paired
// are independent.
type Spread struct {
	Distributions []Distribution
	Correlations  []Correlation
}

// FromPack works out the spread of a pack with the parameters of a day and region. The error is document.Problems: a
// parameter without a value, or what Check says.
func FromPack(chance *rulepack.StressMonteCarlo, parameters *ruleexpr.Facts) (Spread, error) {
	var spread Spread
	var problems document.Problems
	number := func(path string, size rulepack.StressSize) float64 {
		if size.Number == nil {
			return 0
		}
		value, doubt := size.Number.Decimal(parameters, 12)
		if doubt != nil {
			problems = append(problems, problem(path, "missing", "幅度 "+size.Source+" 没有取值", "the size "+size.Source+" has no value"))
			return 0
		}
		return value.InexactFloat64()
	}
	for i, factor := range chance.Factors {
		path := fmt.Sprintf("monte_carlo.factors[%d]", i)
		spread.Distributions = append(spread.Distributions, Distribution{Factor: factor.Factor, Kind: factor.Distribution,
			Sigma: number(path+".sigma", factor.Sigma), Low: number(path+".low", factor.Low), High: number(path+".high", factor.High)})
	}
	for i, pair := range chance.Correlations {
		spread.Correlations = append(spread.Correlations, Correlation{pair.Between[0], pair.Between[1], number(fmt.Sprintf("monte_carlo.correlations[%d].value", i), pair.Value)})
	}
	if err := problems.Err(); err != nil {
		return Spread{}, err
	}
	return spread, spread.Check()
}

func problem(path, code, zh, en string) document.Problem {
	return document.Problem{Path: path, Code: code, ZH: zh, EN: en}
}

// maxSigma bounds a spread: beyond it a lognormal factor of mean one is nearly always nearly zero.
const maxSigma = 2

// Check returns what is wrong with a spread: document.Problems, or nil.
func (s Spread) Check() error {
	var problems document.Problems
	var seen []string
	for i, d := range s.Distributions {
		path := fmt.Sprintf("monte_carlo.factors[%d]", i)
		if !slices.Contains(rulepack.StressFactors, d.Factor) || slices.Contains(seen, d.Factor) {
			problems = append(problems, problem(path+".factor", "factor", "因子 "+d.Factor+" 不认识或重复", "the factor "+d.Factor+" is unknown or appears twice"))
		}
		seen = append(seen, d.Factor)
		problems = append(problems, d.check(path)...)
	}
	for i, c := range s.Correlations {
		path := fmt.Sprintf("monte_carlo.correlations[%d]", i)
		if c.A == c.B || !slices.Contains(seen, c.A) || !slices.Contains(seen, c.B) {
			problems = append(problems, problem(path+".between", "factor", "相关系数应在两个不同的已列因子之间", "a correlation is between two different factors of the list"))
		}
		if !(c.Value >= -1 && c.Value <= 1) {
			problems = append(problems, problem(path+".value", "correlation", fmt.Sprintf("相关系数 %g 应在 −1 到 1 之间", c.Value), fmt.Sprintf("the correlation of %g should be from −1 to 1", c.Value)))
		}
	}
	if len(problems) == 0 {
		if _, bad := s.cholesky(); bad >= 0 {
			name := rulepack.StressFactors[bad]
			problems = append(problems, problem("monte_carlo.correlations", "not_positive", "相关系数互相矛盾（到因子 "+name+" 为止的相关矩阵不是半正定）", "the correlations contradict one another: up to the factor "+name+" their matrix is not positive semidefinite"))
		}
	}
	return problems.Err()
}

func (d Distribution) check(path string) document.Problems {
	switch d.Kind {
	case "lognormal", "normal":
		if !(d.Sigma >= 0 && d.Sigma <= maxSigma) {
			return document.Problems{problem(path+".sigma", "sigma", fmt.Sprintf("离散度 %g 应在 0 到 %d 之间", d.Sigma, maxSigma), fmt.Sprintf("the spread of %g should be from 0 to %d", d.Sigma, maxSigma))}
		}
	case "triangular":
		if mode := 3 - d.Low - d.High; !(d.Low >= 0 && d.Low <= mode+semidefinite && mode <= d.High+semidefinite) {
			return document.Problems{problem(path, "triangular", fmt.Sprintf("三角分布 %g 到 %g 的均值不能为 1：众数 %g 落在区间外", d.Low, d.High, mode),
				fmt.Sprintf("a triangular distribution from %g to %g cannot have mean 1: its mode would be %g", d.Low, d.High, mode))}
		}
	default:
		return document.Problems{problem(path+".distribution", "distribution", "分布 "+d.Kind+" 应为 lognormal、normal 或 triangular", "the distribution "+d.Kind+" should be lognormal, normal or triangular")}
	}
	return nil
}

// mode returns the peak of the triangle whose mean, (low + mode + high)/3, is one.
func (d Distribution) mode() float64 { return math.Min(math.Max(3-d.Low-d.High, d.Low), d.High) }

// lower is a lower triangular matrix with the factors as rows.
type lower [factorCount][factorCount]float64

// semidefinite is how far rounding alone may push a pivot below zero, or a mode over an end.
const semidefinite = 1e-12

// cholesky returns L with L·Lᵀ = the correlation matrix, or the first factor at which the matrix turns negative, −1
// where it never does. A factor that the others determine wholly (a zero pivot) is allowed.
func (s Spread) cholesky() (l lower, bad int) {
	var matrix lower
	for i := range matrix {
		matrix[i][i] = 1
	}
	for _, c := range s.Correlations {
		a, b := slices.Index(rulepack.StressFactors, c.A), slices.Index(rulepack.StressFactors, c.B)
		matrix[a][b], matrix[b][a] = c.Value, c.Value
	}
	for i := range matrix {
		for j := 0; j <= i; j++ {
			sum := matrix[i][j]
			for k := range j {
				sum -= l[i][k] * l[j][k]
			}
			switch {
			case i == j && sum < -semidefinite:
				return l, i
			case i == j:
				l[i][i] = math.Sqrt(math.Max(sum, 0))
			case l[j][j] > semidefinite:
				l[i][j] = sum / l[j][j]
			case math.Abs(sum) > math.Sqrt(semidefinite):
				return l, i
			}
		}
	}
	return l, -1
}

// sampler draws the factors of any path. It does not change.
type sampler struct {
	seed  uint64
	lower lower
	of    [factorCount]*Distribution
}

func newSampler(spread Spread, seed uint64) *sampler {
	s := &sampler{seed: seed}
	s.lower, _ = spread.cholesky()
	for i := range spread.Distributions {
		d := &spread.Distributions[i]
		s.of[slices.Index(rulepack.StressFactors, d.Factor)] = d
	}
	return s
}

// draw returns the factors of one path: they depend on the seed and the path's number alone.
func (s *sampler) draw(path int) factors {
	var normal factors
	stream := newStream(s.seed, uint64(path))
	for i := 0; i < factorCount; i += 2 {
		normal[i], normal[i+1] = stream.normals()
	}
	out := ones()
	for i, d := range s.of {
		if d == nil {
			continue
		}
		z := 0.0
		for k := 0; k <= i; k++ {
			z += s.lower[i][k] * normal[k]
		}
		out[i] = d.at(z)
	}
	return out
}

// at returns the factor that stands where a standard normal variable stands at z.
func (d *Distribution) at(z float64) float64 {
	switch d.Kind {
	case "lognormal":
		return math.Exp(d.Sigma*z - d.Sigma*d.Sigma/2)
	case "normal":
		return math.Max(0, 1+d.Sigma*z)
	}
	u, mode, width := math.Erfc(-z/math.Sqrt2)/2, d.mode(), d.High-d.Low
	if width == 0 {
		return 1
	}
	if u < (mode-d.Low)/width {
		return d.Low + math.Sqrt(u*width*(mode-d.Low))
	}
	return d.High - math.Sqrt((1-u)*width*(d.High-mode))
}

// stream is a splitmix64 generator of its own for each path, so that results do not depend on which core runs it.
type stream struct{ state uint64 }

const golden = 0x9e3779b97f4a7c15

func newStream(seed, path uint64) stream {
	return stream{mix(seed+golden) ^ mix(mix(path+golden)+golden)}
}

func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// uniform returns a number above 0 and at most 1.
func (s *stream) uniform() float64 {
	s.state += golden
	return (float64(mix(s.state)>>11) + 1) / (1 << 53)
}

// normals returns two independent standard normal variables (Box and Muller).
func (s *stream) normals() (a, b float64) {
	radius := math.Sqrt(-2 * math.Log(s.uniform()))
	sin, cos := math.Sincos(2 * math.Pi * s.uniform())
	return radius * cos, radius * sin
}
