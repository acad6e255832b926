package sim

import (
	"bytes"
	"encoding/base32"
	"fmt"
	"strings"

	"nightlatch.example/nightlatch/factors"
)

func init() {
	AddRule(Rule{Name: "the log is silent", Source: "ASVS 5.0 16.2.5, CONTRACT §1", Every: 25,
		Sentence: "No password, code, token, link or secret stands in a line of the log.", Check: func(w *World) error {
			said := w.said.take()
			return w.secretIn(said, "a line of the log", secretsOf(w))
		}})
	AddRule(Rule{Name: "nothing secret is readable", Source: "CONTRACT §7", Every: 400,
		Sentence: "No password, code, token, link or secret stands readable in a row of the database.", Check: rowsKeepSilent})
	AddRule(Rule{Name: "mails keep secrets", Source: "CONTRACT §6", Every: 25,
		Sentence: "A mail has its own link and code, and nothing else that is secret.", Check: mailsKeepSilent})
}

// lines is the log of all processes, kept until a rule has read it.
type lines struct{ b bytes.Buffer }

// Write keeps what is logged.
func (l *lines) Write(p []byte) (int, error) { return l.b.Write(p) }

func (l *lines) take() string {
	s := l.b.String()
	l.b.Reset()
	return s
}

// secretsOf are what must stand nowhere, by what they are. Codes of six digits are left
// out: numbers look like them.
func secretsOf(w *World) map[string]string {
	m := map[string]string{}
	for _, p := range w.People {
		m[p.Password], m[p.Before], m[p.Taken] = "a password of "+p.Name, "a password of "+p.Name, "a password of "+p.Name
	}
	for _, t := range w.Ledger.order[max(0, len(w.Ledger.order)-40):] {
		m[t.Value] = "a session of " + t.Account
	}
	for name, a := range w.Ledger.Accounts {
		for _, c := range a.Creds {
			switch c.Kind {
			case factors.KindTOTP:
				m[base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(c.Secret)] = "the secret of an app of " + name
			case factors.KindRecovery:
				for code := range c.Codes {
					m[code] = "a recovery code of " + name
					m[code[:4]+"-"+code[4:8]] = "a recovery code of " + name
				}
			}
		}
	}
	delete(m, "")
	return m
}

// secretIn looks for secrets in a text.
func (w *World) secretIn(text, where string, secrets map[string]string) error {
	if text == "" {
		return nil
	}
	for s, what := range secrets {
		if at := strings.Index(text, s); at >= 0 {
			begin, end := strings.LastIndexByte(text[:at], '\n')+1, strings.IndexByte(text[at:], '\n')
			if end < 0 {
				end = len(text) - at
			}
			return fmt.Errorf("%s has %s: %s", where, what, brief(text[begin:at])+"…"+brief(text[at+len(s):at+end]))
		}
	}
	for at := range w.Ledger.links {
		if _, token := purpose(at), at[strings.LastIndexByte(at, '/')+1:]; strings.Contains(text, token) {
			return fmt.Errorf("%s has a link to %s", where, purpose(at))
		}
	}
	return nil
}

// rowsKeepSilent looks through all columns.
func rowsKeepSilent(w *World) error {
	secrets := secretsOf(w)
	for _, table := range strings.Fields("accounts credentials pendings ceremonies sessions browsers counters links settings events outbox registrations outcomes tries") {
		rows, err := w.Beside.Rows("SELECT * FROM " + table)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if err := w.secretIn(strings.Join(r, "\n"), "a row of "+table, secrets); err != nil {
				return err
			}
		}
	}
	return nil
}

// mailsKeepSilent looks through what was delivered since the last look.
func mailsKeepSilent(w *World) error {
	fresh := w.Post.fresh
	w.Post.fresh = nil
	if len(fresh) == 0 {
		return nil
	}
	secrets := secretsOf(w)
	for _, l := range fresh {
		text := l.Text + l.HTML
		for s, what := range secrets {
			if strings.Contains(text, s) {
				return fmt.Errorf("the mail “%s” to %s has %s", l.Subject, l.To, what)
			}
		}
		for at, x := range w.Ledger.links {
			if strings.Contains(text, at) && !strings.EqualFold(x.to, l.To) {
				return fmt.Errorf("the mail “%s” to %s has a link that was mailed to %s", l.Subject, l.To, x.to)
			}
		}
	}
	return nil
}
