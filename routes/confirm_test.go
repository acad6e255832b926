package routes_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// enrolled is a signed-in person with an app and an address.
func enrolled(t *testing.T, s *sitetest.Site) (b *sitetest.Browser, secret []byte) {
	t.Helper()
	s.User("ada@example.com", identity.Member)
	b = s.Browser().SignIn("ada@example.com")
	secret = b.EnrollTOTP()
	b.EnrollEmail("")
	s.Advance(31 * time.Second) // the app shows a code that was not used
	return b, secret
}

// stepUp answers the step-up that a form caused, by the form on its page.
func stepUp(t *testing.T, b *sitetest.Browser, held *sitetest.Page, pairs ...string) *sitetest.Page {
	t.Helper()
	for name, value := range b.Get(held.Location).Hidden("/confirm") {
		if name != "kind" {
			pairs = append(pairs, name, value)
		}
	}
	return b.Post("/confirm", pairs...)
}

// Every change of factors needs a fresh confirmation, and
// what it held up is carried out afterwards.
func TestHeldFormIsCarriedOut(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		b, secret := enrolled(t, s)
		phone := b.Factor("Phone")
		s.Advance(6 * time.Minute)
		up := b.Post("/profile/factors/"+phone+"/name", "name", "Old phone").WantHeld(t, "/profile")
		if b.Factor("Phone") != phone {
			t.Fatal("renamed without a confirmation")
		}
		if p := b.Get(up.Location); named(p) != "Rename a factor" {
			t.Error("the step-up does not say what it is for")
		}
		stepUp(t, b, up, "kind", "totp", "code", "000000").WantStatus(t, 422)
		stepUp(t, b, up, "kind", "totp", "code", b.Code(secret)).Want(t, "/profile?said=factor-renamed")
		if b.Factor("Old phone") != phone {
			t.Fatal("the held form was not carried out")
		}
		b.Post("/profile/factors/"+phone+"/name", "name", "Phone").Want(t, "/profile?said=factor-renamed")
	})
}

// A held form is carried out once, by its own session, and not when it is old.
func TestHeldFormIsNoBackdoor(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		b, secret := enrolled(t, s)
		mail := b.Factor("Email")
		other := s.Browser().SignInTOTP("ada@example.com", secret)
		s.Advance(6 * time.Minute)
		up := b.Post("/profile/factors/"+mail+"/remove").WantHeld(t, "/profile")
		other.Post("/confirm", "kind", "totp", "code", b.Code(secret)).Want(t, "/profile")
		b.Factor("Email") // still there: the other session held nothing
		s.Advance(11 * time.Minute)
		stepUp(t, b, up, "kind", "totp", "code", b.Code(secret)).Want(t, "/profile?said=confirmed")
		b.Factor("Email") // still there: what was held was too old
	})
}

// A password is not kept while a form waits.
func TestHeldFormKeepsNoPassword(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		b, secret := enrolled(t, s)
		s.Advance(6 * time.Minute)
		change := func() *sitetest.Page {
			return b.Post("/profile/password", "current", sitetest.Password, "password", "another good pass phrase")
		}
		stepUp(t, b, change().WantHeld(t, "/profile"), "kind", "totp", "code", b.Code(secret)).Want(t, "/profile?said=confirmed")
		s.Advance(6 * time.Minute)
		change().WantHeld(t, "/profile") // answered by a client that reads no forms:
		b.Post("/confirm", "kind", "totp", "code", b.Code(secret), "next", "/profile").Want(t, "/profile?said=confirmed")
		s.Browser().Password("ada@example.com").Want(t, "/login/challenge") // the old one still opens
	})
}

