package sim

import (
	"fmt"
	"slices"
	"strings"

	"nightlatch.example/nightlatch/internal/sitetest"
)

func init() {
	AddRule(Rule{Name: "each mail has its row", Source: "CONTRACT §6", Every: 5,
		Sentence: "What was delivered stands in the outbox, to the same address; what stands there as sent was taken.", Check: rowsOfMail})
	AddRule(Rule{Name: "the owner hears of it", Source: "CONTRACT §6",
		Sentence: "Of each change that an owner must hear of, a mail is written in the step that made it.", Check: heard})
	AddRule(Rule{Name: "no mail to an unproven address", Source: "CONTRACT §6", Every: 3,
		Sentence: "To an address that nobody proved goes what asks for the proof; what an admin does also where an admin entered it; and nothing about sign-ins.",
		Check:    unproven})
}

// mailKept is how long the outbox keeps what was sent; older mails may be gone.
const mailKept = 6 * 24 * 3600e9

// rowsOfMail holds the mailboxes against the outbox.
func rowsOfMail(w *World) error {
	if !w.Changed {
		return nil
	}
	rows, err := w.Beside.Rows("SELECT id, recipient, status FROM outbox")
	if err != nil {
		return err
	}
	to := map[string][]string{}
	for _, r := range rows {
		to[rowID(r[0])] = r[1:]
	}
	for id, l := range w.Post.ids {
		if r := to[id]; r != nil && !strings.EqualFold(r[0], l.To) {
			return fmt.Errorf("a mail to %s came to %s", r[0], l.To)
		} else if r == nil && w.Clock.Real().Sub(l.at) < mailKept && l.at.After(w.restored) && !w.departed(l) {
			return fmt.Errorf("a mail “%s” came to %s, and the outbox has no row of it", l.Subject, l.To)
		}
	}
	for id, r := range to {
		if _, came := w.Post.ids[id]; r[1] == "sent" && !came {
			return fmt.Errorf("a mail to %s stands as sent, and no mail server took it", r[0])
		}
	}
	return nil
}

// departed says whether a mail is, or may be, about an account that was deleted:
// its mails go with it.
func (w *World) departed(l taken) bool {
	p := w.ByID(l.of)
	if l.of == "" {
		p = w.At(l.To)
	}
	return p == nil || p.Gone || p.ID == "" || p.unsure
}

// rowID is how the id of a row looks in a Message-ID.
func rowID(id string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, id)
}

// accountOf is the id of the account that a mail is about; empty when it is about none.
func (w *World) accountOf(l sitetest.Letter) string {
	id, _ := w.Beside.One("SELECT account_id FROM outbox WHERE id = ?", messageID(l))
	return id
}

// messageID is the row that a mail comes from.
func messageID(l sitetest.Letter) string {
	id, _, _ := strings.Cut(strings.Trim(l.Header.Get("Message-Id"), "<>"), "@")
	return rowID(id)
}

// told are the mails of which one must tell an owner of a change.
var told = map[Field][]string{
	FieldPassword: {"password-changed", "password-reset", "invite"}, FieldFactors: {"factor-added", "factor-removed", "two-factor-off", "admin-reset"},
	FieldRecovery: {"recovery-made", "factor-removed", "two-factor-off", "admin-reset"}, FieldEmail: {"email-changed", "admin-change", "factor-added"},
	FieldDisabled: {"admin-change"}, FieldRole: {"admin-change"},
}

// heard looks for the mail about each change of an account whose address is proven.
func heard(w *World) error {
	for _, c := range w.Changes() {
		templates, s := told[c.Field], w.snapshots()
		before, after := s.before.Rows[c.ID], s.after.Rows[c.ID]
		if len(templates) == 0 || before.Fields[FieldProved] == "" || after.Fields == nil || c.renames(before, after) {
			continue
		}
		if c.Field == FieldPassword && before.Fields[FieldStanding] == "invited" {
			continue // it is the first
		}
		rows, err := w.Beside.Rows("SELECT template FROM outbox WHERE account_id = ? AND lower(recipient) = ? AND created_at >= ?",
			c.ID, strings.ToLower(before.Fields[FieldEmail]), w.began.UnixMicro())
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(rows, func(r []string) bool { return slices.Contains(templates, r[0]) }) {
			return fmt.Errorf("%s of %s changed, and %s was not told", c.Field, w.called(c.ID), before.Fields[FieldEmail])
		}
	}
	return nil
}

// renames says whether only the names of factors changed, which nobody is told.
func (c Change) renames(before, after Row) bool {
	return c.Field == FieldFactors && len(before.Factors) == len(after.Factors)
}

// asksForProof are the mails that may go to an address that nobody proved.
var asksForProof = strings.Fields("code invite register register-taken email-verify email-change password-reset admin-password admin-reset admin-change email-change-asked email-changed")

// aboutSignIns are those that a stranger can cause.
var aboutSignIns = strings.Fields("new-browser new-browsers second-step-failed recovery-used factor-off factor-failures")

// unproven looks at what was written to addresses that nobody proved.
func unproven(w *World) error {
	if !w.Changed {
		return nil
	}
	last := State(w, "mails looked at", func() map[string]bool { return map[string]bool{} })
	rows, err := w.Beside.Rows("SELECT o.id, o.template, o.recipient, a.origin FROM outbox o JOIN accounts a ON a.id = o.account_id" +
		" WHERE o.status = 'queued' AND (a.email_verified_at = 0 OR lower(a.email) <> lower(o.recipient))")
	if err != nil {
		return err
	}
	for _, r := range rows {
		if last[r[0]] {
			continue
		}
		last[r[0]] = true
		if w.proved(r[2]) || slices.Contains(asksForProof, r[1]) {
			continue
		}
		if slices.Contains(aboutSignIns, r[1]) || r[3] == "self" {
			return fmt.Errorf("a mail (%s) is on its way to %s, which nobody proved", r[1], r[2])
		}
	}
	return nil
}

// proven are the addresses whose readers proved them, by a link or a code from a mail.
func (w *World) provenAddresses() map[string]bool {
	return State(w, "proven addresses", func() map[string]bool { return map[string]bool{} })
}

func (w *World) prove(address string)       { w.provenAddresses()[strings.ToLower(address)] = true }
func (w *World) proved(address string) bool { return w.provenAddresses()[strings.ToLower(address)] }
