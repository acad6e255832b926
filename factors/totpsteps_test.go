package factors

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

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
			cred, _ = TOTP{}.Settle(cred, time.Unix(now, 0))
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
			cred, _ = TOTP{}.Settle(cred, time.Unix(now*TOTPPeriod, 0))
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
		cred, ok := TOTP{}.Settle(cred, time.Unix(start*TOTPPeriod, 0))
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
			if _, again := (TOTP{}).Settle(cred, time.Unix(now*TOTPPeriod, 0)); again {
				t.Errorf("%s: settled twice", name)
			}
		}
	}
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
