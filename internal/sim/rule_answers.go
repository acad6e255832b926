package sim

import "fmt"

func init() {
	AddRule(Rule{Name: "no fault without a cause", Source: "CONTRACT §3",
		Sentence: "No page answers with 5xx, but while the database is broken; then with 503 and Retry-After.", Check: answers})
	AddRule(Rule{Name: "what has ended is refused", Source: "NIST SP 800-63B-4 §5.1, ASVS 5.0 7.4.1", Every: 5,
		Sentence: "A session that ended is refused at once, in every process.", Check: ended})
}

func answers(w *World) error {
	for _, x := range w.Seen {
		if x.Page == nil || x.Page.Status < 500 {
			continue
		}
		what := fmt.Sprintf("%s got %d from %s %s", x.Browser.Name, x.Page.Status, x.Method, x.Path)
		if !w.Hit {
			return fmt.Errorf("%s though nothing was broken", what)
		}
		if x.Page.Status != 503 || x.Page.Header.Get("Retry-After") == "" {
			return fmt.Errorf("%s while the database was broken, Retry-After %q", what, x.Page.Header.Get("Retry-After"))
		}
	}
	return nil
}

// ended opens the profile with a token that has ended, in each process.
func ended(w *World) error {
	var over []*Token
	for _, t := range w.Ledger.order {
		if t.Ended {
			over = append(over, t)
		}
	}
	if len(over) == 0 || len(w.mendings) > 0 {
		return nil
	}
	t := over[len(over)-1-w.chance.N(min(len(over), 10))]
	for _, p := range w.Processes {
		b := &Browser{Name: "a browser that was signed out", Address: "198.51.100.9:4711", Agent: agents[0],
			cookies: map[string]string{SessionCookie: t.Value}}
		if page := w.peek(p, b, "/profile"); page.Status != 303 {
			return fmt.Errorf("process %d answers %d to %s, whose session of %s has ended", p.N, page.Status, t.Browser.Name, t.Account)
		}
	}
	return nil
}
