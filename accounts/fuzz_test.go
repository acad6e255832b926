package accounts_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// Whatever is pasted into the import, each line gets a fate, and a good line is
// a login that can be made, once.
func FuzzImport(f *testing.F) {
	s := sitetest.New(f)
	s.User("root@example.com", identity.Admin)
	b := s.Browser().SignIn("root@example.com")
	b.EnrollTOTP()
	v, err := s.Login.Visit(f.Context(), b.Cookie("nightlatch_session"))
	if err != nil || v == nil {
		f.Fatal(err)
	}
	f.Add("login,name,role\nada@example.com,Ada,user\nADA@example.com,,admin")
	f.Add("\ufeffa;b;admin\r\n\"open\nc;\"d;\"")
	f.Add("root@example.com\n=1+1\n,,\n\x00\n" + strings.Repeat("x\n", 1100))
	f.Fuzz(func(t *testing.T, text string) {
		lines, err := s.Accounts.Import(t.Context(), v, text, true, identity.Client{})
		if err != nil {
			t.Fatal(err)
		}
		if len(lines) > accounts.MaxLines+1 {
			t.Errorf("%d lines", len(lines))
		}
		seen, last := map[string]bool{}, 0
		for _, l := range lines {
			key, ok := identity.LoginKey(l.Login)
			switch {
			case l.Number <= last || l.Fate == "":
				t.Errorf("line %d after %d: %q", l.Number, last, l.Fate)
			case l.OK && (!ok || seen[key] || !utf8.ValidString(l.Name) || strings.ContainsRune(l.Name, 0) || l.Role != identity.Member && l.Role != identity.Admin):
				t.Errorf("line %d will be made: %+v", l.Number, l)
			case l.OK:
				seen[key] = true
			}
			last = l.Number
		}
	})
}
