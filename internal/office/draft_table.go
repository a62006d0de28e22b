package office

import (
	"context"
	"errors"

	"zutuan/internal/permit"
	"zutuan/internal/refuse"
	"zutuan/internal/rulecheck"
	"zutuan/internal/rulepack"
)

// tableFile is the name under which a decision table is read.
const tableFile = "table.csv"

// VersionTable is the rules of a published product as a decision table in CSV.
func (o *Office) VersionTable(ctx context.Context, actor permit.Actor, id string) ([]byte, error) {
	version, err := o.GetVersion(ctx, actor, PackProduct, id)
	if err != nil {
		return nil, err
	}
	return o.tableOf(ctx, version.Text)
}

// DraftTable is the rules of a product's draft as a decision table in CSV. A draft with mistakes has no table: its rules
// could not all be read.
func (o *Office) DraftTable(ctx context.Context, actor permit.Actor, id string) ([]byte, error) {
	_, body, err := o.draft(ctx, actor, id, toRead)
	if err != nil {
		return nil, err
	}
	if err := tabular(&body); err != nil {
		return nil, err
	}
	return o.tableOf(ctx, body.Text)
}

func (o *Office) tableOf(ctx context.Context, text string) ([]byte, error) {
	product, err := o.readProduct(ctx, text)
	if err != nil {
		return nil, err
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

// PutDraftTable replaces the rules of a product's draft by those of a decision table. The rest of the text stays as it is,
// byte for byte. What is wrong with the table is told cell by cell, and nothing is then changed.
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
	rules, err := rulecheck.ImportTable(edition.Desk.Library, tableFile, table)
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
