package office

import (
	"testing"

	"zutuan/internal/gate"
	"zutuan/internal/permit"
)

func TestTheSamplesAreHandedInOnce(t *testing.T) {
	o, _ := newOffice(t)
	bureau := func(region string) permit.Actor {
		return permit.Actor{User: "usr_" + region, Role: permit.RoleBureau, Region: region}
	}
	for range 2 {
		if err := o.InstallSamples(t.Context(), bureau); err != nil {
			t.Fatal(err)
		}
	}
	page, err := o.ListRequirements(t.Context(), permit.SystemActor("test"), RequirementFilter{Status: gate.StatusSubmitted}, Paging{})
	if err != nil || len(page.Items) != 4 {
		t.Fatalf("%d samples are submitted, %v", len(page.Items), err)
	}
	if zones, err := o.ListZones(t.Context(), permit.SystemActor("test"), "", Paging{}); err != nil || len(zones.Items) != 3 {
		t.Errorf("%d zones stand beside them, %v", len(zones.Items), err)
	}
	for _, requirement := range page.Items {
		if requirement.Owner != "usr_"+requirement.Region {
			t.Errorf("%s belongs to %s, not to the bureau of %s", requirement.Name, requirement.Owner, requirement.Region)
		}
	}
}
