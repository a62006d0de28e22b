package store

// The kinds of records that the service keeps.
const (
	KindRegion         = "region"
	KindInstitution    = "institution"
	KindZone           = "zone"
	KindRequirement    = "requirement"
	KindFiscalProfile  = "fiscal_profile"
	KindLedger         = "ledger"
	KindProductVersion = "product_version"
	KindPackVersion    = "pack_version"
	KindMarket         = "market"
	KindMatch          = "match"
	KindPlan           = "plan"
	KindAssessment     = "assessment"
	KindWaiver         = "waiver"
	KindActuals        = "actuals"
	KindUser           = "user"
	KindPassword       = "password"
	KindSignIn         = "sign_in"
	KindToken          = "token"
	KindSession        = "session"
	KindJob            = "job"
	KindIdempotency    = "idempotency"
	KindNotification   = "notification"
	KindAudit          = "audit"
	// KindSnapshot keeps inputs by the hash of their content, KindEdition which rules were in force together; with both
	// every result can be computed again. KindOffer is what an institution's products say to a submitted requirement.
	// KindMark says of a legal document that it was repealed. KindOverride replaces a parameter in one region.
	KindSnapshot = "snapshot"
	KindEdition  = "edition"
	KindOffer    = "offer"
	KindMark     = "mark"
	// KindDraft is a product or pack version that people still work on.
	KindDraft    = "draft"
	KindOverride = "override"
	// KindStanding is what all products said to a requirement when it was last matched in the background. KindCursor is how
	// far a follower of change feeds has come.
	KindStanding = "standing"
	KindCursor   = "cursor"
)

func text(name string) Field   { return Field{Name: name, Type: FieldText} }
func moment(name string) Field { return Field{Name: name, Type: FieldTime} }
func amount(name string) Field { return Field{Name: name, Type: FieldAmount} }
func ratio(name string) Field  { return Field{Name: name, Type: FieldRatio} }
func count(name string) Field  { return Field{Name: name, Type: FieldCount} }
func truth(name string) Field  { return Field{Name: name, Type: FieldBool} }
func unique(name string) Field { return Field{Name: name, Type: FieldText, Unique: true} }

// byUpdated are the lists of a kind that people browse: all, by region, and each of them by status.
func byUpdated(more ...[]string) [][]string {
	lists := [][]string{{FieldUpdated}, {FieldRegion, FieldUpdated}, {"status", FieldUpdated}, {FieldRegion, "status", FieldUpdated}}
	return append(lists, more...)
}

// Kinds declares everything that the service keeps. Names of fields are those of the records' bodies where both have
// the same content. Add fields and lists here; the databases follow at the next start.
func Kinds() []Kind {
	return append(append(places(), cases()...), append(results(), people()...)...)
}

// places are what others refer to: the tree of regions, institutions, zones, and the figures of a region.
func places() []Kind {
	return []Kind{
		{Name: KindRegion, Fields: []Field{text("name"), text("parent"), text("level")}, Lists: [][]string{{"parent", "name"}}},
		{Name: KindInstitution, Fields: []Field{text("name"), text("type")}, Lists: [][]string{{"name"}}},
		{Name: KindZone, Fields: []Field{text("name"), text("status")}, Lists: byUpdated([]string{FieldRegion, "name"})},
		{Name: KindFiscalProfile, Fields: []Field{count("year"), text("status")}, Lists: [][]string{{FieldRegion, "year"}, {"year"}}},
		{Name: KindLedger, Fields: []Field{count("instruments"), amount("outstanding"), moment("as_of")}, Lists: [][]string{{FieldRegion, FieldUpdated}, {FieldRegion, "outstanding"}}},
		{Name: KindMarket, Immutable: true, Fields: []Field{moment("as_of")}, Lists: [][]string{{"as_of"}, {FieldCreated}}},
		{Name: KindMark, Fields: []Field{text("status")}, Lists: [][]string{{FieldUpdated}}},
	}
}

