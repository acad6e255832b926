package commands

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener whose connections are in memory, so that a test's clock
// rules their deadlines.
type pipes struct {
	next   chan net.Conn
	closed chan struct{}
}

func newPipes() *pipes { return &pipes{make(chan net.Conn), make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.next:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	close(p.closed)
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p *pipes) dial() net.Conn {
	here, there := net.Pipe()
	p.next <- there
	return here
}

// served runs a test against the server that serve starts, with its own
// patience, on a clock of the test.
func served(t *testing.T, h http.HandlerFunc, do func(p *pipes)) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		p, done := newPipes(), make(chan error)
		go func() { done <- serveUntil(ctx, nil, p, h) }()
		do(p)
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// gone is how long a connection lives after it has said its part and no more.
func gone(c net.Conn, said string) time.Duration {
	start := time.Now()
	go func() { _, _ = io.WriteString(c, said) }()
	_, _ = io.Copy(io.Discard, c)
	return time.Since(start)
}

// A browser that stalls is not waited for: neither in its headers, nor in its
// body, nor between two requests, nor when it does not read the answer.
func TestStalledBrowsers(t *testing.T) {
	read := func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			w.WriteHeader(http.StatusBadRequest)
		}
	}
	for what, c := range map[string]struct {
		said string
		most time.Duration
	}{
		"nothing":        {"", headerTimeout},
		"half a line":    {"GET / HT", headerTimeout},
		"half a header":  {"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Le", headerTimeout},
		"no end":         {"POST /login HTTP/1.1\r\nHost: localhost\r\n", headerTimeout},
		"half a body":    {"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nlogin=a", readTimeout},
		"half a chunk":   {"POST /login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nlogin", readTimeout},
		"no last chunk":  {"POST /login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n", readTimeout},
		"no second one":  {"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", idleTimeout},
		"continue, then": {"POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n", readTimeout},
	} {
		served(t, read, func(p *pipes) {
			// Two seconds are for the server's goodbye.
			if took := gone(p.dial(), c.said); took > c.most+2*time.Second {
				t.Errorf("%s: held for %s", what, took)
			}
		})
	}
	served(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 1<<20)) }, func(p *pipes) {
		c, start := p.dial(), time.Now()
		_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
		time.Sleep(writeTimeout + time.Second) // of the test's clock: takes no time
		if n, err := io.Copy(io.Discard, c); n > 1<<16 {
			t.Errorf("who reads nothing for %s gets %d bytes, %v", time.Since(start), n, err)
		}
	})
}

// One byte every second, forever, ends like no byte at all.
func TestDrippingBrowser(t *testing.T) {
	served(t, func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }, func(p *pipes) {
		for said, most := range map[string]time.Duration{
			"GET / HTTP/1.1\r\nX: ": headerTimeout,
			"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 65000\r\n\r\n": readTimeout,
		} {
			c, start := p.dial(), time.Now()
			go func() { _, _ = io.Copy(io.Discard, c) }()
			_, err := io.WriteString(c, said)
			for err == nil && time.Since(start) < time.Hour {
				time.Sleep(time.Second) // of the test's clock
				_, err = io.WriteString(c, "a")
			}
			if took := time.Since(start); took > most+2*time.Second {
				t.Errorf("%.5q: held for %s", said, took)
			}
		}
	})
}

// A header beyond any browser's is refused before anything is looked at.
func TestHugeHeader(t *testing.T) {
	served(t, func(http.ResponseWriter, *http.Request) { t.Error("it was let in") }, func(p *pipes) {
		c := p.dial()
		go func() {
			_, _ = fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: localhost\r\nCookie: %s\r\n\r\n", strings.Repeat("a", 2*maxHeader))
		}()
		r, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil || r.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Fatalf("%v, %v", r, err)
		}
		_ = c.Close()
	})
}
