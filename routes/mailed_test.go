package routes_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
	"nightlatch.example/nightlatch/mail"
)

// The challenge says how far the mail of the code just asked for has come, to
// whoever asked for it, and names other ways while it has not gone out.
func TestTheChallengeSaysHowFarTheCodeHasCome(t *testing.T) {
	office := newPostOffice(t)
	sitetest.EachInTurn(t, func(t *testing.T, s *sitetest.Site) {
		closeOffice := office.open(t)
		s.User("ada", identity.Member)
		b := s.Browser().SignIn("ada")
		b.EnrollTOTP()
		b.Post("/profile/factors/email", "address", "ada@example.com").Want(t, "/profile/factors/email")
		b.Post("/profile/factors/email/confirm", "code", office.codeTo(t, s, "ada@example.com")).Want(t, "/profile?said=factor-added")
		s.Advance(61 * time.Second)
		s.Mails()
		closeOffice()

		p := pendingOf(t, s, "ada")
		p.Post("/login/challenge/email/code").Want(t, askedFor)
		says(t, p, askedFor, "on its way to a•••@example.com . It can take")
		s.Mails()
		says(t, p, askedFor, "could not be delivered yet")
		closeOffice = office.open(t)
		s.Advance(10 * time.Second)
		office.codeTo(t, s, "ada@example.com")
		says(t, p, askedFor, "was sent to a•••@example.com")
		says(t, pendingOf(t, s, "ada"), askedFor, "We send a code to") // another sign-in is told nothing
		closeOffice()
	}, func(c *sitetest.Config) { c.Mail = "smtp://" + office.address + "?tls=none" })
}

func says(t *testing.T, b *sitetest.Browser, path, want string) {
	t.Helper()
	if text := b.Get(path).WantStatus(t, http.StatusOK).Text(); !strings.Contains(text, want) {
		t.Errorf("%s does not say %q: %s", path, want, text)
	}
}

// refuseAll has the recipient's server refuse every code that waits.
func refuseAll(t *testing.T, s *sitetest.Site, words string) {
	t.Helper()
	list, err := s.Store.ClaimMail(t.Context(), mail.Claim{Lane: mail.Codes, Now: s.Now(), Lease: mail.Lease, N: 10})
	if err != nil || len(list) == 0 {
		t.Fatalf("%d codes wait: %v", len(list), err)
	}
	for _, m := range list {
		if err := s.Store.MailFailed(t.Context(), m.ID, mail.Failure{Now: s.Now(), Reason: words, Final: true}); err != nil {
			t.Fatal(err)
		}
	}
}

// refusing opens a mail server that gives every recipient an answer.
func refusing(t *testing.T, office *postOffice, answer *smtp.SMTPError) {
	t.Helper()
	office.refuse = answer
	t.Cleanup(office.open(t))
}

var noSuchUser = &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "No such user"}

// A code that the recipient's server refuses is given up, the page says so, and
// the challenge opens another way by itself.
func TestARefusedCodeOpensAnotherWay(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		b, _ := mailOwner(t, s)
		b.Post("/profile/factors/"+b.Factor("Email")+"/preferred").Want(t, "/profile?said=factor-first")
		p := pendingOf(t, s, "ada")
		says(t, p, "/login/challenge", "We send a code to")
		p.Post("/login/challenge/email/code").Want(t, askedFor)
		refuseAll(t, s, "550 5.1.1 No such user")
		says(t, p, askedFor, "could not be delivered")
		says(t, p, askedFor, "Authenticator app")
		says(t, p, "/login/challenge", "The 6 digits your app shows now")
		says(t, p, "/login/challenge", "could not be delivered to a•••@example.com")
		s.Advance(61 * time.Second)
		p.Post("/login/challenge/email/code").Want(t, askedFor)
		p.Post("/login/challenge/email", "code", s.LastCode("ada@example.com")).Want(t, "/profile")
	})
}

