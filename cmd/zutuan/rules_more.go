package main

import "zutuan/internal/rulepack"

// rulesSubcommands are the words after rules that take arguments of their own.
var rulesSubcommands = map[string]func(*environment, []string) error{}

func analyseRules(env *environment, library *rulepack.Library) error { return nil }
