// Package permit says who may do what. The whole of it is one table, role × operation → scope (table.go), and the tree
// of regions. It is pure: whoever asks brings the actor and what the record belongs to.
package permit

// Role is what a person is in the service.
type Role string

const (
	RoleBureau   Role = "bureau"   // 财政局、边合区管委会
	RoleLiaison  Role = "liaison"  // 银行联络员
	RoleRisk     Role = "risk"     // 风险审查员
	RoleObserver Role = "observer" // 省级商务、自然资源
	RoleAdmin    Role = "admin"    // 系统管理员
)

// Roles lists the roles.
var Roles = []Role{RoleBureau, RoleLiaison, RoleRisk, RoleObserver, RoleAdmin}

// Scope says on which records a role may carry out an operation.
type Scope uint8

const (
	// ScopeNone: never.
	ScopeNone Scope = iota
	// ScopeSelf: on what is the person's own: the account, tokens, jobs, notifications.
	ScopeSelf
	// ScopeRegion: in the person's region and everything below it.
	ScopeRegion
	// ScopeInstitution: on what belongs to the person's institution.
	ScopeInstitution
	// ScopeMatched: on submitted requirements that a product of the person's institution matches.
	ScopeMatched
	// ScopeAll: on every record.
	ScopeAll
)

// Actor is whoever acts. The zero Actor may do nothing.
type Actor struct {
	// User is the id of the account, Name what the person is called.
	User, Name string
	Role       Role
	// Region is the region whose subtree the person sees; empty for liaisons and admins.
	Region string
	// Institution is a liaison's bank; empty for everybody else.
	Institution string
	// System is the service itself, at background work; it passes every check and is named in the trail.
	System bool
}

// SystemActor is the service acting by itself under a name.
func SystemActor(name string) Actor { return Actor{User: "system:" + name, Name: name, System: true} }

// Subject is what a permission is asked about.
type Subject struct {
	// Owner is the account a record belongs to, Region where it lies, Institution whose it is. Empty: not of that kind.
	Owner, Region, Institution string
	// Matched says, of a requirement, that it is submitted and a product of the asking institution matches it.
	Matched bool
}

// May reports whether the actor may carry out an operation on a subject.
func May(tree *Tree, actor Actor, operation Operation, subject Subject) bool {
	if actor.System {
		return true
	}
	switch ScopeOf(actor.Role, operation) {
	case ScopeAll:
		return true
	case ScopeSelf:
		return actor.User != "" && subject.Owner == actor.User
	case ScopeRegion:
		return actor.Region != "" && subject.Region != "" && tree.Within(subject.Region, actor.Region)
	case ScopeInstitution:
		return actor.Institution != "" && subject.Institution == actor.Institution
	case ScopeMatched:
		return actor.Institution != "" && subject.Matched
	}
	return false
}

// ScopeOf is the table's answer for a role, ScopeNone for whatever it does not name.
func ScopeOf(role Role, operation Operation) Scope { return Table[operation][role] }
