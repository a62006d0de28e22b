package gate

import (
	"zutuan/internal/funding"
	"zutuan/internal/permit"
)

// The nouns that have a life.
const (
	NounPlan        Noun = "plan"
	NounRequirement Noun = "requirement"
	NounWaiver      Noun = "waiver"
	NounProduct     Noun = "product"
	NounPack        Noun = "pack"
	NounOverride    Noun = "override"
)

// The statuses.
const (
	StatusDraft      Status = "draft"
	StatusSubmitted  Status = "submitted"
	StatusInReview   Status = "in_review"
	StatusReturned   Status = "returned"
	StatusApproved   Status = "approved"
	StatusFinalized  Status = "finalized"
	StatusSuperseded Status = "superseded"
	StatusWithdrawn  Status = "withdrawn"
	StatusClosed     Status = "closed"
	StatusRequested  Status = "requested"
	StatusGranted    Status = "granted"
	StatusRejected   Status = "rejected"
	StatusRevoked    Status = "revoked"
	// StatusExpired is never stored: a granted waiver is shown as expired after its last day (Waiver.StatusOn).
	StatusExpired   Status = "expired"
	StatusPublished Status = "published"
	StatusRetired   Status = "retired"
)

// The steps.
const (
	StepSubmit     Step = "submit"
	StepTakeReview Step = "take_review"
	StepReturn     Step = "return"
	StepApprove    Step = "approve"
	StepFinalize   Step = "finalize"
	StepRevise     Step = "revise"
	StepReopen     Step = "reopen"
	StepSupersede  Step = "supersede"
	StepWithdraw   Step = "withdraw"
	StepClose      Step = "close"
	StepGrant      Step = "grant"
	StepReject     Step = "reject"
	StepRevoke     Step = "revoke"
	StepPublish    Step = "publish"
	StepRetire     Step = "retire"
)

// assessed is what a plan needs before anybody else looks at it: an assessment of what it is now.
var assessed = []Code{CodeRequirement, CodeAssessment, CodeCurrent, CodeAge}

// whole is everything that a plan needs to become final.
var whole = []Code{CodeRequirement, CodeApproval, CodeAssessment, CodeCurrent, CodeUnchanged, CodeAge, CodeShortfall, CodeFlags, CodeDecided, CodeAcknowledged, CodeStudies, CodeConsistent}

// PlanLife is the life of a plan. A reviewed or approved plan is revised with a reason, because the edit throws the
// review away. A final one is not revised: another plan takes its place, or a changed input takes it back.
var PlanLife = &Life{
	Noun:     NounPlan,
	Statuses: []Status{StatusDraft, StatusSubmitted, StatusInReview, StatusReturned, StatusApproved, StatusFinalized, StatusSuperseded},
	Transitions: []Transition{
		{Step: StepSubmit, From: []Status{StatusDraft}, To: StatusSubmitted, Operation: permit.OperationPlanSubmit, Conditions: assessed},
		{Step: StepTakeReview, From: []Status{StatusSubmitted}, To: StatusInReview, Operation: permit.OperationPlanReview, FourEyes: true},
		{Step: StepReturn, From: []Status{StatusInReview}, To: StatusReturned, Operation: permit.OperationPlanReview, FourEyes: true, Reason: true},
		{Step: StepApprove, From: []Status{StatusInReview}, To: StatusApproved, Operation: permit.OperationPlanReview, FourEyes: true,
			Conditions: []Code{CodeAssessment, CodeCurrent, CodeUnchanged, CodeAge}},
		{Step: StepFinalize, From: []Status{StatusApproved}, To: StatusFinalized, Operation: permit.OperationPlanFinalize, Conditions: whole},
		{Step: StepRevise, From: []Status{StatusReturned, StatusSubmitted}, To: StatusDraft, Operation: permit.OperationPlanWrite},
		{Step: StepRevise, From: []Status{StatusInReview, StatusApproved}, To: StatusDraft, Operation: permit.OperationPlanWrite, Reason: true},
		{Step: StepReopen, From: []Status{StatusSubmitted, StatusInReview, StatusApproved, StatusFinalized}, To: StatusDraft, Automatic: true, Reason: true},
		{Step: StepSupersede, From: []Status{StatusFinalized}, To: StatusSuperseded, Automatic: true, Reason: true},
	},
}

