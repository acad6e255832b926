package mail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gomail "github.com/wneessen/go-mail"
)

func newWorker(t *testing.T, o Options) *Worker {
	t.Helper()
	o.Renderer, o.From = newRenderer(t), "Nightlatch <nightlatch@example.com>"
	w, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// once runs one pass and checks how many messages went out.
func once(t *testing.T, w *Worker, want int) {
	t.Helper()
	if sent, err := w.Once(t.Context()); sent != want || err != nil {
		t.Errorf("sent %d, %v; want %d", sent, err, want)
	}
}

func TestNewRefuses(t *testing.T) {
	r := newRenderer(t)
	for _, o := range []Options{
		{},
		{Outbox: &outbox{}, Transport: &carrier{}, From: "a@b.c"},
		{Outbox: &outbox{}, Transport: &carrier{}, Renderer: r},
		{Outbox: &outbox{}, Transport: &carrier{}, Renderer: r, From: "Night\r\nBcc: eve@example.com <a@b.c>"},
	} {
		if _, err := New(o); err == nil {
			t.Errorf("%+v was taken", o)
		}
	}
}

func TestSendsAllThatIsDue(t *testing.T) {
	c := &clock{t: noon}
	box, tr := &outbox{}, &carrier{send: func(_ context.Context, m *gomail.Msg) error {
		if from := m.GetFromString(); len(from) != 1 || from[0] != `"Nightlatch" <nightlatch@example.com>` {
			return fmt.Errorf("from %q", from)
		}
		return nil
	}}
	for range 11 {
		box.add(notice())
	}
	later := notice()
	later.Created = noon.Add(time.Hour)
	box.add(later)
	box.still = true
	w := newWorker(t, Options{Outbox: box, Transport: tr, Now: c.now})
	once(t, w, 11)
	once(t, w, 0)
	if r := box.get("m1"); r.state != "sent" || r.Data != nil {
		t.Errorf("%+v", r)
	}
	c.add(time.Hour)
	once(t, w, 1)
}

func TestExpiredIsNotSent(t *testing.T) {
	c := &clock{t: noon.Add(5 * time.Minute)}
	box, tr := (&outbox{}).add(code()), &carrier{}
	once(t, newWorker(t, Options{Outbox: box, Transport: tr, Now: c.now}), 0)
	if r := box.get("m1"); r.state != "expired" || r.Data != nil || len(tr.got) != 0 {
		t.Errorf("%+v, carried %v", r, tr.got)
	}
}

func TestBackOff(t *testing.T) {
	c := &clock{t: noon}
	tr := &carrier{send: func(context.Context, *gomail.Msg) error { return errors.New("421 busy") }}
	box := (&outbox{}).add(notice())
	w := newWorker(t, Options{Outbox: box, Transport: tr, Now: c.now})
	var waited []time.Duration
	for box.get("m1").state == "queued" && len(waited) < 200 {
		once(t, w, 0)
		wait := box.get("m1").due.Sub(c.now())
		waited = append(waited, wait)
		c.add(wait - 1)
		once(t, w, 0) // not a moment too early
		c.add(1)
	}
	if got := fmt.Sprint(waited[:8]); got != "[5s 15s 1m0s 5m0s 15m0s 1h0m0s 1h0m0s 1h0m0s]" {
		t.Error("waits are", got)
	}
	if r := box.get("m1"); r.state != "failed" || r.reason != "421 busy" || c.now().Before(noon.Add(patience)) {
		t.Errorf("%+v at %s", r, c.now())
	}
}

func TestFailingCodeIsWipedWhenItExpires(t *testing.T) {
	c := &clock{t: noon}
	tr := &carrier{send: func(context.Context, *gomail.Msg) error { return errors.New("421 busy") }}
	box := (&outbox{}).add(code())
	w := newWorker(t, Options{Outbox: box, Transport: tr, Now: c.now})
	for c.now().Before(code().Expires) {
		once(t, w, 0)
		c.add(box.get("m1").due.Sub(c.now()))
	}
	once(t, w, 0)
	if r := box.get("m1"); r.state != "expired" || c.now() != code().Expires {
		t.Errorf("%+v at %s", r, c.now())
	}
}

func TestRefusedIsFinal(t *testing.T) {
	for name, m := range map[string]Message{
		"by the server": notice(),
		"no recipient":  {Template: "code", To: "nobody", Created: noon},
	} {
		c := &clock{t: noon}
		box := (&outbox{}).add(m)
		tr := &carrier{send: func(context.Context, *gomail.Msg) error { return fmt.Errorf("%w: 550 no such user", ErrRefused) }}
		once(t, newWorker(t, Options{Outbox: box, Transport: tr, Now: c.now}), 0)
		if r := box.get("m1"); r.state != "failed" || strings.Contains(r.reason, "refused for good") || r.reason == "" {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func TestBrokenMessageHarmsNoOther(t *testing.T) {
	c := &clock{t: noon}
	box := (&outbox{}).add(Message{Template: "unknown", To: "a@b.c", Created: noon}, notice(), notice())
	first := true
	tr := &carrier{send: func(_ context.Context, m *gomail.Msg) error {
		if m.GetMessageID() == "<m2@id.example.com>" && first {
			first = false
			panic("oh")
		}
		return nil
	}}
	once(t, newWorker(t, Options{Outbox: box, Transport: tr, Now: c.now}), 1)
	for id, want := range map[string]string{"m1": "queued", "m2": "queued", "m3": "sent"} {
		if r := box.get(id); r.state != want {
			t.Errorf("%s: %+v", id, r)
		}
	}
}

func TestCrashAfterClaim(t *testing.T) {
	c := &clock{t: noon}
	box, tr := (&outbox{}).add(code()), &carrier{}
	if batch, err := box.ClaimMail(t.Context(), Claim{Lane: Codes, Now: c.now(), Lease: Lease, N: 1}); len(batch) != 1 || err != nil {
		t.Fatal(batch, err) // and the process dies
	}
	w := newWorker(t, Options{Outbox: box, Transport: tr, Now: c.now})
	once(t, w, 0) // someone else may be sending it
	c.add(Lease)
	once(t, w, 1)
}

func TestReasonTellsNoSecret(t *testing.T) {
	data := map[string]string{"code": "042137", "link": "https://id.example.com/l/abc", "empty": ""}
	err := fmt.Errorf("%w: 554 spam:\r\n \x1b[31m042137\x00 see https://id.example.com/l/abc \xff", ErrRefused)
	if got, want := reason(err, data), "554 spam: [31m(hidden) see (hidden) ?"; got != want {
		t.Errorf("got %q", got)
	}
	if got := reason(errors.New(strings.Repeat("ü", 600)), nil); got != strings.Repeat("ü", 500) {
		t.Error(len(got))
	}
}

func TestLogTellsNoSecret(t *testing.T) {
	var log bytes.Buffer
	c := &clock{t: noon}
	tr := &carrier{send: func(context.Context, *gomail.Msg) error { return errors.New("554 bad text 042137") }}
	box := (&outbox{}).add(code(), code())
	w := newWorker(t, Options{Outbox: box, Transport: tr, Now: c.now, Log: slog.New(slog.NewJSONHandler(&log, nil))})
	once(t, w, 0)
	tr.send = nil
	c.add(time.Minute)
	once(t, w, 2)
	if out := log.String(); strings.Contains(out, "042137") || strings.Contains(out, "ada@") || strings.Count(out, "\n") != 4 {
		t.Error(out)
	}
}

func TestRunWakesAndPolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := &outbox{looks: make(chan struct{})}
		w := newWorker(t, Options{Outbox: box, Transport: &carrier{}, Poll: time.Minute})
		if w.Ready() == nil {
			t.Error("ready before the start")
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); w.Run(ctx) }()
		begin, lanes := time.Now(), len(Lanes())
		for range lanes {
			<-box.looks // at once
		}
		synctest.Wait()
		if err := w.Ready(); err != nil {
			t.Error(err)
		}
		for range 10 {
			w.Wake() // never blocks
		}
		looks := 0
		for ; time.Since(begin) == 0; looks++ {
			<-box.looks
		}
		for range lanes - 1 {
			<-box.looks
		}
		if looks < lanes+1 || looks > 2*lanes+1 || time.Since(begin) != time.Minute { // one or two of each lane for ten wakes, then the poll
			t.Error(looks, "looks, polled after", time.Since(begin))
		}
		cancel()
		<-done
		time.Sleep(time.Hour) // of the bubble, which costs none
		if err := w.Ready(); err == nil || !strings.Contains(err.Error(), "has not looked") {
			t.Error(err)
		}
	})
}

