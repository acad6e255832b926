package mail

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/textproto"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// server is a real SMTP server that can be told to misbehave.
type server struct {
	got    chan []byte // what it took
	refuse map[string]error
	onData func(c *smtp.Conn, r io.Reader) error
	user   string // "" asks for no sign-in
	pass   string
}

func newServer() *server {
	return &server{got: make(chan []byte, 100), refuse: map[string]error{}}
}

// start serves on l until the test ends. TLS is offered when conf is not nil.
func (s *server) start(t *testing.T, l net.Listener, conf *tls.Config) {
	t.Helper()
	srv := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &session{server: s, conn: c}, nil
	}))
	srv.Domain, srv.TLSConfig, srv.ErrorLog = "localhost", conf, log.New(io.Discard, "", 0)
	srv.AllowInsecureAuth = conf == nil
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(l) }()
	t.Cleanup(func() { _ = srv.Close(); <-done })
}

// listen starts s on a free port and gives the port's address.
func (s *server) listen(t *testing.T, conf *tls.Config) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.start(t, l, conf)
	return l.Addr().String()
}

type session struct {
	*server
	conn   *smtp.Conn
	signed bool
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

func (s *session) AuthMechanisms() []string {
	if s.user == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, pass string) error {
		if user != s.user || pass != s.pass {
			return smtp.ErrAuthFailed
		}
		s.signed = true
		return nil
	}), nil
}

func (s *session) Mail(string, *smtp.MailOptions) error {
	if s.user != "" && !s.signed {
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "Authentication required"}
	}
	return s.refuse["MAIL"]
}

func (s *session) Rcpt(string, *smtp.RcptOptions) error { return s.refuse["RCPT"] }

func (s *session) Data(r io.Reader) error {
	if s.onData != nil {
		return s.onData(s.conn, r)
	}
	data, err := io.ReadAll(r)
	if err = errors.Join(err, s.refuse["DATA"]); err != nil {
		return s.refuse["DATA"]
	}
	s.got <- data
	return nil
}

// certificate is a self-made one for 127.0.0.1 with the pool that trusts it.
func certificate(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, &tls.Config{RootCAs: pool}
}

// pipes is a listener whose connections live in memory, so that a synctest
// bubble can see all that waits.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func newPipes() *pipes { return &pipes{make(chan net.Conn), make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

// drain reads what arrived, one message.
func (s *server) take(t *testing.T) (text string) {
	t.Helper()
	select {
	case data := <-s.got:
		_, text, _ = readRaw(t, bytes.NewReader(data))
	default:
		t.Error("the server has no message")
	}
	return text
}

// deafServer greets and gives every command the same answer.
func deafServer(t *testing.T, answer string) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				text := textproto.NewConn(c)
				_ = text.PrintfLine("220 localhost ESMTP")
				for {
					if _, err := text.ReadLine(); err != nil || text.PrintfLine("%s", answer) != nil {
						return
					}
				}
			}()
		}
	}()
	return l.Addr().String()
}
