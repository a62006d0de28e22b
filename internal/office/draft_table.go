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

// VersionTable is the rules of a published product as a decision table.
func (o *Office) VersionTable(ctx context.Context, actor permit.Actor, id string, format TableFormat) ([]byte, error) {
	version, err := o.GetVersion(ctx, actor, PackProduct, id)
	if err != nil {
		return nil, err
	}
	return o.tableOf(ctx, version.Text, format)
}

// DraftTable is the rules of a product's draft as a decision table. A draft with mistakes has no table: its rules could not
// all be read.
func (o *Office) DraftTable(ctx context.Context, actor permit.Actor, id string, format TableFormat) ([]byte, error) {
	_, body, err := o.draft(ctx, actor, id, toRead)
	if err != nil {
		return nil, err
	}
	if err := tabular(&body); err != nil {
		return nil, err
	}
	return o.tableOf(ctx, body.Text, format)
}

func (o *Office) tableOf(ctx context.Context, text string, format TableFormat) ([]byte, error) {
	product, err := o.readProduct(ctx, text)
	if err != nil {
		return nil, err
	}
	if format == TableXLSX {
		return sheet.Product(product)
	}
	return rulecheck.ExportTable(product), nil
}

func (o *Office) readProduct(ctx context.Context, text string) (*rulepack.Product, error) {
	edition, err := o.Edition(ctx)
	if err != nil {
		return nil, err
	}
	product, err := edition.Desk.Library.Product(draftFile, []byte(text))
	return product, problems(err, "/text")
}

// tabular refuses what has no rules in a table.
func tabular(body *DraftBody) error {
	if body.Type == PackProduct {
		return nil
	}
	return refuse.New(refuse.KindInvalid, "type", "只有产品的规则可以写成决策表", "only the rules of products can be written as a decision table")
}

// PutDraftTable replaces the rules of a product's draft by those of a decision table, in CSV or as a workbook. The rest of
// the text stays as it is, byte for byte. What is wrong with the table is told cell by cell, and nothing is then changed.
func (o *Office) PutDraftTable(ctx context.Context, actor permit.Actor, id string, expected int64, table []byte) (Draft, error) {
	_, body, err := o.draft(ctx, actor, id, toWrite)
	if err != nil {
		return Draft{}, err
	}
	if err := tabular(&body); err != nil {
		return Draft{}, err
	}
	edition, err := o.Edition(ctx)
	if err != nil {
		return Draft{}, err
	}
	rules, err := readTable(edition.Desk.Library, table)
	if err != nil {
		return Draft{}, inTable(err)
	}
	text, err := rulecheck.ReplaceRules(body.Text, rules)
	if err != nil {
		return Draft{}, problems(err, "/text")
	}
	// The text was read before the version is compared, so that a draft that somebody else changed meanwhile is refused.
	return o.UpdateDraft(ctx, actor, id, expected, text)
}

func readTable(library *rulepack.Library, table []byte) ([]funding.ProductRule, error) {
	if bytes.HasPrefix(table, []byte(workbookMark)) {
		return sheet.ReadProduct(library, "table.xlsx", table)
	}
	return rulecheck.ImportTable(library, "table.csv", table)
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
