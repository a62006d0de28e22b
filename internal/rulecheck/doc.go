// Package rulecheck looks at rules before anyone relies on them: which changes to a rule no test would notice, which rules
// can never fail or never pass, which contradict one another, what differs between two versions in words, which rules rest
// on which document, and what is wrong with a text that is still being typed. It is pure, and it decides nothing itself:
// whatever it claims of a rule it confirms with the evaluator that decides real cases. README.md says what each claim rests
// on.
package rulecheck
