package funding

// SeriesForm says which of the three ways of writing a series a file used.
type SeriesForm string

// The forms of a series. SeriesNone is a line without one (a cost that is a share of income).
const (
	SeriesNone      SeriesForm = ""
	SeriesExplicit  SeriesForm = "explicit"
	SeriesSpread    SeriesForm = "spread"
	SeriesRecurring SeriesForm = "recurring"
)

// SpreadShape is how a total is spread over its quarters.
type SpreadShape string

// The shapes of a spread; F(x) is the share spent after the part x of the time.
const (
	ShapeEven   SpreadShape = "even"    // F(x) = x
	ShapeSCurve SpreadShape = "s_curve" // F(x) = 3x² − 2x³
	ShapeFront  SpreadShape = "front"   // F(x) = 1 − (1−x)²
	ShapeBack   SpreadShape = "back"    // F(x) = x²
)

// Series is one amount over time as a file writes it. Its unit is that of its owner: fen for money, millionths for
// occupancy. Quarter k = 0 is the owner's start plus Offset.
type Series struct {
	Form   SeriesForm
	Offset int
	// Values is the explicit form.
	Values []int64
	// Total, Over (quarters) and Shape are the spread form.
	Total int64
	Over  int
	Shape SpreadShape
	// PerQuarter, Ramp (quarters, at least 1), Growth (annual) and Quarters (length, 0 = no end) are the recurring form.
	PerQuarter int64
	Ramp       int
	Growth     Decimal
	Quarters   int
}

// Limits of a series, so that no file can ask for an endless computation.
const (
	// MaxQuarters is the longest statement: forty years.
	MaxQuarters = 160
	// MaxHorizon is the longest detailed horizon that a file may ask for.
	MaxHorizon = 80
)
