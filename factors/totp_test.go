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

// CONFORMANCE 15, 16: one step either side, each once, nothing older than the
// last accepted.
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

// CONFORMANCE 12: any of several apps answers, and a code of one that was used
// does not hide the right code of another.
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

// CONFORMANCE 17: leading zeros count.
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
	typed := Answer{Code: code(t, rfcSecret, fixed.Unix()/TOTPPeriod), Name: "Phone"}
	cred, err := TOTP{}.Confirm(t.Context(), at, rfcSecret, typed)
	if err != nil || cred.Name != "Phone" || cred.Kind != KindTOTP {
		t.Fatalf("%+v, %v", cred, err)
	}
	if _, err := (TOTP{}).Verify(t.Context(), at, []Credential{cred}, nil, typed); err != ErrReplayed {
		t.Errorf("again: %v", err)
	}
}

// A code is accepted at most once and within its window, whatever the clock and
// the order of the codes. Accepted steps only rise, unless the clock went back
// behind the last one.
func TestStepsOnlyRise(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		secret := rapid.SliceOfN(rapid.Byte(), 20, 20).Draw(r, "secret")
		cred := Credential{ID: "1", Kind: KindTOTP, Secret: secret}
		used := map[int64]bool{}
		now := fixed.Unix()
		for range rapid.IntRange(1, 60).Draw(r, "answers") {
			now += rapid.OneOf(rapid.Int64Range(-40, 90), rapid.SampledFrom([]int64{3600, -3600})).Draw(r, "passes")
			here := now / TOTPPeriod
			step := here + rapid.Int64Range(-3, 3).Draw(r, "off")
			cred, _ = SettleSteps(cred, time.Unix(now, 0))
			got, err := TOTP{}.Verify(t.Context(), Ceremony{Now: time.Unix(now, 0)}, []Credential{cred}, nil, Answer{Code: code(t, secret, step)})
			if err != nil {
				continue
			}
			if used[got.Counter] || got.Counter < here-1 || got.Counter > here+1 || got.Counter <= cred.Counter && cred.Counter <= here+1 {
				r.Fatalf("step %d accepted after %d at %d", got.Counter, cred.Counter, here)
			}
			used[got.Counter] = true
			cred = got
		}
	})
}

// After a jump of the clock and back the app works at once, and no code twice:
// not those from before, and those from ahead not when their time has come.
func TestStepsOfAClockThatJumped(t *testing.T) {
	for _, jump := range []int64{120, 120 * 24 * 365} { // an hour and a year, in steps
		cred := Credential{ID: "1", Kind: KindTOTP, Secret: rfcSecret}
		start := fixed.Unix() / TOTPPeriod
		answer := func(now, step int64) error {
			cred, _ = SettleSteps(cred, time.Unix(now*TOTPPeriod, 0))
			got, err := TOTP{}.Verify(t.Context(), Ceremony{Now: time.Unix(now*TOTPPeriod, 0)}, []Credential{cred}, nil, Answer{Code: code(t, rfcSecret, step)})
			if err == nil {
				cred = got
			}
			return err
		}
		for _, x := range []struct {
			what      string
			now, step int64
			want      error
		}{
			{"before", start, start, nil},
			{"ahead", start + jump, start + jump, nil},
			{"ahead again", start + jump + 1, start + jump + 1, nil},
			{"back, the code from before", start + 1, start, ErrReplayed},
			{"back, a new one", start + 1, start + 1, nil},
			{"that one again", start + 2, start + 1, ErrReplayed},
			{"the code from ahead, at its time", start + jump, start + jump, ErrReplayed},
			{"the next from ahead, at its time", start + jump, start + jump + 1, ErrReplayed},
			{"a fresh one then", start + jump + 1, start + jump + 2, nil},
		} {
			if err := answer(x.now, x.step); err != x.want {
				t.Errorf("jump of %d steps, %s: %v", jump, x.what, err)
			}
		}
	}
}

