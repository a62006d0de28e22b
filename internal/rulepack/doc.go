// Package rulepack reads what people write into the rules directory: the vocabulary, dated parameters, the register of
// documents, dated lists and rates, zones, institutions, products and risk packs. It reads strictly, compiles every
// expression against the vocabulary, and reports everything that is wrong in all files together, each with its file,
// path, line and, inside an expression, column and caret. It decides nothing: verdicts are match's, flags are risk's.
package rulepack
