package routes_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// program is a client of the JSON interface.
type program struct {
	*sitetest.Browser
	t testing.TB
}

// withToken makes a token of the command line, and a client that uses it.
func withToken(t testing.TB, s *sitetest.Site, name string, scopes ...identity.Scope) program {
	t.Helper()
	token, err := s.Accounts.MakeToken(t.Context(), accounts.Terminal(""), identity.APIToken{Name: name, Scopes: scopes}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return holding(t, s, token)
}

func holding(t testing.TB, s *sitetest.Site, token string) program {
	b := s.Browser()
	b.Header.Set("Authorization", "Bearer "+token)
	return program{b, t}
}

// call sends JSON, wants a status, and reads the answer.
func (p program) call(method, path, body string, want int) map[string]any {
	p.t.Helper()
	p.Header.Set("Content-Type", "application/json")
	page := p.Do(method, "/api/v1"+path, strings.NewReader(body), false)
	kind := "application/json"
	if want >= 400 {
		kind = "application/problem+json"
	}
	if page.Status != want || page.Header.Get("Content-Type") != kind || len(page.Cookies) > 0 || page.Header.Get("Access-Control-Allow-Origin") != "" {
		p.t.Errorf("%s %s: %d %s instead of %d: %s", method, path, page.Status, page.Header.Get("Content-Type"), want, page.Body)
	}
	got := map[string]any{}
	if err := json.Unmarshal([]byte(page.Body), &got); method != http.MethodHead && err != nil {
		p.t.Errorf("%s %s: %v in %q", method, path, err, page.Body)
	}
	if want >= 400 && method != http.MethodHead && got["status"] != float64(want) {
		p.t.Errorf("%s %s: the problem says %v", method, path, got["status"])
	}
	return got
}

// logins are the logins of a page of accounts.
func logins(got map[string]any) (names []string) {
	list, _ := got["items"].([]any)
	for _, x := range list {
		names = append(names, fmt.Sprint(x.(map[string]any)["login"]))
	}
	return names
}

// Reading: pages that follow each other, filters, what is unknown, and no secret.
func TestAPIReads(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.Admin("boss@example.com")
		for _, name := range []string{"ada", "bob", "carl"} {
			s.User(name, identity.Member)
		}
		err := s.Accounts.SetGroups(t.Context(), accounts.Terminal("x"), s.Account("ada").ID, func([]string) []string { return []string{"ops", "staff"} })
		if err != nil {
			t.Fatal(err)
		}
		p := withToken(t, s, "all", identity.Scopes()...)
		first := p.call("GET", "/accounts?limit=3", "", 200)
		if got := logins(first); !slices.Equal(got, []string{"ada", "bob", "boss@example.com"}) || first["next"] == nil {
			t.Errorf("%v, then %v", got, first["next"])
		}
		second := p.call("GET", "/accounts?limit=3&after="+fmt.Sprint(first["next"]), "", 200)
		if got := logins(second); !slices.Equal(got, []string{"carl"}) || second["next"] != nil {
			t.Errorf("%v, then %v", got, second["next"])
		}
		for query, want := range map[string]string{"q=car": "carl", "group=ops": "ada", "role=admin": "boss@example.com", "factor=totp": "boss@example.com", "status=missing&limit=1": "ada", "q=nobody": "", "q=": "ada bob boss@example.com carl"} {
			if got := strings.Join(logins(p.call("GET", "/accounts?"+query, "", 200)), " "); got != want {
				t.Errorf("%s: %s", query, got)
			}
		}
		for _, bad := range []string{"x=1", "limit=0", "limit=201", "limit=x", "status=y", "factor=y", "role=root", "group=a,b", "q=a&q=b", "sort=login", "q=%zz"} {
			p.call("GET", "/accounts?"+bad, "", 422)
		}
		one := p.call("GET", "/accounts/"+s.Account("ada").ID, "", 200)
		if len(one) != 11 || one["login"] != "ada" || one["status"] != "active" || fmt.Sprint(one["groups"]) != "[ops staff]" || one["last_login"] != nil || fmt.Sprint(one["factors"]) != "[]" {
			t.Errorf("%v", one)
		}
		p.call("GET", "/accounts/NONE", "", 404)
		p.call("GET", "/nothing", "", 404)
		p.call("DELETE", "/accounts", "", 405)
		p.call("HEAD", "/accounts", "", 200)
		if got := fmt.Sprint(p.call("GET", "/groups?limit=1", "", 200)); got != "map[items:[map[members:1 name:ops]] next:ops]" {
			t.Error(got)
		}
		if got := p.call("GET", "/policy", "", 200); got["who"] != "nobody" || fmt.Sprint(got["groups"]) != "[]" || len(got) != 5 {
			t.Errorf("%v", got)
		}
		for _, user := range []string{"ada", s.Account("ada").ID} {
			rows := p.call("GET", "/audit?event=groups.changed&user="+user, "", 200)["items"].([]any)
			if len(rows) != 1 || rows[0].(map[string]any)["detail"] != "+ops +staff" {
				t.Errorf("%s: %v", user, rows)
			}
		}
		page := p.call("GET", "/audit?limit=2", "", 200)
		if rows := p.call("GET", "/audit?limit=2&after="+fmt.Sprint(page["next"]), "", 200)["items"].([]any); len(rows) != 2 {
			t.Errorf("%v", rows)
		}
		p.call("GET", "/audit?after=x", "", 422)
		p.call("GET", "/outbox?status=queued&limit=1", "", 200)
		p.call("GET", "/outbox?after=x", "", 422)
		all := p.Get("/api/v1/accounts").Body + p.Get("/api/v1/outbox").Body + p.Get("/api/v1/audit").Body
		for _, secret := range []string{"argon2", "nlt_", "/invite/", "token_hash"} {
			if strings.Contains(all, secret) {
				t.Errorf("an answer holds %q", secret)
			}
		}
	})
}

