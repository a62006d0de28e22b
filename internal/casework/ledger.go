package casework

import (
	"fmt"
	"strings"

	"zutuan/internal/document"
	"zutuan/internal/funding"
)

// checkDebtService reports every instrument that debt_service names and the ledger does not hold.
func checkDebtService(file string, requirement *funding.Requirement, ledger *funding.Ledger) error {
	var problems document.Problems
	if ledger == nil {
		list := strings.Join(requirement.DebtService, ", ")
		problems = append(problems, document.Problem{File: file, Path: "debt_service", Code: "no_ledger",
			ZH: "资金需求引用了存量债务 " + list + "，请同时给出存量债务台账（--ledger）",
			EN: "the requirement names existing debt " + list + "; give the ledger too (--ledger)"})
		return problems.Err()
	}
	ids := make([]string, len(ledger.Instruments))
	known := map[string]bool{}
	for i, instrument := range ledger.Instruments {
		ids[i], known[instrument.ID] = instrument.ID, true
	}
	for i, id := range requirement.DebtService {
		if known[id] {
			continue
		}
		near := strings.Join(document.Nearest(id, ids), ", ")
		problems = append(problems, document.Problem{File: file, Path: fmt.Sprintf("debt_service[%d].ledger", i), Code: "unknown_instrument",
			ZH: fmt.Sprintf("台账里没有编号 %s%s", id, prefixed("；相近的有 ", near)), EN: fmt.Sprintf("the ledger has no instrument %s%s", id, prefixed("; near are ", near))})
	}
	return problems.Err()
}

// prefixed leads a text, and says nothing where there is none.
func prefixed(lead, text string) string {
	if text == "" {
		return ""
	}
	return lead + text
}
