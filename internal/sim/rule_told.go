package sim

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"nightlatch.example/nightlatch/factors"
)

func init() {
	AddRule(Rule{Name: "the old address is told", Source: "CONTRACT §6", Sentence: "When a new address is asked for, the proven one hears of it.", Check: oldTold})
	AddRule(Rule{Name: "no mail is lost", Source: "CONTRACT §6", Every: 10,
		Sentence: "A mail that no server refused for good is tried for at least a day.", Check: noneLost})
	AddRule(Rule{Name: "nobody is led away", Source: "ASVS 5.0 10.4.1", Sentence: "Every answer leads to a page of this site, or nowhere.", Check: ledHere})
	AddRule(Rule{Name: "the older code is told apart", Source: "CONTRACT §4",
		Sentence: "Who types a code that a newer one replaced is told so, and has not failed.", Check: olderTold})
	AddRule(Rule{Name: "nothing is left after a reset", Source: "CONTRACT §2", Sentence: "After a reset an account has taken no step of setting up a factor.", Check: nothingLeft})
	AddRule(Rule{Name: "one enrollment is one factor", Source: "CONTRACT §4", Sentence: "However often it is confirmed, an enrollment makes one factor.", Check: oneFactor})
	AddRule(Rule{Name: "a pending login is nobody", Source: "NIST SP 800-63B-4 §5.1", Every: 10,
		Sentence: "The token that waits for the second step is no session.", Check: pendingIsNobody})
	AddRule(Rule{Name: ruleHere, Source: "ASVS 5.0 4.1.2", Every: 1 << 30, Sentence: "Every link in a mail leads to this site, whatever host a request named.",
		Check: func(*World) error { return nil }}) // looked at when a mail is taken
	AddRule(Rule{Name: ruleVoid, Source: "CONTRACT §6", Every: 1 << 30, Sentence: "A code that a newer one replaced is not mailed any more.",
		Check: func(*World) error { return nil }})
}

const (
	ruleHere = "links lead here"
	ruleVoid = "no void code is mailed"
)

var hosts = regexp.MustCompile(`https?://([^/\s"<>]+)`)

// mailTaken looks at a mail that a server took.
func (w *World) mailTaken(id, text string) {
	for _, m := range hosts.FindAllStringSubmatch(text, -1) {
		if m[1] != host {
			w.Broken(ruleHere, "a mail has a link to %s", m[1])
		}
	}
	if a := w.Ledger.asks[id]; a != nil && a.over > 0 && a.over <= w.sending {
		w.Broken(ruleVoid, "a code for %s is mailed, which a newer one had replaced", a.browser.Name)
	}
}

func oldTold(w *World) error {
	for _, d := range w.Ledger.Deeds() {
		if d.path != "/profile/email" || !d.sure || d.by == nil || w.mixed() {
			continue
		}
		id, began := w.idOf(d.by.Account), w.began.UnixMicro()
		row := w.Rows()[id]
		if row.Fields[FieldProved] == "" || w.Clock.Off() != w.shots().off {
			continue
		}
		asked, err := w.Beside.One("SELECT count(*) FROM outbox WHERE account_id = ? AND template = 'email-change' AND created_at >= ?", id, began)
		if err != nil || asked == "0" {
			continue
		}
		told, err := w.Beside.One("SELECT count(*) FROM outbox WHERE account_id = ? AND template = 'email-change-asked' AND lower(recipient) = ? AND created_at >= ?",
			id, strings.ToLower(row.Fields[FieldEmail]), began)
		if err == nil && told == "0" {
			return fmt.Errorf("%s asked for another address, and %s heard nothing", d.x.Browser.Name, row.Fields[FieldEmail])
		}
	}
	return nil
}

