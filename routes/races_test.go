package routes_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/internal/sitetest"
	"nightlatch.example/nightlatch/login"
)

// tally counts the statuses of answers.
func tally(pages []*sitetest.Page) map[int]int {
	n := map[int]int{}
	for _, p := range pages {
		if p.Went("/profile") {
			n[0]++ // signed in
		} else {
			n[p.Status]++
		}
	}
	return n
}

// sessions counts an account's.
func sessions(s *sitetest.Site, name string) int {
	s.T.Helper()
	list, err := s.Store.Sessions(s.T.Context(), s.Account(name).ID)
	if err != nil {
		s.T.Fatal(err)
	}
	return len(list)
}

// Line 18: ten at once with one right code, in one pending login or in ten, are
// one session, whichever the factor. In one pending login it is one form sent
// ten times, and all ten get that session; of ten, one does.
func TestOneCodeOneSession(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, ada)
		for _, kind := range []string{"totp", "recovery", "email"} {
			for _, many := range []bool{false, true} {
				first := pend(s, ada)
				code := e.codes[0]
				if kind == "email" {
					code = mailed(first)
				} else if s.Advance(time.Minute); kind == "totp" {
					code = s.Code(e.secret)
				} else {
					e.codes = e.codes[1:]
				}
				browsers := make([]*sitetest.Browser, 10)
				for i := range browsers {
					if browsers[i] = first.Clone(); many {
						browsers[i] = pend(s, ada)
					}
					browsers[i].From(fmt.Sprintf("198.51.100.%d", i))
				}
				if many && kind == "email" {
					browsers[3] = first // the only one that the code was sent for
				}
				before, left := sessions(s, ada), s.Account(ada).RecoveryLeft
				pages := sitetest.AtOnce(10, func(i int) *sitetest.Page {
					return browsers[i].Post("/login/challenge/"+kind, "code", code)
				})
				n := tally(pages)
				if many && kind == "email" && n[0] == 0 && n[429] > 0 {
					continue // the wrong ones were quicker, and the right one was held up with them
				}
				tokens := map[string]bool{}
				for _, b := range browsers {
					tokens[b.Cookie("nightlatch_session")] = true
				}
				delete(tokens, "")
				if want := map[bool]int{true: 1, false: 10}[many]; n[0] != want || len(tokens) != 1 || sessions(s, ada)-before != 1 || n[500] != 0 {
					t.Errorf("%s, many %v: %v, %d sessions more", kind, many, n, sessions(s, ada)-before)
				}
				if spent := left - s.Account(ada).RecoveryLeft; kind == "recovery" && spent != 1 || kind != "recovery" && spent != 0 {
					t.Errorf("%s: %d recovery codes went", kind, spent)
				}
				s.Advance(time.Hour)
			}
		}
	})
}

// Line 18: different factors at once in one pending login are one session, and
// only the one that opened it is spent.
func TestTwoKindsOneSession(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, ada)
		for round := range 3 {
			b := pend(s, ada)
			codes := map[string]string{"email": mailed(b), "totp": s.Code(e.secret), "recovery": e.codes[round]}
			kinds := []string{"totp", "recovery", "email"}
			browsers := []*sitetest.Browser{b.Clone(), b.Clone(), b.Clone()}
			before, left := sessions(s, ada), s.Account(ada).RecoveryLeft
			pages := sitetest.AtOnce(3, func(i int) *sitetest.Page {
				return browsers[i].Post("/login/challenge/"+kinds[i], "code", codes[kinds[i]])
			})
			if n := tally(pages); n[0] != 1 || sessions(s, ada)-before != 1 {
				t.Errorf("%v, %d sessions more", n, sessions(s, ada)-before)
			}
			if won := pages[1].Went("/profile"); (left-s.Account(ada).RecoveryLeft == 1) != won {
				t.Errorf("recovery codes: %d, then %d; that one won: %v", left, s.Account(ada).RecoveryLeft, won)
			}
			s.Advance(time.Hour)
		}
	})
}

