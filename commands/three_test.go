package commands_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/textproto"
	"strings"
	"sync"
	"testing"
	"time"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/pgtest"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/mail"
)

// postbox is a mail server that takes everything, and counts. While it is held
// it answers no message.
type postbox struct {
	address string
	mu      sync.Mutex
	got     []string // recipients in the order in which their mail was taken
	begun   int      // messages that were written, taken or not
	held    chan struct{}
}

func newPostbox(t *testing.T) *postbox {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	p := &postbox{address: l.Addr().String()}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go p.talk(c)
		}
	}()
	return p
}

func (p *postbox) talk(c net.Conn) {
	defer c.Close()
	in, to := textproto.NewReader(bufio.NewReader(c)), ""
	say := func(text string) { fmt.Fprintf(c, "%s\r\n", text) }
	say("220 mx.example.com ESMTP")
	for {
		line, err := in.ReadLine()
		if err != nil {
			return
		}
		switch verb, rest, _ := strings.Cut(line, " "); strings.ToUpper(verb) {
		case "RCPT":
			to = strings.Trim(strings.TrimPrefix(rest, "TO:"), "<>")
			say("250 Ok")
		case "DATA":
			say("354 Go on")
			if _, err := in.ReadDotBytes(); err != nil {
				return
			}
			p.mu.Lock()
			p.begun++
			held := p.held
			p.mu.Unlock()
			if held != nil {
				<-held
				return // its sender was killed meanwhile
			}
			p.mu.Lock()
			p.got = append(p.got, to)
			p.mu.Unlock()
			say("250 Ok")
		default:
			say("250 Ok")
		}
	}
}

func (p *postbox) taken() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.got...)
}

// queue puts mails of a template into the outbox, to PREFIX0@example.com and on.
func queue(t *testing.T, dir string, env []string, template, prefix string, n int) {
	t.Helper()
	s, ctx, now := open(t, dir, env), context.Background(), time.Now()
	defer s.Close()
	err := s.Write(ctx, func(tx login.Tx) error {
		for i := range n {
			err := tx.Post(ctx, identity.Mail{Template: identity.MailKind(template), To: fmt.Sprintf("%s%d@example.com", prefix, i), Created: now, Expires: now.Add(10 * time.Minute),
				Data: map[string]string{"code": "042137", "days": "3"}})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Three processes on one database send each mail once, and the codes before
// most of what was queued long before them.
func TestThreeProcessesSendEachMailOnce(t *testing.T) {
	t.Parallel()
	const reminders, codes = 1500, 30
	p := newPostbox(t)
	dir, env := t.TempDir(), []string{"NIGHTLATCH_DATABASE=" + pgtest.DSN(t), "NIGHTLATCH_MAIL=smtp://" + p.address + "?tls=none"}
	must(t, dir, env, "", "migrate", "up")
	queue(t, dir, env, "policy-reminder", "late", reminders)
	queue(t, dir, env, mail.CodeTemplate, "code", codes)
	for range 3 {
		start(t, dir, env)
	}
	waitFor(t, func() bool { return len(p.taken()) >= reminders+codes })
	times, last := map[string]int{}, 0
	for i, to := range p.taken() {
		if times[to]++; times[to] > 1 {
			t.Errorf("%s has it %d times", to, times[to])
		}
		if strings.HasPrefix(to, "code") {
			last = i
		}
	}
	if before := last + 1 - codes; before > reminders/2 {
		t.Errorf("%d reminders were sent before the last code", before)
	}
	db, left := raw(t, dir, env), 1
	defer db.Close()
	waitFor(t, func() bool {
		err := db.NewRaw("SELECT count(*) FROM outbox WHERE status <> 'sent' OR attempts > 0").Scan(t.Context(), &left)
		return err == nil && left == 0
	})
}

// A mail whose sender is killed on the way is hidden from the others for the
// lease and sent by one of them after it.
func TestAMailOfAKilledProcessIsSentByAnother(t *testing.T) {
	t.Parallel()
	p := newPostbox(t)
	p.held = make(chan struct{})
	dir, env := t.TempDir(), []string{"NIGHTLATCH_DATABASE=" + pgtest.DSN(t), "NIGHTLATCH_MAIL=smtp://" + p.address + "?tls=none"}
	must(t, dir, env, "", "migrate", "up")
	queue(t, dir, env, mail.CodeTemplate, "code", 1)
	first := start(t, dir, env)
	waitFor(t, func() bool { p.mu.Lock(); defer p.mu.Unlock(); return p.begun == 1 })
	first.kill()
	p.mu.Lock()
	close(p.held)
	p.held = nil
	p.mu.Unlock()

	db := raw(t, dir, env)
	defer db.Close()
	var status string
	var next int64
	if err := db.NewRaw("SELECT status, next_at FROM outbox").Scan(t.Context(), &status, &next); err != nil {
		t.Fatal(err)
	}
	if left := time.Until(time.UnixMicro(next)); status != "queued" || left > mail.Lease {
		t.Fatalf("the mail is %s and hidden for %s", status, left)
	}
	for range 2 {
		start(t, dir, env)
	}
	_, err := db.NewRaw("UPDATE outbox SET next_at = next_at - ? WHERE status = 'queued'", mail.Lease.Microseconds()).Exec(t.Context()) // the lease has passed
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool {
		err := db.NewRaw("SELECT status, next_at FROM outbox").Scan(t.Context(), &status, &next)
		return err == nil && status == "sent"
	})
	if got := p.taken(); len(got) != 1 {
		t.Errorf("it was taken %d times", len(got))
	}
}