func noneLost(w *World) error {
	if !w.Changed || !w.unrestored(24*time.Hour) || !w.steady(24*time.Hour) {
		return nil
	}
	rows, err := w.Beside.Rows("SELECT id, recipient, template, last_error FROM outbox WHERE status = 'failed' AND created_at >= ?", w.Clock.Now().Add(-24*time.Hour).UnixMicro())
	for _, r := range rows {
		if err == nil && !w.Post.refused[rowID(r[0])] {
			return fmt.Errorf("a mail (%s) to %s is given up, which nobody refused for good: %s", r[2], r[1], r[3])
		}
	}
	return err
}

func ledHere(w *World) error {
	for _, x := range w.Seen {
		if x.Page == nil || x.Page.Location == "" {
			continue
		}
		if to := x.Page.Location; to[0] != '/' || len(to) > 1 && (to[1] == '/' || to[1] == '\\') {
			return fmt.Errorf("%s is led to %s", x.Browser.Name, to)
		}
	}
	return nil
}

func olderTold(w *World) error {
	for _, x := range w.Seen {
		if w.Hit || x.Browser.Foe || x.Path != "/login/challenge/email" || x.Page == nil || x.Page.Status != http.StatusUnprocessableEntity || x.Page.Alert() != "That code is not right." {
			continue
		}
		for _, m := range w.Ledger.codes {
			if m.digits == bare(x.Form.Get("code")) && m.used == "" && m.ask != nil && m.ask.browser == x.Browser && m.ask.purpose == "login" && m.ask.place == x.Before[LoginCookie] &&
				m.ask.over > 0 && m.ask.over <= x.seq && x.Done.Sub(m.at) < 4*time.Minute && x.Browser.failed <= 3 && m.set == w.Clock.Off() {
				return fmt.Errorf("%s typed the older of two codes, and was told that it is wrong", x.Browser.Name)
			}
		}
	}
	return nil
}

func nothingLeft(w *World) error {
	for _, d := range w.Ledger.Deeds() {
		id, what, _ := strings.Cut(strings.TrimPrefix(d.path, "/admin/users/"), "/")
		if what != "reset" || !d.sure || d.old || w.mixed() || !strings.Contains(d.to, "said=did-reset") {
			continue
		}
		if n, err := w.Beside.One("SELECT reached FROM accounts WHERE id = ?", id); err == nil && n != "" && n != "0" {
			return fmt.Errorf("%s counts as having set a factor up (%s), after a reset", w.called(id), n)
		}
	}
	return nil
}

// oneFactor counts the apps that an account has more than before, and the codes with which apps
// were confirmed.
func oneFactor(w *World) error {
	for _, c := range w.Changes() {
		if c.Field != FieldFactors {
			continue
		}
		s, more := w.snapshots(), 0
		for id, what := range s.after.Rows[c.ID].Factors {
			if s.before.Rows[c.ID].Factors[id] == "" && strings.HasPrefix(what, string(factors.KindTOTP)) {
				more++
			}
		}
		var codes []string
		for _, d := range w.Ledger.Deeds() {
			if strings.HasSuffix(d.path, "/totp/confirm") && !slices.Contains(codes, d.field("code")) {
				codes = append(codes, d.field("code"))
			}
		}
		if more > len(codes) {
			return fmt.Errorf("%s has %d more apps, by %d codes", w.called(c.ID), more, len(codes))
		}
	}
	return nil
}

func pendingIsNobody(w *World) error {
	if len(w.mendings) > 0 {
		return nil
	}
	for _, x := range w.Seen {
		if token := x.After[LoginCookie]; token != "" {
			p := Pick(w.chance, w.Processes)
			b := &Browser{Name: "a browser with a pending login", Address: "198.51.100.9:4711", Agent: agents[0], cookies: map[string]string{SessionCookie: token}}
			if page := w.peek(p, b, "/profile"); page.Status != http.StatusSeeOther || !strings.HasPrefix(page.Location, "/login") {
				return fmt.Errorf("process %d answers %d %s to the pending login of %s", p.N, page.Status, page.Location, x.Browser.Name)
			}
		}
	}
	return nil
}
