package routes_test

import (
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/internal/sitetest"
)

// removing has the removal of a factor held up, and gives what shows whether
// the factor is still there.
func removing(t *testing.T, s *sitetest.Site) (b *sitetest.Browser, secret []byte, up *sitetest.Page, there func() bool) {
	t.Helper()
	b, secret = enrolled(t, s)
	mail := b.Factor("Email")
	s.Advance(6 * time.Minute)
	up = b.Post("/profile/factors/"+mail+"/remove").WantHeld(t, "/profile")
	return b, secret, up, func() bool {
		for _, c := range mustCredentials(t, s) {
			if c.ID == mail {
				return true
			}
		}
		return false
	}
}

// A held form belongs to the step-up that it caused: no other step-up of the
// session carries it out, and the first that succeeds drops it.
func TestHeldFormBelongsToItsStepUp(t *testing.T) {
	others := map[string]func(b *sitetest.Browser) (page *sitetest.Page, field []string){
		"of a page": func(b *sitetest.Browser) (*sitetest.Page, []string) {
			return b.Get(b.Get("/profile/factors/recovery").Location), nil
		},
		"of the same page as the form": func(b *sitetest.Browser) (*sitetest.Page, []string) {
			return b.Get("/confirm?next=/profile"), nil
		},
		"with the id of another form": func(b *sitetest.Browser) (*sitetest.Page, []string) {
			return b.Get("/confirm?next=/profile&held=ABCDEFGHIJKLMNOPQRSTUVWXYZ"), nil
		},
		"without any page": func(*sitetest.Browser) (*sitetest.Page, []string) { return &sitetest.Page{}, nil },
	}
	for name, open := range others {
		t.Run(name, func(t *testing.T) {
			sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
				b, secret, up, there := removing(t, s)
				tab := b.Clone()
				page, fields := open(tab)
				if strings.Contains(page.Text(), "Remove a factor") {
					t.Error("the other step-up says that it removes")
				}
				for name, value := range page.Hidden("/confirm") {
					if name != "kind" {
						fields = append(fields, name, value)
					}
				}
				p := tab.Post("/confirm", append(fields, "kind", "totp", "code", b.Code(secret))...)
				if p.Location == "" || strings.Contains(p.Location, "removed") || !there() {
					t.Fatalf("led to %q, factor there: %t", p.Location, there())
				}
				s.Advance(31 * time.Second)
				stepUp(t, b, up, "kind", "totp", "code", b.Code(secret)).Want(t, "/profile?said=confirmed")
				if !there() {
					t.Fatal("carried out after another step-up")
				}
			})
		})
	}
}

// "Not now" forgets the form, whatever is confirmed afterwards.
func TestNotNowForgetsTheForm(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		b, secret, up, there := removing(t, s)
		if p := b.Get(up.Location); !strings.Contains(p.Body, `action="/confirm/cancel"`) {
			t.Fatal("the page has no form for not now")
		}
		b.Post("/confirm/cancel").Want(t, "/profile")
		stepUp(t, b, up, "kind", "totp", "code", b.Code(secret)).Want(t, "/profile?said=confirmed")
		if !there() {
			t.Fatal("carried out after not now")
		}
	})
}

// A form that is held later takes the place of the one before, also when it is
// one that is not kept.
func TestLaterFormDropsTheOneBefore(t *testing.T) {
	later := map[string]func(t *testing.T, b *sitetest.Browser){
		"kept": func(t *testing.T, b *sitetest.Browser) { b.Post("/profile/factors/recovery").WantHeld(t, "/profile") },
		"with a password": func(_ *testing.T, b *sitetest.Browser) {
			b.Post("/profile/password", "current", sitetest.Password, "password", newPassword)
		},
	}
	for name, send := range later {
		t.Run(name, func(t *testing.T) {
			s := sitetest.New(t)
			b, secret, up, there := removing(t, s)
			send(t, b)
			stepUp(t, b, up, "kind", "totp", "code", b.Code(secret)).Want(t, "/profile?said=confirmed")
			if !there() {
				t.Fatal("the form before was carried out")
			}
		})
	}
}

// Having a code mailed, or trying a wrong one, keeps the step-up's form.
func TestHeldFormSurvivesItsOwnDetours(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		b, _, up, there := removing(t, s)
		page := b.Get(up.Location + "&factor=email")
		fields := page.Hidden("/confirm/code")
		sent := b.Post("/confirm/code", "kind", fields["kind"], "next", fields["next"], "held", fields["held"])
		if !strings.Contains(sent.Location, "held=") {
			t.Fatalf("led to %q", sent.Location)
		}
		code := s.LastCode("")
		stepUp(t, b, sent, "kind", "email", "code", "000000").WantStatus(t, 422)
		stepUp(t, b, sent, "kind", "email", "code", code).Want(t, "/profile?said=factor-removed")
		if there() {
			t.Fatal("not carried out")
		}
	})
}

// In a dialog "not now" closes it and leaves the page below as it is.
func TestNotNowClosesTheDialog(t *testing.T) {
	s := sitetest.New(t)
	b, _, _, there := removing(t, s)
	b.HTMX = true
	b.Header.Set("HX-Current-URL", b.URL+"/profile")
	p := b.Post("/confirm/cancel").WantStatus(t, 200)
	if p.Header.Get("HX-Retarget") != "#dialog" || p.Body != "" || p.Location != "" || !there() {
		t.Errorf("%v %q", p.Header, p.Body)
	}
}
