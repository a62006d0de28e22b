// Package impact says what a change of products, market data or parameters does to stored requirements: who becomes
// eligible, who no longer is, whose offers change in cost, size, terms, score or rank, which rule made the difference and
// why, and how much money is concerned. It also adds up unmet demand: the money that one rule alone keeps out. It is pure
// and says what two full matches would say; README.md states what counts as a difference.
package impact
