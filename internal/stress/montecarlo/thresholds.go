package montecarlo

// HandbookThresholds are the DSCRs whose probabilities a reader asks for first: one, the two of the pass rule below the
// base, and the 1.3 of the appraisal handbook.
var HandbookThresholds = []float64{1.0, 1.1, 1.2, 1.3}
