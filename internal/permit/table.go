package permit

// Operation is something that people do, as the permission table names it. Each operation of the API carries
// exactly one, and those that serve drafts of products and of rule packs alike a second one, for packs.
type Operation string

// The operations. <noun>.read looks, everything else changes something.
const (
	OperationAccountSelf      Operation = "account.self" // own account, password, tokens, sessions
	OperationUserRead         Operation = "user.read"
	OperationUserWrite        Operation = "user.write"
	OperationAuditRead        Operation = "audit.read" // events that change no record: sign-ins, refusals
	OperationRegionRead       Operation = "region.read"
	OperationRegionWrite      Operation = "region.write"
	OperationInstitutionRead  Operation = "institution.read"
	OperationInstitutionWrite Operation = "institution.write"
	OperationMarketRead       Operation = "market.read"
	OperationMarketWrite      Operation = "market.write"

	OperationZoneRead          Operation = "zone.read"
	OperationZoneWrite         Operation = "zone.write"
	OperationRequirementRead   Operation = "requirement.read"
	OperationRequirementWrite  Operation = "requirement.write"
	OperationRequirementSubmit Operation = "requirement.submit"
	OperationLedgerRead        Operation = "ledger.read"
	OperationLedgerWrite       Operation = "ledger.write"
	OperationFiscalRead        Operation = "fiscal.read"
	OperationFiscalWrite       Operation = "fiscal.write"

	OperationMatchRead        Operation = "match.read"
	OperationMatchCreate      Operation = "match.create"
	OperationOfferRead        Operation = "offer.read"
	OperationOfferNote        Operation = "offer.note" // interest and indicative terms
	OperationPlanRead         Operation = "plan.read"
	OperationPlanWrite        Operation = "plan.write"
	OperationPlanSubmit       Operation = "plan.submit"
	OperationPlanReview       Operation = "plan.review" // take into review, return, approve
	OperationPlanFinalize     Operation = "plan.finalize"
	OperationAssessmentRead   Operation = "assessment.read"
	OperationAssessmentCreate Operation = "assessment.create"
	OperationWaiverRead       Operation = "waiver.read"
	OperationWaiverRequest    Operation = "waiver.request"
	OperationWaiverConfirm    Operation = "waiver.confirm" // by another person: confirm, reject
	OperationWaiverRevoke     Operation = "waiver.revoke"

	OperationOverrideRead    Operation = "override.read" // regional replacements of parameters
	OperationOverrideRequest Operation = "override.request"
	OperationOverrideConfirm Operation = "override.confirm" // by another person: grant, reject; revoke

	OperationProductRead    Operation = "product.read" // published versions
	OperationDraftRead      Operation = "draft.read"
	OperationDraftWrite     Operation = "draft.write"
	OperationDraftReview    Operation = "draft.review" // by another person: return, publish
	OperationProductRetire  Operation = "product.retire"
	OperationDemandRead     Operation = "demand.read" // unmet demand by rule
	OperationPackRead       Operation = "pack.read"   // published risk and stress packs, parameters, documents
	OperationPackDraftRead  Operation = "pack_draft.read"
	OperationPackDraftWrite Operation = "pack_draft.write"
	OperationPackReview     Operation = "pack_draft.review"
	OperationPackRetire     Operation = "pack.retire"
	OperationDocumentWrite  Operation = "document.write" // mark a legal document repealed

	OperationTargetRead   Operation = "target.read"
	OperationTargetWrite  Operation = "target.write"
	OperationActualsRead  Operation = "actuals.read"
	OperationActualsWrite Operation = "actuals.write"
	OperationExchange     Operation = "exchange.write" // register a requirement in an institution's library

	OperationCompute      Operation = "compute" // simulate, match, plan, assess, stress: nothing is stored
	OperationJobRead      Operation = "job.read"
	OperationJobCancel    Operation = "job.cancel"
	OperationNotification Operation = "notification.self"
)

// everybody gives all roles one scope.
func everybody(scope Scope) map[Role]Scope {
	scopes := map[Role]Scope{}
	for _, role := range Roles {
		scopes[role] = scope
	}
	return scopes
}

// onlookers may look within their region; more adds or changes single roles.
func onlookers(more map[Role]Scope) map[Role]Scope {
	scopes := map[Role]Scope{RoleBureau: ScopeRegion, RoleRisk: ScopeRegion, RoleObserver: ScopeRegion}
	for role, scope := range more {
		scopes[role] = scope
	}
	return scopes
}

