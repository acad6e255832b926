package commands_test

import (
	"net"
	"net/textproto"
	"strings"
	"sync"
	"testing"
)

// mailServer is a mail server that says yes, or what answers say to a verb.
type mailServer struct {
	address string
	mu      sync.Mutex
	lines   []string // what it was told
}

func newMailServer(t *testing.T, answers map[string]string) *mailServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	s := &mailServer{address: l.Addr().String()}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go s.talk(c, answers)
		}
	}()
	return s
}

func (s *mailServer) talk(c net.Conn, answers map[string]string) {
	defer c.Close()
	text := textproto.NewConn(c)
	_ = text.PrintfLine("220 mx.example.com ESMTP")
	for {
		line, err := text.ReadLine()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.lines = append(s.lines, line)
		s.mu.Unlock()
		answer := "250 2.0.0 Ok"
		for verb, other := range answers {
			if strings.HasPrefix(line, verb) {
				answer = other
			}
		}
		if text.PrintfLine("%s", answer) != nil {
			return
		}
	}
}

func (s *mailServer) told() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.lines, "\n")
}

// The name in EHLO is the host of the site, in the form that mail has for it,
// or the one that is set.
func TestTheSiteIntroducesItselfByItsOwnName(t *testing.T) {
	dir := t.TempDir()
	must(t, dir, nil, "", "migrate", "up")
	for _, c := range []struct{ url, helo, want string }{
		{"https://login.example.com", "", "login.example.com"},
		{"https://login.example.com:8443", "", "login.example.com"},
		{"https://bücher.example", "", "xn--bcher-kva.example"},
		{"https://192.0.2.7", "", "[192.0.2.7]"},
		{"https://[2001:db8::7]:8443", "", "[IPv6:2001:db8::7]"},
		{"https://login.example.com", "mx.example.org", "mx.example.org"},
	} {
		s := newMailServer(t, nil)
		run(t, dir, []string{"NIGHTLATCH_URL=" + c.url, "NIGHTLATCH_MAIL_HELO=" + c.helo, "NIGHTLATCH_MAIL_FROM=N <n@bücher.example>",
			"NIGHTLATCH_MAIL=smtp://" + s.address + "?tls=none"}, "", "doctor")
		told := s.told()
		if !strings.HasPrefix(told, "EHLO "+c.want+"\n") {
			t.Errorf("%+v: %s", c, told)
		}
		for _, step := range []string{"MAIL FROM:<n@xn--bcher-kva.example>", "RCPT TO:<n@xn--bcher-kva.example>", "RSET", "QUIT"} {
			if !strings.Contains(told, step) {
				t.Errorf("no %s: %s", step, told)
			}
		}
		if strings.Contains(told, "DATA") {
			t.Error("the doctor sent a mail")
		}
	}
}

// The doctor finds what would lose every mail, at whichever step it is said.
func TestTheDoctorFindsAMailServerThatDislikesUs(t *testing.T) {
	dir := t.TempDir()
	must(t, dir, nil, "", "migrate", "up")
	for _, c := range []struct {
		verb, answer, from string
		fault              bool
	}{
		{"", "", "nightlatch@example.com", false},
		{"", "", "nightlatch@localhost", true},
		{"EHLO", "504 5.5.2 <box>: Helo command rejected", "nightlatch@example.com", true},
		{"MAIL", "554 5.2.252 SendAsDenied", "nightlatch@example.com", true},
		{"RCPT", "504 5.5.2 <box>: Helo command rejected", "nightlatch@example.com", true},
		{"RCPT", "554 5.7.1 Relay access denied", "nightlatch@example.com", true},
		{"RCPT", "550 5.1.1 User unknown", "nightlatch@example.com", false},
	} {
		answers := map[string]string{"HELO": "502 5.5.1 no"}
		if c.verb != "" {
			answers[c.verb] = c.answer
		}
		s := newMailServer(t, answers)
		r := run(t, dir, []string{"NIGHTLATCH_MAIL=smtp://" + s.address + "?tls=none", "NIGHTLATCH_MAIL_FROM=" + c.from}, "", "doctor")
		if strings.Contains(r.out, "fault  mail") != c.fault || !c.fault && c.answer != "" && !strings.Contains(r.out, "User unknown") {
			t.Errorf("%+v: %s", c, r.out)
		}
	}
}
