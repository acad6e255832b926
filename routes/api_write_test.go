package routes_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
	"nightlatch.example/nightlatch/login"
)

// Changes follow the rules of the screens, answer with the account as it is then,
// and are recorded with the token's name.
func TestAPIChanges(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.Admin("boss@example.com")
		s.Proven(ada, identity.Member)
		in := s.Browser().SignIn(ada)
		in.EnrollTOTP()
		p := withToken(t, s, "ci", identity.Scopes()...)
		got := p.call("POST", "/accounts", `{"login":"new@example.com","name":"New","groups":["ops"]}`, 201)
		if got["status"] != "invited" || got["role"] != "user" || fmt.Sprint(got["groups"]) != "[ops]" || got["id"] != s.Account("new@example.com").ID {
			t.Errorf("%v", got)
		}
		p.call("POST", "/accounts", `{"login":"new@example.com"}`, 422)
		p.call("POST", "/accounts", `{"login":"evil@example.com","role":"admin"}`, 422)
		at := "/accounts/" + s.Account(ada).ID
		for _, bad := range []string{`{`, `[]`, `{"reason":"x"} {}`, `{"reasn":"x"}`, `{"reason":5}`, `{"reason":""}`, ``, `{"reason":"` + strings.Repeat("x", 201) + `"}`} {
			p.call("POST", at+"/disable", bad, 422)
		}
		p.call("POST", at+"/disable", `{"reason":"`+strings.Repeat("x", 70_000)+`"}`, 413)
		p.call("POST", at+"/disable?x=1", `{"reason":"x"}`, 422)
		p.call("POST", "/accounts/NONE/disable", `{"reason":"x"}`, 404)
		if in.Get("/profile").Status != 200 {
			t.Fatal("what was refused did something")
		}
		if got := p.call("PUT", at+"/groups", "{\n  \"groups\": [\"staff\", \"ops\"],\n  \"reason\": \"joins\"\n}\n", 200); fmt.Sprint(got["groups"]) != "[ops staff]" {
			t.Errorf("%v", got)
		}
		p.call("PUT", at+"/groups", `{"groups":["a,b"]}`, 422)
		p.call("PUT", at+"/groups", `{}`, 422)
		if got := p.call("POST", at+"/unlock", `{}`, 200); got["status"] != "active" {
			t.Errorf("%v", got)
		}
		p.call("POST", at+"/end-sessions", `{"reason":"lost laptop"}`, 200)
		in.Get("/profile").Want(t, "/login?next=%2Fprofile")
		if got := p.call("POST", at+"/reset", `{"reason":"lost phone"}`, 200); fmt.Sprint(got["factors"]) != "[]" {
			t.Errorf("%v", got)
		}
		if got := p.call("POST", at+"/disable", `{"reason":"left"}`, 200); got["status"] != "disabled" {
			t.Errorf("%v", got)
		}
		if got := p.call("POST", at+"/enable", `{"reason":"back"}`, 200); got["status"] != "active" {
			t.Errorf("%v", got)
		}
		p.call("POST", "/accounts/"+s.Account("boss@example.com").ID+"/disable", `{"reason":"x"}`, 422) // the last admin
		events, err := s.Store.Events(t.Context(), s.Account(ada).ID, 0, 6)
		if err != nil {
			t.Fatal(err)
		}
		var kinds []identity.EventKind
		for _, e := range events {
			kinds = append(kinds, e.Kind)
			if e.Actor != "api" || e.Browser != "API token ci" {
				t.Errorf("recorded as %+v", e)
			}
		}
		if !slices.Equal(kinds, []identity.EventKind{identity.EventAccountEnabled, identity.EventAccountDisabled, identity.EventFactorsReset, identity.EventSessionsEndedByAdmin, identity.EventAccountUnlocked, identity.EventGroupsChanged}) {
			t.Errorf("%v", kinds)
		}
		day := s.Now().Add(48 * time.Hour).UTC().Format("2006-01-02")
		if got := p.call("PUT", "/policy", `{"who":"admins","from":"`+day+`","groups":["ops"],"reason":"x"}`, 200); got["who"] != "admins" || got["from"] != day || fmt.Sprint(got["groups"]) != "[ops]" {
			t.Errorf("%v", got)
		}
		for _, bad := range []string{`{"who":"some"}`, `{}`, `{"who":"admins","user_kinds":[]}`, `{"who":"admins","admin_kinds":["x"]}`, `{"who":"admins","from":"soon"}`, `{"who":"admins","groups":["a,b"]}`} {
			p.call("PUT", "/policy", bad, 422)
		}
		small := withToken(t, s, "small", identity.AccountsWrite, identity.AccountsRead, identity.PolicyRead)
		small.call("PUT", at+"/groups", `{"groups":["admins"]}`, 403)
		small.call("PUT", "/policy", `{"who":"nobody"}`, 403)
		small.call("POST", at+"/reset", `{"reason":"x"}`, 403)
		small.call("POST", "/accounts", `{"login":"x@example.com","groups":["admins"]}`, 403)
	})
}