// Where so much was accepted ahead that what came before is forgotten, nothing
// that may have been used is taken, and the app works again within two minutes.
func TestForgottenStepsAreNotTakenAgain(t *testing.T) {
	start := fixed.Unix() / TOTPPeriod
	for name, cred := range map[string]Credential{
		"many":                  {ID: "1", Kind: KindTOTP, Secret: rfcSecret},
		"of an earlier version": {ID: "1", Kind: KindTOTP, Secret: rfcSecret, Counter: start + 120},
	} {
		if name == "many" {
			for i := range int64(2 * stepsBefore) {
				cred.Steps = remember(cred, start+120+i)
			}
			cred.Counter = start + 120 + 2*stepsBefore
		}
		cred, ok := SettleSteps(cred, time.Unix(start*TOTPPeriod, 0))
		if !ok {
			t.Errorf("%s: nothing to settle", name)
		}
		for now := start; now < start+4; now++ {
			for step := now - 1; step <= now+1; step++ {
				_, err := TOTP{}.Verify(t.Context(), Ceremony{Now: time.Unix(now*TOTPPeriod, 0)}, []Credential{cred}, nil, Answer{Code: code(t, rfcSecret, step)})
				if (err == nil) != (step > start+1) {
					t.Errorf("%s: step %d at %d: %v", name, step-start, now-start, err)
				}
			}
			if _, again := SettleSteps(cred, time.Unix(now*TOTPPeriod, 0)); again {
				t.Errorf("%s: settled twice", name)
			}
		}
	}
}

// CONFORMANCE 39: link and groups of four carry the same twenty bytes.
func TestLinkAndGroups(t *testing.T) {
	seen := map[string]bool{}
	for range 20 {
		step, err := TOTP{}.Enroll(t.Context(), Ceremony{}, Answer{})
		if err != nil || len(step.State) != 20 || seen[string(step.State)] || len(step.Send) != 0 {
			t.Fatalf("%d bytes, %v", len(step.State), err)
		}
		seen[string(step.State)] = true
	}
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.SliceOfN(rapid.Byte(), 20, 20).Draw(t, "secret")
		c := Ceremony{Issuer: rapid.String().Draw(t, "issuer"), Login: rapid.String().Draw(t, "login")}
		link := TOTPLink(c, secret)
		path, query, _ := strings.Cut(link, "?")
		u, err := url.Parse(link)
		if err != nil || u.Scheme != "otpauth" || u.Host != "totp" || !strings.HasPrefix(query, "secret=") || strings.ContainsAny(link, "+ ") {
			t.Fatalf("link %q: %v", link, err)
		}
		label, err := url.PathUnescape(strings.TrimPrefix(path, "otpauth://totp/"))
		if err != nil || label != c.Issuer+":"+c.Login || u.Query().Get("issuer") != c.Issuer || u.Fragment != "" {
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
		case err == nil && Tidy(typed) != code(t, rfcSecret, got.Counter):
			t.Errorf("%q accepted at %d", typed, now)
		case err != nil && err != ErrWrong && err != ErrReplayed:
			t.Errorf("%q is a fault: %v", typed, err)
		}
	})
}

// What is learnt of a phone's clock: its sign, and never more than a period.
func TestDrift(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		cred, sign := Credential{Secret: rfcSecret}, rapid.SampledFrom([]int64{-1, 0, 1}).Draw(r, "off")
		now := fixed.Unix()
		for range rapid.IntRange(1, 10).Draw(r, "answers") {
			now += rapid.Int64Range(60, 300).Draw(r, "passes")
			got, err := TOTP{}.Verify(t.Context(), Ceremony{Now: time.Unix(now, 0)}, []Credential{cred}, nil,
				Answer{Code: code(t, rfcSecret, now/TOTPPeriod+sign)})
			if err != nil {
				r.Fatal(err)
			}
			if cred = got; cred.Drift*sign < 0 || cred.Drift > TOTPPeriod || cred.Drift < -TOTPPeriod || sign == 0 && cred.Drift != 0 {
				r.Fatalf("codes %+d off teach a drift of %d", sign, cred.Drift)
			}
		}
	})
}
