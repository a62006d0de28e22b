package httpapi

import (
	"context"
	"encoding/json"
	"io"

	"zutuan/api"
	"zutuan/internal/cashflow"
	"zutuan/internal/document"
	"zutuan/internal/gate"
	"zutuan/internal/office"
	"zutuan/internal/refuse"
)

// ListRequirements lists requirements.
func (h handlers) ListRequirements(ctx context.Context, request api.ListRequirementsRequestObject) (api.ListRequirementsResponseObject, error) {
	p := request.Params
	filter := office.RequirementFilter{Region: or(p.Region), Status: gate.Status(or(p.Status)), Zone: or(p.Zone), ByRequested: or(p.ByRequested)}
	page, err := h.config.Office.ListRequirements(ctx, actorOf(ctx), filter, pagingOf(p.Limit, p.After))
	return api.ListRequirements200JSONResponse(page), err
}

// CreateRequirement keeps a new requirement.
func (h handlers) CreateRequirement(ctx context.Context, request api.CreateRequirementRequestObject) (api.CreateRequirementResponseObject, error) {
	text, err := requirementText(request.JSONBody, request.Body)
	if err != nil {
		return nil, err
	}
	made, err := h.config.Office.CreateRequirement(ctx, actorOf(ctx), text)
	return api.CreateRequirement201JSONResponse{Body: made, Headers: api.CreateRequirement201ResponseHeaders{ETag: etagOf(made.Version), Location: located("requirements", made.ID)}}, err
}

// UpdateRequirement replaces the document of a requirement.
func (h handlers) UpdateRequirement(ctx context.Context, request api.UpdateRequirementRequestObject) (api.UpdateRequirementResponseObject, error) {
	text, err := requirementText(request.JSONBody, request.Body)
	if err != nil {
		return nil, err
	}
	made, err := h.config.Office.UpdateRequirement(ctx, actorOf(ctx), request.Id, versionOf(request.Params.IfMatch), text)
	return api.UpdateRequirement200JSONResponse{Body: made, Headers: api.UpdateRequirement200ResponseHeaders{ETag: etagOf(made.Version)}}, err
}

// requirementText is a requirement as JSON, whichever of the two forms it was sent in.
func requirementText(sent *json.RawMessage, file io.Reader) ([]byte, error) {
	text, err := handedText(sent, file)
	if err != nil || sent != nil {
		return text, err
	}
	text, err = document.JSON("requirement.yaml", text)
	return text, paperRefusal(err)
}

// GetRequirement shows a requirement.
func (h handlers) GetRequirement(ctx context.Context, request api.GetRequirementRequestObject) (api.GetRequirementResponseObject, error) {
	found, err := h.config.Office.GetRequirement(ctx, actorOf(ctx), request.Id)
	return api.GetRequirement200JSONResponse{Body: found, Headers: api.GetRequirement200ResponseHeaders{ETag: etagOf(found.Version)}}, err
}

// stepRequirement takes a requirement one step on.
func (h handlers) stepRequirement(ctx context.Context, id, ifMatch string, step gate.Step, body *api.ReasonInput) (office.Requirement, *string, error) {
	made, err := h.config.Office.StepRequirement(ctx, actorOf(ctx), id, versionOf(ifMatch), step, reasonOf(body))
	return made, etagOf(made.Version), err
}

// SubmitRequirement opens a requirement to matching.
func (h handlers) SubmitRequirement(ctx context.Context, request api.SubmitRequirementRequestObject) (api.SubmitRequirementResponseObject, error) {
	made, etag, err := h.stepRequirement(ctx, request.Id, request.Params.IfMatch, gate.StepSubmit, request.Body)
	return api.SubmitRequirement200JSONResponse{Body: made, Headers: api.SubmitRequirement200ResponseHeaders{ETag: etag}}, err
}

// WithdrawRequirement takes a requirement back.
func (h handlers) WithdrawRequirement(ctx context.Context, request api.WithdrawRequirementRequestObject) (api.WithdrawRequirementResponseObject, error) {
	made, etag, err := h.stepRequirement(ctx, request.Id, request.Params.IfMatch, gate.StepWithdraw, request.Body)
	return api.WithdrawRequirement200JSONResponse{Body: made, Headers: api.WithdrawRequirement200ResponseHeaders{ETag: etag}}, err
}

// CloseRequirement ends a requirement.
func (h handlers) CloseRequirement(ctx context.Context, request api.CloseRequirementRequestObject) (api.CloseRequirementResponseObject, error) {
	made, etag, err := h.stepRequirement(ctx, request.Id, request.Params.IfMatch, gate.StepClose, request.Body)
	return api.CloseRequirement200JSONResponse{Body: made, Headers: api.CloseRequirement200ResponseHeaders{ETag: etag}}, err
}

// ReviseRequirement makes a withdrawn requirement a draft again.
func (h handlers) ReviseRequirement(ctx context.Context, request api.ReviseRequirementRequestObject) (api.ReviseRequirementResponseObject, error) {
	made, etag, err := h.stepRequirement(ctx, request.Id, request.Params.IfMatch, gate.StepRevise, request.Body)
	return api.ReviseRequirement200JSONResponse{Body: made, Headers: api.ReviseRequirement200ResponseHeaders{ETag: etag}}, err
}

// RequirementTrail shows who did what to a requirement.
func (h handlers) RequirementTrail(ctx context.Context, request api.RequirementTrailRequestObject) (api.RequirementTrailResponseObject, error) {
	entries, err := h.config.Office.RequirementTrail(ctx, actorOf(ctx), request.Id)
	return api.RequirementTrail200JSONResponse{Items: entries}, err
}

// SimulateRequirement draws up the cash flow of a stored requirement.
func (h handlers) SimulateRequirement(ctx context.Context, request api.SimulateRequirementRequestObject) (api.SimulateRequirementResponseObject, error) {
	kase, err := h.config.Office.SimulateRequirement(ctx, actorOf(ctx), request.Id)
	if err != nil {
		return nil, err
	}
	answer, err := compute(ctx, h.Server, func() (cashflow.Answer, error) {
		if quarters := or(request.Params.Quarters); quarters != 0 && quarters < kase.Requirement.Horizon {
			return cashflow.Answer{}, refuse.Newf(refuse.KindInvalid, "quarters", "季度数不能少于测算期 %d", "quarters cannot be fewer than the horizon, %d", kase.Requirement.Horizon)
		}
		result, err := kase.Simulate(or(request.Params.Quarters))
		if err != nil {
			return cashflow.Answer{}, err
		}
		return result.Answer(), nil
	})
	return api.SimulateRequirement200JSONResponse(answer), err
}
