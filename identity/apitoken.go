package identity

import (
	"slices"
	"time"
)

// Scope is what a token of the JSON interface may be used for.
type Scope string

// The scopes.
const (
	AccountsRead  Scope = "accounts:read"
	AccountsWrite Scope = "accounts:write"
	FactorsReset  Scope = "factors:reset"
	GroupsWrite   Scope = "groups:write"
	PolicyRead    Scope = "policy:read"
	PolicyWrite   Scope = "policy:write"
	AuditRead     Scope = "audit:read"
	OutboxRead    Scope = "outbox:read"
)

// Scopes are all of them, in the order in which they are listed.
func Scopes() []Scope {
	return []Scope{AccountsRead, AccountsWrite, FactorsReset, GroupsWrite, PolicyRead, PolicyWrite, AuditRead, OutboxRead}
}

// APITokenPrefix begins every token of the JSON interface, so that one that lies
// about somewhere is recognised.
const APITokenPrefix = "nlt_"

// APIToken is a token of the JSON interface as it is kept.
type APIToken struct {
	ID      string // hash of the token
	Name    string
	Scopes  []Scope
	AdminID string // who made it; empty for the command line
	Created time.Time
	Expires time.Time
	Used    time.Time // to the minute; zero while it was not
}

// May says whether the token has a scope.
func (t APIToken) May(s Scope) bool { return slices.Contains(t.Scopes, s) }