// Line 18: one code at a sign-in and a step-up at once is accepted once. The
// same step-up sent twice is one.
func TestStepUpAndSignInRace(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, ada)
		for range 3 {
			s.Advance(time.Minute)
			unlock(s, ada) // the owner's browser counts by itself, and a sign-in elsewhere clears nothing there
			in := pend(s, ada)
			browsers := []*sitetest.Browser{in, e.owner.Clone(), e.owner.Clone()}
			pages := sitetest.AtOnce(3, func(i int) *sitetest.Page {
				return browsers[i].Post([]string{"/login/challenge/totp", "/confirm", "/confirm"}[i], "kind", "totp", "code", s.Code(e.secret))
			})
			signed, stepped := pages[0].Went("/profile"), pages[1].Went("/profile") || pages[2].Went("/profile")
			if n := tally(pages); signed == stepped || n[0]+n[422] != 3 {
				t.Errorf("%v", n)
			}
		}
	})
}

// Line 18: a hundred wrong ones at once are five looked at and the others
// refused; a right one after them is refused too.
func TestParallelWrongCodes(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, ada)
		for kind, code := range map[string]string{"totp": another(s.Code(e.secret)), "recovery": "wrong", "email": "123456"} {
			shared, mine := pend(s, ada), make([]*sitetest.Browser, 4)
			for i := range mine {
				mine[i] = pend(s, ada)
			}
			pages := sitetest.AtOnce(100, func(i int) *sitetest.Page {
				b := shared.Clone()
				if i%2 == 0 {
					b = mine[i%4].Clone()
				}
				return b.From(fmt.Sprintf("2001:db8:%x::1", i)).Post("/login/challenge/"+kind, "code", code)
			})
			if n := tally(pages); n[422] != 5 || n[429] != 95 {
				t.Errorf("%s: %v", kind, n)
			}
			right := map[string]string{"totp": s.Code(e.secret), "recovery": e.codes[0], "email": "123457"}[kind]
			shared.Post("/login/challenge/"+kind, "code", right).WantStatus(t, 429)
		}
		if n := s.Account(ada).RecoveryLeft; n != 10 {
			t.Errorf("%d recovery codes left", n)
		}
	})
}

// miss gives a wrong code in a new pending login, from some address.
func miss(s *sitetest.Site, kind, address string) *sitetest.Page {
	s.T.Helper()
	return pend(s, ada).From(address).Post("/login/challenge/"+kind, "code", "no code at all")
}

// Line 19: failures of one kind delay that kind alone.
func TestKindsFailApart(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, ada)
		kinds := []string{"totp", "recovery", "email"}
		for _, kind := range kinds {
			for range 5 {
				miss(s, kind, "198.51.100.1").WantStatus(t, 422)
			}
			if p := miss(s, kind, "198.51.100.1").WantStatus(t, 429); p.Header.Get("Retry-After") != "30" {
				t.Errorf("%s: wait %s", kind, p.Header.Get("Retry-After"))
			}
			for _, other := range kinds {
				if other == kind {
					continue
				}
				b := pend(s, ada)
				code := map[string]func() string{"totp": func() string { return s.Code(e.secret) },
					"recovery": func() string { e.codes = e.codes[1:]; return e.codes[0] }, "email": func() string { return mailed(b) }}[other]()
				b.Post("/login/challenge/"+other, "code", code).Want(t, "/profile")
			}
			fails(s.Browser(), ada, 1)
			s.Advance(16 * time.Minute)
			b := pend(s, ada) // a right one ends the row
			code := map[string]func() string{"totp": func() string { return s.Code(e.secret) },
				"recovery": func() string { e.codes = e.codes[1:]; return e.codes[0] }, "email": func() string { return mailed(b) }}[kind]()
			b.Post("/login/challenge/"+kind, "code", code).Want(t, "/profile")
			s.Advance(time.Hour)
		}
	})
}

