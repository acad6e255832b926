package browser

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"

	"nightlatch.example/nightlatch/internal/chrome"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// moment is how far the first click has come when the second is made.
type moment string

// The moments at which a second click finds the browser, and the site, in
// different states. In each the page that was clicked on is still shown.
const (
	sent     moment = "the form is on its way"
	judged   moment = "the form was carried out and its answer is on its way"
	answered moment = "the browser has the answer and asks for the next page"
	followed moment = "the next page was asked for and is on its way"
)

// gate stands before a site. It holds one request at a moment, until a second
// form comes, or until it is told that none will: a page's script may send none.
type gate struct {
	site http.Handler
	mu   sync.Mutex
	at   moment // empty: nothing is held
	held chan struct{}
	more chan struct{} // closed by the second form, or by release
	sent int           // forms since it was armed
}

// holdTime bounds how long a request is held, on any machine.
const holdTime = 30 * time.Second

// arm has the next form, or the page after it, held at a moment.
func (g *gate) arm(at moment) (held <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.at, g.held, g.more, g.sent = at, make(chan struct{}), make(chan struct{}), 0
	return g.held
}

// release lets go what is held, and holds nothing more.
func (g *gate) release() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open()
}

func (g *gate) open() {
	g.at = ""
	select {
	case <-g.more:
	default:
		close(g.more)
	}
}

// forms is how many came since it was armed.
func (g *gate) forms() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.sent
}

// enter counts a form and says at which moment this request is held.
func (g *gate) enter(r *http.Request) (at moment) {
	g.mu.Lock()
	defer g.mu.Unlock()
	post := r.Method == http.MethodPost
	if post {
		if g.sent++; g.sent == 2 {
			g.open()
		}
	}
	page := !post && g.sent == 1 && r.Header.Get("Sec-Fetch-Dest") == "document"
	if post == (g.at == sent || g.at == judged) && (post || page) {
		at, g.at = g.at, ""
	}
	return at
}

func (g *gate) wait() {
	close(g.held)
	select {
	case <-g.more:
	case <-time.After(holdTime):
	}
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	at := g.enter(r)
	if at == "" {
		g.site.ServeHTTP(w, r)
		return
	}
	if at == sent || at == answered {
		g.wait()
		g.site.ServeHTTP(w, r)
		return
	}
	answer := httptest.NewRecorder()
	g.site.ServeHTTP(answer, r)
	g.wait()
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// behindGate is somebody at a browser in front of a site without any account,
// with a gate between.
func behindGate(t *testing.T, o chrome.Options) (*person, *gate) {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	url := fmt.Sprintf("http://localhost:%d", server.Listener.Addr().(*net.TCPAddr).Port)
	s := sitetest.New(t, func(c *sitetest.Config) { c.Login.URL, c.Open = url, true })
	g := &gate{site: s.Handler, more: make(chan struct{}), held: make(chan struct{})}
	server.Config.Handler = g
	server.Start()
	t.Cleanup(server.Close)
	b := chrome.New(t, o)
	b.Run(emulation.SetFocusEmulationEnabled(true))
	return &person{Browser: b, t: t, site: s}, g
}