// A code that was replaced, cancelled or whose owner was disabled is not sent.
func TestOnlyTheNewestCodeIsSent(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		mailOwner(t, s)
		p := pendingOf(t, s, "ada")
		p.Post("/login/challenge/email/code").Want(t, askedFor)
		s.Advance(61 * time.Second)
		p.Post("/login/challenge/email/code").Want(t, askedFor)
		if codes := codesIn(s); len(codes) != 1 {
			t.Errorf("%d codes were sent", len(codes))
		} else {
			p.Post("/login/challenge/email", "code", codes[0]).Want(t, "/profile")
		}
		s.Advance(61 * time.Second)
		p = pendingOf(t, s, "ada")
		p.Post("/login/challenge/email/code").Want(t, askedFor)
		p.Post("/login/cancel")
		if codes := codesIn(s); len(codes) != 0 {
			t.Error("a cancelled sign-in's code was sent")
		}
		s.Advance(61 * time.Second)
		p = pendingOf(t, s, "ada")
		p.Post("/login/challenge/email/code").Want(t, askedFor)
		s.Disable("ada")
		if codes := codesIn(s); len(codes) != 0 {
			t.Error("the code of a disabled account was sent")
		}
	})
}

// An invite that the recipient's server refused is sent again by an admin.
func TestARefusedInviteIsSentAgain(t *testing.T) {
	office := newPostOffice(t)
	s := sitetest.New(t, func(c *sitetest.Config) { c.Mail = "smtp://" + office.address + "?tls=none" })
	boss := s.Admin("boss")
	boss.Post("/admin/users", "login", "ada@example.com").WantStatus(t, okStatus(boss))
	refusing(t, office, noSuchUser)
	s.Mails()
	page, err := s.Accounts.Outbox(t.Context(), accounts.MailFilter{Limit: 10, Status: "failed"})
	if err != nil || len(page.Mails) != 1 || page.Fault != "" {
		t.Fatalf("%+v %v", page, err)
	}
	says(t, boss, "/admin/mail", "Try again")
	office.refuse = nil
	s.Advance(6 * 24 * time.Hour)
	boss = s.Admin("boss2")
	boss.Post("/admin/mail/"+page.Mails[0].ID+"/retry").Want(t, "/admin/mail?said=retried")
	if got := office.letters(s); len(got) != 1 || got[0].Link() == "" {
		t.Fatalf("%+v", got)
	} else {
		s.Browser().Get(got[0].Link()).WantStatus(t, http.StatusOK)
	}
}

// A mail server that refuses this site keeps every mail, and the admin's page
// says so until one goes out.
func TestARefusalOfTheSiteIsShownToAdmins(t *testing.T) {
	office := newPostOffice(t)
	s := sitetest.New(t, func(c *sitetest.Config) { c.Mail = "smtp://" + office.address + "?tls=none" })
	boss := s.Admin("boss")
	boss.Post("/admin/users", "login", "ada@example.com").WantStatus(t, okStatus(boss))
	refusing(t, office, &smtp.SMTPError{Code: 504, EnhancedCode: smtp.EnhancedCode{5, 5, 2}, Message: "<box>: Helo command rejected: need fully-qualified hostname"})
	s.Mails()
	says(t, boss, "/admin/mail", "504 5.5.2 <box>: Helo command rejected")
	says(t, boss, "/admin/mail", "No emails are being sent")
	office.refuse = nil
	s.Advance(time.Minute)
	if got := office.letters(s); len(got) != 1 {
		t.Errorf("%d mails came", len(got))
	}
	if text := boss.Get("/admin/mail").Text(); strings.Contains(text, "No emails are being sent") {
		t.Error("the fault is still shown")
	}
}

// The older of two mailed codes is told apart: it opens nothing, counts
// nothing, and the page names the time of the one to use.
func TestAnOlderCodeIsToldApart(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		mailOwner(t, s)
		p := pendingOf(t, s, "ada")
		p.Post("/login/challenge/email/code").Want(t, askedFor)
		old := s.LastCode("ada@example.com")
		s.Advance(61 * time.Second)
		p.Post("/login/challenge/email/code").Want(t, askedFor)
		sent := s.Now().UTC().Format("15:04:05")
		letters := s.Mails()
		if len(letters) != 1 || !strings.Contains(letters[0].Text, "sent at "+sent) {
			t.Fatalf("the mail does not say which it is: %+v", letters)
		}
		for range 12 {
			q := p.Post("/login/challenge/email", "code", old).WantStatus(t, http.StatusUnprocessableEntity)
			if q.Alert() != "A newer code was sent at "+sent+" UTC. Use that one." {
				t.Fatal(q.Alert())
			}
		}
		other := pendingOf(t, s, "ada") // another sign-in knows nothing of it
		if q := other.Post("/login/challenge/email", "code", old).WantStatus(t, http.StatusUnprocessableEntity); strings.Contains(q.Alert(), "newer") {
			t.Error(q.Alert())
		}
		p.Post("/login/challenge/email", "code", letters[0].Code()).Want(t, "/profile")
	})
}
