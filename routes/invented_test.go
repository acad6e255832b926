package routes_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
	"nightlatch.example/nightlatch/login"
)

// answerOf is the right answer to a kind at an address of the challenge or the
// step-up, after whatever has to be asked for first.
type answerOf func(b *sitetest.Browser, ask string, pairs ...string) string

// journeys are the invented kinds: the target of an enrollment, the name of the
// factor, and how it is answered.
var journeys = []struct {
	kind           factors.Kind
	target         []string
	name, label    string
	weak           bool
	enroll, answer answerOf
}{
	{"badge", nil, "Badge", "Staff badge", false,
		func(*sitetest.Browser, string, ...string) string { return badgeAnswer },
		func(*sitetest.Browser, string, ...string) string { return badgeAnswer }},
	{"riddle", nil, "Sphinx", "Riddle", false,
		func(*sitetest.Browser, string, ...string) string { return riddleAnswer },
		func(b *sitetest.Browser, ask string, pairs ...string) string {
			if p := b.Post(ask, pairs...); p.Status >= 400 || !strings.Contains(b.Get(p.Location).Text(), riddleAsked) {
				b.T.Fatalf("the riddle is not shown: %d %q", p.Status, p.Location)
			}
			return riddleAnswer
		}},
	{"pigeon", []string{"loft", "loft@example.com"}, "Pigeon", "Carrier pigeon", true,
		func(b *sitetest.Browser, _ string, _ ...string) string { return b.LastCode("loft@example.com") },
		func(b *sitetest.Browser, ask string, pairs ...string) string {
			b.Advance(2 * time.Minute)
			if p := b.Post(ask, pairs...); p.Status >= 400 {
				b.T.Fatalf("no pigeon was sent: %d %q", p.Status, p.Alert())
			}
			return b.LastCode("loft@example.com")
		}},
}

func withInvented(c *sitetest.Config) { c.Kinds = invented }

// A kind that nobody has heard of goes through every journey: it is set up,
// signed in with, confirmed with, renamed, preferred and removed, and nothing of
// it is left when two-factor sign-in is switched off.
func TestInventedKinds(t *testing.T) {
	for _, j := range journeys {
		t.Run(string(j.kind), func(t *testing.T) {
			sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
				s.User("ada", identity.Member)
				b := s.Browser().SignIn("ada")
				at := "/profile/factors/" + string(j.kind)
				b.Post(at, j.target...).Want(t, at)
				b.Get(at).WantStatus(t, 200)
				b.Post(at+"/confirm", "code", "nonsense").WantStatus(t, 422)
				b.Post(at+"/confirm", "code", j.enroll(b, at)).Want(t, "/profile/factors/recovery?new=1")
				if a := b.AccountOf(); !a.Has(j.kind) || a.RecoveryLeft != factors.RecoverySet {
					t.Fatalf("the account has %v and %d codes", a.Kinds, a.RecoveryLeft)
				}
				if text := b.Get("/profile").Text(); !strings.Contains(text, j.label) || strings.Contains(text, "Weaker than an app") != j.weak {
					t.Errorf("the profile says %q", text)
				}

				other := s.Browser()
				other.Password("ada").Want(t, "/login/challenge")
				challenge := "/login/challenge/" + string(j.kind)
				if text := other.Get("/login/challenge").Text(); !strings.Contains(text, j.label) || strings.Contains(text, "loft@example.com") {
					t.Errorf("the challenge says %q", text)
				}
				other.Post(challenge, "code", "nonsense").WantStatus(t, 422)
				other.Post(challenge, "code", j.answer(other, challenge+"/code")).Want(t, "/profile")
				if got := other.Get("/verify?level=2").WantStatus(t, 200).Header.Get("Remote-Level"); got != "2" {
					t.Errorf("level %q", got)
				}

				s.Advance(10 * time.Minute)
				id := other.Factor(j.name)
				held := other.Post("/profile/factors/"+id+"/name", "name", "Mine").WantHeld(t, "/profile")
				stepUp(t, other, held, "kind", string(j.kind),
					"code", j.answer(other, "/confirm/code", "kind", string(j.kind), "next", "/profile")).Want(t, "/profile?said=factor-renamed")
				other.Post("/profile/factors/"+id+"/preferred").Want(t, "/profile?said=factor-first")
				for _, want := range []string{"factor.added", "factor.renamed", "factor.preferred", "confirmed"} {
					if !slices.Contains(s.Events("ada"), want) {
						t.Errorf("no event %s among %v", want, s.Events("ada"))
					}
				}
				if text := other.Get("/profile/activity").Text(); !strings.Contains(text, j.label) {
					t.Errorf("the activity does not name the kind: %q", text)
				}
				other.EnrollTOTP()
				other.Post("/profile/factors/"+id+"/remove").Want(t, "/profile?said=factor-removed")
				if a := other.AccountOf(); a.Has(j.kind) || !a.HasFactor() {
					t.Fatalf("after removing it: %v", a.Kinds)
				}
				other.Post("/profile/factors/disable").Want(t, "/profile?said=two-factor-off")
			}, withInvented)
		})
	}
}