// cases are what people work on.
func cases() []Kind {
	return []Kind{
		{Name: KindRequirement, Fields: []Field{text("status"), text("zone"), text("cluster"), text("name"), text("owner"), amount("requested"), moment("submitted_at")},
			Lists: byUpdated([]string{"zone", FieldUpdated}, []string{FieldRegion, "requested"}, []string{"requested"}, []string{"status", "requested"})},
		{Name: KindProductVersion, Fields: []Field{text("product"), text("institution"), text("status"), text("author"), moment("effective_from"), moment("effective_to")},
			Lists: byUpdated([]string{"product", FieldUpdated}, []string{"institution", FieldUpdated}, []string{"institution", "status", FieldUpdated})},
		{Name: KindPackVersion, Fields: []Field{text("pack"), text("type"), text("status"), text("author"), moment("effective_from"), moment("effective_to")},
			Lists: byUpdated([]string{"pack", FieldUpdated}, []string{"type", FieldUpdated})},
		{Name: KindDraft, Fields: []Field{text("type"), text("pack"), text("institution"), text("status"), text("author")},
			Lists: byUpdated([]string{"type", FieldUpdated}, []string{"institution", FieldUpdated}, []string{"institution", "status", FieldUpdated})},
		{Name: KindPlan, Fields: []Field{text("status"), text("requirement"), text("zone"), text("author"), amount("financed"), ratio("dscr_min"), moment("submitted_at"), moment("finalized_at")},
			Lists: byUpdated([]string{"requirement", FieldUpdated}, []string{"zone", FieldUpdated}, []string{FieldRegion, "financed"}, []string{"status", "financed"})},
		{Name: KindWaiver, Fields: []Field{text("plan"), text("flag"), text("status"), text("author"), moment("expires_on")},
			Lists: byUpdated([]string{"plan", FieldUpdated}, []string{"status", "expires_on"})},
		{Name: KindOffer, Fields: []Field{text("requirement"), text("institution"), text("status"), truth("interest"), amount("size"), moment("submitted_at")},
			Lists: byUpdated([]string{"requirement", "institution"}, []string{"institution", FieldUpdated}, []string{"institution", "status", FieldUpdated})},
		{Name: KindOverride, Fields: []Field{text("parameter"), text("status"), text("author"), moment("until")}, Lists: [][]string{{FieldRegion, "parameter"}, {"status", FieldUpdated}}},
		{Name: KindActuals, Fields: []Field{text("plan"), text("zone"), text("quarter"), text("status")}, Lists: byUpdated([]string{"plan", "quarter"}, []string{"zone", "quarter"})},
	}
}

// results are computed, and what the service keeps for itself about computing.
func results() []Kind {
	return []Kind{
		{Name: KindMatch, Immutable: true, Fields: []Field{text("requirement"), text("input_hash"), text("excluded_by"), text("quarter"), count("offers"), amount("requested")},
			Lists: [][]string{{"requirement", FieldCreated}, {FieldRegion, FieldCreated}, {"input_hash", FieldCreated}}},
		{Name: KindAssessment, Immutable: true, Fields: []Field{text("plan"), text("requirement"), text("input_hash"), count("blocking"), ratio("dscr_min")},
			Lists: [][]string{{"plan", FieldCreated}, {FieldRegion, FieldCreated}, {"input_hash", FieldCreated}}},
		{Name: KindSnapshot, Immutable: true},
		{Name: KindEdition, Immutable: true, Lists: [][]string{{FieldCreated}}},
		// The slot of a job is what its key claims while it waits and runs: one live job a key, and one that follows it.
		{Name: KindJob, Perishable: true, Brief: true, Fields: []Field{unique("slot"), text("status"), text("type"), text("owner"), moment("due_at")},
			Lists: [][]string{{"status", "due_at"}, {"owner", FieldCreated}, {"owner", "status", FieldCreated}, {FieldCreated}, {FieldUpdated}}},
		{Name: KindStanding, Brief: true, Fields: []Field{text("status"), amount("requested")}},
		{Name: KindCursor, Perishable: true, Brief: true},
		{Name: KindIdempotency, Immutable: true, Perishable: true, Brief: true, Fields: []Field{text("owner"), moment("expires_at")}, Lists: [][]string{{"expires_at"}}},
		{Name: KindNotification, Perishable: true, Brief: true, Fields: []Field{text("user"), truth("read"), text("type")},
			Lists: [][]string{{"user", FieldCreated}, {"user", "read", FieldCreated}, {FieldCreated}}},
	}
}

// people are users and what they leave behind. Events that change no record, a failed sign-in, are audit records.
func people() []Kind {
	return []Kind{
		{Name: KindUser, Fields: []Field{unique("name"), unique("subject"), unique("oidc_name"), text("role"), text("institution"), text("status")},
			Lists: [][]string{{"name"}, {FieldRegion, "name"}, {"role", "name"}, {"status", "name"}}},
		// The hash of a password stays out of the user's trail, which is kept for ever and shown.
		{Name: KindPassword, Perishable: true, Brief: true},
		// What is known of a sign-in before there is a session: failures of a name, a visit to the OpenID provider.
		{Name: KindSignIn, Perishable: true, Brief: true, Fields: []Field{moment("expires_at")}, Lists: [][]string{{"expires_at"}}},
		{Name: KindToken, Perishable: true, Fields: []Field{unique("secret_hash"), text("user"), moment("expires_at"), truth("revoked")}, Lists: [][]string{{"user", FieldCreated}, {"expires_at"}}},
		{Name: KindSession, Perishable: true, Brief: true, Fields: []Field{text("user"), moment("expires_at")}, Lists: [][]string{{"user", FieldCreated}, {"expires_at"}}},
		{Name: KindAudit, Immutable: true, Fields: []Field{text("who"), text("action"), text("subject_kind"), text("subject"), text("outcome")},
			Lists: [][]string{{FieldCreated}, {"who", FieldCreated}, {"action", FieldCreated}, {"subject", FieldCreated}, {FieldRegion, FieldCreated}}},
	}
}