// RequirementLife is the life of a requirement; submitted ones are open to matching.
var RequirementLife = &Life{
	Noun:     NounRequirement,
	Statuses: []Status{StatusDraft, StatusSubmitted, StatusWithdrawn, StatusClosed},
	Transitions: []Transition{
		{Step: StepSubmit, From: []Status{StatusDraft}, To: StatusSubmitted, Operation: permit.OperationRequirementSubmit},
		{Step: StepWithdraw, From: []Status{StatusSubmitted}, To: StatusWithdrawn, Operation: permit.OperationRequirementSubmit, Reason: true},
		{Step: StepClose, From: []Status{StatusSubmitted}, To: StatusClosed, Operation: permit.OperationRequirementSubmit, Reason: true},
		{Step: StepRevise, From: []Status{StatusWithdrawn}, To: StatusDraft, Operation: permit.OperationRequirementWrite},
	},
}

// WaiverLife is the life of a waiver. That it expires is no step: see Waiver.StatusOn.
var WaiverLife = &Life{
	Noun:     NounWaiver,
	Statuses: []Status{StatusRequested, StatusGranted, StatusRejected, StatusRevoked},
	Transitions: []Transition{
		{Step: StepGrant, From: []Status{StatusRequested}, To: StatusGranted, Operation: permit.OperationWaiverConfirm, FourEyes: true,
			Conditions: []Code{CodeWaiverReason, CodeWaiverEvidence, CodeWaiverExpiry, CodeWaiverCover}},
		{Step: StepReject, From: []Status{StatusRequested}, To: StatusRejected, Operation: permit.OperationWaiverConfirm, FourEyes: true, Reason: true},
		{Step: StepRevoke, From: []Status{StatusGranted}, To: StatusRevoked, Operation: permit.OperationWaiverRevoke, Reason: true},
	},
}

// OverrideLife is the life of a region's replacement of a parameter. It ends with its last day, which is no step.
var OverrideLife = &Life{
	Noun:     NounOverride,
	Statuses: []Status{StatusRequested, StatusGranted, StatusRejected, StatusRevoked},
	Transitions: []Transition{
		{Step: StepGrant, From: []Status{StatusRequested}, To: StatusGranted, Operation: permit.OperationOverrideConfirm, FourEyes: true},
		{Step: StepReject, From: []Status{StatusRequested}, To: StatusRejected, Operation: permit.OperationOverrideConfirm, FourEyes: true, Reason: true},
		{Step: StepRevoke, From: []Status{StatusGranted}, To: StatusRevoked, Operation: permit.OperationOverrideConfirm, Reason: true},
	},
}

// ProductLife and PackLife are the lives of a version of a product and of a risk or stress pack.
var (
	ProductLife = versionLife(NounProduct, permit.OperationDraftWrite, permit.OperationDraftReview, permit.OperationProductRetire)
	PackLife    = versionLife(NounPack, permit.OperationPackDraftWrite, permit.OperationPackReview, permit.OperationPackRetire)
)

func versionLife(noun Noun, write, review, retire permit.Operation) *Life {
	return &Life{
		Noun:     noun,
		Statuses: []Status{StatusDraft, StatusInReview, StatusPublished, StatusSuperseded, StatusRetired},
		Transitions: []Transition{
			{Step: StepSubmit, From: []Status{StatusDraft}, To: StatusInReview, Operation: write},
			{Step: StepReturn, From: []Status{StatusInReview}, To: StatusDraft, Operation: review, FourEyes: true, Reason: true},
			{Step: StepPublish, From: []Status{StatusInReview}, To: StatusPublished, Operation: review, FourEyes: true},
			{Step: StepSupersede, From: []Status{StatusPublished}, To: StatusSuperseded, Automatic: true, Reason: true},
			{Step: StepRetire, From: []Status{StatusPublished}, To: StatusRetired, Operation: retire, Reason: true},
		},
	}
}

var nounNames = map[Noun]funding.Text{
	NounPlan: {ZH: "方案", EN: "plan"}, NounRequirement: {ZH: "资金需求", EN: "requirement"}, NounWaiver: {ZH: "豁免", EN: "waiver"},
	NounProduct: {ZH: "产品版本", EN: "product version"}, NounPack: {ZH: "规则包版本", EN: "pack version"},
	NounOverride: {ZH: "地方参数", EN: "regional override"},
}

