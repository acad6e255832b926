package site

import (
	"context"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/routes"
)

// Handler serves the whole site. It expects the prefix in the path: a proxy or mux
// before it must not strip it.
func (s *Site) Handler() http.Handler { return s.in.Handler() }

// Mount puts the site below a group of a Gin router. It panics when the group's
// BasePath is not the path of Options.URL, since every link would lead elsewhere.
func (s *Site) Mount(r gin.IRouter) {
	at, ok := r.(interface{ BasePath() string })
	if !ok {
		panic("site: Mount needs a router that has a BasePath, such as *gin.Engine and *gin.RouterGroup")
	}
	base := strings.TrimSuffix(at.BasePath(), "/")
	if base != s.in.Prefix() {
		panic("site: Mount at " + base + "/, but the path of Options.URL is " + s.in.Prefix() + "/")
	}
	h := gin.WrapH(s.in.Handler())
	if base == at.BasePath() { // without a slash at its end, which the next line has
		r.Any("", h)
	}
	r.Any("/*nightlatch", h)
}

// RequireSession lets in whoever is signed in. Others are sent to the sign-in and
// back: GET and HEAD with 303, HTMX with 401 and HX-Redirect; other methods get 401.
// As every guard it refuses what comes from another site, and what it cannot judge.
func (s *Site) RequireSession() gin.HandlerFunc { return s.guard(routes.Need{}) }

// RequireOTP lets in whoever proved a second factor. Somebody at level 1 is sent to
// the step-up and back if they open a page; anything else is 403.
func (s *Site) RequireOTP() gin.HandlerFunc { return s.guard(otp) }

// RequireRole lets in whoever has one of the roles; others who are signed in get 403.
func (s *Site) RequireRole(roles ...Role) gin.HandlerFunc { return s.guard(anyOf(roles)) }

// RequireSessionHTTP is RequireSession for net/http.
func (s *Site) RequireSessionHTTP(next http.Handler) http.Handler { return s.wrap(routes.Need{}, next) }

// RequireOTPHTTP is RequireOTP for net/http.
func (s *Site) RequireOTPHTTP(next http.Handler) http.Handler { return s.wrap(otp, next) }

// RequireRoleHTTP is RequireRole for net/http.
func (s *Site) RequireRoleHTTP(roles ...Role) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler { return s.wrap(anyOf(roles), next) }
}

var otp = routes.Need{Level: 2}

// anyOf asks for one of some roles. No role at all lets nobody in.
func anyOf(roles []Role) routes.Need {
	need := routes.Need{Roles: []identity.Role{}}
	for _, r := range roles {
		need.Roles = append(need.Roles, identity.Role(r))
	}
	return need
}

func (s *Site) guard(need routes.Need) gin.HandlerFunc {
	return func(c *gin.Context) {
		r := s.admit(c.Writer, c.Request, need)
		if r == nil {
			c.Abort()
			return
		}
		c.Request = r
	}
}

func (s *Site) wrap(need routes.Need, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r = s.admit(w, r, need); r != nil {
			next.ServeHTTP(w, r)
		}
	})
}

// admit gives a request that knows its person, or nil when it was answered.
func (s *Site) admit(w http.ResponseWriter, r *http.Request, need routes.Need) *http.Request {
	v := s.in.Guard(w, r, need)
	if v == nil {
		return nil
	}
	return r.WithContext(context.WithValue(r.Context(), personKey{}, person(v)))
}
