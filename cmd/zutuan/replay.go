package main

import (
	"context"
	"fmt"
	"strings"

	"zutuan/internal/office"
	"zutuan/internal/permit"
	"zutuan/internal/store"
)

// replayCommand computes a stored match or assessment again from the rules, the day and the papers that it names, and says
// whether the bytes are the same.
func replayCommand(env *environment, args []string) error {
	var database databaseFlags
	ids, err := env.parse("replay", args, database.register)
	if err != nil {
		return err
	}
	if len(ids) == 0 {
		return usageError{"请给出匹配或评估的编号（m_… 或 a_…）", "give the id of a match or an assessment (m_… or a_…)"}
	}
	return env.withStore(database, false, func(ctx context.Context, records store.Store) error {
		desk, err := office.Open(ctx, office.Config{Store: records, Rules: env.rulesFS(), Clock: env.now})
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := env.replay(ctx, desk, id); err != nil {
				return err
			}
		}
		return nil
	})
}

func (e *environment) replay(ctx context.Context, desk *office.Office, id string) error {
	actor := permit.SystemActor("replay")
	replay, err := desk.ReplayMatch(ctx, actor, id)
	if strings.HasPrefix(id, "a_") {
		replay, err = desk.ReplayAssessment(ctx, actor, id)
	}
	if err != nil {
		return err
	}
	if e.json {
		return e.answer(replay)
	}
	e.line(id, "  ", replay.Basis.Date, "  ", e.say("规则版本 ", "edition "), replay.Basis.Edition[:12])
	e.line("  ", e.say("当时 ", "recorded "), replay.Recorded)
	e.line("  ", e.say("重算 ", "computed "), replay.Computed)
	if !replay.Identical && replay.Engine != replay.Basis.Engine {
		return usageError{fmt.Sprintf("%s 由另一版本的程序（%s）计算，本版本（%s）重算的结果不同", id, replay.Basis.Engine, replay.Engine),
			fmt.Sprintf("%s was computed by another version of the program (%s); this one (%s) computes or words it differently", id, replay.Basis.Engine, replay.Engine)}
	}
	if !replay.Identical {
		return usageError{fmt.Sprintf("%s 重算的结果与当时不同", id), fmt.Sprintf("%s comes out differently now", id)}
	}
	e.line("  ", e.say("逐字节一致", "identical, byte for byte"))
	return nil
}