// leftovers is what an account still has of the invented kinds.
func leftovers(t *testing.T, s *sitetest.Site) (left []string) {
	t.Helper()
	a := s.Account("ada")
	creds, err := s.Store.Credentials(t.Context(), a.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range creds {
		left = append(left, "credential "+c.Name)
	}
	for _, k := range append(a.Kinds, a.Off...) {
		left = append(left, "kind "+string(k))
	}
	for _, j := range journeys {
		x, err := s.Store.Throttle(t.Context(), login.Counter{What: login.CountFactor, Account: a.ID, Kind: j.kind})
		if err != nil {
			t.Fatal(err)
		}
		if x.Fails > 0 || len(x.Recent) > 0 || !x.Off.IsZero() {
			left = append(left, "failures of "+string(j.kind))
		}
	}
	if a.RecoveryLeft > 0 {
		left = append(left, "recovery codes")
	}
	return left
}

// enrollInvented sets up all three kinds, and fails with each once.
func enrollInvented(s *sitetest.Site) *sitetest.Browser {
	s.T.Helper()
	b := s.Browser().SignIn("ada")
	for _, j := range journeys {
		at := "/profile/factors/" + string(j.kind)
		b.Post(at, j.target...).Want(s.T, at)
		b.Post(at+"/confirm", "code", j.enroll(b, at))
	}
	stranger := s.Browser()
	stranger.Password("ada").Want(s.T, "/login/challenge")
	for _, j := range journeys {
		stranger.Post("/login/challenge/"+string(j.kind), "code", "nonsense").WantStatus(s.T, 422)
	}
	if left := leftovers(s.T.(*testing.T), s); len(left) < 3+3+3+1 {
		s.T.Fatalf("before: %v", left)
	}
	return b
}

// Nothing of a kind is left when two-factor sign-in is switched off, by its
// owner or by an admin's reset.
func TestNothingIsLeftOfInventedKinds(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User("ada", identity.Member)
		boss := s.Admin("boss")
		b := enrollInvented(s)
		b.Post("/profile/factors/disable").Want(t, "/profile?said=two-factor-off")
		if left := leftovers(t, s); len(left) > 0 {
			t.Errorf("after switching it off: %v", left)
		}
		s.Advance(2 * time.Minute)
		enrollInvented(s)
		boss.Post("/admin/users/"+s.Account("ada").ID+"/reset", "reason", "lost everything")
		if left := leftovers(t, s); len(left) > 0 {
			t.Errorf("after the reset: %v", left)
		}
	}, withInvented)
}

// The policy, the list, its filters, its totals and the file know the kind.
func TestAdminSeesInventedKinds(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User("ada", identity.Member)
		s.User("bare", identity.Member)
		boss := s.Admin("boss")
		b := s.Browser().SignIn("ada")
		b.Post("/profile/factors/pigeon", "loft", "loft@example.com").Want(t, "/profile/factors/pigeon")
		b.Post("/profile/factors/pigeon/confirm", "code", b.LastCode("loft@example.com")).Want(t, "/profile/factors/recovery?new=1")
		for filter, finds := range map[string]bool{"pigeon": true, "pigeononly": true, "badge": false, "riddle": false, "none": false, "email": false, "emailonly": false} {
			list := boss.Get("/admin/enrollment.csv?factor="+filter).WantStatus(t, 200).Body
			if strings.Contains(list, "ada,") != finds || strings.Contains(list, "pigeon") != finds {
				t.Errorf("factor=%s lists %q", filter, list)
			}
		}
		if text := boss.Get("/admin").Text(); !strings.Contains(text, "Pigeon only 1") || !strings.Contains(text, "Staff badge 0") {
			t.Errorf("the totals say %q", text)
		}
		boss.Get("/admin/kinds.svg").WantStatus(t, 200)
		if text := boss.Get("/admin/policy").Text(); strings.Count(text, "Carrier pigeon") != 2 {
			t.Errorf("the policy says %q", text)
		}
		boss.Post("/admin/policy", "who", "everyone", "user_kinds", "badge", "admin_kinds", "totp").Want(t, "/admin/policy?said=policy")
		b.Get("/profile").Want(t, "/profile/factors")
		if text := b.Get("/profile/factors").Text(); !strings.Contains(text, "Staff badge") || strings.Contains(text, "Riddle") {
			t.Errorf("what is offered: %q", text)
		}
		b.Post("/profile/factors/badge").Want(t, "/profile/factors/badge")
		b.Post("/profile/factors/badge/confirm", "code", badgeAnswer).Want(t, "/profile?said=factor-added")
		b.Get("/profile").WantStatus(t, 200)
		boss.Post("/admin/policy", "who", "everyone", "user_kinds", "recovery", "admin_kinds", "totp").WantStatus(t, 422)
	}, withInvented)
}
