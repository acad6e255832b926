package sim

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"nightlatch.example/nightlatch/factors"
)

func init() {
	AddRule(Rule{Name: "guesses are few", Source: "NIST SP 800-63B-4 §3.2.2, CONTRACT §4",
		Sentence: "After five wrong guesses of strangers in a row, each next one has to wait longer, however they are sent, up to a quarter of an hour.", Check: guessesWait})
	AddRule(Rule{Name: "a known password is told of", Source: "CONTRACT §4",
		Sentence: "Who hears of sign-ins hears within the hour that somebody with their password failed at the second step.", Check: knownPassword})
	AddRule(Rule{Name: "a wait is short", Source: "CONTRACT §4", Sentence: "Nobody has to wait longer than a quarter of an hour, whatever the clock showed before.", Check: waitsShort})
	AddRule(Rule{Name: "ten mails a minute", Source: "CONTRACT §4", Sentence: "One address has no more than ten mails a minute sent to people who are not signed in.", Check: tenMails})
}

// row are wrong guesses of strangers in a row, and the last of them.
type row struct {
	n    int
	last time.Time // when it was sent, by a right clock: it was judged then or later
}

// rows are the rows of guesses, by login and what was guessed. They begin anew when the clock
// is set, since waits that are on may end with it.
func (w *World) rows() map[string]*row {
	set := State(w, "clock at guesses", func() *time.Duration { return new(time.Duration) })
	all := State(w, "rows of guesses", func() map[string]*row { return map[string]*row{} })
	if *set != w.Clock.Off() {
		*set = w.Clock.Off()
		clear(all)
	}
	return all
}

// guess is whom a stranger's form guesses at, and what; empty when it is no guess.
func (w *World) guess(x *Exchange) (login, what string) {
	switch {
	case x.Method != http.MethodPost:
	case x.Path == "/login":
		return w.Ledger.Named(x.Form.Get("login")), "password"
	case x.Path == "/login/challenge/email" && w.Ledger.mails(w.Ledger.pendings[x.Before[LoginCookie]]):
		return w.Ledger.pendings[x.Before[LoginCookie]], "email"
	case x.Path == "/login/challenge/totp":
		return w.Ledger.pendings[x.Before[LoginCookie]], "totp"
	}
	return "", ""
}

// mails says whether an account surely has codes mailed.
func (l *Ledger) mails(login string) bool {
	return slices.ContainsFunc(l.Account(login).Live(), func(c *Cred) bool { return c.Kind == factors.KindEmail && !c.Unsure })
}

// guessesWait looks at the guesses of this step. A right answer, and whatever has to do with an
// account that nobody heard the end of, ends its rows.
func guessesWait(w *World) (err error) {
	all := w.rows()
	for _, x := range w.Seen {
		login, what := w.guess(x)
		if login == "" {
			continue
		}
		key := login + " " + what
		wrong := x.Page != nil && x.Page.Status == http.StatusUnprocessableEntity
		if wrong {
			w.wrongs()[key]++
		}
		switch r := all[key]; {
		case x.Page != nil && x.Page.Status == http.StatusTooManyRequests:
		case w.Hit || !wrong || x.At.Sub(x.Real) != w.Clock.Off(): // the clock was set after it
			delete(all, key)
		case !x.Browser.Foe || x.Before[KnownCookie] != "":
		case r == nil || x.Done.Sub(r.last) > 20*time.Hour || !r.last.After(w.Ledger.forgiven[login]):
			all[key] = &row{1, x.Real}
		default:
			if gone := x.Done.Sub(r.last); !w.mayBeOff(key) && gone < rowWait(r.n)-time.Second {
				err = fmt.Errorf("%s had guess %d of the %s of %s judged %s after the one before", x.Browser.Name, r.n+1, what, login, gone)
			}
			r.n, r.last = r.n+1, x.Real
		}
	}
	return err
}

// mostWrong is after how many wrong answers, of whomever, a kind may be off: then an answer says nothing.
const mostWrong = 45

