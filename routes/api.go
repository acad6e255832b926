package routes

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/identity"
)

// apiPath is where the JSON interface lies.
const apiPath = "/api/v1"

// apiTime limits a change that is carried out although its caller went away. It
// is less than the time after which a claim counts as left behind.
const apiTime = 15 * time.Second

// apiCall is one request with a token that has the scope of its route.
type apiCall struct {
	*gin.Context
	token identity.APIToken
	body  []byte
}

// apiAnswer is what a call is answered with, once it worked.
type apiAnswer struct {
	Code     int
	Location string
	Body     any
}

type apiHandler func(apiCall) (apiAnswer, error)

var (
	errBearer = status{http.StatusUnauthorized, "Send a token that works, as in Authorization: Bearer nlt_…"}
	errScope  = status{http.StatusForbidden, "The token does not have the scope for this."}
	errJSON   = status{http.StatusUnsupportedMediaType, "Send JSON, with Content-Type: application/json."}
	errRate   = status{http.StatusTooManyRequests, "Too many requests with this token. Try again in a minute."}
)

// machines are the routes for programs with a token.
func (w *web) machines() []route {
	api := func(method, path string, scope identity.Scope, do apiHandler, does act) route {
		return route{method, apiPath + path, byToken, w.api(scope, do), does}
	}
	return []route{
		{get, apiPath + "/openapi.json", open, w.apiDescription, "Describe the JSON interface"},
		api(get, "/accounts", identity.AccountsRead, w.apiAccounts, "List accounts as JSON"),
		api(get, "/accounts/:id", identity.AccountsRead, w.apiAccount, "Give an account as JSON"),
		api(get, "/groups", identity.AccountsRead, w.apiGroups, "List groups as JSON"),
		api(get, "/policy", identity.PolicyRead, w.apiPolicy, "Give the policy as JSON"),
		api(get, "/audit", identity.AuditRead, w.apiAudit, "List the audit log as JSON"),
		api(get, "/outbox", identity.OutboxRead, w.apiOutbox, "List the outbox as JSON"),
	}
}

// isAPI says whether a request is for the JSON interface, whose answers are JSON
// whatever happens.
func isAPI(r *http.Request) bool {
	return r.URL.Path == apiPath || strings.HasPrefix(r.URL.Path, apiPath+"/")
}

// problem answers as RFC 9457 says.
func (w *web) problem(c *gin.Context, code int, detail string) {
	b, _ := json.Marshal(map[string]any{"type": "about:blank", "title": http.StatusText(code), "status": code, "detail": detail, "request_id": c.GetString(idKey)})
	c.Data(code, "application/problem+json", b)
}

// api is the way of every call: who calls, may they, how often, and then the
// call itself.
func (w *web) api(scope identity.Scope, do apiHandler) handler {
	return func(c *gin.Context) error {
		t, err := w.bearer(c)
		if err != nil {
			return err
		}
		if !t.May(scope) {
			return errScope
		}
		if !w.calls.take(t.ID, w.Login.Now()) {
			c.Header("Retry-After", "60")
			return errRate
		}
		call := apiCall{Context: c, token: t}
		a, err := do(call)
		if err != nil {
			return err
		}
		return a.send(c)
	}
}

func (a apiAnswer) send(c *gin.Context) error {
	b, err := json.Marshal(a.Body)
	if err != nil {
		return err
	}
	if a.Location != "" {
		c.Header("Location", a.Location)
	}
	c.Data(a.Code, "application/json", b)
	return nil
}

// bearer is the token of a request. A session cookie opens nothing here.
func (w *web) bearer(c *gin.Context) (identity.APIToken, error) {
	lines := c.Request.Header.Values("Authorization")
	scheme, token, _ := strings.Cut(strings.Join(lines, ","), " ")
	t, err := identity.APIToken{}, error(identity.ErrNotFound)
	if len(lines) == 1 && strings.EqualFold(scheme, "Bearer") {
		t, err = w.Accounts.Bearer(c.Request.Context(), strings.TrimSpace(token))
	}
	if errors.Is(err, identity.ErrNotFound) {
		c.Header("WWW-Authenticate", "Bearer")
		err = errBearer
	}
	return t, err
}

// by is who does what a call changes.
func (w *web) by(c apiCall, reason string) accounts.By {
	return accounts.ByToken(c.token, reason, w.client(c.Context))
}

// ctx is the request's context.
func (c apiCall) ctx() context.Context { return c.Request.Context() }

// wrong refuses a parameter or a body.
func wrong(text string) error { return identity.Refuse(identity.Bad, text) }

// params reads the query. A name that the route does not know, or one that is
// given twice, is refused: a filter with a typing error would find everything.
func (c apiCall) params(known ...string) (map[string]string, error) {
	q, err := parseQuery(c.Request.URL.RawQuery)
	if err != nil {
		return nil, wrong("The query cannot be read.")
	}
	got := map[string]string{}
	for name, values := range q {
		switch {
		case !slices.Contains(known, name):
			return nil, wrong("There is no parameter “" + short(name, 40) + "” here. There are: " + strings.Join(known, ", ") + ".")
		case len(values) > 1 || len(values[0]) > maxParam:
			return nil, wrong("The parameter " + name + " is given twice, or is too long.")
		}
		got[name] = values[0]
	}
	return got, nil
}

// maxParam is how many bytes a parameter may have: a login has 256 characters.
const maxParam = 1100
