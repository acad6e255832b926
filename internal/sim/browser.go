package sim

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"time"

	"nightlatch.example/nightlatch/internal/sitetest"
)

// The cookies of the site.
const (
	SessionCookie = "__Host-nightlatch_session"
	LoginCookie   = "__Host-nightlatch_login"
	TrustCookie   = "__Host-nightlatch_browser"
	FormCookie    = "__Host-nightlatch_form"
	KnownCookie   = "__Host-nightlatch_known"
)

// Browser is a browser with its cookies and the pages that it has shown.
type Browser struct {
	Name    string // "Ada, browser 1"
	Owner   *Person
	Foe     bool // a stranger's or thief's: what it opens, nobody should have opened
	Address string
	Agent   string
	HTMX    bool
	Host    string // that it names instead of the site's; empty for most

	cookies map[string]string
	Page    *sitetest.Page   // the one that is open
	Past    []*sitetest.Page // those before, the last first; a few are kept
	At      string           // where the open page lies
	Led     string           // where the last answer leads; empty when nowhere
	last    *Exchange        // the last form
	failed  int              // wrong codes that it sent
	out     bool             // the last answer said that it is not signed in
}

// NewBrowser opens a fresh browser.
func (w *World) NewBrowser(name string, c *Chance) *Browser {
	w.browsers++
	return &Browser{Name: name, Address: address(w.browsers), Agent: Pick(c, agents), HTMX: c.Seldom(3),
		cookies: map[string]string{}}
}

// address gives each browser an address of its own.
func address(n int) string {
	return fmt.Sprintf("203.%d.%d.%d:4711", n>>16&255, n>>8&255, n&255)
}

var agents = []string{
	"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
}

// Cookie is one of its cookies; empty when it has none of that name.
func (b *Browser) Cookie(name string) string { return b.cookies[name] }

// Clear forgets all cookies.
func (b *Browser) Clear() { clear(b.cookies) }

// Steal takes the cookies of another browser.
func (b *Browser) Steal(from *Browser) { b.cookies = maps.Clone(from.cookies) }

// Exchange is one request and what came of it.
type Exchange struct {
	Browser *Browser
	Process int
	Method  string
	Path    string // without its query
	Query   url.Values
	Form    url.Values
	Before  map[string]string // cookies that were sent
	After   map[string]string // cookies that the browser has now
	Page    *sitetest.Page    // nil when no answer came
	At      time.Time         // when it was sent, by the clock of the site
	Real    time.Time         // the same by a right clock
	Done    time.Time         // when the answer came, by a right clock
	seq     int               // how many requests and chores there were before it
	met     bool              // another request was on its way at the same time
}

// Get opens a page.
func (w *World) Get(b *Browser, path string) *sitetest.Page {
	return w.request(b, http.MethodGet, path, nil)
}

// Post sends a form of name and value pairs.
func (w *World) PostForm(b *Browser, path string, pairs ...string) *sitetest.Page {
	f := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.Add(pairs[i], pairs[i+1])
	}
	return w.request(b, http.MethodPost, path, f)
}

// Submit sends a form that stands on a page, with its hidden fields, and pairs
// filled in. A page that has no such form sends the pairs alone.
func (w *World) Submit(b *Browser, on *sitetest.Page, action string, pairs ...string) *sitetest.Page {
	f := url.Values{}
	if on != nil {
		for k, v := range on.Hidden(action) {
			f.Set(k, v)
		}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.Set(pairs[i], pairs[i+1])
	}
	return w.request(b, http.MethodPost, action, f)
}

// giveUp is how long a person looks at a browser that loads.
const giveUp = time.Minute

