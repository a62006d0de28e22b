package httpapi

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"zutuan/internal/document"
	"zutuan/internal/money"
	"zutuan/internal/refuse"
	"zutuan/internal/store"
)

// Kinds of refusal that only the wire knows.
const (
	kindMediaType refuse.Kind = "media_type"
	kindMethod    refuse.Kind = "method"
	kindTimedOut  refuse.Kind = "timed_out"
	kindGone      refuse.Kind = "gone"
	kindFault     refuse.Kind = "fault"
)

// kinds is the one place where a kind of refusal becomes a status and a title.
var kinds = map[refuse.Kind]struct {
	status int
	zh, en string
}{
	refuse.KindMalformed:       {http.StatusBadRequest, "请求格式有误", "malformed request"},
	refuse.KindUnauthenticated: {http.StatusUnauthorized, "需要登录", "not signed in"},
	refuse.KindForbidden:       {http.StatusForbidden, "无权进行", "not allowed"},
	refuse.KindUnknown:         {http.StatusNotFound, "没有找到", "not found"},
	kindMethod:                 {http.StatusMethodNotAllowed, "不支持的方法", "method not allowed"},
	refuse.KindConflict:        {http.StatusConflict, "当前状态不允许", "conflict"},
	refuse.KindStale:           {http.StatusPreconditionFailed, "记录已被修改", "stale version"},
	refuse.KindTooLarge:        {http.StatusRequestEntityTooLarge, "内容过大", "too large"},
	kindMediaType:              {http.StatusUnsupportedMediaType, "内容类型不符", "unsupported media type"},
	refuse.KindInvalid:         {http.StatusUnprocessableEntity, "内容无法接受", "cannot be accepted"},
	refuse.KindLocked:          {http.StatusLocked, "已暂时锁定", "locked"},
	refuse.KindUnconditional:   {http.StatusPreconditionRequired, "缺少版本", "version required"},
	refuse.KindTooMany:         {http.StatusTooManyRequests, "请求过于频繁", "too many requests"},
	kindGone:                   {499, "客户端已断开", "client gone"},
	kindFault:                  {http.StatusInternalServerError, "服务故障", "fault of the service"},
	refuse.KindUnready:         {http.StatusServiceUnavailable, "暂不可用", "not available now"},
	kindTimedOut:               {http.StatusGatewayTimeout, "超过时限", "timed out"},
}

// problem is the body of a refusal (RFC 9457).
type problem struct {
	Type      string         `json:"type"`
	Title     string         `json:"title"`
	Status    int            `json:"status"`
	Detail    string         `json:"detail"`
	Instance  string         `json:"instance,omitempty"`
	Code      string         `json:"code"`
	MessageZH string         `json:"message_zh"`
	MessageEN string         `json:"message_en"`
	RequestID string         `json:"request_id"`
	Version   int64          `json:"version,omitempty"`
	Points    []refuse.Point `json:"points,omitempty"`
}

const problemType = "application/problem+json"

// refusalOf says how an error is told. refused is false for faults, whose text goes to the log alone.
func refusalOf(err error) (told *refuse.Error, refused bool) {
	var stored *store.Error
	var problems document.Problems
	var routed *fiber.Error
	switch {
	case errors.As(err, &told):
		_, known := kinds[told.Kind]
		return told, known
	case errors.As(err, &problems):
		return refuse.Problems(problems, ""), true
	case errors.As(err, &stored):
		return storeRefusal(stored)
	case errors.Is(err, context.DeadlineExceeded):
		return refuse.New(kindTimedOut, "timed_out", "计算超过时限，已停止；请缩小范围，或改用后台任务", "it took longer than allowed and was stopped; narrow the request or use a job"), true
	case errors.Is(err, context.Canceled):
		return refuse.New(kindGone, "gone", "请求已取消", "the request was cancelled"), true
	case errors.As(err, &routed):
		return routedRefusal(routed)
	}
	return nil, false
}

