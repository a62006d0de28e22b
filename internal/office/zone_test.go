package office

import (
	"encoding/json"
	"errors"
	"testing"

	"zutuan/internal/funding"
	"zutuan/internal/money"
	"zutuan/internal/refuse"
)

func TestAZoneHasAProfile(t *testing.T) {
	o, _ := newOffice(t)
	area := money.MustRate("10.2")
	body := ZoneBody{Name: funding.Text{ZH: "凭祥边境经济合作区", EN: "Pingxiang"}, Code: "GX-PX", AreaHa: &area, Targets: json.RawMessage(`{"employment":{"2026":"1200"}}`)}
	zone, err := o.CreateZone(t.Context(), bureauPX, "GX-PX", body)
	if err != nil || zone.ID != "GX-PX" || zone.Region != "GX-PX" {
		t.Fatalf("created: %+v, %v", zone, err)
	}
	_, err = o.CreateZone(t.Context(), bureauPX, "GX-PX", body)
	wantRefusal(t, err, refuse.KindConflict)
	_, err = o.CreateZone(t.Context(), bureauMZL, "GX-PX", body)
	wantRefusal(t, err, refuse.KindUnknown)
	_, err = o.CreateZone(t.Context(), observer, "GX-PX", body)
	wantRefusal(t, err, refuse.KindForbidden)
	negative := money.MustRate("-1")
	_, err = o.CreateZone(t.Context(), bureauPX, "GX-PX", ZoneBody{AreaHa: &negative, Studies: json.RawMessage(`[]`)})
	var refused *refuse.Error
	if !errors.As(err, &refused) || len(refused.Points) != 4 {
		t.Errorf("got %v", err)
	}
	body.Note, body.Code = "扩区", "elsewhere"
	changed, err := o.UpdateZone(t.Context(), bureauPX, zone.ID, zone.Version, body)
	if err != nil || changed.Note != "扩区" || changed.Code != "GX-PX" || changed.Version != 2 {
		t.Errorf("changed: %+v, %v", changed, err)
	}
	_, err = o.UpdateZone(t.Context(), bureauPX, zone.ID, zone.Version, body)
	wantRefusal(t, err, refuse.KindStale)
	_, err = o.UpdateZone(t.Context(), bureauPX, zone.ID, 0, body)
	wantRefusal(t, err, refuse.KindUnconditional)
	_, err = o.UpdateZone(t.Context(), riskGX, zone.ID, 2, body)
	wantRefusal(t, err, refuse.KindForbidden)
	_, err = o.GetZone(t.Context(), bureauMZL, zone.ID)
	wantRefusal(t, err, refuse.KindUnknown)
	page, err := o.ListZones(t.Context(), observer, "", Paging{})
	if err != nil || len(page.Items) != 1 || string(page.Items[0].Targets) != `{"employment":{"2026":"1200"}}` {
		t.Errorf("the province lists %+v, %v", page.Items, err)
	}
	if page, err := o.ListZones(t.Context(), bureauMZL, "", Paging{}); err != nil || len(page.Items) != 0 {
		t.Errorf("another bureau lists %+v, %v", page.Items, err)
	}
	if trail, err := o.ZoneTrail(t.Context(), observer, zone.ID); err != nil || len(trail) != 2 {
		t.Errorf("the trail is %+v, %v", trail, err)
	}
}