// The counters are those of the sign-in, and a code of
// another purpose or a used one is refused.
func TestConfirmSharesCountersAndPurposes(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		b, secret := enrolled(t, s)
		s.Advance(6 * time.Minute)
		pending := s.Browser()
		pending.Password("ada@example.com").Want(t, "/login/challenge")
		pending.Post("/login/challenge/email/code").Want(t, "/login/challenge?factor=email")
		b.Post("/confirm", "kind", "email", "code", s.LastCode("")).WantStatus(t, 422)
		code := b.Code(secret)
		pending.Post("/login/challenge/totp", "code", code).Want(t, "/profile")
		b.Post("/confirm", "kind", "totp", "code", code).WantStatus(t, 422)
		for range 3 {
			b.Post("/confirm", "kind", "totp", "code", "000000")
		}
		other := s.Browser() // the same one, signed out: a known browser has counters of its own
		other.SetCookie("nightlatch_known", b.Cookie("nightlatch_known"))
		other.Password("ada@example.com").Want(t, "/login/challenge")
		other.Post("/login/challenge/totp", "code", "000000").WantStatus(t, 422)
		p := other.Post("/login/challenge/totp", "code", s.CodeAt(secret, 1)).WantStatus(t, 429)
		if p.Header.Get("Retry-After") != "30" {
			t.Errorf("Retry-After %q", p.Header.Get("Retry-After"))
		}
		s.Advance(61 * time.Second)
		b.Post("/confirm/code", "kind", "email").Want(t, "/confirm?next=&factor=email") // another kind is not delayed
		b.Post("/confirm", "kind", "email", "code", s.LastCode("")).Want(t, "/profile")
	})
}

// Without a factor the password is asked, and only then.
func TestConfirmByPassword(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User("bob", identity.Member)
		b := s.Browser().SignIn("bob")
		s.Advance(6 * time.Minute)
		up := b.Post("/profile/factors/totp").WantHeld(t, "/profile")
		stepUp(t, b, up, "password", "wrong").WantStatus(t, 422)
		stepUp(t, b, up, "password", sitetest.Password).Want(t, "/profile/factors/totp")
		secret := b.PendingSecret()
		b.Post("/profile/factors/totp/confirm", "code", b.Code(secret)).Want(t, "/profile/factors/recovery?new=1")
		s.Advance(6 * time.Minute)
		b.Post("/confirm", "password", sitetest.Password).WantStatus(t, 422)
	})
}

// With HTMX the step-up is a dialog over the page it was asked from.
func TestConfirmAsDialog(t *testing.T) {
	s := sitetest.New(t)
	b, secret := enrolled(t, s)
	b.HTMX = true
	b.Header.Set("HX-Current-URL", b.URL+"/profile")
	phone := b.Factor("Phone")
	s.Advance(6 * time.Minute)
	p := b.Post("/profile/factors/"+phone+"/remove").WantStatus(t, 200)
	if p.Header.Get("HX-Retarget") != "#dialog" || p.Location != "" || strings.Contains(p.Body, "<html") {
		t.Fatalf("no dialog: %v", p.Header)
	}
	if !strings.Contains(p.Body, `action="/confirm"`) {
		t.Error("the dialog has no form")
	}
	b.Post("/confirm", "kind", "totp", "code", b.Code(secret), "next", "/profile", "held", p.Hidden("/confirm")["held"]).Want(t, "/profile?said=factor-removed")
	for _, c := range mustCredentials(t, s) {
		if c.Name == "Phone" {
			t.Error("the app is still there")
		}
	}
}

func mustCredentials(t *testing.T, s *sitetest.Site) []factors.Credential {
	t.Helper()
	creds, err := s.Store.Credentials(t.Context(), s.Account("ada@example.com").ID)
	if err != nil {
		t.Fatal(err)
	}
	return creds
}

// A step-up posted as multipart, as some clients send every form, carries the
// held form out as well.
func TestStepUpAsMultipartCarriesTheHeldFormOut(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		b, secret := enrolled(t, s)
		phone := b.Factor("Phone")
		s.Advance(6 * time.Minute)
		up := b.Post("/profile/factors/"+phone+"/name", "name", "Old phone")
		step := b.Get(up.Location)
		var body bytes.Buffer
		w := multipart.NewWriter(&body)
		for name, value := range step.Hidden("/confirm") {
			_ = w.WriteField(name, value)
		}
		_ = w.WriteField("code", b.Code(secret))
		_ = w.Close()
		b.Header.Set("Content-Type", w.FormDataContentType())
		b.Do(http.MethodPost, "/confirm", &body, b.HTMX).Want(t, "/profile?said=factor-renamed")
		if b.Factor("Old phone") != phone {
			t.Fatal("the held form was not carried out")
		}
	})
}
