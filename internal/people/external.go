package people

import (
	"context"
	"errors"

	"zutuan/internal/refuse"
	"zutuan/internal/store"
)

// External is somebody as an OpenID provider has proved them.
type External struct {
	Issuer, Subject string
	// Names are the names by which an account may be claimed at the first sign-in: a verified e-mail address, and the
	// user name where the provider is trusted to let nobody choose another's.
	Names []string
}

// subject is how an account keeps the tie; issuers hold no blank or bar.
func (e External) subject() string { return e.Issuer + "|" + e.Subject }

// SignInExternal begins a session for somebody whom an OpenID provider has proved: for the account that is tied to
// them, else for the one account whose oidc_name an admin has set to one of their names, which is tied to them by it.
// No account is ever made. KindUnauthenticated, the same for an unknown and a disabled account.
func (p *People) SignInExternal(ctx context.Context, external External, origin Origin) (SignedIn, error) {
	if external.Issuer == "" || external.Subject == "" || !goodLine(external.subject(), store.MaxTextBytes) || len(external.subject()) > store.MaxTextBytes {
		return SignedIn{}, p.refuseExternal(ctx, account{}, origin)
	}
	a, known, err := p.find(ctx, "subject", external.subject())
	if err == nil && !known {
		a, known, err = p.claim(ctx, external)
	}
	if err != nil {
		return SignedIn{}, err
	}
	if !known || a.Status != StatusActive {
		return SignedIn{}, p.refuseExternal(ctx, a, origin)
	}
	return p.begin(ctx, a, MethodOIDC, origin)
}

// claim ties the one active account that waits for one of the names.
func (p *People) claim(ctx context.Context, external External) (account, bool, error) {
	var claimed account
	for _, name := range external.Names {
		key := fold(name)
		if !goodLine(key, maxOIDCNameChars) {
			continue
		}
		a, ok, err := p.find(ctx, "oidc_name", key)
		if err != nil {
			return account{}, false, err
		}
		if !ok || a.id() == claimed.id() {
			continue
		}
		if claimed.id() != "" {
			return account{}, false, nil // Two accounts wait for one person: an admin has to say which.
		}
		claimed = a
	}
	if claimed.id() == "" || claimed.Subject != "" || claimed.Status != StatusActive {
		return claimed, false, nil
	}
	change := store.Change{Who: claimed.id(), Action: "user.link_oidc"}
	tied, err := p.change(ctx, claimed.id(), claimed.record.Version, change, func(body *userBody, _ *string) error {
		body.Subject = external.subject()
		return nil
	})
	if errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrDuplicate) {
		busy := refuse.New(refuse.KindUnready, "busy", "账号正被修改，请重新登录", "the account is being changed; sign in again")
		busy.RetryAfterSeconds = 1
		return account{}, false, busy
	}
	return tied, err == nil, err
}

// refuseExternal writes the refusal down and returns it.
func (p *People) refuseExternal(ctx context.Context, a account, origin Origin) error {
	refusal := refuse.New(refuse.KindUnauthenticated, "no_account", "统一认证账号未关联到有效用户，请联系系统管理员", "no active account here belongs to this OpenID account; ask an admin")
	event := Event{Action: ActionSignIn, Outcome: OutcomeRefused, Reason: refusal.Code}
	if a.id() != "" {
		event = eventOf(a, ActionSignIn, OutcomeRefused, refusal.Code)
	}
	if err := p.Audit(ctx, event, origin); err != nil {
		return err
	}
	return refusal
}
