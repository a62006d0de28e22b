package httpapi

import (
	"context"
	"time"

	"zutuan/api"
	"zutuan/internal/casework"
	"zutuan/internal/funding"
	"zutuan/internal/refuse"
)

// ListFacts gives the dictionary of facts.
func (h handlers) ListFacts(ctx context.Context, request api.ListFactsRequestObject) (api.ListFactsResponseObject, error) {
	desk, err := h.config.Rules(ctx)
	if err != nil {
		return nil, err
	}
	date, err := h.dateOr(request.Params.Date, "date")
	if err != nil {
		return nil, err
	}
	var groups []string
	if request.Params.Group != nil {
		groups = *request.Params.Group
	}
	answer := casework.Facts(desk.Library, groups, date)
	if len(answer.Facts) == 0 {
		return nil, refuse.New(refuse.KindInvalid, "group", "没有这一组事实", "there is no such group of facts").
			With(pointAt("group", "unknown_name", "没有这一组事实；不写 group 可列出全部", "there is no such group; leave group out to see all"))
	}
	return api.ListFacts200JSONResponse(answer), nil
}

// ListParameters gives every threshold with its history.
func (h handlers) ListParameters(ctx context.Context, request api.ListParametersRequestObject) (api.ListParametersResponseObject, error) {
	desk, err := h.config.Rules(ctx)
	if err != nil {
		return nil, err
	}
	date, err := h.dateOr(request.Params.Date, "date")
	if err != nil {
		return nil, err
	}
	answer := api.ParameterList{Date: date.Format(time.DateOnly), Items: []api.Parameter{}}
	onDate := desk.Library.Parameters.At(date, "", nil)
	for _, parameter := range desk.Library.Parameters.All() {
		view := api.Parameter{Id: parameter.ID, Name: parameter.Name, Unit: parameter.Unit, Note: given(parameter.Note), Values: []api.ParameterValue{}}
		if value, ok := onDate.Lookup(parameter.ID); ok && value.Present() {
			view.Value = &value.Value
		}
		for _, value := range parameter.Values {
			view.Values = append(view.Values, parameterValue(value))
		}
		answer.Items = append(answer.Items, view)
	}
	return api.ListParameters200JSONResponse(answer), nil
}

func parameterValue(value funding.ParameterValue) api.ParameterValue {
	return api.ParameterValue{Value: value.Value, From: value.From.Format(time.DateOnly), To: day(value.To), Basis: append([]string{}, value.Basis...), Status: api.ParameterValueStatus(value.Status),
		Confidence: api.ParameterValueConfidence(value.Confidence), LastVerified: day(value.LastVerified), Note: given(value.Note)}
}

// ListDocuments gives the register of documents.
func (h handlers) ListDocuments(ctx context.Context, _ api.ListDocumentsRequestObject) (api.ListDocumentsResponseObject, error) {
	desk, err := h.config.Rules(ctx)
	if err != nil {
		return nil, err
	}
	answer := api.DocumentList{Items: []api.LegalDocument{}}
	for _, d := range desk.Library.Documents.All() {
		answer.Items = append(answer.Items, documentOf(&d))
	}
	return api.ListDocuments200JSONResponse(answer), nil
}

// given is nil for a text that is empty.
func given(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// day is nil for a day that is not known.
func day(date time.Time) *string {
	if date.IsZero() {
		return nil
	}
	return given(date.Format(time.DateOnly))
}