// storeRefusal tells what the store refuses where no use case has put it into its own words.
func storeRefusal(e *store.Error) (*refuse.Error, bool) {
	kind := map[store.Code]refuse.Kind{store.CodeNotFound: refuse.KindUnknown, store.CodeExists: refuse.KindConflict, store.CodeConflict: refuse.KindStale,
		store.CodeDuplicate: refuse.KindConflict, store.CodeImmutable: refuse.KindConflict, store.CodeHeld: refuse.KindConflict, store.CodeInvalid: refuse.KindInvalid,
		store.CodeCursor: refuse.KindInvalid, store.CodeOverflow: refuse.KindInvalid, store.CodeTooLarge: refuse.KindTooLarge}[e.Code]
	if kind == "" {
		return nil, false
	}
	told := refuse.New(kind, string(e.Code), e.ZH, e.EN)
	if kind == refuse.KindStale {
		told.Version = e.Version
	}
	return told, true
}

// routedRefusal tells what the router and the server below it refuse.
func routedRefusal(e *fiber.Error) (*refuse.Error, bool) {
	switch e.Code {
	case http.StatusNotFound:
		return refuse.New(refuse.KindUnknown, "no_such_path", "没有这个地址；接口说明见 /api", "there is no such path; the API is described at /api"), true
	case http.StatusMethodNotAllowed:
		return refuse.New(kindMethod, "method_not_allowed", "此地址不支持该方法；支持的见 Allow", "this path does not take that method; see Allow"), true
	case http.StatusRequestEntityTooLarge:
		return tooLarge(bodyLimitBytes), true
	case http.StatusRequestHeaderFieldsTooLarge:
		return refuse.New(refuse.KindTooLarge, "headers_too_large", "请求头过大", "the request's headers are too large"), true
	case http.StatusUnsupportedMediaType:
		return refuse.New(kindMediaType, "media_type", "不接受这种内容类型", "this content type is not accepted"), true
	case http.StatusRequestTimeout:
		return refuse.New(kindTimedOut, "slow_request", "请求没有在时限内送达", "the request did not arrive in time"), true
	}
	if e.Code >= 400 && e.Code < 500 {
		return refuse.New(refuse.KindMalformed, "malformed", "请求无法识别，请对照接口说明", "the request cannot be read; compare it with the API description"), true
	}
	return nil, false
}

func tooLarge(limitBytes int) *refuse.Error {
	return refuse.Newf(refuse.KindTooLarge, "too_large", "请求内容超过上限 %d KiB", "the body is larger than %d KiB", limitBytes>>10)
}

// writeProblem answers an error. It is the only place that does, whether a handler, a step, the router or the server
// below refused.
func (s *Server) writeProblem(c *fiber.Ctx, err error) error {
	r := requestOf(c.UserContext())
	told, refused := refusalOf(err)
	if !refused {
		s.config.Logger.Error("fault", "request_id", r.id, "method", c.Method(), "path", c.Path(), "error", err.Error())
		told = refuse.Newf(kindFault, "fault", "服务内部错误；若再次发生，请将编号 %s 告知管理员", "a fault of the service; if it happens again tell the administrator the id %s", r.id)
	}
	kind := kinds[told.Kind]
	r.code = told.Code
	p := problem{Type: "urn:zutuan:problem:" + told.Code, Title: kind.zh, Status: kind.status, Detail: told.ZH, Instance: c.Path(), Code: told.Code, MessageZH: told.ZH, MessageEN: told.EN,
		RequestID: r.id, Version: told.Version, Points: told.Points}
	if r.language == money.English {
		p.Title, p.Detail = kind.en, told.EN
	}
	if told.RetryAfterSeconds > 0 {
		c.Set(fiber.HeaderRetryAfter, strconv.Itoa(told.RetryAfterSeconds))
	}
	if told.Kind == refuse.KindUnauthenticated {
		c.Set(fiber.HeaderWWWAuthenticate, `Bearer realm="zutuan"`)
	}
	c.Set(fiber.HeaderContentLanguage, string(r.language))
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Response().Header.Del(fiber.HeaderETag)
	text, err := encodeJSON(p)
	if err != nil {
		return err
	}
	c.Status(kind.status)
	c.Set(fiber.HeaderContentType, problemType)
	return c.Send(text)
}
