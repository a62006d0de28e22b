package httpapi

import (
	"bytes"
	"context"
	"io"

	"zutuan/api"
	"zutuan/internal/funding"
	"zutuan/internal/gate"
	"zutuan/internal/jobs"
	"zutuan/internal/office"
	"zutuan/internal/refuse"
	"zutuan/internal/rulecheck"
)

// CheckDraft says what is wrong with a text as it stands.
func (h handlers) CheckDraft(ctx context.Context, request api.CheckDraftRequestObject) (api.CheckDraftResponseObject, error) {
	found, err := compute(ctx, h.Server, func() ([]rulecheck.Diagnostic, error) {
		return h.config.Office.CheckDraft(ctx, actorOf(ctx), office.DraftText{Type: request.Body.Type, Text: request.Body.Text})
	})
	return api.CheckDraft200JSONResponse{Items: found}, err
}

// CompleteDraft lists what could be typed at the cursor.
func (h handlers) CompleteDraft(ctx context.Context, request api.CompleteDraftRequestObject) (api.CompleteDraftResponseObject, error) {
	found, err := h.config.Office.CompleteDraft(ctx, actorOf(ctx), typedAt(request.Body))
	return api.CompleteDraft200JSONResponse{Items: found}, err
}

// HoverDraft says what the word at the cursor means.
func (h handlers) HoverDraft(ctx context.Context, request api.HoverDraftRequestObject) (api.HoverDraftResponseObject, error) {
	text, err := h.config.Office.HoverDraft(ctx, actorOf(ctx), typedAt(request.Body))
	return api.HoverDraft200JSONResponse(funding.Text(text)), err
}

func typedAt(body *api.TypedAt) office.DraftText {
	return office.DraftText{Type: body.Type, Text: body.Text, Line: body.Line, Column: body.Column}
}

// TryDraft says what a product that is being typed says to requirements.
func (h handlers) TryDraft(ctx context.Context, request api.TryDraftRequestObject) (api.TryDraftResponseObject, error) {
	body := request.Body
	date, err := h.dateOr(body.Date, "/date")
	if err != nil {
		return nil, err
	}
	verdicts, err := compute(ctx, h.Server, func() ([]office.DraftVerdict, error) {
		return h.config.Office.DraftVerdicts(ctx, actorOf(ctx), office.DraftText{Type: office.PackProduct, Text: body.Text}, or(body.Requirements), or(body.Samples), date)
	})
	return api.TryDraft200JSONResponse{Items: verdicts}, err
}

// ListDrafts lists drafts.
func (h handlers) ListDrafts(ctx context.Context, request api.ListDraftsRequestObject) (api.ListDraftsResponseObject, error) {
	params := request.Params
	page, err := h.config.Office.ListDrafts(ctx, actorOf(ctx), gate.Status(or(params.Status)), pagingOf(params.Limit, params.After))
	return api.ListDrafts200JSONResponse(page), err
}

// CreateDraft begins a draft.
func (h handlers) CreateDraft(ctx context.Context, request api.CreateDraftRequestObject) (api.CreateDraftResponseObject, error) {
	body := request.Body
	draft, err := h.config.Office.CreateDraft(ctx, actorOf(ctx), office.NewDraft{Type: body.Type, From: or(body.From), Text: or(body.Text)})
	headers := api.CreateDraft201ResponseHeaders{ETag: etagOf(draft.Version), Location: given("/api/v1/drafts/" + draft.ID)}
	return api.CreateDraft201JSONResponse{Body: draft, Headers: headers}, err
}

// GetDraft shows a draft.
func (h handlers) GetDraft(ctx context.Context, request api.GetDraftRequestObject) (api.GetDraftResponseObject, error) {
	draft, err := h.config.Office.GetDraft(ctx, actorOf(ctx), request.Id)
	return api.GetDraft200JSONResponse{Body: draft, Headers: api.GetDraft200ResponseHeaders{ETag: etagOf(draft.Version)}}, err
}

