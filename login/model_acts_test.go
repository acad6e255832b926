package login_test

import (
	"context"
	"sync"
	"time"

	"pgregory.net/rapid"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
)

// actions are what may happen, in any order; check follows each.
func (m *model) actions() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"": m.check,
		"app": func(t *rapid.T) {
			step := m.s.Now().Unix()/factors.TOTPPeriod + rapid.Int64Range(-3, 3).Draw(t, "steps")
			code, _ := factors.TOTPCode(m.secret, step)
			right := int64(0)
			for d := int64(-1); d <= 1; d++ { // two steps can have the same code
				at := m.s.Now().Unix()/factors.TOTPPeriod + d
				if c, _ := factors.TOTPCode(m.secret, at); c == code && at > m.last {
					right = at
				}
			}
			before := m.open
			if m.answer(t, factors.KindTOTP, code, right != 0); m.open > before {
				m.last = right
			}
		},
		"no app": func(t *rapid.T) { m.answer(t, factors.KindTOTP, "no code", false) },
		"sheet": func(t *rapid.T) {
			code := rapid.SampledFrom(m.codes).Draw(t, "code")
			before := m.open
			if m.answer(t, factors.KindRecovery, code, !m.used[code]); m.open > before {
				m.used[code] = true
			}
		},
		"no sheet": func(t *rapid.T) { m.answer(t, factors.KindRecovery, "no code", false) },
		"send":     m.send,
		"mail": func(t *rapid.T) {
			m.begin(t)
			code := m.mail
			if code == "" || rapid.Bool().Draw(t, "wrong") {
				code = "no code"
			}
			m.answer(t, factors.KindEmail, code, m.mailTry(code))
		},
		"another browser": func(*rapid.T) { m.pending = "" },
		"wait": func(t *rapid.T) {
			m.s.Advance(time.Duration(rapid.SampledFrom([]int{1, 29, 30, 31, 61, 299, 301, 601, 901, 3601}).Draw(t, "seconds")) * time.Second)
		},
		"days": func(t *rapid.T) {
			m.s.Advance(time.Duration(rapid.SampledFrom([]int{1, 10, 29, 30, 31}).Draw(t, "days")) * 24 * time.Hour)
		},
		"thief": m.thief,
		"past":  m.past,
		"unlock": func(t *rapid.T) {
			k := rapid.SampledFrom(kinds).Draw(t, "kind")
			if rapid.IntRange(0, 3).Draw(t, "seldom") > 0 {
				return
			}
			m.s.Change(func(ctx context.Context, tx login.Act) error {
				return m.s.Login.UnlockKinds(ctx, tx, m.s.Account(m.name), k)
			})
			*m.counts[k] = count{}
		},
		"at once": m.atOnce,
	}
}

// past gives a kind the failures of a month that went by, on which the next
// ones come down: near the cap, near the notice, or some that are forgotten.
func (m *model) past(t *rapid.T) {
	k := rapid.SampledFrom(kinds).Draw(t, "kind")
	c, now := m.counts[k], m.s.Now()
	if c.off || c.full(now) {
		return
	}
	n := rapid.SampledFrom([]int{login.WarnAfter - 1, login.FailuresInWindow - 3, login.FailuresInWindow - 1}).Draw(t, "failures")
	apart := rapid.SampledFrom([]time.Duration{time.Hour, 7 * time.Hour, 8 * time.Hour}).Draw(t, "apart")
	*c = count{}
	for i := range n {
		c.recent = append(c.recent, now.Add(-time.Duration(n-i)*apart))
	}
	x := login.Throttle{Key: login.Counter{What: login.CountFactor, Account: m.id, Kind: k}, Last: now.Add(-apart), Recent: c.recent}
	if err := m.s.Store.Write(context.Background(), func(tx login.Tx) error { return tx.SaveThrottle(context.Background(), x) }); err != nil {
		t.Fatal(err)
	}
}

