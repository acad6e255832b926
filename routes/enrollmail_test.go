package routes_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
	"nightlatch.example/nightlatch/mail"
)

// The page on which the first code is typed says how far its mail has come, and
// what to do when it does not come at all.
func TestAddressToBeAddedSaysHowFarItsMailIs(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User("ada", identity.Member)
		b := s.Browser().SignIn("ada")
		const page = "/profile/factors/email"
		ask := func(address string) {
			t.Helper()
			s.Advance(61 * time.Second)
			b.Post(page, "address", address).Want(t, page)
		}
		fails := func(f mail.Failure) {
			t.Helper()
			list, err := s.Store.ClaimMail(t.Context(), mail.Claim{Lane: mail.Codes, Now: s.Now(), Lease: time.Minute, N: 10})
			if err != nil || len(list) != 1 {
				t.Fatal(list, err)
			}
			f.Now = s.Now()
			if err := s.Store.MailFailed(t.Context(), list[0].ID, f); err != nil {
				t.Fatal(err)
			}
		}
		ask("ada@exmaple.com")
		says(t, b, page, "is on its way to a•••@exmaple.com . It can take a minute.")
		fails(mail.Failure{Reason: "421 later", Next: s.Now().Add(time.Hour)})
		says(t, b, page, "could not be delivered yet")

		ask("ada@exmaple.com")
		fails(mail.Failure{Reason: "550 5.1.1 No such user", Final: true})
		says(t, b, page, "could not be delivered")
		if p := b.Get(page); !strings.Contains(p.Body, `name="address" value="ada@exmaple.com"`) || strings.Contains(p.Body, `name="code"`) {
			t.Error("it does not ask for another address")
		}
		p := b.Post(page, "address", "ada@example.com").WantStatus(t, http.StatusTooManyRequests)
		if !strings.Contains(p.Body, `value="ada@exmaple.com"`) && !strings.Contains(p.Body, `value="ada@example.com"`) {
			t.Error("what was typed is lost")
		}

		ask("ada@example.com")
		s.LastCode("ada@example.com")
		says(t, b, page, "was sent to a•••@example.com")

		ask("ada@example.com")
		fails(mail.Failure{Reason: "421 later", Next: s.Now().Add(time.Second)})
		s.Advance(6 * time.Minute)
		if n := len(s.Mails()); n != 0 {
			t.Errorf("%d expired codes were sent", n)
		}
		says(t, b, page, "could not be sent before it expired")
		b = s.Browser().SignIn("ada")
		ask("ada@example.com")
		b.Post(page+"/confirm", "code", s.LastCode("ada@example.com")).Want(t, "/profile/factors/recovery?new=1")
	})
}