func only(role Role, scope Scope) map[Role]Scope { return map[Role]Scope{role: scope} }

// Table is the whole of the permissions. A role that a row leaves out may not do it.
var Table = map[Operation]map[Role]Scope{
	OperationAccountSelf:      everybody(ScopeSelf),
	OperationUserRead:         only(RoleAdmin, ScopeAll),
	OperationUserWrite:        only(RoleAdmin, ScopeAll),
	OperationAuditRead:        only(RoleAdmin, ScopeAll),
	OperationRegionRead:       everybody(ScopeAll),
	OperationRegionWrite:      only(RoleAdmin, ScopeAll),
	OperationInstitutionRead:  everybody(ScopeAll),
	OperationInstitutionWrite: only(RoleAdmin, ScopeAll),
	OperationMarketRead:       everybody(ScopeAll),
	OperationMarketWrite:      only(RoleAdmin, ScopeAll),

	OperationZoneRead:          onlookers(nil),
	OperationZoneWrite:         only(RoleBureau, ScopeRegion),
	OperationRequirementRead:   onlookers(map[Role]Scope{RoleLiaison: ScopeMatched}),
	OperationRequirementWrite:  only(RoleBureau, ScopeRegion),
	OperationRequirementSubmit: only(RoleBureau, ScopeRegion),
	OperationLedgerRead:        onlookers(nil),
	OperationLedgerWrite:       only(RoleBureau, ScopeRegion),
	OperationFiscalRead:        onlookers(nil),
	OperationFiscalWrite:       only(RoleBureau, ScopeRegion),

	OperationMatchRead:        onlookers(nil),
	OperationMatchCreate:      {RoleBureau: ScopeRegion, RoleRisk: ScopeRegion},
	OperationOfferRead:        onlookers(map[Role]Scope{RoleLiaison: ScopeInstitution}),
	OperationOfferNote:        only(RoleLiaison, ScopeInstitution),
	OperationPlanRead:         onlookers(nil),
	OperationPlanWrite:        only(RoleBureau, ScopeRegion),
	OperationPlanSubmit:       only(RoleBureau, ScopeRegion),
	OperationPlanReview:       only(RoleRisk, ScopeRegion),
	OperationPlanFinalize:     only(RoleBureau, ScopeRegion),
	OperationAssessmentRead:   onlookers(nil),
	OperationAssessmentCreate: {RoleBureau: ScopeRegion, RoleRisk: ScopeRegion},
	OperationWaiverRead:       onlookers(nil),
	OperationWaiverRequest:    only(RoleRisk, ScopeRegion),
	OperationWaiverConfirm:    only(RoleRisk, ScopeRegion),
	OperationWaiverRevoke:     only(RoleRisk, ScopeRegion),

	OperationOverrideRead:    onlookers(nil),
	OperationOverrideRequest: only(RoleRisk, ScopeRegion),
	OperationOverrideConfirm: only(RoleRisk, ScopeRegion),

	OperationProductRead:    everybody(ScopeAll),
	OperationDraftRead:      only(RoleLiaison, ScopeInstitution),
	OperationDraftWrite:     only(RoleLiaison, ScopeInstitution),
	OperationDraftReview:    only(RoleLiaison, ScopeInstitution),
	OperationProductRetire:  only(RoleLiaison, ScopeInstitution),
	OperationDemandRead:     {RoleLiaison: ScopeInstitution, RoleRisk: ScopeRegion, RoleObserver: ScopeRegion},
	OperationPackRead:       everybody(ScopeAll),
	OperationPackDraftRead:  only(RoleRisk, ScopeAll),
	OperationPackDraftWrite: only(RoleRisk, ScopeAll),
	OperationPackReview:     only(RoleRisk, ScopeAll),
	OperationPackRetire:     only(RoleRisk, ScopeAll),
	OperationDocumentWrite:  only(RoleRisk, ScopeAll),

	OperationTargetRead:   onlookers(nil),
	OperationTargetWrite:  only(RoleBureau, ScopeRegion),
	OperationActualsRead:  onlookers(nil),
	OperationActualsWrite: only(RoleBureau, ScopeRegion),
	OperationExchange:     only(RoleBureau, ScopeRegion),

	OperationCompute:      everybody(ScopeAll),
	OperationJobRead:      everybody(ScopeSelf),
	OperationJobCancel:    everybody(ScopeSelf),
	OperationNotification: everybody(ScopeSelf),
}
