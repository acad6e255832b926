package login_test

import (
	"context"
	"testing"
	"time"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
	"nightlatch.example/nightlatch/login"
)

// meanwhile is the recovery codes, with something that happens while a code is
// being judged.
type meanwhile struct {
	factors.Recovery
	do func()
}

func (m *meanwhile) Verify(ctx context.Context, c factors.Ceremony, creds []factors.Credential, state []byte, a factors.Answer) (factors.Credential, error) {
	if do := m.do; do != nil {
		m.do = nil
		do()
	}
	return m.Recovery.Verify(ctx, c, creds, state, a)
}

// A mistyped code is not counted, and a wrong one that is judged while it is
// under way is: the wait comes after the fifth wrong one, not earlier or later.
func TestATypoBetweenWrongCodes(t *testing.T) {
	// The second answer is judged while the first is, so there is room for both
	// on a machine with one core too.
	s := sitetest.New(t, func(c *sitetest.Config) { c.Slots = 2 })
	s.User("ada", identity.Member)
	s.Browser().SignIn("ada").EnrollTOTP()
	kind := &meanwhile{}
	in := login.New(s.Store, s.Hasher, s.Login.Options(), factors.Kinds{factors.TOTP{}, kind})
	c := identity.Client{Address: "203.0.113.9", Range: "203.0.113.9"}
	entry, err := in.Password(t.Context(), "ada", sitetest.Password, "", c)
	if err != nil {
		t.Fatal(err)
	}
	answer := func(code string) identity.Why {
		_, err := in.Answer(t.Context(), entry.Pending, login.Reply{Kind: factors.KindRecovery, Answer: factors.Answer{Code: code}}, c)
		return why(t, err)
	}
	for range 3 {
		if why := answer("wrong"); why != identity.Wrong {
			t.Fatal(why)
		}
	}
	kind.do = func() { // the fifth reservation, and the fourth failure
		s.Advance(time.Millisecond)
		if why := answer("wrong"); why != identity.Wrong {
			t.Error(why)
		}
	}
	if why := answer("0000-0000-0000-0001"); why != identity.Typo {
		t.Fatal(why)
	}
	if why := answer("wrong"); why != identity.Wrong {
		t.Errorf("the fifth failure: %v", why)
	}
	kind.do = func() { t.Error("a code was looked at during the wait") }
	for _, code := range []string{"wrong", "0000-0000-0000-0001"} {
		if why := answer(code); why != identity.Wait {
			t.Errorf("after the fifth failure: %v instead of a wait", why)
		}
	}
}
