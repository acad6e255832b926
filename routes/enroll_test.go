package routes_test

import (
	"context"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/chrome"
	"nightlatch.example/nightlatch/internal/sitetest"
	"nightlatch.example/nightlatch/login"
)

const (
	appPage = "/profile/factors/totp"
	sheet   = "/profile/factors/recovery?new=1"
)

// beginApp signs someone in and begins to add an app.
func beginApp(t *testing.T, s *sitetest.Site) *sitetest.Browser {
	t.Helper()
	s.Proven("ada@example.com", identity.Member)
	b := s.Browser().SignIn("ada@example.com")
	b.Post(appPage).Want(t, appPage)
	return b
}

// wrongApp is a code that no step near now gives.
func wrongApp(s *sitetest.Site, secret []byte) string {
	taken := []string{s.CodeAt(secret, -1), s.CodeAt(secret, 0), s.CodeAt(secret, 1)}
	for _, c := range []string{"111111", "222222", "333333", "444444"} {
		if !slices.Contains(taken, c) {
			return c
		}
	}
	return ""
}

var (
	linkOnPage   = regexp.MustCompile(`href="(otpauth://[^"]*)"`)
	groupsOnPage = regexp.MustCompile(`<code id="secret">([A-Z2-7 ]*)</code>`)
)

// The secret of twenty random bytes is shown as a picture, in groups of four and as
// a link, and the three agree.
func TestSecretIsShownInThreeWays(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		for _, name := range []string{"ada@example.com", "bob+work@example.com", "zoë", strings.Repeat("ü", 100), strings.Repeat("x", 254)} {
			s.User(name, identity.Member)
			b := s.Browser().SignIn(name)
			b.Get(appPage+"/qr.png").WantStatus(t, 404)
			b.Post(appPage).Want(t, appPage)
			page, picture := b.Get(appPage).WantStatus(t, 200), b.Get(appPage+"/qr.png").WantStatus(t, 200)
			if got := picture.Header; got.Get("Content-Type") != "image/png" || got.Get("Cache-Control") != "no-store" {
				t.Errorf("the picture comes with %v", got)
			}
			scanned, err := chrome.DecodeQR([]byte(picture.Body))
			if err != nil {
				t.Fatal(err)
			}
			m, groups := linkOnPage.FindStringSubmatch(page.Body), groupsOnPage.FindStringSubmatch(page.Body)
			if m == nil || groups == nil {
				t.Fatal("the page has no link or no groups")
			}
			link := html.UnescapeString(m[1])
			if scanned != link {
				t.Errorf("the picture says %q, the link %q", scanned, link)
			}
			u, err := url.Parse(link)
			if err != nil {
				t.Fatal(err)
			}
			q := u.Query()
			label, _ := url.PathUnescape(u.EscapedPath())
			if _, query, _ := strings.Cut(link, "?"); !strings.HasPrefix(query, "secret=") || strings.ContainsAny(link, "+ ") || !strings.Contains(link, "Night%20Latch") {
				t.Errorf("link %q", link)
			}
			if label != "/Night Latch & Co:"+name || q.Get("issuer") != "Night Latch & Co" || q.Get("digits") != "6" || q.Get("period") != "30" || q.Get("algorithm") != "SHA1" {
				t.Errorf("label %q, %v", label, q)
			}
			if len(q.Get("secret")) != 32 || strings.ReplaceAll(groups[1], " ", "") != q.Get("secret") {
				t.Errorf("the link has %q, the groups %q", q.Get("secret"), groups[1])
			}
			for _, four := range strings.Split(groups[1], " ") {
				if len(four) != 4 {
					t.Errorf("groups %q", groups[1])
				}
			}
			b.Post(appPage+"/confirm", "code", b.Code(b.PendingSecret())).Want(t, sheet)
			b.Get(appPage+"/qr.png").WantStatus(t, 404)
		}
	}, func(c *sitetest.Config) { c.Login.Brand = "Night Latch & Co" })
}

