package mail

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// to is a message for another recipient.
func to(m Message, address string) Message {
	m.To = address
	return m
}

// stalling is a transport whose server says nothing about recipients of some
// hosts until the time is over; it notes when the others were sent.
type stalling struct {
	mu   sync.Mutex
	at   map[string]time.Time
	sent map[string]int
}

func (s *stalling) Check(context.Context, string) (string, error) { return "", nil }

func (s *stalling) Send(ctx context.Context, m *gomail.Msg) error {
	to := m.GetToString()[0]
	if strings.Contains(to, "stall") {
		select {
		case <-time.After(smtpTimeout):
		case <-ctx.Done():
		}
		return errors.New("the mail server did not answer")
	}
	time.Sleep(50 * time.Millisecond)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at[to] = time.Now()
	s.sent[to]++
	return nil
}

// flood runs a worker over an outbox for some time of a bubble.
func flood(t *testing.T, length time.Duration, box *outbox, late ...Message) *stalling {
	t.Helper()
	tr := &stalling{at: map[string]time.Time{}, sent: map[string]int{}}
	w := newWorker(t, Options{Outbox: box, Transport: tr})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); w.Run(ctx) }()
	time.Sleep(time.Second)
	for _, m := range late {
		m.Created = time.Now()
		if !m.Expires.IsZero() {
			m.Expires = m.Created.Add(5 * time.Minute)
		}
		box.add(m)
	}
	w.Wake()
	time.Sleep(length)
	cancel()
	<-done
	return tr
}

// fresh makes a message due at the start of the bubble.
func fresh(m Message) Message {
	m.Created = time.Now()
	if !m.Expires.IsZero() {
		m.Expires = m.Created.Add(5 * time.Minute)
	}
	return m
}

// However much waits for a host that stalls, and in whichever lane, a code for
// another host goes out at once, and so does a notice.
func TestAStallingHostHoldsUpNoOther(t *testing.T) {
	for name, flooded := range map[string]Message{"codes": code(), "notices": notice(), "reminders": {Template: reminderTemplate}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				box := &outbox{}
				for i := range 200 {
					box.add(to(fresh(flooded), fmt.Sprintf("%d@host%d.stall.example", i, i)))
				}
				begin := time.Now()
				tr := flood(t, 4*time.Minute, box, to(code(), "ada@example.com"), to(notice(), "grace@example.org"))
				for _, who := range []string{"ada@example.com", "grace@example.org"} {
					at, ok := tr.at["<"+who+">"]
					if waited := at.Sub(begin); !ok || waited > 4*time.Second {
						t.Errorf("%s: sent %v after %s", who, ok, waited)
					}
				}
			})
		})
	}
}

// Many messages for one good host are sent side by side, each once.
func TestAGoodHostGetsAllItsMailOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := &outbox{}
		for i := range 500 {
			box.add(to(fresh(notice()), fmt.Sprintf("%d@example.com", i)))
		}
		tr := flood(t, 30*time.Second, box)
		for i := range 500 {
			if n := tr.sent[fmt.Sprintf("<%d@example.com>", i)]; n != 1 {
				t.Fatalf("message %d was sent %d times", i, n)
			}
		}
	})
}

// A code arrives soon after a mail server is back that was down for a part of
// its life.
func TestACodeOutlivesAMailServersAbsence(t *testing.T) {
	for _, down := range []time.Duration{time.Second, 20 * time.Second, 100 * time.Second, 280 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			begin := time.Now()
			var sent time.Time
			tr := &carrier{send: func(context.Context, *gomail.Msg) error {
				if time.Since(begin) < down {
					return fmt.Errorf("%w: connection refused", errSite)
				}
				sent = time.Now()
				return nil
			}}
			box := (&outbox{}).add(fresh(code()))
			w := newWorker(t, Options{Outbox: box, Transport: tr})
			ctx, cancel := context.WithTimeout(t.Context(), 6*time.Minute)
			defer cancel()
			w.Run(ctx)
			if late := sent.Sub(begin.Add(down)); sent.IsZero() || late > codeWait+2*time.Second {
				t.Errorf("down for %s: sent %s after that", down, late)
			}
		})
	}
}

// What a refusal does: a code is over, anything else can be sent again, and
// one about this site keeps the message and its turn.
func TestWhatARefusalDoes(t *testing.T) {
	for _, c := range []struct {
		m     Message
		err   error
		state string
		kept  bool
	}{
		{code(), ErrRefused, "failed", false},
		{notice(), ErrRefused, "failed", true},
		{code(), errSite, "queued", true},
		{notice(), errSite, "queued", true},
	} {
		clock := &clock{t: noon}
		box := (&outbox{}).add(c.m)
		tr := &carrier{send: func(context.Context, *gomail.Msg) error { return fmt.Errorf("%w: words", c.err) }}
		w := newWorker(t, Options{Outbox: box, Transport: tr, Now: clock.now})
		once(t, w, 0)
		if r := box.get("m1"); r.state != c.state || (r.Data != nil || c.m.Data == nil) != c.kept || r.reason != "words" || r.site != (c.err == errSite) {
			t.Errorf("%s, %v: %+v", c.m.Template, c.err, r)
		}
	}
}

// A site whose mail server refuses it for a long weekend loses nothing.
func TestARefusedSiteLosesNothing(t *testing.T) {
	c := &clock{t: noon}
	down := true
	tr := &carrier{send: func(context.Context, *gomail.Msg) error {
		if down {
			return fmt.Errorf("%w: 535 wrong password", errSite)
		}
		return nil
	}}
	box := (&outbox{}).add(notice())
	w := newWorker(t, Options{Outbox: box, Transport: tr, Now: c.now})
	for c.now().Before(noon.Add(5 * 24 * time.Hour)) {
		once(t, w, 0)
		c.add(time.Hour)
	}
	down = false
	once(t, w, 1)
}

// After a clock that was an hour, or days, ahead, mail goes on at once.
func TestMailDoesNotWaitForAClockThatWasAhead(t *testing.T) {
	for _, ahead := range []time.Duration{time.Hour, 48 * time.Hour} {
		c := &clock{t: noon.Add(ahead)}
		fail := true
		tr := &carrier{send: func(context.Context, *gomail.Msg) error {
			if fail {
				return errors.New("421 busy")
			}
			return nil
		}}
		box := (&outbox{}).add(notice())
		w := newWorker(t, Options{Outbox: box, Transport: tr, Now: c.now})
		once(t, w, 0)
		fail = false
		c.add(-ahead)
		once(t, w, 1)
	}
}
