package jobs

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"zutuan/internal/refuse"
)

// Status says where a job stands.
type Status string

const (
	// StatusQueued waits for its time and for a free worker.
	StatusQueued Status = "queued"
	// StatusRunning has a lease in some process.
	StatusRunning Status = "running"
	// StatusDone, StatusFailed and StatusCancelled are final.
	StatusDone      Status = "done"
	StatusFailed    Status = "failed"
	StatusCancelled Status = "cancelled"
)

// Statuses lists the states in the order in which a job may pass through them.
var Statuses = []Status{StatusQueued, StatusRunning, StatusDone, StatusFailed, StatusCancelled}

// Final reports whether nothing can happen to a job of this status any more.
func (s Status) Final() bool {
	return s == StatusDone || s == StatusFailed || s == StatusCancelled
}

// Job is what people see of a job.
type Job struct {
	ID     string `json:"id"`
	Type   string `json:"type"`
	Status Status `json:"status"`
	// Progress is the newest that is known: of a job in this process to the moment, of another one to the second.
	Progress  Progress  `json:"progress"`
	CreatedAt time.Time `json:"created_at"`
	// StartedAt is when the newest attempt began, FinishedAt when a final status was reached.
	StartedAt  time.Time `json:"started_at,omitzero"`
	FinishedAt time.Time `json:"finished_at,omitzero"`
	// Owner is the account that caused the job; empty for what the service does by itself.
	Owner  string `json:"owner,omitempty"`
	Region string `json:"region,omitempty"`
	// Result is what the handler returned, for StatusDone; Error why there is none, for StatusFailed.
	Result json.RawMessage `json:"result,omitempty"`
	Error  *Failure        `json:"error,omitempty"`
	// Attempts counts starts; those that a graceful stop interrupted are taken back.
	Attempts int `json:"attempts"`
	// CancelRequested is set while a running job has been asked to end. A job that was complete before it noticed is done.
	CancelRequested bool `json:"cancel_requested"`
	// Version is the record's; it also grows when a lease is prolonged.
	Version int64 `json:"version"`
}

// Progress is how far a job is: done of total steps, whatever a step is; total is 0 where it is not known yet.
type Progress struct {
	Done  int64 `json:"done"`
	Total int64 `json:"total"`
	Note  Note  `json:"note"`
}

// Note says in both languages what is being done.
type Note struct {
	ZH string `json:"zh"`
	EN string `json:"en"`
}

// Failure is a refusal as a job keeps it. Code is FaultInternal where the service is at fault and not the input; Kind is
// empty then.
type Failure struct {
	Kind   refuse.Kind    `json:"kind,omitempty"`
	Code   string         `json:"code"`
	ZH     string         `json:"zh"`
	EN     string         `json:"en"`
	Points []refuse.Point `json:"points,omitempty"`
}

// Codes of failures that no handler returns.
const (
	// FaultInternal is a fault of the service; the log has its text beside the job's id.
	FaultInternal = "internal"
	// FaultLost is a job whose processes ended without a word, as often as is tried.
	FaultLost = "job_lost"
	// FaultResult is a result that the store cannot keep.
	FaultResult = "job_result_too_large"
)

// failureOf keeps a refusal as it is and hides everything else behind the job's id.
func failureOf(id string, err error) *Failure {
	var refused *refuse.Error
	if errors.As(err, &refused) {
		return &Failure{Kind: refused.Kind, Code: refused.Code, ZH: refused.ZH, EN: refused.EN, Points: refused.Points}
	}
	return &Failure{Code: FaultInternal,
		ZH: fmt.Sprintf("服务内部错误，任务未完成；请重新提交，若再次发生，请将任务编号 %s 告知管理员", id),
		EN: fmt.Sprintf("the job ended in a fault of the service; submit it again, and if it happens again tell the administrator the job's id %s", id)}
}

func lostFailure(attempts int) *Failure {
	return &Failure{Code: FaultLost,
		ZH: fmt.Sprintf("执行任务的进程 %d 次意外中止，已不再重试；请重新提交，若再次发生，请联系管理员", attempts),
		EN: fmt.Sprintf("the process that ran the job ended unexpectedly %d times and it is not tried again; submit it again, and if it happens again tell the administrator", attempts)}
}

func tooLargeFailure() *Failure {
	return &Failure{Kind: refuse.KindTooLarge, Code: FaultResult,
		ZH: "任务结果超过 8 MiB，无法保存；请缩小范围后重新提交", EN: "the result is larger than 8 MiB and cannot be kept; narrow the request and submit it again"}
}