// A call with a key is carried out once: also by many at once, for a day, and for
// nobody else's token.
func TestAPIOnce(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User(ada, identity.Member)
		p := withToken(t, s, "ci", identity.Scopes()...)
		p.Header.Set("Idempotency-Key", "one")
		body := `{"login":"new@example.com"}`
		first := p.call("POST", "/accounts", body, 201)
		s.Advance(50 * time.Minute)
		if err := s.Login.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if again := p.call("POST", "/accounts", body, 201); fmt.Sprint(again) != fmt.Sprint(first) {
			t.Errorf("%v, then %v", first, again)
		}
		p.call("POST", "/accounts", `{"login":"other@example.com"}`, 422)
		at := "/accounts/" + s.Account(ada).ID
		p.call("POST", at+"/unlock", `{}`, 200) // another route, another key
		p.call("POST", "/accounts/"+s.Account("new@example.com").ID+"/unlock", `{}`, 422)
		other := withToken(t, s, "other", identity.Scopes()...)
		other.Header.Set("Idempotency-Key", "one")
		other.call("POST", "/accounts", body, 422) // the login is taken: it was carried out
		other.call("POST", "/accounts", `{"login":"third@example.com"}`, 201)

		var all sync.WaitGroup
		codes := make([]int, 8)
		for i := range codes {
			b := s.Browser()
			b.Header = p.Header.Clone()
			b.Header.Set("Idempotency-Key", "many")
			all.Go(func() { codes[i] = b.Do("POST", "/api/v1"+at+"/end-sessions", strings.NewReader(`{}`), false).Status })
		}
		all.Wait()
		for _, code := range codes {
			if code != 200 && code != 409 {
				t.Errorf("%v", codes)
			}
		}
		n := 0
		for _, kind := range s.Events(ada) {
			if kind == string(identity.EventSessionsEndedByAdmin) {
				n++
			}
		}
		if n != 1 {
			t.Errorf("carried out %d times", n)
		}
		p.Header.Set("Idempotency-Key", strings.Repeat("x", 256))
		p.call("POST", at+"/unlock", `{}`, 422)
	})
}

// While a call with a key runs, the same one is told to wait.
func TestAPIWhileItRuns(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User(ada, identity.Member)
		p := withToken(t, s, "ci", identity.Scopes()...)
		p.Header.Set("Idempotency-Key", "one")
		list, err := s.Accounts.Tokens(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		claim(t, s, list[0].ID, "/api/v1/accounts/:id/unlock", "one")
		at := "/accounts/" + s.Account(ada).ID
		p.call("POST", at+"/unlock", `{}`, 409)
		s.Advance(30 * time.Second) // whoever ran it is dead
		p.call("POST", at+"/unlock", `{}`, 200)
	})
}

// claim is what a process does that begins with a call and gets no further.
func claim(t *testing.T, s *sitetest.Site, token, route, key string) {
	t.Helper()
	if _, st, err := s.Login.Begin(t.Context(), login.FormKey(token, "api", route, key), login.Sender{}); err != nil || st != login.Mine {
		t.Fatal(st, err)
	}
}