// UpdateDraft replaces the text of a draft, which comes in JSON or as the file itself.
func (h handlers) UpdateDraft(ctx context.Context, request api.UpdateDraftRequestObject) (api.UpdateDraftResponseObject, error) {
	var text string
	switch {
	case request.JSONBody != nil:
		text = request.JSONBody.Text
	case request.Body != nil:
		raw, err := io.ReadAll(request.Body)
		if err != nil {
			return nil, err
		}
		text = string(raw)
	default:
		// The form was checked before; only a media type in capitals comes this far.
		return nil, refuse.New(kindMediaType, "media_type", "内容类型应为 application/json, text/yaml", "the content type should be application/json, text/yaml")
	}
	draft, err := h.config.Office.UpdateDraft(ctx, actorOf(ctx), request.Id, versionOf(request.Params.IfMatch), text)
	return api.UpdateDraft200JSONResponse{Body: draft, Headers: api.UpdateDraft200ResponseHeaders{ETag: etagOf(draft.Version)}}, err
}

// DraftTrail shows who did what to a draft.
func (h handlers) DraftTrail(ctx context.Context, request api.DraftTrailRequestObject) (api.DraftTrailResponseObject, error) {
	trail, err := h.config.Office.DraftTrail(ctx, actorOf(ctx), request.Id)
	return api.DraftTrail200JSONResponse{Items: trail}, err
}

// TestDraft runs the tests of a draft.
func (h handlers) TestDraft(ctx context.Context, request api.TestDraftRequestObject) (api.TestDraftResponseObject, error) {
	report, err := compute(ctx, h.Server, func() (office.DraftTests, error) {
		return h.config.Office.TestDraft(ctx, actorOf(ctx), request.Id)
	})
	return api.TestDraft200JSONResponse(report), err
}

// AnalyseDraft analyses the rules of a draft.
func (h handlers) AnalyseDraft(ctx context.Context, request api.AnalyseDraftRequestObject) (api.AnalyseDraftResponseObject, error) {
	found, err := compute(ctx, h.Server, func() ([]office.DraftFinding, error) {
		return h.config.Office.AnalyseDraft(ctx, actorOf(ctx), request.Id)
	})
	return api.AnalyseDraft200JSONResponse{Items: found}, err
}

// DiffDraft says what differs between a draft and a version.
func (h handlers) DiffDraft(ctx context.Context, request api.DiffDraftRequestObject) (api.DiffDraftResponseObject, error) {
	draft, err := h.config.Office.GetDraft(ctx, actorOf(ctx), request.Id)
	if err != nil {
		return nil, err
	}
	diff, err := h.config.Office.DiffVersions(ctx, actorOf(ctx), draft.Type, or(request.Params.With), request.Id)
	return api.DiffDraft200JSONResponse(diff), err
}

// ComputeDraftImpact has the impact of a draft computed. Asked for again while it is being computed, it is the same job.
func (h handlers) ComputeDraftImpact(ctx context.Context, request api.ComputeDraftImpactRequestObject) (api.ComputeDraftImpactResponseObject, error) {
	draft, err := h.config.Office.CheckImpactRequest(ctx, actorOf(ctx), request.Id)
	if err != nil {
		return nil, err
	}
	job, _, err := h.config.Jobs.Submit(ctx, actorOf(ctx), office.JobImpact, office.ImpactRequest{Draft: draft.ID}, jobs.SubmitOptions{Key: draft.ID + "@" + draft.Digest})
	return api.ComputeDraftImpact202JSONResponse{Body: job, Headers: api.ComputeDraftImpact202ResponseHeaders{Location: given("/api/v1/jobs/" + job.ID)}}, err
}

// GetDraftImpact shows the newest impact of a draft.
func (h handlers) GetDraftImpact(ctx context.Context, request api.GetDraftImpactRequestObject) (api.GetDraftImpactResponseObject, error) {
	report, err := h.config.Office.ReadDraftImpact(ctx, actorOf(ctx), request.Id)
	return api.GetDraftImpact200JSONResponse(report), err
}