// The count is the account's: new pending logins, new sessions, other addresses
// and a restart go on with it. That of a browser which its owner signed in from
// goes on over step-up, enrollment and restart.
func TestCodeCountSurvives(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, ada)
		e.owner.SignInTOTP(ada, e.secret)
		miss(s, "totp", "198.51.100.1").WantStatus(t, 422)
		miss(s, "totp", "198.51.100.1").WantStatus(t, 422)
		s = s.Restart()
		owner := e.owner.At(s)
		miss(s, "totp", "2001:db8::1").WantStatus(t, 422)
		miss(s, "totp", "2001:db8:1::1").WantStatus(t, 422)
		owner.Post("/profile/factors/totp").Want(t, "/profile/factors/totp")
		for range 2 {
			owner.Post("/confirm", "kind", "totp", "code", "000").WantStatus(t, 422)
			owner.Post("/profile/factors/totp/confirm", "code", "000").WantStatus(t, 422)
		}
		s = s.Restart()
		owner = e.owner.At(s)
		owner.Post("/confirm", "kind", "totp", "code", "000").WantStatus(t, 422)
		b := pend(s, ada)
		b.Post("/login/challenge/totp", "code", "000").WantStatus(t, 422)
		for i, held := range []*sitetest.Page{
			b.Post("/login/challenge/totp", "code", s.Code(e.secret)), miss(s, "totp", "192.0.2.9"),
			owner.Post("/confirm", "kind", "totp", "code", s.Code(e.secret)),
			owner.Post("/profile/factors/totp/confirm", "code", s.Code(owner.PendingSecret())),
			pend(s.Restart(), ada).Post("/login/challenge/totp", "code", s.Code(e.secret)),
		} {
			if held.Status != 429 || held.Header.Get("Retry-After") != "30" {
				t.Errorf("%d: %d, wait %q", i, held.Status, held.Header.Get("Retry-After"))
			}
		}
	})
}

// Line 20 and §4: asking for another code, a right password and the passing of
// a day reset nothing; fifty in a row switch the kind off, the owner is told
// once, and no restart brings it back. Line 21: off reads like wrong.
func TestFiftyFailuresSwitchOff(t *testing.T) {
	s := sitetest.New(t)
	e := equip(s, ada)
	plain := miss(s, "totp", "192.0.2.1").Alert()
	for n := 2; n <= 50; n++ {
		s.Advance(25 * time.Hour)
		if err := s.Login.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		miss(s, "totp", "192.0.2.1").WantStatus(t, 422)
	}
	told := 0
	for _, l := range s.Mails() {
		if strings.Contains(l.Text, "switched off") {
			told++
		}
	}
	if told != 1 || !slices.Contains(s.Events(ada), "factor.off") {
		t.Errorf("the owner was told %d times", told)
	}
	s.Advance(48 * time.Hour)
	s = s.Restart()
	b := pend(s, ada)
	if p := b.Post("/login/challenge/totp", "code", s.Code(e.secret)).WantStatus(t, 422); p.Alert() != plain {
		t.Errorf("switched off says %q", p.Alert())
	}
	b.Post("/login/challenge/recovery", "code", e.codes[0]).Want(t, "/profile")
	b.Post("/confirm", "kind", "totp", "code", s.Code(e.secret)).WantStatus(t, 422)

	// Bound anew with another factor, it is back.
	b.Post("/profile/factors/totp").Want(t, "/profile/factors/totp")
	secret := b.PendingSecret()
	b.Post("/profile/factors/totp/confirm", "code", s.Code(secret), "name", "New phone").Want(t, "/profile?said=factor-added")
	s.Advance(time.Minute)
	pend(s, ada).Post("/login/challenge/totp", "code", s.Code(secret)).Want(t, "/profile")
}

// Line 21: a kind that the account lacks is refused like a wrong code, sends
// nothing, and is counted alike. One that does not exist is not there.
func TestKindsThatAreNotThere(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User(ada, login.Member)
		secret := s.Browser().SignIn(ada).EnrollTOTP()
		other := equip(s, "bob@example.com")
		s.Mails()
		b := pend(s, ada)
		for _, code := range []string{"123456", s.Code(other.secret), s.Code(secret)} {
			p := b.Post("/login/challenge/email", "code", code, "to", other.owner.Factor("E-mail")).WantStatus(t, 422)
			if p.Alert() != "That code is not right." || !strings.Contains(p.Body, `action="/login/challenge/totp"`) {
				t.Errorf("it says %q", p.Alert())
			}
		}
		for range 2 {
			b.Post("/login/challenge/email", "code", "123456").WantStatus(t, 422)
		}
		b.Post("/login/challenge/email", "code", "123456").WantStatus(t, 429)
		for _, to := range []string{"", other.owner.Factor("E-mail"), "x"} {
			if p := b.Post("/login/challenge/email/code", "to", to); p.Status < 400 {
				t.Errorf("a code is sent: %d", p.Status)
			}
		}
		if letters := s.Mails(); len(letters) > 0 && slices.ContainsFunc(letters, func(l sitetest.Letter) bool { return l.Code() != "" }) {
			t.Error("a code was sent")
		}
		for _, kind := range []string{"passkey", "sms", "TOTP", "totp%20", "password", "held", "form", "browser", ".", "%2e%2e"} {
			p := b.Post("/login/challenge/"+kind, "code", s.Code(secret))
			if p.Status != 404 || b.Cookie("nightlatch_session") != "" {
				t.Errorf("%s: %d", kind, p.Status)
			}
		}
	})
}

