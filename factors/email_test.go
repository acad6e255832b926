package factors

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// mac is a keyed hash for tests.
type mac string

func (k mac) MAC(data []byte) ([]byte, error) {
	h := hmac.New(sha256.New, []byte(k))
	h.Write(data)
	return h.Sum(nil), nil
}

func (k mac) CheckMAC(sum, data []byte) error {
	if right, _ := k.MAC(data); !hmac.Equal(right, sum) {
		return errors.New("not equal")
	}
	return nil
}

var email = Email{Keys: mac("key"), TTL: 5 * time.Minute, Valid: func(address string) bool { return strings.Contains(address, "@") }}

var mailbox = Credential{ID: "c1", Kind: KindEmail, Address: "ada@example.com"}

func signIn(now time.Time) Ceremony {
	return Ceremony{Purpose: ForLogin, Subject: "pending-1", AccountID: "ada", Email: "ada@example.com", Now: now}
}

// sent asks for a code and gives it with the state that is kept of it.
func sent(t testing.TB, c Ceremony) (state []byte, code string) {
	t.Helper()
	step, err := email.Challenge(t.Context(), c, []Credential{mailbox}, "")
	if err != nil || len(step.Send) != 1 || step.TTL != email.TTL {
		t.Fatalf("%+v, %v", step, err)
	}
	if d := step.Send[0]; d.To != mailbox.Address || d.Channel != "email" || d.TTL != email.TTL || strings.Contains(string(step.State), d.Code) {
		t.Fatalf("to be sent: %+v", d)
	}
	return step.State, step.Send[0].Code
}

// wrongCode is another code than the right one.
func wrongCode(right string) string {
	return string('0'+(right[0]-'0'+1)%10) + right[1:]
}

// An emailed code is accepted within its life, only in its own ceremony, and only once sent.
func TestEmailedCode(t *testing.T) {
	start := signIn(fixed)
	state, code := sent(t, start)
	at := func(d time.Duration, change func(*Ceremony)) Ceremony {
		c := signIn(fixed.Add(d))
		if change != nil {
			change(&c)
		}
		return c
	}
	for _, x := range []struct {
		name  string
		c     Ceremony
		state []byte
		typed string
		creds []Credential
		want  error
	}{
		{"right", start, state, code, []Credential{mailbox}, nil},
		{"typed in two halves", start, state, code[:3] + " " + code[3:], []Credential{mailbox}, nil},
		{"at the last moment", at(5*time.Minute-1, nil), state, code, []Credential{mailbox}, nil},
		{"too late", at(5*time.Minute, nil), state, code, []Credential{mailbox}, ErrExpired},
		{"wrong", start, state, wrongCode(code), []Credential{mailbox}, ErrWrong},
		{"wrong and too late", at(time.Hour, nil), state, wrongCode(code), []Credential{mailbox}, ErrExpired},
		{"none", start, state, "", []Credential{mailbox}, ErrWrong},
		{"short", start, state, code[:5], []Credential{mailbox}, ErrWrong},
		{"never sent", start, nil, code, []Credential{mailbox}, ErrWrong},
		{"never sent, none", start, nil, "", []Credential{mailbox}, ErrWrong},
		{"never sent, zeros", start, []byte{}, "000000", []Credential{mailbox}, ErrWrong},
		{"for a step-up", at(0, func(c *Ceremony) { c.Purpose = ForConfirm }), state, code, []Credential{mailbox}, ErrWrong},
		{"for an enrollment", at(0, func(c *Ceremony) { c.Purpose = ForEnroll }), state, code, []Credential{mailbox}, ErrWrong},
		{"of another browser", at(0, func(c *Ceremony) { c.Subject = "pending-2" }), state, code, []Credential{mailbox}, ErrWrong},
		{"of another account", at(0, func(c *Ceremony) { c.AccountID = "bob" }), state, code, []Credential{mailbox}, ErrWrong},
		{"removed meanwhile", start, state, code, nil, ErrWrong},
		{"another factor", start, state, code, []Credential{{ID: "c2", Kind: KindEmail, Address: mailbox.Address}}, ErrWrong},
		{"another address", start, state, code, []Credential{{ID: "c1", Kind: KindEmail, Address: "eve@example.com"}}, ErrWrong},
	} {
		got, err := email.Verify(t.Context(), x.c, x.creds, x.state, Answer{Code: x.typed})
		if err != x.want || err == nil && got.ID != mailbox.ID {
			t.Errorf("%s: %v instead of %v", x.name, err, x.want)
		}
	}
	if _, err := (Email{Keys: mac("other"), TTL: time.Minute}).Verify(t.Context(), start, []Credential{mailbox}, state, Answer{Code: code}); err != ErrWrong {
		t.Errorf("without the key: %v", err)
	}
}

