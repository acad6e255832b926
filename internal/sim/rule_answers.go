package sim

import (
	"fmt"
	"strings"
	"time"
)

func init() {
	AddRule(Rule{Name: "no fault without a cause", Source: "CONTRACT §3",
		Sentence: "No page answers with 5xx, but while the database is broken; then with 503 and Retry-After.", Check: answers})
	AddRule(Rule{Name: "what has ended is refused", Source: "NIST SP 800-63B-4 §5.1, ASVS 5.0 7.4.1", Every: 5,
		Sentence: "A session that ended, that nobody used for two hours, or that is a day old is refused at once, in every process.", Check: ended})
}

func answers(w *World) error {
	for _, x := range w.Seen {
		if x.Page == nil || x.Page.Status < 500 {
			continue
		}
		what := fmt.Sprintf("%s got %d from %s %s", x.Browser.Name, x.Page.Status, x.Method, x.Path)
		if !w.Hit {
			return fmt.Errorf("%s though nothing was broken; the log says: %s", what, w.lastError())
		}
		if x.Page.Status != 503 || x.Page.Header.Get("Retry-After") == "" {
			return fmt.Errorf("%s while the database was broken, Retry-After %q; the log says: %s", what, x.Page.Header.Get("Retry-After"), w.lastError())
		}
	}
	return nil
}

// lastError is the last error in the log, since a rule took what it said before.
func (w *World) lastError() (last string) {
	for line := range strings.Lines(w.said.b.String()) {
		if strings.Contains(line, "level=ERROR") {
			last = line
		}
	}
	return strings.TrimSpace(last)
}

// ended opens the profile with a token that has ended, in each process.
func ended(w *World) error {
	if len(w.mendings) > 0 {
		return nil
	}
	over := w.overButThere()
	for _, t := range w.Ledger.order {
		if t.Ended && len(over) < 10 {
			over = append(over, t)
		}
	}
	if len(over) == 0 {
		return nil
	}
	t := over[w.chance.N(min(len(over), 3))]
	for _, p := range w.Processes {
		b := &Browser{Name: "a browser that was signed out", Address: "198.51.100.9:4711", Agent: agents[0],
			cookies: map[string]string{SessionCookie: t.Value}}
		if page := w.peek(p, b, "/profile"); page.Status != 303 || !strings.HasPrefix(page.Location, "/login") {
			return fmt.Errorf("process %d answers %d %s to %s, whose session of %s has ended", p.N, page.Status, page.Location, t.Browser.Name, t.Account)
		}
	}
	return nil
}

// How long a session may live, with two minutes for clocks that differ.
const (
	idleMost = 2*time.Hour + 2*time.Minute
	lifeMost = 24*time.Hour + 2*time.Minute
)

// overButThere are the sessions that have ended, by an answer or by their time, and that the
// database still has.
func (w *World) overButThere() (over []*Token) {
	rows, err := w.Beside.Rows("SELECT token_hash FROM sessions ORDER BY created_at DESC, id")
	if err != nil {
		return nil
	}
	for _, r := range rows {
		t := w.Ledger.tokens[r[0]]
		if t == nil {
			continue
		}
		now := w.Clock.Real()
		created := t.Born.Add(t.BornSet) // as the site has it; what is to come has not been
		idle := now.Sub(t.Used) > idleMost && now.Sub(created) > idleMost && t.Used.After(w.jump)
		aged := now.Sub(created) > lifeMost || created.Sub(now) > 3*time.Minute
		if t.Ended || w.Clock.Off() == 0 && (idle || aged) {
			over = append(over, t)
		}
	}
	return over
}