func TestOutboxThatDoesNotAnswer(t *testing.T) {
	var log bytes.Buffer
	c := &clock{t: noon}
	box := (&outbox{fault: errors.New("database is gone")}).add(notice())
	w := newWorker(t, Options{Outbox: box, Transport: &carrier{}, Now: c.now, Log: slog.New(slog.NewTextHandler(&log, nil))})
	for range 3 {
		if _, err := w.Once(t.Context()); err == nil {
			t.Error("no error")
		}
	}
	if err := w.Ready(); err == nil || strings.Contains(err.Error(), "gone") {
		t.Error(err)
	}
	box.fault = nil
	once(t, w, 1)
	if err := w.Ready(); err != nil {
		t.Error(err)
	}
	if out := log.String(); strings.Count(out, "cannot read the outbox") != 1 || strings.Count(out, "again") != 1 {
		t.Error(out)
	}
}

func TestStateIsSavedWhileStopping(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := &clock{t: noon}
	box := (&outbox{}).add(notice())
	tr := &carrier{send: func(ctx context.Context, _ *gomail.Msg) error { cancel(); return ctx.Err() }}
	w := newWorker(t, Options{Outbox: box, Transport: tr, Now: c.now})
	if sent, err := w.Once(ctx); sent != 1 || err != nil || box.get("m1").state != "sent" {
		t.Errorf("%d %v %+v", sent, err, box.get("m1"))
	}
}
