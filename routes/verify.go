package routes

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/rules"
)

// The two questions of reverse proxies, asked for every request to every
// application, so they show no screen. /verify is for nginx, which knows only 200,
// 401 and 403; the answers of the other are passed on to the visitor as they are.
const (
	verifyPath  = "/verify"
	forwardPath = "/verify/forward"
)

func (w *web) verify(c *gin.Context) error { return w.answerProxy(c, original, w.tellProxy) }

func (w *web) forward(c *gin.Context) error { return w.answerProxy(c, forwarded, w.tellVisitor) }

// isForward is for what the question with the visitor's own method is exempt from:
// it has any method, carries their Origin, and may carry the length of what they
// send.
func isForward(c *gin.Context) bool { return c.Request.URL.Path == forwardPath }

// isQuestion says whether a proxy asks.
func isQuestion(c *gin.Context) bool { return c.Request.URL.Path == verifyPath || isForward(c) }

// answerProxy judges a visitor's request and tells the outcome. What cannot be
// judged is never 200.
func (w *web) answerProxy(c *gin.Context, names headerNames, tell func(*gin.Context, question, rules.Answer, string)) error {
	ask, err := w.asked(c, names)
	var s status
	if errors.As(err, &s) {
		c.String(s.code, "%s\n", http.StatusText(s.code))
		return nil
	}
	var v *login.Visit
	if err == nil {
		v, err = w.asker(c)
	}
	if err != nil {
		w.cannotJudge(c, err)
		return nil
	}
	answer, to := w.judge(v, ask)
	if answer != rules.Allowed {
		tell(c, ask, answer, to)
		return nil
	}
	if v != nil {
		if err := w.Login.Use(c.Request.Context(), v); err != nil {
			w.cannotJudge(c, err)
			return nil
		}
	}
	w.introduce(c, v)
	if names.uri != "" && ask.trusted {
		w.cookies.rest(c)
	}
	c.Status(http.StatusOK)
	return nil
}

// cannotJudge asks a proxy to try again.
func (w *web) cannotJudge(c *gin.Context, err error) {
	if c.Request.Context().Err() == nil {
		w.Log.Error("a proxy's question was not answered", "id", c.GetString(idKey), "error", err)
	}
	c.Header("Retry-After", retryDatabase)
	c.String(http.StatusServiceUnavailable, "cannot judge at the moment\n")
}

// introduce tells the application who it is. All six headers are always there:
// some proxies pass on the visitor's own where one is missing. They are empty for
// somebody who is let in as everybody is.
func (w *web) introduce(c *gin.Context, v *login.Visit) {
	values := [6]string{}
	if v != nil && v.Passed() && !v.Forced() && v.Account.LoginVouched() {
		a := v.Account
		values = [6]string{headerText(a.Login), "", headerText(identity.CutBytes(a.Name, maxRemoteName)), headerText(strings.Join(a.Groups, ",")), string(a.Role), strconv.Itoa(v.Level())}
		if a.Vouched() {
			values[1] = headerText(a.Email)
		}
	}
	for i, name := range [...]string{"Remote-User", "Remote-Email", "Remote-Name", "Remote-Groups", "Remote-Role", "Remote-Level"} {
		c.Writer.Header().Set(name, values[i])
	}
}

// refusals are the status of each answer and what is written below it.
var refusals = map[rules.Answer]status{
	rules.SignIn: {http.StatusUnauthorized, "not signed in\n"},
	rules.Prove:  {http.StatusForbidden, "a proof is needed\n"},
	rules.Denied: {http.StatusForbidden, "no access\n"},
}

// tellProxy refuses, and gives the proxy the address where the visitor can cure it.
// It is a complete address, because proxies cannot encode one.
func (w *web) tellProxy(c *gin.Context, q question, a rules.Answer, to string) {
	if q.page && to != "" {
		c.Header("Location", w.cure(q, to))
	}
	c.String(refusals[a].code, refusals[a].text)
}

// tellVisitor refuses, and sends a page to where it can be cured.
func (w *web) tellVisitor(c *gin.Context, q question, a rules.Answer, to string) {
	code := refusals[a].code
	if q.page && to != "" {
		c.Header("Location", w.cure(q, to))
		code = http.StatusSeeOther
	}
	c.String(code, refusals[a].text)
}

// cure is the complete address of a page of this site that leads back.
func (w *web) cure(q question, to string) string {
	if q.next != "" {
		to += map[bool]string{true: "&", false: "?"}[strings.Contains(to, "?")] + "next=" + url.QueryEscape(q.next)
	}
	return w.Login.Options().URL + to
}

// isPage says whether the visitor's request opens a page, so that a redirect
// shows something and loses no data.
func isPage(method string, h http.Header) bool {
	if !slices.Contains([]string{http.MethodGet, http.MethodHead}, method) {
		return false
	}
	if mode := h.Get("Sec-Fetch-Mode"); mode != "" {
		return mode == "navigate"
	}
	return strings.Contains(h.Get("Accept"), "text/html") &&
		h.Get("X-Requested-With") == "" && h.Get("HX-Request") == "" && h.Get("Upgrade") == ""
}