var statusNames = map[Status]funding.Text{
	StatusDraft: {ZH: "草稿", EN: "a draft"}, StatusSubmitted: {ZH: "已提交", EN: "submitted"}, StatusInReview: {ZH: "审查中", EN: "in review"},
	StatusReturned: {ZH: "已退回", EN: "returned"}, StatusApproved: {ZH: "已批准", EN: "approved"}, StatusFinalized: {ZH: "已定稿", EN: "finalized"},
	StatusSuperseded: {ZH: "已被取代", EN: "superseded"}, StatusWithdrawn: {ZH: "已撤回", EN: "withdrawn"}, StatusClosed: {ZH: "已关闭", EN: "closed"},
	StatusRequested: {ZH: "已申请", EN: "requested"}, StatusGranted: {ZH: "已准予", EN: "granted"}, StatusRejected: {ZH: "已驳回", EN: "rejected"},
	StatusRevoked: {ZH: "已撤销", EN: "revoked"}, StatusExpired: {ZH: "已到期", EN: "expired"}, StatusPublished: {ZH: "已发布", EN: "published"},
	StatusRetired: {ZH: "已停用", EN: "retired"},
}

var stepNames = map[Step]funding.Text{
	StepSubmit: {ZH: "提交", EN: "submit"}, StepTakeReview: {ZH: "受理审查", EN: "take into review"}, StepReturn: {ZH: "退回", EN: "return"},
	StepApprove: {ZH: "批准", EN: "approve"}, StepFinalize: {ZH: "定稿", EN: "finalize"}, StepRevise: {ZH: "修改", EN: "revise"},
	StepReopen: {ZH: "退回草稿", EN: "reopen"}, StepSupersede: {ZH: "取代", EN: "supersede"}, StepWithdraw: {ZH: "撤回", EN: "withdraw"},
	stepRequest: {ZH: "申请", EN: "request"}, StepClose: {ZH: "关闭", EN: "close"}, StepGrant: {ZH: "准予", EN: "grant"}, StepReject: {ZH: "驳回", EN: "reject"},
	StepRevoke: {ZH: "撤销", EN: "revoke"}, StepPublish: {ZH: "发布", EN: "publish"}, StepRetire: {ZH: "停用", EN: "retire"},
}

var conditionNames = map[Code]funding.Text{
	CodeStatus: {ZH: "状态", EN: "status"}, CodeAutomatic: {ZH: "系统自动", EN: "automatic"}, CodeReason: {ZH: "理由", EN: "reason"},
	CodeFourEyes: {ZH: "双人复核", EN: "four eyes"}, CodeRequirement: {ZH: "资金需求仍有效", EN: "requirement still stands"}, CodeApproval: {ZH: "已由另一人批准", EN: "approved by another person"},
	CodeAssessment: {ZH: "已评估", EN: "assessed"}, CodeCurrent: {ZH: "评估与现有输入一致", EN: "assessment is current"},
	CodeUnchanged: {ZH: "提交后输入未变", EN: "inputs unchanged since submission"},
	CodeAge:       {ZH: "评估日期有效", EN: "assessment is recent"}, CodeShortfall: {ZH: "没有资金缺口", EN: "no shortfall"},
	CodeFlags: {ZH: "阻断标记已解决或豁免", EN: "blocking flags resolved or waived"}, CodeDecided: {ZH: "没有未决的阻断规则", EN: "no undecided rule could block"},
	CodeAcknowledged: {ZH: "其他标记已确认知悉", EN: "other flags acknowledged"}, CodeStudies: {ZH: "五项研究齐备", EN: "five studies complete"},
	CodeConsistent: {ZH: "五项研究一致", EN: "five studies consistent"}, CodeWaiverReason: {ZH: "豁免理由", EN: "reason of the waiver"},
	CodeWaiverEvidence: {ZH: "豁免依据", EN: "evidence of the waiver"}, CodeWaiverExpiry: {ZH: "豁免期限", EN: "expiry of the waiver"},
	CodeWaiverCover: {ZH: "豁免范围", EN: "cover of the waiver"},
}
