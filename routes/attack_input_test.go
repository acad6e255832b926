package routes_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// extra are fields that no form has and that a careless one would take over.
func extra(other identity.Account) url.Values {
	return url.Values{
		"role": {"admin"}, "Role": {"admin"}, "is_admin": {"1"}, "admin": {"true"}, "id": {other.ID}, "ID": {other.ID}, "account": {other.ID},
		"account_id": {other.ID}, "AccountID": {other.ID}, "user_id": {other.ID}, "user": {other.ID}, "owner": {other.ID}, "login": {"taken@example.com"},
		"level": {"2"}, "Level": {"2"}, "factor": {"browser"}, "confirm": {"9999999999"}, "email_verified": {"1"}, "EmailVerified": {"2026-01-01"},
		"disabled": {""}, "must_enroll": {""}, "recovery_left": {"99"}, "kinds": {"totp"}, "kind": {"totp"}, "fails": {"0"}, "until": {"0"},
		"origin": {"setup"}, "preferred": {other.ID}, "secret": {"AAAA"}, "state": {"AAAA"}, "purpose": {"login"}, "subject": {other.ID},
		"held": {"/admin/users"}, "path": {"/admin"}, "session": {"x"}, "_method": {"DELETE"}, "password_changed": {"1"}, "counter": {"0"},
	}
}

// facts are what must not change by a field that nobody asked for.
func facts(a identity.Account) string {
	return fmt.Sprint(a.ID, a.Login, a.Key, a.Role, a.Origin, a.Password, a.Email, a.EmailVerified, a.Disabled, a.Kinds, a.Preferred, a.Off, a.MustEnroll)
}

// Mass assignment: on every POST route, as everyone, fields that the form does
// not have make nobody an admin and change neither the account nor another's.
func TestExtraFields(t *testing.T) {
	s := sitetest.New(t, func(c *sitetest.Config) { c.Open = true })
	s.User("other@example.com", identity.Member)
	other := s.Account("other@example.com")
	c := &cast{s: s, b: map[string]*sitetest.Browser{}, a: map[string]string{}}
	for _, r := range table(s) {
		if r.method != http.MethodPost || strings.HasSuffix(r.path, "/disable") {
			continue
		}
		for _, who := range []string{"nobody", "pending", "unproved", "level 2"} {
			b := c.person(who)
			before, others := facts(s.Account(c.a[who])), facts(s.Account("other@example.com"))
			v := extra(other)
			for _, path := range []string{r.path, r.path + "?" + v.Encode()} {
				b.Do(r.method, path, sitetest.Body(v.Encode()), false)
			}
			if after := facts(s.Account(c.a[who])); after != before || facts(s.Account("other@example.com")) != others {
				t.Errorf("%s as %s: %s became %s", r.path, who, before, after)
			}
			c.b[who] = nil
		}
	}
	s.Mails()
	x := s.Browser()
	x.Do(http.MethodPost, "/register", sitetest.Body("login=new@example.com&password="+url.QueryEscape(sitetest.Password)+"&role=admin&origin=setup&id=x"), false)
	x.Post(letter(t, s, "/email/verify/").Link(), "role", "admin", "origin", "setup", "id", "x").Want(t, "/login?said=registered")
	if a := s.Account("new@example.com"); a.Role != identity.Member || a.Origin != "self" || a.ID == "x" {
		t.Errorf("registered as %s from %s", a.Role, a.Origin)
	}
	link, err := s.Accounts.Create(t.Context(), accounts.Form{Login: "inv@example.com", Role: identity.Member, Origin: "cli"}, "", identity.Event{Actor: "cli"})
	if err != nil {
		t.Fatal(err)
	}
	s.Browser().Post(strings.TrimPrefix(link, s.URL), "password", sitetest.Password, "role", "admin", "login", "other@example.com", "name", "I").Want(t, "/login?said=registered")
	if a := s.Account("inv@example.com"); a.Role != identity.Member {
		t.Error("invited as an admin")
	}
}