// Line 23: no second step without the first, nor with another's.
func TestSecondStepAlone(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, ada)
		bob := equip(s, "bob@example.com")
		session := e.owner.SignInTOTP(ada, e.secret).Cookie("nightlatch_session")
		s.Advance(time.Minute)
		id := s.Account(ada).ID
		for _, token := range []string{"", "x", strings.Repeat("A", 32), session, id, login.HashToken(session)} {
			b := s.Browser()
			if token != "" {
				b.SetCookie("nightlatch_login", token)
			}
			for kind, code := range map[string]string{"totp": s.Code(e.secret), "recovery": e.codes[0], "email": "123456"} {
				p := b.Post("/login/challenge/"+kind, "code", code, "login", ada, "account", id)
				if !strings.HasPrefix(p.Location, "/login") || strings.HasPrefix(p.Location, "/login/") || b.Cookie("nightlatch_session") != "" {
					t.Errorf("%s with %q: %d to %s", kind, token, p.Status, p.Location)
				}
				b.Post("/login/challenge/" + kind + "/code")
			}
		}
		if letters := s.Mails(); slices.ContainsFunc(letters, func(l sitetest.Letter) bool { return l.Code() != "" }) {
			t.Error("a code was sent")
		}
		// A pending login is no session.
		adas, bobs := pend(s, ada), pend(s, "bob@example.com")
		thief := s.Browser()
		thief.SetCookie("nightlatch_session", adas.Cookie("nightlatch_login"))
		thief.Get("/verify").WantStatus(t, 401)
		// Each takes its own account's codes only, and an emailed one only its own.
		sent := mailed(bobs)
		for kind, code := range map[string]string{"totp": s.Code(bob.secret), "recovery": bob.codes[0], "email": sent} {
			adas.Post("/login/challenge/"+kind, "code", code).WantStatus(t, 422)
		}
		second := pend(s, "bob@example.com")
		second.Post("/login/challenge/email", "code", sent).WantStatus(t, 422)
		bobs.Post("/login/challenge/email", "code", sent).Want(t, "/profile")
		second.Post("/login/challenge/recovery", "code", bob.codes[0]).Want(t, "/profile")
		b := s.Browser() // one cookie for two pending logins: the last one counts
		b.Password(ada)
		b.Password("bob@example.com")
		b.Post("/login/challenge/totp", "code", s.Code(e.secret)).WantStatus(t, 422)
		b.Header = http.Header{"Cookie": {"nightlatch_login=" + adas.Cookie("nightlatch_login")}}
		if p := b.Post("/login/challenge/totp", "code", s.Code(e.secret)); p.Went("/profile") {
			t.Error("two cookies of one name are taken for one")
		}
	})
}

// A mistyped recovery code is no failure: it neither adds to the row nor makes
// anybody wait longer.
func TestTyposDoNotCount(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, ada)
		typo := "Z" + e.codes[0][1:]
		if e.codes[0][0] == 'Z' {
			typo = "Y" + e.codes[0][1:]
		}
		mistype := func() *sitetest.Page { return pend(s, ada).Post("/login/challenge/recovery", "code", typo) }
		for range 10 {
			mistype().WantStatus(t, 422)
		}
		for range 5 {
			miss(s, "recovery", "198.51.100.1").WantStatus(t, 422)
		}
		mistype().WantStatus(t, 429)
		s.Advance(30 * time.Second)
		for range 3 {
			mistype().WantStatus(t, 422)
		}
		miss(s, "recovery", "198.51.100.1").WantStatus(t, 422)
		if p := mistype().WantStatus(t, 429); p.Header.Get("Retry-After") != "60" {
			t.Errorf("wait %s", p.Header.Get("Retry-After"))
		}
		s.Advance(60 * time.Second)
		mistype().WantStatus(t, 422)
		pend(s, ada).Post("/login/challenge/recovery", "code", e.codes[0]).Want(t, "/profile")
	})
}
