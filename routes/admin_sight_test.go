package routes_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// No cell of the CSV starts a formula, and no name breaks the HTML.
func TestNamesAreOnlyText(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		boss := s.Admin("boss")
		names := []string{"=1+1", "+1", "-1", "@SUM(A1)", "  =cmd", "a,\"b\"", "<script>alert(1)</script>"}
		for i, name := range names {
			_, err := s.Accounts.Create(t.Context(), accounts.Form{Login: fmt.Sprintf("=%d", i), Name: name, Role: identity.Member, Origin: "cli"}, "", identity.Event{Actor: "cli", Reason: name})
			if err != nil {
				t.Fatal(err)
			}
		}
		for _, file := range []string{"/admin/enrollment.csv", "/admin/audit.csv"} {
			p := boss.Get(file).WantStatus(t, http.StatusOK)
			if !strings.HasPrefix(p.Header.Get("Content-Disposition"), "attachment;") || p.Header.Get("Content-Type") != "text/csv; charset=utf-8" {
				t.Errorf("%s: %v", file, p.Header)
			}
			rows, err := csv.NewReader(strings.NewReader(p.Body)).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range rows {
				for _, x := range row {
					if x != "" && strings.ContainsRune("=+-@\t\r", rune(strings.TrimLeft(x, " ")[0])) {
						t.Errorf("%s: %q starts a formula", file, x)
					}
				}
			}
		}
		for _, path := range []string{"/admin", "/admin/audit", "/admin/users/" + s.Account("=6").ID} {
			if p := boss.Get(path); strings.Contains(p.Body, "<script>alert") || !strings.Contains(p.Text(), "<script>alert(1)</script>") {
				t.Errorf("%s shows the name as HTML, or not at all", path)
			}
		}
	})
}

// No page of an admin shows a secret, a code or a hash.
func TestAdminSeesNoSecrets(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		boss := s.Admin("boss")
		a := s.User("ada@example.com", identity.Member)
		ada := s.Browser().SignIn("ada@example.com")
		secret := ada.EnrollTOTP()
		codes := ada.RecoveryCodes()
		ada.EnrollEmail("")
		ada.Post("/logout")
		ada.Password("ada@example.com").Want(t, "/login/challenge")
		s.Advance(61e9)
		ada.Post("/login/challenge/email/code")
		code := ""
		pages := append([]string{"/admin/users/" + a.ID, "/admin/audit?user=ada@example.com", "/admin/mail?status=queued"}, adminPages...)
		bodies := map[string]string{}
		for _, path := range pages {
			bodies[path] = boss.Get(path).WantStatus(t, http.StatusOK).Body
		}
		code = s.LastCode("ada@example.com")
		for path, body := range bodies {
			for what, x := range map[string]string{"the secret": factors.GroupSecret(secret), "the plain secret": strings.ReplaceAll(factors.GroupSecret(secret), " ", ""),
				"a recovery code": codes[0], "the mailed code": ">" + code, "a hash": "$argon2"} {
				if strings.Contains(strings.ToUpper(body), strings.ToUpper(x)) {
					t.Errorf("%s shows %s", path, what)
				}
			}
		}
		boss.Post("/admin/users/"+a.ID+"/factors", "code", "123456").WantStatus(t, http.StatusNotFound)
		before := s.Account("ada@example.com").Password // a reset is started with it, and no password chosen
		boss.Post("/admin/users/"+a.ID+"/password", "password", "something else entirely").WantStatus(t, okStatus(boss))
		if s.Account("ada@example.com").Password != before {
			t.Error("an admin chose a password")
		}
		boss.Get("/admin/users/"+strings.Repeat("A", 26)).WantStatus(t, http.StatusNotFound)
	})
}