// Every route with an id, with every sort of id of another,
// also in fields and held forms, is not found and changes nothing.
func TestForeignIds(t *testing.T) {
	s := sitetest.New(t)
	e := equip(s, ada)
	e.owner.SignInTOTP(ada, e.secret)
	id := s.Account(ada).ID
	creds, _ := s.Store.Credentials(t.Context(), id)
	list, _ := s.Store.Sessions(t.Context(), id)
	ids := []string{id, list[0].ID, list[0].TokenHash, e.owner.Cookie("nightlatch_session"), strings.ToLower(id), id + "%20", "%20" + id, "*", "%25", "_"}
	for _, c := range creds {
		ids = append(ids, c.ID)
	}
	s.User("eve@example.com", identity.Member)
	eve := s.Browser().SignIn("eve@example.com")
	secret := eve.EnrollTOTP()
	before := fmt.Sprint(facts(s.Account(ada)), creds, len(list))
	for _, late := range []bool{false, true} {
		if late {
			s.Advance(6 * time.Minute)
		}
		for _, r := range table(s) {
			if !strings.Contains(r.pattern, ":id") || r.method != http.MethodPost && !strings.HasPrefix(r.pattern, "/admin") {
				continue
			}
			want := []int{404}
			if strings.HasPrefix(r.pattern, "/admin") {
				want = []int{403}
			}
			if late {
				want = append(want, 303) // held up; then not found
			}
			if strings.HasPrefix(r.pattern, "/api/") {
				want = []int{401} // a session opens nothing there
			}
			for _, x := range ids {
				p := eve.Do(r.method, strings.Replace(r.pattern, ":id", x, 1), sitetest.Body("name=Mine&reason=x&id="+x), false)
				if !slices.Contains(want, p.Status) || strings.Contains(p.Body, "ada@") {
					t.Errorf("%s with %s: %d to %q", r.pattern, x, p.Status, p.Location)
				}
			}
		}
	}
	up := eve.Post("/profile/factors/"+creds[0].ID+"/remove").WantHeld(t, "/profile")
	stepUp(t, eve, up, "kind", "totp", "code", s.Code(secret)).WantStatus(t, 404)
	for _, c := range creds {
		eve.Post("/confirm/code", "kind", "email", "to", c.ID).WantStatus(t, 422)
	}
	creds, _ = s.Store.Credentials(t.Context(), id)
	list, _ = s.Store.Sessions(t.Context(), id)
	if after := fmt.Sprint(facts(s.Account(ada)), creds, len(list)); after != before {
		t.Errorf("%s became %s", before, after)
	}
}

// nasty are names, logins and browsers with something else in them.
var nasty = []string{
	`=HYPERLINK("http://evil.example","x")`, "+1+1", "-1+1", "@SUM(1)", "＝1+1", `<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`,
	`' onmouseover='alert(1)`, `{{.Login}}`, `{{printf "%s" .}}`, `%s%n%x`, `${7*7}`, `javascript:alert(1)`, `a,b;c"d`, `&lt;b&gt;`, `</title><b>`,
	`=cmd|' /C calc'!A0`, `name="x" level=ERROR msg=forged`, `{"level":"ERROR"}`, `a` + "\u2028" + `b`, `x\r\nBcc: eve@example.net`, `..\..\x`,
}

// What people call themselves, their factors and their browsers stays
// text on every page, in every sheet, mail and log line.
func TestNamesStayText(t *testing.T) {
	s := sitetest.New(t)
	s.User(boss, identity.Admin)
	root := s.Browser().SignIn(boss)
	root.EnrollTOTP()
	for i, x := range nasty {
		name := fmt.Sprintf("n%d@example.com", i)
		s.User(name, identity.Member)
		b := s.Browser()
		b.Header = http.Header{"User-Agent": {x + "/1.0 Firefox/140.0 " + x}}
		b.SignIn(name)
		b.Post("/profile/name", "name", x)
		b.Post("/profile/factors/totp")
		b.Post("/profile/factors/totp/confirm", "code", b.Code(b.PendingSecret()), "name", x)
		form := accounts.Form{Login: strings.ReplaceAll(x, " ", ""), Password: sitetest.Password, Role: identity.Member, Origin: "self"}
		if _, err := s.Accounts.Create(t.Context(), form, "", identity.Event{Actor: "self"}); err != nil && identity.Refused(err) == nil { // most are taken as logins
			t.Fatal(err)
		}
		root.Post("/admin/users/"+s.Account(name).ID+"/end-sessions", "reason", x)
		s.Browser().Password(x)
		page := b.Get("/profile")
		for _, p := range []*sitetest.Page{page, root.Get("/admin/users/" + s.Account(name).ID), root.Get("/admin?q=" + url.QueryEscape(x)), root.Get("/admin/audit?q=" + url.QueryEscape(x))} {
			plainText(t, x, p.Body)
		}
	}
	for _, path := range []string{"/admin/enrollment.csv", "/admin/audit.csv"} {
		rows, err := csv.NewReader(strings.NewReader(root.Get(path).WantStatus(t, 200).Body)).ReadAll()
		if err != nil || len(rows) < len(nasty) {
			t.Fatalf("%s: %d rows, %v", path, len(rows), err)
		}
		for _, cell := range slices.Concat(rows...) {
			if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r") || strings.HasPrefix(cell, "＝") {
				t.Errorf("%s: %q starts a formula", path, cell)
			}
		}
	}
	for _, l := range s.Mails() {
		for name, values := range l.Header {
			if name == "Bcc" || name == "Cc" || len(values) > 1 && name != "Received" {
				t.Errorf("a mail has %s: %v", name, values)
			}
		}
		plainText(t, "a mail", l.HTML)
	}
	for line := range strings.Lines(s.Log.String()) {
		if !strings.HasPrefix(line, "time=") || strings.Contains(line, "level=ERROR") {
			t.Errorf("the log has a line %q", line)
		}
	}
}