// request sends one request to one of the processes and shows the answer; nil
// when none came.
func (w *World) request(b *Browser, method, path string, form url.Values) *sitetest.Page {
	p := w.route()
	ctx, cancel := context.WithTimeout(context.Background(), giveUp)
	defer cancel()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r := httptest.NewRequestWithContext(ctx, method, origin+path, body)
	if r.RemoteAddr = b.Address; b.Host != "" {
		r.Host = b.Host
	}
	r.Header.Set("User-Agent", b.Agent)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", origin)
		if b.HTMX {
			r.Header.Set("HX-Request", "true")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(b.cookies)) {
		r.AddCookie(&http.Cookie{Name: name, Value: b.cookies[name]})
	}
	x := &Exchange{Browser: b, Process: p.N, Method: method, Path: r.URL.Path, Query: r.URL.Query(), Form: form,
		Before: maps.Clone(b.cookies), At: w.Clock.Now(), Real: w.Clock.Real(), seq: w.requests}
	rec := httptest.NewRecorder()
	r = r.WithContext(w.part(ctx))
	if w.meanwhile == nil {
		w.running = x
	}
	cut := false
	if w.Alone(p, func() { cut = serve(p, rec, r) }) && ctx.Err() == nil && !cut {
		x.Page = b.show(rec)
	}
	x.After, x.Done = maps.Clone(b.cookies), w.Clock.Real()
	w.Ledger.use(x.Before[SessionCookie])
	b.turn(x)
	w.seen(x)
	return x.Page
}

// peek asks one process for a page, for a rule: it is neither told nor written
// down.
func (w *World) peek(p *Process, b *Browser, path string) *sitetest.Page {
	r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, origin+path, nil)
	r.RemoteAddr = b.Address
	r.Header.Set("User-Agent", b.Agent)
	for _, name := range slices.Sorted(maps.Keys(b.cookies)) {
		r.AddCookie(&http.Cookie{Name: name, Value: b.cookies[name]})
	}
	w.Ledger.use(b.Cookie(SessionCookie))
	rec := httptest.NewRecorder()
	if serve(p, rec, r) {
		return &sitetest.Page{}
	}
	return b.show(rec)
}

// serve has a process answer. It says whether the connection was cut in the
// middle of the answer, which is how a download shows that it broke off.
func serve(p *Process, rec *httptest.ResponseRecorder, r *http.Request) (cut bool) {
	defer func() {
		if x := recover(); x == http.ErrAbortHandler {
			cut = true
		} else if x != nil {
			panic(x)
		}
	}()
	p.Site.Handler().ServeHTTP(rec, r)
	return false
}

// show takes an answer in.
func (b *Browser) show(rec *httptest.ResponseRecorder) *sitetest.Page {
	got := rec.Result()
	for _, c := range got.Cookies() {
		if c.MaxAge < 0 || c.Value == "" {
			delete(b.cookies, c.Name)
		} else {
			b.cookies[c.Name] = c.Value
		}
	}
	p := &sitetest.Page{Status: got.StatusCode, Header: got.Header, Body: rec.Body.String(), Cookies: got.Cookies()}
	if p.Location = got.Header.Get("Location"); p.Location == "" {
		p.Location = got.Header.Get("HX-Redirect")
	}
	p.Location = strings.TrimPrefix(p.Location, origin)
	return p
}

// turn makes a page with something on it the open one.
func (b *Browser) turn(x *Exchange) {
	if x.Method == http.MethodPost {
		b.last = x
	}
	p := x.Page
	if p == nil {
		return
	}
	if x.Method == http.MethodPost && p.Status == http.StatusUnprocessableEntity && (strings.HasPrefix(x.Path, "/login") || x.Path == "/confirm" || strings.HasSuffix(x.Path, "/check")) {
		b.failed++
	}
	if strings.HasPrefix(p.Location, "/login") {
		b.out = x.Path != "/login" && !strings.HasPrefix(p.Location, "/login/challenge")
		if b.out {
			delete(b.cookies, LoginCookie)
		}
	}
	if x.After[SessionCookie] != x.Before[SessionCookie] {
		b.out = false
	}
	if b.Led = p.Location; b.Led != "" || p.Body == "" {
		return
	}
	if b.Page != nil {
		b.Past = append([]*sitetest.Page{b.Page}, b.Past[:min(len(b.Past), 4)]...)
	}
	b.Page, b.At = p, x.Path
}
