// Package rules holds the rule files that ship with the program: products, risk, stress and evaluation packs, dated
// parameters, reference data, the vocabulary and the samples. It only embeds them; rulepack reads them.
package rules

import "embed"

// FS is the rules directory as it was when the program was built. A directory on disk can take its place.
//
//go:embed all:*
var FS embed.FS