// wrongs are how many wrong answers came, by login and what was answered, in all of this run.
func (w *World) wrongs() map[string]int {
	return State(w, "wrong answers", func() map[string]int { return map[string]int{} })
}

// mayBeOff says whether a kind may be switched off. A password never is.
func (w *World) mayBeOff(key string) bool {
	return !strings.HasSuffix(key, " password") && w.wrongs()[key] >= mostWrong
}

// rowWait is how long the guess after so many has to wait (CONTRACT §4).
func rowWait(n int) time.Duration {
	if n < 5 {
		return 0
	}
	return min(30*time.Second<<min(n-5, 10), 15*time.Minute)
}

// heardSince is when the address of an account became the one that it is, and proven, by a right
// clock: who heard of nothing for want of one hears of the next stranger after an hour.
func (w *World) heardSince(id string) time.Time {
	since := State(w, "addresses since", func() map[string]time.Time { return map[string]time.Time{} })
	for _, c := range w.Changes() {
		if c.Field == FieldEmail || c.Field == FieldProved {
			since[c.ID] = w.Clock.Real()
		}
	}
	return since[id]
}

// knownPassword looks for the mail to the owner where a stranger who had begun the sign-in failed at
// the second step.
func knownPassword(w *World) error {
	w.heardSince("")
	if w.Hit || !w.unrestored(2*time.Hour) || !w.steady(2*time.Hour) {
		return nil
	}
	for _, x := range w.Seen {
		login, what := w.guess(x)
		if what == "password" || what == "" || !x.Browser.Foe || x.Before[KnownCookie] != "" || w.mayBeOff(login+" "+what) || x.Page == nil || x.Page.Status != http.StatusUnprocessableEntity {
			continue
		}
		id := w.idOf(login)
		if w.Ledger.begunBy[x.Before[LoginCookie]] != x.Browser || x.Real.Sub(w.heardSince(id)) < 2*time.Hour {
			continue
		}
		if now := w.Rows()[id]; now.Fields[FieldProved] == "" || now.Fields[FieldEmail] == "" || !w.Ledger.Account(login).Has() {
			continue
		}
		n, err := w.Beside.One("SELECT count(*) FROM outbox WHERE account_id = ? AND template = 'second-step-failed' AND created_at >= ?", id, x.At.Add(-61*time.Minute).UnixMicro())
		if err == nil && n == "0" {
			return fmt.Errorf("%s knows the password of %s, who hears nothing of it", x.Browser.Name, login)
		}
	}
	return nil
}

// waitsShort looks at how long answers to sign-ins ask to wait.
func waitsShort(w *World) error {
	for _, x := range w.Seen {
		if x.Page == nil || x.Page.Status != http.StatusTooManyRequests || !strings.HasPrefix(x.Path, "/login") || strings.HasSuffix(x.Path, "/code") {
			continue
		}
		if d := wait(x.Page); d > 15*time.Minute+time.Second {
			return fmt.Errorf("%s has to wait %s at %s", x.Browser.Name, d, x.Path)
		}
	}
	return nil
}

// tenMails counts the forms of an address that have mail sent.
func tenMails(w *World) error {
	sent := State(w, "mails for an address", func() map[string][]time.Time { return map[string][]time.Time{} })
	for _, x := range w.Seen {
		if x.Method != http.MethodPost || x.Path != "/password/forgot" || x.Page == nil || x.Page.Location == "" || !strings.HasPrefix(x.Page.Location, "/password/forgot") {
			continue
		}
		list := slices.DeleteFunc(sent[x.Browser.Address], func(at time.Time) bool { return x.Done.Sub(at) > 58*time.Second || w.Hit })
		if sent[x.Browser.Address] = append(list, x.Real); len(list) >= 10 && !w.Hit && w.Clock.Off() == 0 {
			return fmt.Errorf("%s had %d mails sent within a minute", x.Browser.Name, len(list)+1)
		}
	}
	return nil
}
