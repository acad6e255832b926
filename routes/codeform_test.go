package routes_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
	"nightlatch.example/nightlatch/login"
)

// This step and its neighbours, nothing else, and nothing that is not
// younger than the last accepted.
func TestWindow(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, ada)
		try := func(steps int64, want bool) {
			t.Helper()
			p := pend(s, ada).Post("/login/challenge/totp", "code", s.CodeAt(e.secret, steps))
			if p.Went("/profile") != want {
				t.Errorf("%+d: %d to %q", steps, p.Status, p.Location)
			}
		}
		for _, steps := range []int64{-2, 2, 3, -120} {
			try(steps, false)
		}
		try(-1, true)
		try(-1, false)
		try(0, true)
		try(1, true)
		try(0, false)
		try(-1, false)
		s.Advance(30 * time.Second) // what was +1 is now 0, and still spent
		try(0, false)
		try(1, true)
		s.Advance(time.Hour)
		try(2, false)
		try(1, true)
	})
}

// Six ASCII digits, zeros included; spaces and dashes between do not
// matter; anything else is a wrong code.
func TestDigits(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, ada)
		for !strings.HasPrefix(s.Code(e.secret), "0") { // a code whose zero could be lost
			s.Advance(30 * time.Second)
		}
		code := s.Code(e.secret) // stands for a shape: what is typed is never six ASCII digits
		full := []rune(code)
		for i := range full {
			full[i] += '\uff10' - '0'
		}
		for _, typed := range []string{
			code[1:], strings.TrimLeft(code, "0"), "0" + code, code + "0", code + code, "+" + code, code + ".0", "0x" + code, code + "e0",
			string(full), code[:5] + "\u0660", code[:5] + "O", code[:3] + "_" + code[3:], code[:3] + "," + code[3:], "12345", "abcdef",
			"-1", "'" + code + "'", code[:5] + "\u00b2", "٣٣٣٣٣٣", "%", code + "\x7f", strings.Repeat("9", 4000),
		} {
			pend(s, ada).Post("/login/challenge/totp", "code", typed).WantStatus(t, 422)
			if kinds := s.Events(ada); kinds[0] != "factor.failed" {
				t.Errorf("%.20q: %s", typed, kinds[0])
			}
			s.Advance(2 * time.Second) // the limit of the address is another test's
		}
		for !strings.HasPrefix(s.Code(e.secret), "0") {
			s.Advance(30 * time.Second)
		}
		pend(s, ada).Post("/login/challenge/totp", "code", s.Code(e.secret)).Want(t, "/profile")
	}, func(c *sitetest.Config) { c.Login.LockAfter = 1000 })
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, ada)
		for _, shape := range []string{"%s%s", "%s %s", " %s-%s ", "%s\u00a0%s", "\t%s\u2013%s\r\n", "%s - %s"} {
			code := s.Code(e.secret)
			pend(s, ada).Post("/login/challenge/totp", "code", fmt.Sprintf(shape, code[:3], code[3:])).Want(t, "/profile")
			s.Advance(30 * time.Second)
		}
	})
}

// 000000 can be right. A secret is made for which it is.
func TestAllZeros(t *testing.T) {
	s := sitetest.New(t)
	equip(s, ada)
	secret, step := make([]byte, 20), int64(0)
	for step = s.Now().Unix()/factors.TOTPPeriod + 1; ; step++ {
		if code, _ := factors.TOTPCode(secret, step); code == "000000" {
			break
		}
	}
	creds, _ := s.Store.Credentials(t.Context(), s.Account(ada).ID)
	app := creds[slices.IndexFunc(creds, func(c factors.Credential) bool { return c.Kind == factors.KindTOTP })]
	app.ID, app.Secret, app.Name = identity.NewID(), secret, "Zeros"
	s.Change(func(ctx context.Context, tx login.Act) error { return tx.InsertCredentials(ctx, app) })
	s.Advance(time.Unix(step*factors.TOTPPeriod, 0).Sub(s.Now()))
	pend(s, ada).Post("/login/challenge/totp", "code", "0").WantStatus(t, 422)
	pend(s, ada).Post("/login/challenge/totp", "code", "000000").Want(t, "/profile")
}