// A wrong code keeps the pending secret, and so does a reload.
func TestWrongCodeKeepsThePendingSecret(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		b := beginApp(t, s)
		secret := b.PendingSecret()
		b.Post(appPage+"/confirm").WantStatus(t, 422)
		b.Post(appPage+"/confirm", "code", "", "name", "Phone").WantStatus(t, 422)
		b.Post(appPage+"/confirm", "code", b.Code(secret), "name", strings.Repeat("x", 61)).WantStatus(t, 422)
		for _, typed := range []string{wrongApp(s, secret), "12345", "１２３４５６", "abcdef", s.CodeAt(secret, 2)} {
			p := b.Post(appPage+"/confirm", "code", typed, "name", `My <"phone">`).WantStatus(t, 422)
			if p.Alert() != "That code is not right." || !strings.Contains(p.Body, factors.GroupSecret(secret)) || !strings.Contains(p.Body, `value="My &lt;&#34;phone&#34;&gt;"`) {
				t.Errorf("%q: %q", typed, p.Alert())
			}
		}
		b.Post(appPage+"/confirm", "code", b.Code(secret)).WantStatus(t, 429) // five were wrong
		for range 3 {
			if string(b.PendingSecret()) != string(secret) {
				t.Fatal("the secret changed")
			}
		}
		s.Advance(30 * time.Second)
		b.Post(appPage+"/confirm", "code", b.Code(secret), "name", `My <"phone">`).Want(t, sheet)
		b.Factor(`My <"phone">`)
	})
}

// The first factor raises this session, with a new token, and
// ends the account's other sessions.
func TestFirstFactorRaisesThisSessionAlone(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		b := beginApp(t, s)
		others := []*sitetest.Browser{s.Browser().SignIn("ada@example.com"), s.Browser().SignIn("ada@example.com")}
		others[1].Post(appPage).Want(t, appPage)
		theirs := others[1].PendingSecret()
		before := b.Clone()
		b.Get("/verify?level=2").WantStatus(t, 403)
		b.Post(appPage+"/confirm", "code", b.Code(b.PendingSecret())).Want(t, sheet)
		b.Get("/verify?level=2").WantStatus(t, 200)
		b.Get("/profile").WantStatus(t, 200)
		for _, x := range append(others, before) {
			x.Get("/verify").WantStatus(t, 401)
			x.Get("/profile").Want(t, "/login?next=%2Fprofile")
			x.Post(appPage+"/confirm", "code", s.Code(theirs))
		}
		if n := len(mustCredentials(t, s)); n != 11 {
			t.Errorf("%d credentials: an ended session enrolled", n)
		}
		pendingOf(t, s, "ada@example.com")
		// A second factor leaves the sessions that passed the first one alone.
		s.Advance(61 * time.Second)
		b.EnrollEmail("")
		b.Get("/profile").WantStatus(t, 200)
	})
}

// Someone who has not passed the existing factor sees and changes
// nothing, on any route: neither half signed in, nor with a session of level 1
// that was there before.
func TestWithoutTheFactorNothingOpens(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		b := beginApp(t, s)
		b.Post(appPage+"/confirm", "code", b.Code(b.PendingSecret()), "name", "Grandmother’s phone").Want(t, sheet)
		codes, id := b.RecoveryCodes(), b.Factor("Grandmother’s phone")
		token, hash := identity.NewToken()
		s.Change(func(ctx context.Context, tx login.Act) error {
			return tx.InsertSession(ctx, identity.Session{ID: identity.NewID(), TokenHash: hash, AccountID: s.Account("ada@example.com").ID,
				Level: 1, Created: s.Now(), LastSeen: s.Now(), Confirm: s.Now()})
		})
		stale := s.Browser()
		stale.SetCookie("nightlatch_session", token)
		before := mustCredentials(t, s)
		for _, r := range table(s) {
			path := strings.Replace(r.path, "AAAA", id, 1)
			if !strings.HasPrefix(path, "/profile") && !strings.HasPrefix(path, "/admin") && !strings.HasPrefix(path, "/email") {
				continue
			}
			for who, x := range map[string]*sitetest.Browser{"half signed in": pendingOf(t, s, "ada@example.com"), "level 1": stale} {
				p := x.Do(r.method, path, sitetest.Body("name=Mine&code="+codes[0]+"&address=eve@example.net&email=eve@example.net&password=a+new+pass+phrase"), b.HTMX)
				to := p.Location
				if open := strings.HasPrefix(r.pattern, "/email/") && strings.HasSuffix(r.pattern, "/:token"); !open && !strings.HasPrefix(to, "/login?next=") && !strings.HasPrefix(to, "/confirm?next=") {
					t.Errorf("%s: %s %s: %d to %q", who, r.method, path, p.Status, to)
				}
				if strings.Contains(p.Body, "Grandmother") || strings.Contains(p.Body, codes[0]) {
					t.Errorf("%s: %s %s shows it", who, r.method, path)
				}
			}
		}
		if after := mustCredentials(t, s); !slices.EqualFunc(before, after, func(a, b factors.Credential) bool { return a.ID == b.ID && a.Name == b.Name && a.Version == b.Version }) {
			t.Errorf("changed: %+v", after)
		}
		// The password proves nothing that it had not proved before.
		s.Advance(31 * time.Second)
		stale.Post("/confirm", "password", sitetest.Password).WantStatus(t, 422)
	})
}
