package main

import (
	"flag"
	"fmt"
	"io/fs"
	"sort"
	"strings"

	"zutuan/internal/casework"
	"zutuan/internal/document"
	"zutuan/internal/funding"
)

// paperFlags are the flags with which a case is handed in.
type paperFlags struct {
	requirement, ledger, fiscal, overrides, asOf, sample string
}

func (p *paperFlags) register(flags *flag.FlagSet) {
	flags.StringVar(&p.requirement, "requirement", "", "")
	flags.StringVar(&p.ledger, "ledger", "", "")
	flags.StringVar(&p.fiscal, "fiscal", "", "")
	flags.StringVar(&p.overrides, "overrides", "", "")
	flags.StringVar(&p.asOf, "as-of", "", "")
	flags.StringVar(&p.sample, "sample", "", "")
}

// readCase reads the papers that the command line names, or a sample that ships with the rules.
func (e *environment) readCase(files []string, flags paperFlags) (*casework.Case, error) {
	papers, err := e.papers(files, flags)
	if err != nil {
		return nil, err
	}
	if flags.asOf != "" {
		if papers.LedgerAsOf, err = document.ParseDate(flags.asOf); err != nil {
			return nil, usageError{fmt.Sprintf("--as-of 应写成 2025-12-31，现在是 %q", flags.asOf), fmt.Sprintf("--as-of is written 2025-12-31, not %q", flags.asOf)}
		}
	}
	return casework.ReadCase(papers)
}

func (e *environment) papers(files []string, flags paperFlags) (casework.Papers, error) {
	if flags.sample != "" {
		return e.sample(flags.sample)
	}
	named, err := oneFile(files, flags.requirement)
	if err != nil {
		return casework.Papers{}, err
	}
	var papers casework.Papers
	for _, paper := range []struct {
		path string
		into *casework.File
	}{{named, &papers.Requirement}, {flags.ledger, &papers.Ledger}, {flags.fiscal, &papers.Fiscal}} {
		if paper.path == "" {
			continue
		}
		data, err := readFile(paper.path)
		if err != nil {
			return papers, err
		}
		*paper.into = casework.File{Name: paper.path, Data: data}
	}
	return papers, nil
}

// sample reads a case under rules/samples; an unknown name is refused with those that exist.
func (e *environment) sample(name string) (casework.Papers, error) {
	papers, err := casework.SamplePapers(e.rulesFS(), name)
	if err != nil {
		entries, _ := fs.ReadDir(e.rulesFS(), "samples")
		var names []string
		for _, entry := range entries {
			names = append(names, entry.Name())
		}
		sort.Strings(names)
		list := strings.Join(names, ", ")
		return papers, usageError{fmt.Sprintf("没有名为 %q 的样例；有 %s", name, list), fmt.Sprintf("there is no sample %q; there are %s", name, list)}
	}
	return papers, nil
}

// readOverrides reads a region's parameter overrides; no name is none.
func (e *environment) readOverrides(file string, read func(string, []byte) ([]funding.ParameterOverride, error)) ([]funding.ParameterOverride, error) {
	if file == "" {
		return nil, nil
	}
	data, err := readFile(file)
	if err != nil {
		return nil, err
	}
	return read(file, data)
}
