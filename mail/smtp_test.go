package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emersion/go-smtp"
	gomail "github.com/wneessen/go-mail"
)

func open(t *testing.T, raw string, conf *tls.Config) *smtpTransport {
	t.Helper()
	c, err := ParseURL(raw)
	if err != nil {
		t.Fatal(err)
	}
	tr, err := c.Open(TransportOptions{TLS: conf, Hello: "id.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	return tr.(*smtpTransport)
}

func rendered(t *testing.T) *gomail.Msg {
	t.Helper()
	m := code()
	m.ID = "m1"
	msg, err := newRenderer(t).Render(m)
	if err == nil {
		err = msg.From("Nightlatch <nightlatch@example.com>")
	}
	if err != nil {
		t.Fatal(err)
	}
	return msg
}

func TestSMTPDelivers(t *testing.T) {
	serverTLS, clientTLS := certificate(t)
	starttls, wrapped, plain := newServer(), newServer(), newServer()
	for _, s := range []*server{starttls, wrapped, plain} {
		s.user, s.pass = "ada", "hunter2"
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", serverTLS)
	if err != nil {
		t.Fatal(err)
	}
	wrapped.start(t, l, serverTLS)
	for raw, s := range map[string]*server{
		"smtp://ada:hunter2@" + starttls.listen(t, serverTLS):      starttls,
		"smtps://ada:hunter2@" + l.Addr().String():                 wrapped,
		"smtp://ada:hunter2@" + plain.listen(t, nil) + "?tls=none": plain,
	} {
		tr := open(t, raw, clientTLS)
		if remark, err := tr.Check(t.Context(), "nightlatch@example.com"); err != nil || remark != "" {
			t.Errorf("%s: %v", raw, err)
		}
		if err := tr.Send(t.Context(), rendered(t)); err != nil {
			t.Errorf("%s: %v", raw, err)
		}
		if text := s.take(t); !strings.HasSuffix(strings.TrimSpace(text), "@id.example.com #042137") {
			t.Errorf("%s: got %q", raw, text)
		}
	}
}

func TestSMTPInsistsOnTLS(t *testing.T) {
	serverTLS, clientTLS := certificate(t)
	s := newServer()
	s.user, s.pass = "ada", "hunter2"
	for raw, conf := range map[string]*tls.Config{
		"smtp://ada:hunter2@" + s.listen(t, nil):        clientTLS, // offers no STARTTLS
		"smtp://ada:hunter2@" + s.listen(t, serverTLS):  nil,       // a certificate nobody trusts
		"smtps://ada:hunter2@" + s.listen(t, serverTLS): nil,
	} {
		err := open(t, raw, conf).Send(t.Context(), rendered(t))
		if err == nil || errors.Is(err, ErrRefused) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", raw, err)
		}
	}
	if len(s.got) != 0 {
		t.Error("a message went out without trusted TLS")
	}
}

func TestSMTPWrongPasswordIsNotFinal(t *testing.T) {
	s := newServer()
	s.user, s.pass = "ada", "right"
	err := open(t, "smtp://ada:hunter2@"+s.listen(t, nil)+"?tls=none", nil).Send(t.Context(), rendered(t))
	if err == nil || errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "535") || strings.Contains(err.Error(), "hunter2") {
		t.Error(err)
	}
}

func TestSMTPServerDropsInTheMiddle(t *testing.T) {
	s := newServer()
	s.onData = func(c *smtp.Conn, r io.Reader) error {
		_, _ = r.Read(make([]byte, 10))
		return c.Conn().Close()
	}
	err := open(t, "smtp://"+s.listen(t, nil)+"?tls=none", nil).Send(t.Context(), rendered(t))
	if err == nil || errors.Is(err, ErrRefused) {
		t.Error(err)
	}
}

func TestSMTPTakenIsTaken(t *testing.T) {
	s := newServer()
	s.onData = func(c *smtp.Conn, r io.Reader) error {
		_, err := io.Copy(io.Discard, r)
		_, werr := c.Conn().Write([]byte("250 2.0.0 taken\r\n"))
		return errors.Join(err, werr, c.Conn().Close()) // gone before RSET and QUIT
	}
	if err := open(t, "smtp://"+s.listen(t, nil)+"?tls=none", nil).Send(t.Context(), rendered(t)); err != nil {
		t.Error("a message that was taken would be sent again:", err)
	}
}

func TestSMTPNobodyThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	tr := open(t, "smtp://"+l.Addr().String()+"?tls=none", nil)
	if err := tr.Send(t.Context(), rendered(t)); err == nil || errors.Is(err, ErrRefused) {
		t.Error(err)
	}
	if _, err := tr.Check(t.Context(), "a@example.com"); err == nil {
		t.Error("Check found a server where none is")
	}
}

// stalled runs f in a bubble with a transport whose server goes silent: before
// its greeting, or when it has been given the message.
func stalled(t *testing.T, greets bool, f func(t *testing.T, tr *smtpTransport)) {
	synctest.Test(t, func(t *testing.T) {
		tr := open(t, "smtp://localhost:25?tls=none", nil)
		l, release := newPipes(), make(chan struct{})
		s := newServer()
		s.onData = func(_ *smtp.Conn, r io.Reader) error {
			_, _ = io.Copy(io.Discard, r)
			<-release
			return nil
		}
		if greets {
			s.start(t, l, nil)
		}
		tr.dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			if greets {
				l.conns <- theirs
			}
			return ours, nil
		}
		f(t, tr)
		close(release)
	})
}

func TestSMTPStall(t *testing.T) {
	for _, greets := range []bool{false, true} {
		stalled(t, greets, func(t *testing.T, tr *smtpTransport) {
			begin := time.Now()
			err := tr.Send(t.Context(), rendered(t))
			if err == nil || reason(err, nil) != "the mail server did not answer within 15s" || errors.Is(err, errSite) == greets || time.Since(begin) != smtpTimeout {
				t.Errorf("after %s: %v", time.Since(begin), err)
			}
		})
	}
}

func TestStalledServerDoesNotHoldUpTheStop(t *testing.T) {
	stalled(t, true, func(t *testing.T, tr *smtpTransport) {
		m := notice()
		m.Created = time.Now()
		box := (&outbox{}).add(m)
		w := newWorker(t, Options{Outbox: box, Transport: tr})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); w.Run(ctx) }()
		synctest.Wait() // the server has the message and says nothing
		begin := time.Now()
		cancel()
		<-done
		if d := time.Since(begin); d != stopGrace {
			t.Error("the worker stopped after", d)
		}
		if r := box.get("m1"); r.state != "queued" || r.Attempts != 1 || r.reason != "stopped while talking to the mail server" {
			t.Errorf("%+v", r)
		}
	})
}
