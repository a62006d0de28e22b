package main

// rulesSubcommands are the words after rules that take arguments of their own.
var rulesSubcommands = map[string]func(*environment, []string) error{}