// plainText fails when a page holds markup that only nasty brings.
func plainText(t *testing.T, what, body string) {
	t.Helper()
	for _, bad := range []string{"<script>alert", "<img src=x", "onerror=alert(1)>", `' onmouseover='`, "</title><b>", `href="javascript:`, "<b>\n"} {
		if strings.Contains(body, bad) {
			t.Errorf("%q makes markup: %s", what, bad)
		}
	}
}

// Nothing that a request says about where it was
// sent comes back in an answer, a redirect, a cookie or a mail.
func TestForgedHost(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, ada)
		b := s.Browser()
		b.Header = http.Header{"Host": {"evil.example"}, "X-Forwarded-Host": {"evil.example"}, "X-Forwarded-Proto": {"https"}, "X-Original-Url": {"/admin"},
			"X-Rewrite-Url": {"/admin"}, "Forwarded": {"host=evil.example"}, "X-Forwarded-Prefix": {"//evil.example"}, "X-Host": {"evil.example"}}
		s.Advance(time.Minute)
		for _, p := range []*sitetest.Page{
			b.Get("/"), b.Get("/profile"), b.Post("/password/forgot", "login", ada), b.Password(ada), b.Get("/login/challenge"),
			b.Post("/login/challenge/email/code"), b.Post("/login/challenge/totp", "code", "no code"), b.Get("/nothing"),
			b.Post("/login/challenge/totp", "code", s.Code(e.secret)), b.Get("/profile"), b.Post("/profile/email", "email", "new@example.org"),
		} {
			if strings.Contains(p.Body+fmt.Sprint(p.Header), "evil.example") {
				t.Errorf("%d to %q speaks of evil.example", p.Status, p.Location)
			}
			for _, c := range p.Cookies {
				if c.Domain != "" || c.Path != "/" {
					t.Errorf("cookie for %q%q", c.Domain, c.Path)
				}
			}
		}
		for _, l := range s.Mails() {
			if strings.Contains(l.Text+l.HTML+fmt.Sprint(l.Header), "evil.example") {
				t.Errorf("%s speaks of evil.example", l.Subject)
			}
		}
	})
}

// endless is a body that says no length and has no end.
type endless struct {
	head string
	n    int
}

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'a'
		if e.n+i < len(e.head) {
			p[i] = e.head[e.n+i]
		}
	}
	e.n += len(p)
	return len(p), nil
}

// A body without an end is read up to the limit and no further, on every route,
// whoever sends it and whatever it says it is.
func TestEndlessBody(t *testing.T) {
	s := sitetest.New(t, func(c *sitetest.Config) { c.Open = true })
	c := &cast{s: s, b: map[string]*sitetest.Browser{}, a: map[string]string{}}
	const limit = 64<<10 + 8<<10 // and what a reader reads ahead
	for _, r := range table(s) {
		if r.method != http.MethodPost {
			continue
		}
		for _, who := range []string{"nobody", "pending", "level 2", "stale", "admin"} {
			for kind, head := range map[string]string{
				"application/x-www-form-urlencoded": "login=", "application/json": "{", "text/plain": "",
				"multipart/form-data; boundary=b": "--b\r\nContent-Disposition: form-data; name=\"csv\"; filename=\"a\"\r\n\r\n",
			} {
				b, body := c.person(who), &endless{head: head}
				b.Header = http.Header{"Content-Type": {kind}}
				if p := b.Do(r.method, r.path, body, false); p.Status >= 500 || body.n > limit {
					t.Errorf("%s as %s, %s: %d after %d bytes", r.path, who, kind, p.Status, body.n)
				}
				if who != "nobody" && who != "pending" && b.Cookie("nightlatch_session") == "" {
					c.b[who] = nil // signed out
				}
			}
		}
	}
}