// The address that is saved is the one that the code was sent to.
func TestEmailEnrollment(t *testing.T) {
	c := Ceremony{Purpose: ForEnroll, Subject: "session-1", AccountID: "ada", Email: "ada@example.com", Now: fixed}
	for typed, want := range map[string]string{"": "ada@example.com", "new@example.com": "new@example.com"} {
		step, err := email.Enroll(t.Context(), c, nil, typed)
		if err != nil || step.Send[0].To != want || email.Sent(step.State).Address != want {
			t.Fatalf("%q: %+v, %v", typed, step, err)
		}
		cred, err := email.Confirm(t.Context(), c, step.State, Answer{Code: step.Send[0].Code})
		if err != nil || cred.Address != want || cred.Name == "" {
			t.Errorf("%q: %+v, %v", typed, cred, err)
		}
	}
	for to, have := range map[string][]Credential{"": nil, "no address": nil, "Ada@Example.com": {mailbox}} {
		about := Ceremony{}
		unfit := Unfit("")
		if step, err := email.Enroll(t.Context(), about, have, to); !errors.As(err, &unfit) || len(step.Send) != 0 {
			t.Errorf("to %q beside %v: %v", to, have, err)
		}
	}
}

// With several addresses the one meant is used, and no other of its choice.
func TestEmailTarget(t *testing.T) {
	creds := []Credential{mailbox, {ID: "c2", Kind: KindEmail, Address: "work@example.com"}}
	for target, want := range map[string]string{"": "ada@example.com", "c1": "ada@example.com", "c2": "work@example.com"} {
		step, err := email.Challenge(t.Context(), signIn(fixed), creds, target)
		if err != nil || step.Send[0].To != want {
			t.Errorf("%q: %+v, %v", target, step, err)
		}
	}
	if _, err := email.Challenge(t.Context(), signIn(fixed), creds, "someone else's"); err != ErrWrong {
		t.Errorf("a foreign target: %v", err)
	}
}

// Only the code that was sent opens, and only in its own ceremony.
func TestEmailedCodeOnly(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		purposes := rapid.SampledFrom([]Purpose{ForLogin, ForConfirm, ForEnroll})
		ids := rapid.SampledFrom([]string{"a", "b", "a\x00b", "\x00a"})
		one := Ceremony{Purpose: purposes.Draw(r, "purpose"), Subject: ids.Draw(r, "subject"), AccountID: ids.Draw(r, "account"), Now: fixed}
		two := Ceremony{Purpose: purposes.Draw(r, "purpose"), Subject: ids.Draw(r, "subject"), AccountID: one.AccountID, Now: fixed}
		state, code := sent(t, one)
		typed := rapid.OneOf(rapid.Just(code), rapid.StringMatching(`[0-9]{6}`), rapid.String()).Draw(r, "typed")
		_, err := email.Verify(t.Context(), two, []Credential{mailbox}, state, Answer{Code: typed})
		if right := one.Purpose == two.Purpose && one.Subject == two.Subject && tidy(typed) == code; (err == nil) != right {
			r.Fatalf("%q for %q from %+v in %+v: %v", typed, code, one, two, err)
		}
	})
}

func FuzzVerifyEmail(f *testing.F) {
	state, code := sent(f, signIn(fixed))
	for _, seed := range []string{code, code[:3] + "-" + code[3:], "", "000000", "\xff", strings.Repeat("1", 1000)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		_, err := email.Verify(t.Context(), signIn(fixed), []Credential{mailbox}, state, Answer{Code: typed})
		if (err == nil) != (tidy(typed) == code) || err != nil && err != ErrWrong {
			t.Errorf("%q: %v", typed, err)
		}
	})
}
