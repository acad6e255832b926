package login_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/internal/sitetest"
	"nightlatch.example/nightlatch/login"
)

// A database that fails while the second step is shown is an error, at whatever
// moment: also where a browser that is known has counters of its own.
func TestHangingUpOnThePage(t *testing.T) {
	both(t, func(t *testing.T, s *sitetest.Site) {
		ctx := context.Background()
		m := newModel(s, "ada@example.com")
		c := stranger()
		s.Advance(time.Minute)
		code, _ := factors.TOTPCode(m.secret, s.Now().Unix()/factors.TOTPPeriod)
		entry, err := s.Login.Password(ctx, m.name, sitetest.Password, "", c)
		if err == nil {
			entry, err = s.Login.Answer(ctx, entry.Pending, login.Reply{Kind: factors.KindTOTP, Answer: factors.Answer{Code: code}}, c)
		}
		if err != nil || entry.Known == "" {
			t.Fatal(err, "the browser is not known")
		}
		c.Known = entry.Known
		if entry, err = s.Login.Password(ctx, m.name, sitetest.Password, "", c); err != nil {
			t.Fatal(err)
		}
		failed := 0
		for n := 1; n <= most; n++ {
			ctx, cancel := context.WithCancel(ctx)
			if _, err := interrupted(s, n, cancel).Challenge(ctx, entry.Pending, "", "", c); errors.Is(err, context.Canceled) {
				failed++
			} else if err != nil {
				t.Errorf("moment %d: %v", n, err)
			}
			cancel()
		}
		if failed < 2 {
			t.Errorf("only %d of the moments came", failed)
		}
	})
}