// thief is somebody patient beside an owner who signs in: never so many wrong
// answers in a row that the kind is switched off, but very many in all.
func (m *model) thief(t *rapid.T) {
	for range rapid.IntRange(2, 9).Draw(t, "rounds") {
		for range disable - 1 {
			c := m.counts[factors.KindTOTP]
			if now := m.s.Now(); now.Before(c.until) {
				m.s.Advance(c.until.Sub(now))
			}
			m.answer(t, factors.KindTOTP, "no code", false)
			if c.off {
				return
			}
		}
		m.s.Advance(login.LockWaitMax)
		step := m.s.Now().Unix() / factors.TOTPPeriod
		code, _ := factors.TOTPCode(m.secret, step)
		before := m.open
		if m.answer(t, factors.KindTOTP, code, true); m.open > before {
			m.last = step
		}
		m.s.Advance(time.Duration(rapid.IntRange(0, 3).Draw(t, "days")) * 24 * time.Hour)
	}
}

// send has a code mailed, within the limits.
func (m *model) send(t *rapid.T) {
	m.begin(t)
	c, now := m.counts[factors.KindEmail], m.s.Now()
	want := identity.NotRefused
	switch {
	case c.off:
		want = identity.Off
	case now.Before(c.until) || now.Before(m.mails[len(m.mails)-1].Add(time.Minute)):
		want = identity.Wait
	case len(since(m.mails, now.Add(-time.Hour))) >= login.CodesPerHour:
		want = identity.Wait
	}
	err := m.s.Login.Send(context.Background(), m.pending, factors.KindEmail, "", stranger())
	if got := why(t, err); got != want {
		t.Fatalf("send: %v, the model says %v", got, want)
	}
	if want != identity.NotRefused {
		return
	}
	m.mails = append(m.mails, now)
	m.tries, m.dies = 0, now.Add(m.s.Login.Options().CodeTTL)
	m.mail = m.s.LastCode(m.name)
}

// atOnce gives one right code many times in parallel, wrong ones among them:
// whatever the interleaving, it opens one session at most, and no wrong answer
// that was looked at is left out of the count.
func (m *model) atOnce(t *rapid.T) {
	m.begin(t)
	m.s.Advance(31 * time.Second)
	step := m.s.Now().Unix() / factors.TOTPPeriod
	code, _ := factors.TOTPCode(m.secret, step)
	n := rapid.IntRange(2, 8).Draw(t, "n")
	wrong := rapid.IntRange(0, 3).Draw(t, "wrong")
	c := m.counts[factors.KindTOTP]
	held := c.off || c.full(m.s.Now()) || m.s.Now().Before(c.until)
	results := make([]identity.Why, n+wrong)
	var all sync.WaitGroup
	for i := range results {
		all.Go(func() {
			typed := code
			if i >= n {
				typed = "no code"
			}
			_, err := m.s.Login.Answer(context.Background(), m.pending, login.Reply{Kind: factors.KindTOTP, Answer: factors.Answer{Code: typed}}, stranger())
			if err != nil && identity.Refused(err) == nil {
				t.Errorf("at once: %v", err)
			}
			results[i] = identity.Reason(err)
		})
	}
	all.Wait()
	good, looked := 0, 0
	for i, why := range results {
		if why == identity.NotRefused {
			good++
			if i >= n {
				t.Fatal("a wrong code opened a session")
			}
		}
		if why == identity.Wrong {
			looked++
		}
	}
	kept := m.kept(t, factors.KindTOTP)
	switch {
	case good > 1, held && good+looked > 0, !held && wrong == 0 && good == 0 && step > m.last && m.s.Now().Before(m.expires):
		t.Fatalf("%v, held %v: %d opened a session", results, held, good)
	case kept.Fails > c.fails+looked, good == 0 && !held && kept.Fails != c.fails+looked:
		t.Fatalf("%v: %d failures were kept of %d before and %d", results, kept.Fails, c.fails, looked)
	}
	if good == 1 {
		m.pending, m.open, m.last = "", m.open+1, step
	}
	*c = count{kept.Fails, kept.Until, !kept.Off.IsZero(), kept.Recent, kept.Warned}
}
