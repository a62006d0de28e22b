package people

import (
	"context"
	"time"

	"zutuan/internal/permit"
	"zutuan/internal/store"
)

// Origin is where a request comes from, as far as it can be known.
type Origin struct {
	// Address is the network address of the client, without a port.
	Address   string
	UserAgent string
}

// Outcome is how an event ended.
type Outcome string

const (
	OutcomeDone    Outcome = "done"
	OutcomeRefused Outcome = "refused"
)

// Actions of the events that this package writes. Changes of accounts stand in the trail of the account instead.
const (
	ActionSignIn      = "session.sign_in"
	ActionSignOut     = "session.sign_out"
	ActionLock        = "account.lock"
	ActionThrottle    = "session.throttle"
	ActionProve       = "password.prove" // the old password, asked for a new one
	ActionTokenCreate = "token.create"
	ActionTokenRevoke = "token.revoke"
)

const (
	// maxAgentChars and maxAddressChars bound what clients say of themselves.
	maxAgentChars   = 200
	maxAddressChars = 64
)

// Event is something that happened without changing a record of the trade.
type Event struct {
	ID string    `json:"id"`
	At time.Time `json:"at"`
	// Who is the id of an account, empty where nobody's account is meant; WhoName what the person is called. Of a name
	// that nobody has only the beginning is kept: people type passwords into the wrong field.
	Who     string  `json:"who,omitempty"`
	WhoName string  `json:"who_name,omitempty"`
	Action  string  `json:"action"`
	Outcome Outcome `json:"outcome"`
	// Reason is the code of a refusal, or the way of a sign-in: "password", "oidc".
	Reason      string `json:"reason,omitempty"`
	SubjectKind string `json:"subject_kind,omitempty"`
	Subject     string `json:"subject,omitempty"`
	Region      string `json:"region,omitempty"`
	Address     string `json:"address,omitempty"`
	UserAgent   string `json:"user_agent,omitempty"`
}

// Audit keeps an event. ID and At are set here; texts of clients are cut to their bounds.
func (p *People) Audit(ctx context.Context, event Event, origin Origin) error {
	id, err := p.newID("aud_")
	if err != nil {
		return err
	}
	event.ID, event.At = id, p.now()
	event.Address, event.UserAgent = cut(origin.Address, maxAddressChars), cut(origin.UserAgent, maxAgentChars)
	event.WhoName = cut(event.WhoName, maxDisplayNameChars)
	body, err := store.Canonical(event)
	if err != nil {
		return err
	}
	who := event.Who
	if who == "" {
		who = "nobody"
	}
	_, err = p.store.Create(ctx, store.Draft{Kind: store.KindAudit, ID: id, Region: event.Region, Body: body, Fields: store.Fields{
		"who": store.Text(event.Who), "action": store.Text(event.Action), "outcome": store.Text(string(event.Outcome)),
		"subject_kind": store.Text(event.SubjectKind), "subject": store.Text(event.Subject),
	}}, store.Change{Who: who, Action: event.Action})
	return err
}

// EventQuery asks for events, newest first. Empty fields do not narrow; at most one of Who, Action and Subject is quick
// on a large store.
type EventQuery struct {
	Who, Action, Subject string
	Outcome              Outcome
	After                string
	Limit                int
}

// EventPage is one page; Next is empty on the last one.
type EventPage struct {
	Events []Event `json:"items"`
	Next   string  `json:"next,omitempty"`
}

// Events lists events. KindForbidden for whoever may not read them, KindMalformed for a foreign cursor.
func (p *People) Events(ctx context.Context, actor permit.Actor, query EventQuery) (EventPage, error) {
	if !permit.May(p.tree(), actor, permit.OperationAuditRead, permit.Subject{}) {
		return EventPage{}, forbidden("只有系统管理员可以查看审计事件", "only admins read audit events")
	}
	q := store.Query{Kind: store.KindAudit, Sort: store.FieldCreated, Descending: true, After: query.After, Limit: query.Limit}
	for _, by := range []struct{ field, value string }{{"who", query.Who}, {"action", query.Action}, {"subject", query.Subject}, {"outcome", string(query.Outcome)}} {
		if by.value != "" {
			q.Where = append(q.Where, store.Equal(by.field, store.Text(by.value)))
		}
	}
	page, err := p.store.List(ctx, q)
	if err != nil {
		return EventPage{}, refused(err, store.KindAudit, "")
	}
	answer := EventPage{Events: make([]Event, len(page.Records)), Next: page.Next}
	for i, record := range page.Records {
		if err := readBody(record, &answer.Events[i]); err != nil {
			return EventPage{}, err
		}
	}
	return answer, nil
}

// eventOf is an event of an account.
func eventOf(a account, action string, outcome Outcome, reason string) Event {
	return Event{Who: a.id(), WhoName: a.called(), Region: a.region(), Action: action, Outcome: outcome, Reason: reason, SubjectKind: store.KindUser, Subject: a.id()}
}

// maskedChars is how much of a name that nobody has is kept.
const maskedChars = 2

func masked(name string) string {
	if runes := []rune(name); len(runes) > maskedChars {
		return string(runes[:maskedChars]) + "…"
	}
	return "…"
}