// SubmitDraft hands a draft in for review.
func (h handlers) SubmitDraft(ctx context.Context, request api.SubmitDraftRequestObject) (api.SubmitDraftResponseObject, error) {
	step := office.DraftStep{Step: gate.StepSubmit}
	var err error
	if step.EffectiveFrom, err = dayOf(request.Body.EffectiveFrom, "/effective_from"); err != nil {
		return nil, err
	}
	if last := request.Body.EffectiveTo; last != nil {
		if step.EffectiveTo, err = dayOf(*last, "/effective_to"); err != nil {
			return nil, err
		}
	}
	draft, err := compute(ctx, h.Server, func() (office.Draft, error) {
		return h.config.Office.StepDraft(ctx, actorOf(ctx), request.Id, versionOf(request.Params.IfMatch), step)
	})
	return api.SubmitDraft200JSONResponse{Body: draft, Headers: api.SubmitDraft200ResponseHeaders{ETag: etagOf(draft.Version)}}, err
}

// ReturnDraft gives a draft back to its authors.
func (h handlers) ReturnDraft(ctx context.Context, request api.ReturnDraftRequestObject) (api.ReturnDraftResponseObject, error) {
	draft, err := h.config.Office.StepDraft(ctx, actorOf(ctx), request.Id, versionOf(request.Params.IfMatch), office.DraftStep{Step: gate.StepReturn, Reason: request.Body.Reason})
	return api.ReturnDraft200JSONResponse{Body: draft, Headers: api.ReturnDraft200ResponseHeaders{ETag: etagOf(draft.Version)}}, err
}

// PublishDraft makes a draft the next version.
func (h handlers) PublishDraft(ctx context.Context, request api.PublishDraftRequestObject) (api.PublishDraftResponseObject, error) {
	version, err := compute(ctx, h.Server, func() (office.Version, error) {
		return h.config.Office.PublishDraft(ctx, actorOf(ctx), request.Id, versionOf(request.Params.IfMatch), or(request.Body.Reason))
	})
	place := "/api/v1/pack-versions/"
	if version.Type == office.PackProduct {
		place = "/api/v1/product-versions/"
	}
	return api.PublishDraft201JSONResponse{Body: version, Headers: api.PublishDraft201ResponseHeaders{ETag: etagOf(version.Version), Location: given(place + version.ID)}}, err
}

// GetDraftTable gives the rules of a draft as a decision table.
func (h handlers) GetDraftTable(ctx context.Context, request api.GetDraftTableRequestObject) (api.GetDraftTableResponseObject, error) {
	format := tableFormat(request.Params.Format)
	table, err := compute(ctx, h.Server, func() ([]byte, error) {
		return h.config.Office.DraftTable(ctx, actorOf(ctx), request.Id, format)
	})
	if err != nil {
		return nil, err
	}
	if format == office.TableXLSX {
		return api.GetDraftTable200ApplicationvndOpenxmlformatsOfficedocumentSpreadsheetmlSheetResponse{Body: bytes.NewReader(table), ContentLength: int64(len(table))}, nil
	}
	return api.GetDraftTable200TextcsvResponse{Body: bytes.NewReader(table), ContentLength: int64(len(table))}, nil
}

// PutDraftTable replaces the rules of a draft by a decision table.
func (h handlers) PutDraftTable(ctx context.Context, request api.PutDraftTableRequestObject) (api.PutDraftTableResponseObject, error) {
	table, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	draft, err := compute(ctx, h.Server, func() (office.Draft, error) {
		return h.config.Office.PutDraftTable(ctx, actorOf(ctx), request.Id, versionOf(request.Params.IfMatch), table)
	})
	return api.PutDraftTable200JSONResponse{Body: draft, Headers: api.PutDraftTable200ResponseHeaders{ETag: etagOf(draft.Version)}}, err
}
