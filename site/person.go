package site

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"nightlatch.example/nightlatch/login"
)

// Role is what an account may do on the site itself.
type Role string

// The two roles.
const (
	User  Role = "user"
	Admin Role = "admin"
)

// Person is who is signed in, as the application is told.
type Person struct {
	ID     string // stays the same for good: the key to keep
	Login  string // may be an address that nobody proved; Email is proven
	Name   string
	Email  string // empty until its owner proved it
	Groups []string
	Role   Role
	Level  int       // 1 for a password, 2 for a second factor
	Factor string    // the kind that was proved for level 2, such as totp; empty at level 1
	Proved time.Time // the last proof or confirmation of this session; zero when there was none
}

type personKey struct{}

// PersonFrom gives who is signed in, behind a guard. It takes the context of the
// request, or the *gin.Context.
func PersonFrom(ctx context.Context) (Person, bool) {
	if p, ok := ctx.Value(personKey{}).(Person); ok {
		return p, true
	}
	r, ok := ctx.Value(gin.ContextRequestKey).(*http.Request)
	if !ok || r == nil {
		return Person{}, false
	}
	p, ok := r.Context().Value(personKey{}).(Person)
	return p, ok
}

// person is what the application is told of a visit.
func person(v *login.Visit) Person {
	a, x := v.Account, v.Session
	p := Person{ID: a.ID, Login: a.Login, Name: a.Name, Groups: slices.Clone(a.Groups), Role: Role(a.Role), Level: v.Level(), Factor: string(x.Factor), Proved: x.Confirm}
	if a.Vouched() {
		p.Email = a.Email
	}
	return p
}
