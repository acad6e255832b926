package routes_test

import (
	"fmt"
	"testing"
	"time"

	"nightlatch.example/nightlatch/internal/sitetest"
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

// Ten at once with one right code, in one pending login or in ten, are
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

// Different factors at once in one pending login are one session, and
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

// One code at a sign-in and a step-up at once is accepted once. The
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

// A hundred wrong ones at once are five looked at and the others
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
