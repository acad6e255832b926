package factors

import (
	"encoding/base32"
	"net/url"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// rfcSecret is the secret of the vectors in RFC 4226 appendix D and RFC 6238
// appendix B.
var rfcSecret = []byte("12345678901234567890")

func TestVectorsOfRFC4226(t *testing.T) {
	for step, want := range []string{"755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"} {
		if got, err := TOTPCode(rfcSecret, int64(step)); err != nil || got != want {
			t.Errorf("count %d gives %s, %v; want %s", step, got, err, want)
		}
	}
}

// The RFC prints eight digits; six are the last six of them (RFC 4226 §5.3).
func TestVectorsOfRFC6238(t *testing.T) {
	for unix, want := range map[int64]string{
		59: "94287082", 1111111109: "07081804", 1111111111: "14050471",
		1234567890: "89005924", 2000000000: "69279037", 20000000000: "65353130",
	} {
		if got, err := TOTPCode(rfcSecret, unix/TOTPPeriod); err != nil || got != want[2:] {
			t.Errorf("at %d: %s, %v; want %s", unix, got, err, want[2:])
		}
		cred := Credential{ID: "1", Secret: rfcSecret}
		got, err := TOTP{}.Verify(t.Context(), Ceremony{Now: time.Unix(unix, 0)}, []Credential{cred}, nil, Answer{Code: want[2:]})
		if err != nil || got.Counter != unix/TOTPPeriod {
			t.Errorf("at %d: refused: %v, step %d", unix, err, got.Counter)
		}
	}
}

// fixed is a moment in the middle of step 59490250.
var fixed = time.Date(2026, 7, 23, 10, 20, 15, 0, time.UTC)

func code(t testing.TB, secret []byte, step int64) string {
	t.Helper()
	c, err := TOTPCode(secret, step)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A code of one step before or after is accepted, each step once, and none older
// than the last accepted one (RFC 6238 §5.2).
func TestWindowAndReplay(t *testing.T) {
	now := fixed.Unix() / TOTPPeriod
	for _, x := range []struct {
		name    string
		counter int64 // last accepted, as a distance to now; -9 is long ago
		step    int64 // of the code, as a distance to now
		want    error
	}{
		{"now", -9, 0, nil},
		{"one before", -9, -1, nil},
		{"one after", -9, 1, nil},
		{"two before", -9, -2, ErrWrong},
		{"two after", -9, 2, ErrWrong},
		{"far away", -9, 100, ErrWrong},
		{"again", 0, 0, ErrReplayed},
		{"again, one before", -1, -1, ErrReplayed},
		{"again, one after", 1, 1, ErrReplayed},
		{"older than the last", 0, -1, ErrReplayed},
		{"now, after one ahead", 1, 0, ErrReplayed},
		{"younger than the last", -1, 0, nil},
		{"ahead of the last", 0, 1, nil},
		{"now, but the clock was set back", 50, 0, ErrReplayed},
	} {
		cred := Credential{ID: "1", Secret: rfcSecret, Counter: now + x.counter, Version: 7}
		got, err := TOTP{}.Verify(t.Context(), Ceremony{Now: fixed}, []Credential{cred}, nil, Answer{Code: code(t, rfcSecret, now+x.step)})
		if err != x.want {
			t.Errorf("%s: %v instead of %v", x.name, err, x.want)
		}
		if err == nil && (got.Counter != now+x.step || got.ID != "1" || got.Version != 7) {
			t.Errorf("%s: to be saved: %+v", x.name, got)
		}
	}
}

// The first and last second of a step belong to it.
func TestEdgesOfAStep(t *testing.T) {
	start := time.Unix(fixed.Unix()/TOTPPeriod*TOTPPeriod, 0)
	step := start.Unix() / TOTPPeriod
	for _, x := range []struct {
		at   time.Duration
		good bool
	}{{-31 * time.Second, false}, {-30 * time.Second, true}, {0, true}, {59 * time.Second, true},
		{59*time.Second + 999*time.Millisecond, true}, {60 * time.Second, false}} {
		_, err := TOTP{}.Verify(t.Context(), Ceremony{Now: start.Add(x.at)}, []Credential{{Secret: rfcSecret}}, nil, Answer{Code: code(t, rfcSecret, step)})
		if (err == nil) != x.good {
			t.Errorf("%s after its start: %v", x.at, err)
		}
	}
}

// A code of any of several apps is accepted, and a used code of one app does not
// hide the right code of another.
func TestSeveralApps(t *testing.T) {
	step := fixed.Unix() / TOTPPeriod
	other := []byte("abcdefghijklmnopqrst")
	creds := []Credential{{ID: "a", Secret: rfcSecret, Counter: step}, {ID: "b", Secret: other, Counter: step - 1}}
	got, err := TOTP{}.Verify(t.Context(), Ceremony{Now: fixed}, creds, nil, Answer{Code: code(t, other, step)})
	if err != nil || got.ID != "b" {
		t.Errorf("second app: %v, %q", err, got.ID)
	}
	if _, err := (TOTP{}).Verify(t.Context(), Ceremony{Now: fixed}, creds, nil, Answer{Code: code(t, rfcSecret, step)}); err != ErrReplayed {
		t.Errorf("used code of the first app: %v", err)
	}
	for _, typed := range []string{"", "000", "００００００"} {
		if _, err := (TOTP{}).Verify(t.Context(), Ceremony{Now: fixed}, nil, nil, Answer{Code: typed}); err != ErrWrong {
			t.Errorf("no app and %q: %v", typed, err)
		}
	}
}

// Leading zeros are part of the code.
func TestLeadingZeros(t *testing.T) {
	step := int64(0)
	for ; !strings.HasPrefix(code(t, rfcSecret, step), "0"); step++ {
	}
	c, at := code(t, rfcSecret, step), Ceremony{Now: time.Unix(step*TOTPPeriod, 0)}
	cred := []Credential{{Secret: rfcSecret, Counter: -1}}
	if _, err := (TOTP{}).Verify(t.Context(), at, cred, nil, Answer{Code: c}); err != nil {
		t.Errorf("%s: %v", c, err)
	}
	if _, err := (TOTP{}).Verify(t.Context(), at, cred, nil, Answer{Code: strings.TrimLeft(c, "0")}); err != ErrWrong {
		t.Errorf("%s without its zeros: %v", c, err)
	}
}

// The code given at enrollment is spent with it.
func TestConfirmSpendsItsCode(t *testing.T) {
	at := Ceremony{Now: fixed}
	typed := Answer{Code: code(t, rfcSecret, fixed.Unix()/TOTPPeriod)}
	cred, err := TOTP{}.Confirm(t.Context(), at, rfcSecret, typed)
	if err != nil || cred.Name == "" || cred.Kind != KindTOTP {
		t.Fatalf("%+v, %v", cred, err)
	}
	if _, err := (TOTP{}).Verify(t.Context(), at, []Credential{cred}, nil, typed); err != ErrReplayed {
		t.Errorf("again: %v", err)
	}
}

// The link and the groups of four carry the same twenty bytes.
func TestLinkAndGroups(t *testing.T) {
	seen := map[string]bool{}
	for range 20 {
		step, err := TOTP{}.Enroll(t.Context(), Ceremony{}, nil, "")
		if err != nil || len(step.State) != 20 || seen[string(step.State)] || len(step.Send) != 0 {
			t.Fatalf("%d bytes, %v", len(step.State), err)
		}
		seen[string(step.State)] = true
	}
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.SliceOfN(rapid.Byte(), 20, 20).Draw(t, "secret")
		c := Ceremony{Issuer: rapid.String().Draw(t, "issuer"), Login: rapid.String().Draw(t, "login")}
		link := totpLink(c, secret)
		path, query, _ := strings.Cut(link, "?")
		u, err := url.Parse(link)
		if err != nil || u.Scheme != "otpauth" || u.Host != "totp" || !strings.HasPrefix(query, "secret=") || strings.ContainsAny(link, "+ ") {
			t.Fatalf("link %q: %v", link, err)
		}
		label, err := url.PathUnescape(strings.TrimPrefix(path, "otpauth://totp/"))
		if err != nil || label != strings.ReplaceAll(c.Issuer, ":", ".")+":"+strings.ReplaceAll(c.Login, ":", ".") || u.Query().Get("issuer") != c.Issuer || u.Fragment != "" {
			t.Fatalf("label %q of %q and %q, issuer %q", label, c.Issuer, c.Login, u.Query().Get("issuer"))
		}
		raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(u.Query().Get("secret"))
		if err != nil || string(raw) != string(secret) || strings.ReplaceAll(GroupSecret(secret), " ", "") != u.Query().Get("secret") {
			t.Fatalf("secret %q, groups %q", u.Query().Get("secret"), GroupSecret(secret))
		}
	})
	if got := GroupSecret(rfcSecret); got != "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ" {
		t.Errorf("groups: %s", got)
	}
}

func FuzzVerifyTOTP(f *testing.F) {
	for _, seed := range []string{"287082", "287 082", "94287082", "", "２８７０８２", "\xff"} {
		f.Add(seed, int64(59))
	}
	f.Fuzz(func(t *testing.T, typed string, unix int64) {
		now := max(0, unix) % 1e11
		got, err := TOTP{}.Verify(t.Context(), Ceremony{Now: time.Unix(now, 0)}, []Credential{{Secret: rfcSecret}}, nil, Answer{Code: typed})
		switch {
		case err == nil && tidy(typed) != code(t, rfcSecret, got.Counter):
			t.Errorf("%q accepted at %d", typed, now)
		case err != nil && err != ErrWrong && err != ErrReplayed:
			t.Errorf("%q is a fault: %v", typed, err)
		}
	})
}
