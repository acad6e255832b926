package routes

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
)

// Need is what an application in the same process asks of whoever opens one of its
// pages. The zero value asks for a session.
type Need struct {
	Level int             // 2 for a second factor
	Roles []identity.Role // any of them; nil for everybody
}

// Guard judges a request to a page of the application. It gives who asks, or nil
// when it has answered: with where to sign in or prove more, or with a refusal. Like
// the site's own pages it takes no request from another site, is no use to somebody
// with a step of the sign-in left, and counts as use of the session.
func (h *Handler) Guard(rw http.ResponseWriter, r *http.Request, need Need) *login.Visit {
	w := h.web
	if w.cross.Check(r) != nil {
		refuse(rw, http.StatusForbidden, "This request came from another site, so nothing was done.")
		return nil
	}
	v, err := w.caller(r)
	if err == nil && v != nil {
		err = w.Login.Use(r.Context(), v)
	}
	switch {
	case err != nil:
		w.cannotGuard(rw, r, err)
	case v == nil:
		w.guardToLogin(rw, r)
	case !v.Passed():
		w.guardTo(rw, r, "/confirm")
	case v.Forced():
		w.guardTo(rw, r, "/profile/factors")
	case need.Roles != nil && !slices.Contains(need.Roles, v.Account.Role):
		refuse(rw, http.StatusForbidden, errForbidden.text)
	case v.Level() < need.Level:
		w.guardTo(rw, r, "/confirm?level=2")
	default:
		rw.Header().Set("Cache-Control", "no-store") // the application may say otherwise
		return v
	}
	return nil
}

// caller is who sends a request, nil for nobody. Of several values of the cookie
// the one counts that counts on the site's own pages: see settle.
func (w *web) caller(r *http.Request) (*login.Visit, error) {
	if w.Lost != nil && w.Lost() != nil {
		return nil, errDatabase
	}
	values := w.cookies.values(r, sessionCookie)
	if len(values) > maxValues {
		return nil, nil
	}
	visits, good := map[string]*login.Visit{}, []claim(nil)
	for _, value := range values {
		v, err := w.Login.Peek(r.Context(), value)
		if err != nil {
			return nil, err
		}
		if v != nil {
			visits[value] = v
			good = append(good, claim{value, v.Account.ID, v.Level(), v.Session.Created})
		}
	}
	if len(good) == 0 {
		return nil, nil
	}
	best, agreed := strongest(good)
	if !agreed {
		return nil, nil
	}
	return visits[best.value], nil
}

// guardToLogin sends somebody who is not signed in to the first step.
func (w *web) guardToLogin(rw http.ResponseWriter, r *http.Request) {
	to := withNext(w.at("/login"), w.pageOf(r))
	switch {
	case r.Header.Get("HX-Request") == "true":
		rw.Header().Set("HX-Redirect", to)
		refuse(rw, http.StatusUnauthorized, "not signed in")
	case !isSafe(r.Method):
		refuse(rw, http.StatusUnauthorized, "not signed in")
	default:
		lead(rw, to)
	}
}

// guardTo sends a page to where a proof cures what is missing, and refuses anything
// else.
func (w *web) guardTo(rw http.ResponseWriter, r *http.Request, path string) {
	to := withNext(w.at(path), w.pageOf(r))
	if opensPage(r) {
		lead(rw, to)
		return
	}
	if r.Header.Get("HX-Request") == "true" {
		rw.Header().Set("HX-Redirect", to)
	}
	refuse(rw, http.StatusForbidden, "a proof is needed")
}

// opensPage says whether a request opens a page. One that says nothing of it, such
// as an old browser's, does.
func opensPage(r *http.Request) bool {
	h := r.Header
	if mode := h.Get("Sec-Fetch-Mode"); mode != "" && mode != "navigate" {
		return false
	}
	accept := h.Get("Accept")
	return isSafe(r.Method) && (accept == "" || strings.Contains(accept, "text/html") || strings.Contains(accept, "*/*")) &&
		h.Get("X-Requested-With") == "" && h.Get("HX-Request") == "" && h.Get("Upgrade") == ""
}

func isSafe(method string) bool { return method == http.MethodGet || method == http.MethodHead }

// pageOf is the page to come back to: the one that was asked for, whole also where
// the application took a prefix off, or the one that HTMX is on. It is empty where
// a sign-in may not lead, and for a form that says of no page that it is from it.
func (w *web) pageOf(r *http.Request) string {
	if on := r.Header.Get("HX-Current-URL"); on != "" && r.Header.Get("HX-Request") == "true" {
		u, err := url.Parse(on)
		if err != nil {
			return ""
		}
		return w.to.path(u.RequestURI())
	}
	if !isSafe(r.Method) {
		return ""
	}
	if strings.HasPrefix(r.RequestURI, "/") {
		return w.to.path(r.RequestURI)
	}
	return w.to.path(r.URL.RequestURI())
}

// cannotGuard lets nobody in while it is not known who asks.
func (w *web) cannotGuard(rw http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() == nil {
		w.Log.Error("a page was not guarded, so it was not shown", "error", err)
	}
	rw.Header().Set("Retry-After", retryDatabase)
	refuse(rw, http.StatusServiceUnavailable, "It cannot be found out at the moment who you are. Please try again in a minute.")
}

func lead(rw http.ResponseWriter, to string) {
	rw.Header().Set("Cache-Control", "no-store")
	rw.Header().Set("Location", to) // http.Redirect would change the path
	rw.WriteHeader(http.StatusSeeOther)
}

func refuse(rw http.ResponseWriter, code int, text string) {
	rw.Header().Set("Cache-Control", "no-store")
	http.Error(rw, text, code)
}