// Who is let in: only a token that works, for what it is for, and not too often.
func TestAPITokens(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		ctx, boss := t.Context(), s.Admin("boss@example.com")
		s.User("second", identity.Admin)
		program{boss, t}.call("GET", "/accounts", "", 401) // a session opens nothing
		none := holding(t, s, "nlt_"+strings.Repeat("A", 32))
		none.call("GET", "/accounts", "", 401)
		if p := none.Get("/api/v1/accounts"); p.Header.Get("WWW-Authenticate") != "Bearer" {
			t.Error("no WWW-Authenticate")
		}
		p := withToken(t, s, "small", identity.AuditRead)
		p.call("GET", "/audit", "", 200)
		p.call("GET", "/accounts", "", 403)
		if list, err := s.Accounts.Tokens(ctx); err != nil || len(list) != 1 || !list[0].Used.Equal(s.Now()) {
			t.Errorf("%+v, %v", list, err)
		}
		for range 599 {
			p.Get("/api/v1/audit?limit=1")
		}
		p.call("GET", "/audit", "", 429)
		if p.Get("/api/v1/audit").Header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		s.Advance(time.Minute)
		p.call("GET", "/audit", "", 200)
		if err := s.Accounts.RevokeToken(ctx, accounts.Terminal(""), "small"); err != nil {
			t.Fatal(err)
		}
		p.call("GET", "/audit", "", 401)
		late := withToken(t, s, "late", identity.AuditRead)
		s.Advance(time.Hour)
		late.call("GET", "/audit", "", 401)
		v, err := s.Accounts.Account(ctx, s.Account("boss@example.com").ID)
		if err != nil {
			t.Fatal(err)
		}
		at := accounts.By{ID: v.ID, Name: "boss", Actor: "admin", Level: 2}
		undo := map[string]func() error{
			"disabled": func() error { return s.Accounts.SetDisabled(ctx, accounts.Terminal("x"), v.ID, true) },
			"demoted":  func() error { return s.Accounts.SetRole(ctx, accounts.Terminal("x"), v.ID, identity.Member) },
			"deleted":  func() error { return s.Accounts.Delete(ctx, accounts.Terminal("x"), v.ID) },
		}
		for _, how := range []string{"disabled", "demoted", "deleted"} {
			token, err := s.Accounts.MakeToken(ctx, at, identity.APIToken{Name: how, Scopes: []identity.Scope{identity.AuditRead}}, time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			own := holding(t, s, token)
			own.call("GET", "/audit", "", 200)
			if err := undo[how](); err != nil {
				t.Fatal(err)
			}
			own.call("GET", "/audit", "", 401)
			if how != "deleted" {
				if err := s.Accounts.SetDisabled(ctx, accounts.Terminal("x"), v.ID, false); err != nil {
					t.Fatal(err)
				}
				_ = s.Accounts.SetRole(ctx, accounts.Terminal("x"), v.ID, identity.Admin) // an admin already, once
				own.call("GET", "/audit", "", 401)                                        // what was revoked stays so
			}
		}
		_, err = s.Accounts.MakeToken(ctx, accounts.By{ID: s.Account("second").ID, Actor: "admin", Level: 1}, identity.APIToken{Name: "low", Scopes: identity.Scopes()}, time.Hour)
		if identity.Refused(err) == nil {
			t.Errorf("an admin at level 1 made a token: %v", err)
		}
		kept := withToken(t, s, "kept", identity.AuditRead)
		if _, err := s.Store.AfterRestore(ctx, s.Now()); err != nil {
			t.Fatal(err)
		}
		kept.call("GET", "/audit", "", 401) // nobody knows what was revoked since the backup
	})
}
