package office

import (
	"context"

	"zutuan/internal/funding"
	"zutuan/internal/permit"
	"zutuan/internal/refuse"
	"zutuan/internal/store"
)

// NotificationType says what a notification is about.
type NotificationType string

// The types that the service sends. A re-match sends one of each of the first three at most, with a detail for each product.
const (
	NotificationOfferGained  NotificationType = "offer_gained"
	NotificationOfferLost    NotificationType = "offer_lost"
	NotificationOfferChanged NotificationType = "offer_changed"
	// NotificationPlanReopened tells who worked on a plan that an input changed and it is a draft again.
	NotificationPlanReopened NotificationType = "plan_reopened"
)

// NotificationBody tells one person that something happened to what is theirs.
type NotificationBody struct {
	User string           `json:"user"`
	Type NotificationType `json:"type"`
	Text funding.Text     `json:"text"`
	// SubjectKind and Subject name the record that it is about.
	SubjectKind string        `json:"subject_kind"`
	Subject     string        `json:"subject"`
	Details     []OfferChange `json:"details"`
	Read        bool          `json:"read"`
}

// Notification is a notification as people see it.
type Notification struct {
	Meta
	NotificationBody
}

var notifications = noun[NotificationBody]{store.KindNotification, func(b *NotificationBody) store.Fields {
	return store.Fields{"user": store.Text(b.User), "read": store.Bool(b.Read), "type": store.Text(string(b.Type))}
}}

func notificationView(r store.Record) (Notification, error) {
	body, err := bodyOf[NotificationBody](r)
	return Notification{metaOf(r), body}, err
}

// notify writes a notification under an id that follows from what happened, so that a repeated run tells nobody twice.
func (o *Office) notify(ctx context.Context, id, region string, body *NotificationBody) error {
	if body.User == "" {
		return nil
	}
	_, err := notifications.create(ctx, o, id, region, body, store.Change{Who: backgroundActor.User, Action: "notify"})
	return unlessExists(err)
}

// ListNotifications lists the actor's own notifications, newest first; unread leaves out those that were read.
func (o *Office) ListNotifications(ctx context.Context, actor permit.Actor, unread bool, paging Paging) (Page[Notification], error) {
	if err := allowed(actor, permit.OperationNotification); err != nil {
		return Page[Notification]{}, err
	}
	where := []store.Filter{store.Equal("user", store.Text(actor.User))}
	if unread {
		where = append(where, store.Equal("read", store.Bool(false)))
	}
	page, err := o.store.List(ctx, store.Query{Kind: store.KindNotification, Where: where, Sort: store.FieldCreated, Descending: true, Limit: paging.Limit, After: paging.After})
	return pageOf(page, err, notificationView)
}

// CountUnread says how many of the actor's notifications were not read yet.
func (o *Office) CountUnread(ctx context.Context, actor permit.Actor) (int64, error) {
	if err := allowed(actor, permit.OperationNotification); err != nil {
		return 0, err
	}
	count, err := o.store.Count(ctx, store.KindNotification, []store.Filter{store.Equal("user", store.Text(actor.User)), store.Equal("read", store.Bool(false))})
	return count, refusal(err)
}

// ReadNotification marks one of the actor's own notifications as read. Marking it again changes nothing.
func (o *Office) ReadNotification(ctx context.Context, actor permit.Actor, id string) (Notification, error) {
	if err := allowed(actor, permit.OperationNotification); err != nil {
		return Notification{}, err
	}
	record, body, err := notifications.get(ctx, o, id)
	if err != nil {
		return Notification{}, err
	}
	if body.User != actor.User {
		return Notification{}, refuse.Unknown(store.KindNotification, id)
	}
	if body.Read {
		return Notification{metaOf(record), body}, nil
	}
	record, body, err = notifications.update(ctx, o, id, 0, store.Change{Who: who(actor), Action: "read"}, func(_ store.Record, kept *NotificationBody) error {
		kept.Read = true
		return nil
	})
	return Notification{metaOf(record), body}, err
}
