package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

// smtpTimeout is how long one SMTP conversation may take, from dialling to QUIT.
const smtpTimeout = 15 * time.Second

// smtpTransport opens one connection for each message.
type smtpTransport struct {
	cfg   Config
	tls   *tls.Config
	hello string
	dial  func(ctx context.Context, network, addr string) (net.Conn, error)
}

func newSMTP(c Config, o TransportOptions) *smtpTransport {
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if o.TLS != nil {
		conf = o.TLS.Clone()
	}
	if conf.ServerName == "" {
		conf.ServerName = c.host
	}
	return &smtpTransport{cfg: c, tls: conf, hello: o.Hello, dial: new(net.Dialer).DialContext}
}

// Send hands the message to the server. Once the server has taken it nothing
// that goes wrong afterwards counts: a second copy would be worse.
func (t *smtpTransport) Send(ctx context.Context, m *gomail.Msg) error {
	return t.converse(ctx, func(c *gomail.Client, session *smtp.Client) error {
		if err := c.SendWithSMTPClient(session, m); err != nil && !m.IsDelivered() {
			return classify(err)
		}
		_ = session.Quit()
		return nil
	})
}

// Check does all that sending a message takes, and then cancels it: EHLO, TLS,
// sign-in, the sender, the sender as recipient, and RSET. A server may accept
// the sender and yet take no mail for it; the remark says so.
func (t *smtpTransport) Check(ctx context.Context, from string) (remark string, err error) {
	err = t.converse(ctx, func(_ *gomail.Client, session *smtp.Client) error {
		if err := session.Mail("<" + from + ">"); err != nil {
			return fmt.Errorf("%w: it takes no mail from %s: %s", errSite, from, plainWords(err.Error()))
		}
		if err := session.Rcpt("<" + from + ">"); err != nil {
			if err = verdict(answerCode(err), err.Error()); errors.Is(err, errSite) {
				return err
			}
			remark = "it takes no mail for the sender, so answers and bounces are lost: " + reason(err, nil)
		}
		if err := session.Reset(); err != nil {
			return err
		}
		_ = session.Quit()
		return nil
	})
	return remark, plain(err)
}

// plain is an error in its own words, without the mark for the worker.
func plain(err error) error {
	if err == nil {
		return nil
	}
	return errors.New(reason(err, nil))
}

// converse opens a session for talk. The library does not heed a context once
// connected and leaves connections open on errors, so the connection is closed
// here when the context ends, which is at the latest when converse returns.
func (t *smtpTransport) converse(ctx context.Context, talk func(*gomail.Client, *smtp.Client) error) error {
	ctx, cancel := context.WithTimeout(ctx, smtpTimeout)
	defer cancel()
	client, err := gomail.NewClient(t.cfg.host, t.options(ctx)...)
	if err != nil {
		return err
	}
	session, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil && ctx.Err() == nil {
		return classify(err)
	}
	welcome := err == nil
	if err == nil {
		err = talk(client, session)
	}
	switch {
	case err == nil || ctx.Err() == nil:
		return err
	case errors.Is(ctx.Err(), context.DeadlineExceeded) && welcome: // it may be the recipient's side that is slow
		return fmt.Errorf("the mail server did not answer within %s", smtpTimeout)
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("%w: the mail server did not answer within %s", errSite, smtpTimeout)
	}
	return errors.New("stopped while talking to the mail server")
}

func (t *smtpTransport) options(ctx context.Context) []gomail.Option {
	opts := []gomail.Option{
		gomail.WithPort(t.cfg.port),
		gomail.WithTLSConfig(t.tls),
		gomail.WithTLSPolicy(gomail.TLSMandatory),
		gomail.WithTimeout(smtpTimeout + time.Second), // longer than the context, whose error says why
		gomail.WithDialContextFunc(func(dialing context.Context, network, _ string) (net.Conn, error) {
			return t.connect(ctx, dialing, network)
		}),
	}
	if t.hello != "" { // the library takes the machine's name otherwise
		opts = append(opts, gomail.WithHELO(t.hello))
	}
	mechanisms := []gomail.SMTPAuthType{gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthSCRAMSHA1, gomail.SMTPAuthPlain, gomail.SMTPAuthLogin, gomail.SMTPAuthCramMD5}
	switch {
	case t.cfg.scheme == "smtps":
		opts = append(opts, gomail.WithSSL())
	case t.cfg.plain: // loopback only: see ParseURL
		opts = append(opts, gomail.WithTLSPolicy(gomail.NoTLS))
		mechanisms = append(mechanisms[:2], gomail.SMTPAuthPlainNoEnc, gomail.SMTPAuthLoginNoEnc, gomail.SMTPAuthCramMD5)
	}
	if t.cfg.pass != nil {
		opts = append(opts, gomail.WithUsername(t.cfg.user), gomail.WithPassword(*t.cfg.pass), gomail.WithOpportunisticSMTPAuth(mechanisms...))
	}
	return opts
}

// connect dials, and closes the raw connection when ctx ends: closing a TLS
// connection could itself wait for the server.
func (t *smtpTransport) connect(ctx, dialing context.Context, network string) (net.Conn, error) {
	conn, err := t.dial(dialing, network, net.JoinHostPort(t.cfg.host, strconv.Itoa(t.cfg.port)))
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { _ = conn.Close() })
	if t.cfg.scheme != "smtps" {
		return conn, nil
	}
	secure := tls.Client(conn, t.tls)
	return secure, secure.HandshakeContext(dialing)
}
