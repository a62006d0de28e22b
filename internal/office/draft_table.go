package office

import (
	"bytes"
	"context"
	"errors"

	"zutuan/internal/funding"
	"zutuan/internal/permit"
	"zutuan/internal/refuse"
	"zutuan/internal/rulecheck"
	"zutuan/internal/rulepack"
	"zutuan/internal/sheet"
)

// TableFormat is the form of a file with a decision table.
type TableFormat string

const (
	TableCSV  TableFormat = "csv"
	TableXLSX TableFormat = "xlsx"
)

// workbookMark begins every xlsx file, which is a zip archive. No table in CSV begins so: its header names the columns.
const workbookMark = "PK\x03\x04"

// VersionTable is the rules of a published product or risk pack as a decision table.
func (o *Office) VersionTable(ctx context.Context, actor permit.Actor, t PackType, id string, format TableFormat) ([]byte, error) {
	version, err := o.GetVersion(ctx, actor, t, id)
	if err != nil {
		return nil, err
	}
	return o.tableOf(ctx, version.Type, version.Text, format)
}

// DraftTable is the rules of a draft as a decision table. A draft with mistakes has no table: its rules could not
// all be read.
func (o *Office) DraftTable(ctx context.Context, actor permit.Actor, id string, format TableFormat) ([]byte, error) {
	_, body, err := o.draft(ctx, actor, id, toRead)
	if err != nil {
		return nil, err
	}
	return o.tableOf(ctx, body.Type, body.Text, format)
}

func (o *Office) tableOf(ctx context.Context, t PackType, text string, format TableFormat) ([]byte, error) {
	if err := tabular(t); err != nil {
		return nil, err
	}
	edition, err := o.Edition(ctx)
	if err != nil {
		return nil, err
	}
	made := compileVersion(edition.Desk.Library, t, draftFile, []byte(text))
	switch {
	case made.err != nil:
		return nil, problems(made.err, "/text")
	case format == TableXLSX && t == PackRisk:
		return sheet.RiskPack(made.risk)
	case format == TableXLSX:
		return sheet.Product(made.product)
	case t == PackRisk:
		table := rulecheck.RiskTable(made.risk)
		return table.CSV(), nil
	}
	return rulecheck.ExportTable(made.product), nil
}

// tabular refuses what has no rules in a table.
func tabular(t PackType) error {
	if t == PackProduct || t == PackRisk {
		return nil
	}
	return refuse.New(refuse.KindInvalid, "type", "只有产品和风险规则包可以写成决策表", "only products and risk packs can be written as a decision table")
}

// PutDraftTable replaces the rules of a draft by those of a decision table, in CSV or as a workbook. The rest of the text
// stays as it is, byte for byte. What is wrong with the table is told cell by cell, and nothing is then changed.
func (o *Office) PutDraftTable(ctx context.Context, actor permit.Actor, id string, expected int64, table []byte) (Draft, error) {
	_, body, err := o.draft(ctx, actor, id, toWrite)
	if err != nil {
		return Draft{}, err
	}
	if err := tabular(body.Type); err != nil {
		return Draft{}, err
	}
	edition, err := o.Edition(ctx)
	if err != nil {
		return Draft{}, err
	}
	var text string
	if body.Type == PackRisk {
		text, err = withRiskTable(edition.Desk.Library, body.Text, table)
	} else {
		text, err = withTable(edition.Desk.Library, body.Text, table)
	}
	if err != nil {
		return Draft{}, err
	}
	// The text was read before the version is compared, so that a draft that somebody else changed meanwhile is refused.
	return o.UpdateDraft(ctx, actor, id, expected, text)
}

// isWorkbook tells a workbook from CSV.
func isWorkbook(table []byte) bool { return bytes.HasPrefix(table, []byte(workbookMark)) }

// withTable puts the rules of a table into the text of a product.
func withTable(library *rulepack.Library, text string, table []byte) (string, error) {
	read, name := rulecheck.ImportTable, "table.csv"
	if isWorkbook(table) {
		read, name = sheet.ReadProduct, "table.xlsx"
	}
	rules, err := read(library, name, table)
	if err != nil {
		return "", inTable(err)
	}
	replaced, err := rulecheck.ReplaceRules(text, rules)
	return replaced, problems(err, "/text")
}

// withRiskTable puts the rules of a table into the text of a risk pack. Where the text has mistakes, its rules are all
// written anew.
func withRiskTable(library *rulepack.Library, text string, table []byte) (string, error) {
	read, name := rulecheck.ImportRiskTable, "table.csv"
	if isWorkbook(table) {
		read, name = sheet.ReadRiskPack, "table.xlsx"
	}
	rules, err := read(library, name, table)
	if err != nil {
		return "", inTable(err)
	}
	var before []funding.RiskRule
	if pack, err := library.RiskPack(draftFile, []byte(text)); err == nil {
		for i := range pack.Rules {
			before = append(before, pack.Rules[i].RiskRule)
		}
	}
	replaced, err := rulecheck.ReplaceRiskRules(text, before, rules)
	return replaced, problems(err, "/text")
}

// inTable tells the problems of a table, which is the whole body of its request: the cell is their path.
func inTable(err error) error {
	var refused *refuse.Error
	if !errors.As(problems(err, ""), &refused) {
		return err
	}
	for i := range refused.Points {
		refused.Points[i].Pointer = ""
	}
	return refused
}
