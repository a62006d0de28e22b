package permit

import (
	"slices"
	"strings"
	"testing"
)

var tree = NewTree(map[string]string{"CN": "", "GX": "CN", "YN": "CN", "GX-CZ": "GX", "GX-PX": "GX-CZ", "YN-LC": "YN", "A": "B", "B": "A"})

func TestAPlaceLiesWithinThoseAboveIt(t *testing.T) {
	for _, test := range []struct {
		region, above string
		within        bool
	}{
		{"GX-PX", "GX-PX", true}, {"GX-PX", "GX-CZ", true}, {"GX-PX", "GX", true}, {"GX-PX", "CN", true}, {"GX", "GX-PX", false}, {"GX-PX", "YN", false},
		{"", "GX", false}, {"GX", "", false}, {"nowhere", "GX", false}, {"A", "B", true}, {"A", "GX", false},
	} {
		if got := tree.Within(test.region, test.above); got != test.within {
			t.Errorf("%q within %q is %v", test.region, test.above, got)
		}
	}
	if got := tree.Subtree("GX"); !slices.Equal(got, []string{"GX", "GX-CZ", "GX-PX"}) {
		t.Errorf("below GX lie %v", got)
	}
	if got := tree.Subtree("nowhere"); got != nil {
		t.Errorf("below what does not exist lie %v", got)
	}
	if got := tree.Subtree("A"); len(got) != 2 {
		t.Errorf("a circle has %v", got)
	}
	if tree.Parent("GX-PX") != "GX-CZ" || tree.Parent("CN") != "" || !tree.Has("CN") || tree.Has("X") {
		t.Error("parents are not those that were given")
	}
}

func TestEachScopeReachesAsFarAsItSays(t *testing.T) {
	bureau := Actor{User: "u1", Role: RoleBureau, Region: "GX"}
	liaison := Actor{User: "u2", Role: RoleLiaison, Institution: "cdb"}
	for _, test := range []struct {
		name      string
		actor     Actor
		operation Operation
		subject   Subject
		may       bool
	}{
		{"a bureau writes in its own region", bureau, OperationLedgerWrite, Subject{Region: "GX-PX"}, true},
		{"a bureau writes nowhere else", bureau, OperationLedgerWrite, Subject{Region: "YN-LC"}, false},
		{"a record of no region is nobody's", bureau, OperationLedgerWrite, Subject{}, false},
		{"a bureau without a region writes nowhere", Actor{User: "u", Role: RoleBureau}, OperationLedgerWrite, Subject{Region: "GX"}, false},
		{"a liaison drafts for the own bank", liaison, OperationDraftWrite, Subject{Institution: "cdb"}, true},
		{"a liaison drafts for no other bank", liaison, OperationDraftWrite, Subject{Institution: "adbc"}, false},
		{"a liaison without a bank drafts for none", Actor{User: "u", Role: RoleLiaison}, OperationDraftWrite, Subject{}, false},
		{"a liaison reads what matches", liaison, OperationRequirementRead, Subject{Region: "GX", Matched: true}, true},
		{"a liaison reads nothing else", liaison, OperationRequirementRead, Subject{Region: "GX"}, false},
		{"one's own token", liaison, OperationAccountSelf, Subject{Owner: "u2"}, true},
		{"another's token", liaison, OperationAccountSelf, Subject{Owner: "u1"}, false},
		{"nobody's token", Actor{Role: RoleBureau}, OperationAccountSelf, Subject{}, false},
		{"an administrator decides no business", Actor{User: "a", Role: RoleAdmin}, OperationPlanFinalize, Subject{Region: "GX"}, false},
		{"an unknown role", Actor{User: "x", Role: "root", Region: "CN"}, OperationRegionRead, Subject{Region: "GX"}, false},
		{"an unknown operation", bureau, "plan.sell", Subject{Region: "GX"}, false},
		{"nobody", Actor{}, OperationRegionRead, Subject{}, false},
		{"the service itself", SystemActor("rematch"), OperationPlanFinalize, Subject{}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := May(tree, test.actor, test.operation, test.subject); got != test.may {
				t.Errorf("may is %v", got)
			}
		})
	}
}

// The promises of the service about roles, read off the table.
func TestTheTableKeepsItsPromises(t *testing.T) {
	for operation, scopes := range Table {
		changes := !strings.HasSuffix(string(operation), ".read")
		for role, scope := range scopes {
			if !slices.Contains(Roles, role) || scope == ScopeNone {
				t.Errorf("%s: %q has scope %d", operation, role, scope)
			}
		}
		if observes := scopes[RoleObserver]; changes && observes != ScopeNone && observes != ScopeSelf && operation != OperationCompute {
			t.Errorf("an observer may %s", operation)
		}
		if changes && scopes[RoleBureau] == ScopeAll && operation != OperationCompute {
			t.Errorf("a bureau may %s everywhere", operation)
		}
	}
	for _, operation := range []Operation{OperationPlanRead, OperationPlanReview, OperationPlanFinalize, OperationRequirementWrite, OperationDraftReview, OperationWaiverConfirm} {
		if ScopeOf(RoleAdmin, operation) != ScopeNone {
			t.Errorf("an administrator may %s", operation)
		}
	}
	if ScopeOf(RoleRisk, OperationPlanFinalize) != ScopeNone || ScopeOf(RoleBureau, OperationPlanReview) != ScopeNone {
		t.Error("who approves also finalizes, or who writes also approves")
	}
}
