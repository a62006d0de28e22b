package office

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"time"

	"zutuan/internal/casework"
	"zutuan/internal/document"
	"zutuan/internal/gate"
	"zutuan/internal/permit"
	"zutuan/internal/store"
)

// InstallSamples hands in the sample clusters of the rules directory, as the bureaus of their zones would: ledger,
// fiscal profile and requirement, the requirement submitted. bureau says who acts for a region. A store that has any
// requirement is left alone.
func (o *Office) InstallSamples(ctx context.Context, bureau func(region string) permit.Actor) error {
	any, err := o.store.List(ctx, store.Query{Kind: store.KindRequirement, Limit: 1, WithoutBody: true})
	if err != nil || len(any.Records) > 0 {
		return err
	}
	folders, err := fs.ReadDir(o.base, "samples")
	if err != nil {
		return err
	}
	for _, folder := range folders {
		if folder.IsDir() {
			if err := o.installSample(ctx, folder.Name(), bureau); err != nil {
				return fmt.Errorf("sample %s: %w", folder.Name(), err)
			}
		}
	}
	return nil
}

func (o *Office) installSample(ctx context.Context, name string, bureau func(string) permit.Actor) error {
	papers, err := casework.SamplePapers(o.base, name)
	if err != nil {
		return err
	}
	text, err := document.JSON(papers.Requirement.Name, papers.Requirement.Data)
	if err != nil {
		return err
	}
	kase, err := casework.ReadRequirementAlone(papers.Requirement.Name, papers.Requirement.Data)
	if err != nil {
		return err
	}
	edition, err := o.Edition(ctx)
	if err != nil {
		return err
	}
	region, err := o.regionOfZone(ctx, edition, kase.Requirement)
	if err != nil {
		return err
	}
	actor := bureau(region)
	if zone, known := edition.Desk.Library.Zone(region); known {
		if _, err := o.CreateZone(ctx, actor, region, ZoneBody{Name: zone.Name, Code: zone.Code, Note: zone.Note}); unlessExists(err) != nil {
			return err
		}
	}
	if err := o.installPapers(ctx, actor, region, papers, kase.Requirement.Start.FirstDay().AddDate(0, 0, -1)); err != nil {
		return err
	}
	requirement, err := o.CreateRequirement(ctx, actor, text)
	if err != nil {
		return err
	}
	_, err = o.StepRequirement(ctx, actor, requirement.ID, requirement.Version, gate.StepSubmit, "")
	return err
}

// installPapers hands in a ledger and a fiscal profile where the sample has them and the region does not: two samples of
// one zone share them.
func (o *Office) installPapers(ctx context.Context, actor permit.Actor, region string, papers casework.Papers, asOf time.Time) error {
	if papers.Ledger.Name != "" {
		_, err := o.PutLedger(ctx, actor, region, 0, LedgerText{CSV: path.Ext(papers.Ledger.Name) == ".csv", Text: papers.Ledger.Data, AsOf: asOf})
		if err != nil && !isCode(err, "if_match") {
			return err
		}
	}
	if papers.Fiscal.Name == "" {
		return nil
	}
	text, err := document.JSON(papers.Fiscal.Name, papers.Fiscal.Data)
	if err != nil {
		return err
	}
	year, err := fiscalYear(text)
	if err != nil {
		return err
	}
	_, err = o.PutFiscal(ctx, actor, region, year, 0, text)
	if isCode(err, "if_match") {
		return nil
	}
	return err
}
