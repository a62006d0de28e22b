package httpapi

import (
	"context"

	"zutuan/api"
	"zutuan/internal/funding"
	"zutuan/internal/office"
)

// documentOf is an entry of the register as it is answered.
func documentOf(d *funding.Document) api.LegalDocument {
	return api.LegalDocument{Id: d.ID, Title: d.Title, Date: d.Date, Public: api.LegalDocumentPublic(d.Public), Status: api.LegalDocumentStatus(d.Status),
		Seen: api.LegalDocumentSeen(d.Seen), Note: given(d.Note), RepealedOn: day(d.RepealedOn), ReplacedBy: given(d.ReplacedBy)}
}

func usesOf(found *office.Document) api.DocumentUses {
	return api.DocumentUses{Document: documentOf(&found.Document), Dependents: found.Dependents, Mark: found.Mark}
}

// DocumentUses lists what rests on a document.
func (h handlers) DocumentUses(ctx context.Context, request api.DocumentUsesRequestObject) (api.DocumentUsesResponseObject, error) {
	found, err := h.config.Office.DocumentUses(ctx, actorOf(ctx), request.Id)
	if err != nil {
		return nil, err
	}
	return api.DocumentUses200JSONResponse(usesOf(&found)), nil
}

// RepealDocument marks a document repealed, or takes a mark back.
func (h handlers) RepealDocument(ctx context.Context, request api.RepealDocumentRequestObject) (api.RepealDocumentResponseObject, error) {
	body := request.Body
	mark := office.MarkBody{Document: request.Id, Status: office.MarkStatus(body.Status), ReplacedBy: or(body.ReplacedBy), Note: or(body.Note)}
	if body.Day != nil {
		date, err := dayOf(*body.Day, "/day")
		if err != nil {
			return nil, err
		}
		mark.Day = *day(date)
	}
	found, err := h.config.Office.RepealDocument(ctx, actorOf(ctx), versionOf(request.Params.IfMatch), mark)
	if err != nil {
		return nil, err
	}
	return api.RepealDocument200JSONResponse(usesOf(&found)), nil
}
