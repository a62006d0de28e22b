package office

import (
	"context"
	"encoding/json"

	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/permit"
	"zutuan/internal/refuse"
	"zutuan/internal/store"
)

// ZoneBody is the profile of a border economic cooperation zone (边合区). Its region says where it lies and who may
// change it; the zone that rules look at (province, host, approval) stands in the rules' base.
type ZoneBody struct {
	Name funding.Text `json:"name"`
	// Code is the zone's code in the rules' base, GX-PX.
	Code string `json:"code"`
	// AreaHa is the planned area in hectares, nil where it is not given.
	AreaHa *money.Decimal `json:"area_ha,omitempty"`
	Note   string         `json:"note,omitempty"`
	// Targets are the zone's targets by group and year; Studies the zone's own planning studies, which the clusters'
	// studies refer to. Both are objects that are kept as they are handed in.
	Targets json.RawMessage `json:"targets,omitempty"`
	Studies json.RawMessage `json:"studies,omitempty"`
}

// Zone is a zone as people see it; its id is its code.
type Zone struct {
	Meta
	ZoneBody
}

// zoneActive is the only status of a zone so far.
const zoneActive = "active"

var zones = noun[ZoneBody]{store.KindZone, func(b *ZoneBody) store.Fields {
	return store.Fields{"name": store.Text(clip(b.Name.ZH)), "status": store.Text(zoneActive)}
}}

// ListZones lists what the actor may see, by last change.
func (o *Office) ListZones(ctx context.Context, actor permit.Actor, region string, paging Paging) (Page[Zone], error) {
	where, err := o.visible(ctx, actor, permit.OperationZoneRead, region)
	if err != nil {
		return Page[Zone]{}, err
	}
	page, err := o.store.List(ctx, store.Query{Kind: store.KindZone, Where: where, Sort: store.FieldUpdated, Descending: true, Limit: paging.Limit, After: paging.After})
	return pageOf(page, err, func(r store.Record) (Zone, error) {
		body, err := bodyOf[ZoneBody](r)
		return Zone{metaOf(r), body}, err
	})
}

// GetZone reads one zone.
func (o *Office) GetZone(ctx context.Context, actor permit.Actor, id string) (Zone, error) {
	record, body, err := o.zone(ctx, actor, permit.OperationZoneRead, id)
	return Zone{metaOf(record), body}, err
}

func (o *Office) zone(ctx context.Context, actor permit.Actor, operation permit.Operation, id string) (store.Record, ZoneBody, error) {
	if err := allowed(actor, operation); err != nil {
		return store.Record{}, ZoneBody{}, err
	}
	record, body, err := zones.get(ctx, o, id)
	if err != nil {
		return record, body, err
	}
	if err := o.check(ctx, actor, operation, permit.OperationZoneRead, store.KindZone, id, permit.Subject{Region: record.Region}); err != nil {
		return store.Record{}, ZoneBody{}, err
	}
	return record, body, nil
}

// CreateZone adds the profile of a zone that lies in a region.
func (o *Office) CreateZone(ctx context.Context, actor permit.Actor, region string, body ZoneBody) (Zone, error) {
	if err := o.inRegion(ctx, actor, permit.OperationZoneWrite, permit.OperationZoneRead, store.KindZone, region); err != nil {
		return Zone{}, err
	}
	if err := checkZone(&body); err != nil {
		return Zone{}, err
	}
	record, err := zones.create(ctx, o, body.Code, region, &body, store.Change{Who: who(actor), Action: "create"})
	return Zone{metaOf(record), body}, err
}

// UpdateZone replaces a profile; its code and region stay.
func (o *Office) UpdateZone(ctx context.Context, actor permit.Actor, id string, expected int64, body ZoneBody) (Zone, error) {
	if _, _, err := o.zone(ctx, actor, permit.OperationZoneWrite, id); err != nil {
		return Zone{}, err
	}
	if err := conditional(expected); err != nil {
		return Zone{}, err
	}
	body.Code = id
	if err := checkZone(&body); err != nil {
		return Zone{}, err
	}
	record, _, err := zones.update(ctx, o, id, expected, store.Change{Who: who(actor), Action: "update"}, func(_ store.Record, kept *ZoneBody) error {
		*kept = body
		return nil
	})
	return Zone{metaOf(record), body}, err
}

// ZoneTrail is the audit trail of a zone's profile.
func (o *Office) ZoneTrail(ctx context.Context, actor permit.Actor, id string) ([]TrailEntry, error) {
	if _, _, err := o.zone(ctx, actor, permit.OperationZoneRead, id); err != nil {
		return nil, err
	}
	return o.trail(ctx, store.KindZone, id)
}

// maxZoneAreaHa is a hundred times the largest zone there is.
var maxZoneAreaHa = money.MustRate("999999")

func checkZone(body *ZoneBody) error {
	refused := refuse.New(refuse.KindInvalid, "zone", "边合区信息有误", "the zone has mistakes")
	add := func(code, pointer, zh, en string) {
		refused.With(refuse.Point{Code: code, Pointer: pointer, ZH: zh, EN: en})
	}
	if body.Name.ZH == "" {
		add("missing", "/name/zh", "请填写边合区的中文名称", "give the zone's Chinese name")
	}
	if body.Code == "" || len(body.Code) > maxZoneCode {
		add("code", "/code", "请填写边合区代码，如 GX-PX", "give the zone's code, such as GX-PX")
	}
	if area := body.AreaHa; area != nil && (area.IsNegative() || area.GreaterThan(maxZoneAreaHa)) {
		add("range", "/area_ha", "面积应在 0 到 "+maxZoneAreaHa.String()+" 公顷之间", "the area is from 0 to "+maxZoneAreaHa.String()+" hectares")
	}
	for _, part := range []struct {
		pointer string
		text    json.RawMessage
	}{{"/targets", body.Targets}, {"/studies", body.Studies}} {
		var object map[string]json.RawMessage
		if len(part.text) > 0 && json.Unmarshal(part.text, &object) != nil {
			add("object", part.pointer, "应为对象", "it should be an object")
		}
	}
	if len(refused.Points) > 0 {
		return refused
	}
	return nil
}

// maxZoneCode bounds a code well within what an id may be.
const maxZoneCode = 64
