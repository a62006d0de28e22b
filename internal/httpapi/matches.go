package httpapi

import (
	"context"
	"encoding/json"
	"github.com/gofiber/fiber/v2"

	"zutuan/api"
	"zutuan/internal/office"
	"zutuan/internal/refuse"
)

// MatchRequirement asks every product and keeps what they said.
func (h handlers) MatchRequirement(ctx context.Context, request api.MatchRequirementRequestObject) (api.MatchRequirementResponseObject, error) {
	var asked api.StoredMatchInput
	if request.Body != nil {
		asked = *request.Body
	}
	date, err := h.dateOr(asked.Date, "/date")
	if err != nil {
		return nil, err
	}
	made, err := compute(ctx, h.Server, func() (office.Match, error) {
		return h.config.Office.MatchRequirement(ctx, actorOf(ctx), request.Id, date, or(asked.Products))
	})
	return api.MatchRequirement201JSONResponse{Body: made, Headers: api.MatchRequirement201ResponseHeaders{Location: located("matches", made.ID)}}, err
}

// ListMatches lists the matches of a requirement.
func (h handlers) ListMatches(ctx context.Context, request api.ListMatchesRequestObject) (api.ListMatchesResponseObject, error) {
	page, err := h.config.Office.ListMatches(ctx, actorOf(ctx), request.Id, pagingOf(request.Params.Limit, request.Params.After))
	return api.ListMatches200JSONResponse(page), err
}

// GetMatch shows a match.
func (h handlers) GetMatch(ctx context.Context, request api.GetMatchRequestObject) (api.GetMatchResponseObject, error) {
	found, err := h.config.Office.GetMatch(ctx, actorOf(ctx), request.Id)
	return api.GetMatch200JSONResponse(found), err
}

// MatchAnswer shows the whole answer of a match, computed again. One that no longer comes out the same is not shown: it
// would not be what was decided on.
func (h handlers) MatchAnswer(ctx context.Context, request api.MatchAnswerRequestObject) (api.MatchAnswerResponseObject, error) {
	replay, err := h.replayMatch(ctx, request.Id)
	if err != nil {
		return nil, err
	}
	if !replay.Identical && replay.Engine != replay.Basis.Engine {
		return nil, refuse.Newf(refuse.KindConflict, "replay_engine", "这次匹配由另一版本的程序（%s）计算，本版本（%s）重算的文字或数字与当时不同；请用当时的版本查看，或重新匹配", "another version of the program (%s) computed this match, and this one (%s) words or computes it differently; use that version, or match again", replay.Basis.Engine, replay.Engine)
	}
	if !replay.Identical {
		return nil, refuse.New(refuse.KindConflict, "replay_differs", "按当时的材料重算的结果与当时不同，请联系管理员", "the answer comes out differently now; ask an administrator")
	}
	return matchAnswer(replay.Answer), nil
}

// matchAnswer is an answer that is JSON already.
type matchAnswer json.RawMessage

func (a matchAnswer) VisitMatchAnswerResponse(c *fiber.Ctx) error {
	c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSON)
	return c.Send(a)
}

func (h handlers) replayMatch(ctx context.Context, id string) (office.Replay, error) {
	return compute(ctx, h.Server, func() (office.Replay, error) { return h.config.Office.ReplayMatch(ctx, actorOf(ctx), id) })
}

// ReplayMatch computes a match again from what it read.
func (h handlers) ReplayMatch(ctx context.Context, request api.ReplayMatchRequestObject) (api.ReplayMatchResponseObject, error) {
	replay, err := h.replayMatch(ctx, request.Id)
	return api.ReplayMatch200JSONResponse(replay), err
}
