package mail

import (
	"errors"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"
)

// answer is what a server says, with an enhanced code such as "5.7.1" or none.
func answer(code int, enhanced, text string) error {
	e := &smtp.SMTPError{Code: code, EnhancedCode: smtp.NoEnhancedCode, Message: text}
	if enhanced != "" {
		e.Message = enhanced + " " + text
	}
	return e
}

// A refusal is final only when it is about the recipient; one about this site
// is an admin's to put right. The words are those of real servers.
func TestWhomARefusalIsAbout(t *testing.T) {
	t.Parallel()
	const site, recipient, later = "site", "recipient", "later"
	for _, c := range []struct {
		stage    string
		code     int
		enhanced string
		text     string
		want     string
	}{
		{"MAIL", 451, "4.7.1", "words", site}, {"MAIL", 550, "5.1.1", "words", site}, {"MAIL", 530, "5.7.0", "Authentication required", site},
		{"MAIL", 553, "5.7.1", "Sender address rejected: not owned by user", site}, {"MAIL", 554, "", "no", site},
		{"RCPT", 450, "4.2.0", "Greylisted", later}, {"RCPT", 451, "4.7.1", "Greylisting in action", later}, {"RCPT", 452, "4.2.2", "Mailbox full", later},
		{"RCPT", 450, "4.7.1", "<box>: Helo command rejected: Host not found", site},
		{"RCPT", 504, "5.5.2", "<box>: Helo command rejected: need fully-qualified hostname", site},
		{"RCPT", 550, "5.1.8", "<a@b.c>: Sender address rejected: Domain not found", site}, {"RCPT", 450, "4.1.8", "Sender address rejected", site},
		{"RCPT", 554, "5.7.1", "Relay access denied", site}, {"RCPT", 550, "", "relay not permitted", site}, {"RCPT", 550, "", "Sender verify failed", site},
		{"RCPT", 550, "", "Verification failed for <a@b.c>\nUnrouteable address\nSender verify failed", site}, {"RCPT", 550, "", "Administrative prohibition", site},
		{"RCPT", 553, "", "sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", site}, {"RCPT", 550, "", "sorry, no mailbox here by that name (#5.1.1)", recipient},
		{"RCPT", 550, "5.4.5", "Daily user sending limit exceeded", site}, {"RCPT", 535, "", "no", site},
		{"RCPT", 550, "5.1.1", "User unknown", recipient}, {"RCPT", 550, "5.4.1", "Recipient address rejected: Access denied", recipient},
		{"RCPT", 553, "", "no such user here", recipient}, {"RCPT", 552, "5.2.2", "Mailbox full", recipient}, {"RCPT", 550, "5.2.1", "disabled", recipient},
		{"DATA", 452, "4.3.1", "Insufficient storage", site}, {"DATA", 451, "", "try again", later},
		{"DATA", 554, "5.2.252", "SendAsDenied", site}, {"DATA", 550, "5.4.5", "quota", site}, {"DATA", 554, "5.7.1", "spam", site},
		{"DATA", 550, "5.1.1", "User unknown", recipient}, {"DATA", 554, "", "no", recipient},
	} {
		s := newServer()
		s.refuse[c.stage] = answer(c.code, c.enhanced, c.text)
		err := open(t, "smtp://"+s.listen(t, nil)+"?tls=none", nil).Send(t.Context(), rendered(t))
		got := later
		switch {
		case err == nil:
			t.Fatalf("%+v was taken", c)
		case errors.Is(err, errSite):
			got = site
		case errors.Is(err, ErrRefused):
			got = recipient
		}
		if got != c.want || !strings.Contains(err.Error(), strings.ReplaceAll(c.text, "\n", " ")) || strings.Contains(err.Error(), "ada@example.com") {
			t.Errorf("%s %d %s %s: %s, want %s: %v", c.stage, c.code, c.enhanced, c.text, got, c.want, err)
		}
	}
}

// The check goes as far as a message would and finds what would be refused.
func TestCheckGoesAsFarAsAMessage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		stage        string
		answer       error
		fault, about string
	}{
		{"MAIL", answer(550, "5.7.1", "Sender not allowed"), "nightlatch@example.com: 550 5.7.1 Sender not allowed", ""},
		{"MAIL", answer(550, "5.7.60", "not your address"), "not your address", ""},
		{"RCPT", answer(504, "5.5.2", "Helo command rejected"), "Helo command rejected", ""},
		{"RCPT", answer(550, "5.7.60", "no"), "5.7.60", ""},
		{"RCPT", answer(554, "5.7.1", "Relay access denied"), "Relay access denied", ""},
		{"RCPT", answer(550, "5.1.1", "User unknown"), "", "User unknown"},
		{"DATA", answer(554, "5.7.1", "spam"), "", ""}, // nothing is sent
	} {
		s := newServer()
		s.refuse[c.stage] = c.answer
		remark, err := open(t, "smtp://"+s.listen(t, nil)+"?tls=none", nil).Check(t.Context(), "nightlatch@example.com")
		if (err != nil) != (c.fault != "") || err != nil && !strings.Contains(err.Error(), c.fault) || !strings.Contains(remark, c.about) || (remark != "") != (c.about != "") {
			t.Errorf("%s %v: %q, %v", c.stage, c.answer, remark, err)
		}
		if err != nil && strings.Contains(err.Error(), errSite.Error()) {
			t.Error("the mark for the worker is shown:", err)
		}
	}
}

// A server that does not like our name says so before anything else.
func TestARefusedHelloIsTheSites(t *testing.T) {
	t.Parallel()
	address := deafServer(t, "504 5.5.2 <box>: Helo command rejected: need fully-qualified hostname")
	tr := open(t, "smtp://"+address+"?tls=none", nil)
	if err := tr.Send(t.Context(), rendered(t)); !errors.Is(err, errSite) || !strings.Contains(err.Error(), "need fully-qualified hostname") {
		t.Error(err)
	}
	if _, err := tr.Check(t.Context(), "nightlatch@example.com"); err == nil || !strings.Contains(err.Error(), "need fully-qualified hostname") {
		t.Error(err)
	}
}
