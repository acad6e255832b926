package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/uptrace/bun/driver/pgdriver"
)

// dialer connects to the first server of an address that fits, with TLS or
// without in the order of its sslmode, as libpq does. The driver knows one
// server and one way only.
type dialer struct {
	conf     *pgconn.Config
	want     string // of target_session_attrs; empty for any
	patience time.Duration
}

// way is one server, with TLS or without.
type way = pgconn.FallbackConfig

// Connect tries each way in turn. With prefer-standby a second round takes any.
func (d *dialer) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := d.round(ctx, d.want)
	if err != nil && d.want == "prefer-standby" {
		conn, err = d.round(ctx, "")
	}
	return conn, err
}

var errNoTLS = errors.New("the server has no TLS, which sslmode asks for")

// Driver names the driver, as database/sql wishes.
func (d *dialer) Driver() driver.Driver { return pgdriver.NewDriver() }

func (d *dialer) round(ctx context.Context, want string) (driver.Conn, error) {
	ways := append([]*way{{Host: d.conf.Host, Port: d.conf.Port, TLSConfig: d.conf.TLSConfig}}, d.conf.Fallbacks...)
	var faults all
	for i, w := range ways {
		again := i > 0 && sameServer(w, ways[i-1])
		if again && unreachable(faults[len(faults)-1]) {
			continue
		}
		conn, err := d.dial(ctx, w)
		if err == nil {
			if err = fits(ctx, conn, want); err == nil {
				return conn, nil
			}
			conn.Close()
		}
		faults = faults.add(again, fmt.Errorf("%s: %w", net.JoinHostPort(w.Host, strconv.Itoa(int(w.Port))), plain(err, w)))
		var said pgdriver.Error
		if ctx.Err() != nil || errors.As(err, &said) && final(said.Field('C'), i+1 < len(ways) && sameServer(w, ways[i+1])) {
			break
		}
	}
	if len(faults) == 1 {
		return nil, faults[0]
	}
	return nil, faults
}

func sameServer(a, b *way) bool { return a.Host == b.Host && a.Port == b.Port }

// unreachable says whether no connection came about: TLS or none changes nothing.
func unreachable(err error) bool {
	var wire *net.OpError
	return errors.As(err, &wire) && wire.Op == "dial"
}

// final says whether a server's refusal would be any other server's too. The
// same server may take the account without TLS, or with it only.
func final(state string, another bool) bool {
	switch state {
	case "28P01", "3D000", "42501": // invalid_password, invalid_catalog_name, insufficient_privilege
		return true
	case "28000": // invalid_authorization_specification: no line of pg_hba.conf fits
		return !another
	}
	return false
}

// dial connects in one way. On an error it leaves no connection open.
func (d *dialer) dial(ctx context.Context, w *way) (driver.Conn, error) {
	network, addr := pgconn.NetworkAddress(w.Host, w.Port)
	timeout := d.conf.ConnectTimeout
	if timeout <= 0 {
		timeout = 5 * time.Second
	}
	params := map[string]any{}
	for name, value := range d.conf.RuntimeParams {
		params[name] = value
	}
	// A query whose caller went away runs on, so the server must end it.
	params["statement_timeout"] = strconv.FormatInt(d.patience.Milliseconds(), 10)
	c := pgdriver.NewConnector(pgdriver.WithNetwork(network), pgdriver.WithAddr(addr), pgdriver.WithTLSConfig(w.TLSConfig),
		pgdriver.WithUser(d.conf.User), pgdriver.WithPassword(d.conf.Password), pgdriver.WithDatabase(d.conf.Database),
		pgdriver.WithDialTimeout(timeout), pgdriver.WithReadTimeout(d.patience+5*time.Second), pgdriver.WithWriteTimeout(15*time.Second),
		pgdriver.WithConnParams(params))
	var wire net.Conn
	inner := c.Config().Dialer
	c.Config().Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
		var err error
		wire, err = inner(ctx, network, addr)
		return wire, err
	}
	conn, err := c.Connect(ctx)
	if err != nil && wire != nil {
		wire.Close()
	}
	return conn, err
}

// fits says whether a server is what target_session_attrs asks for.
func fits(ctx context.Context, conn driver.Conn, want string) error {
	question, right := "SELECT pg_is_in_recovery()", ""
	switch want {
	case "":
		return nil
	case "read-write", "read-only":
		question, right = "SHOW transaction_read_only", map[string]string{"read-write": "off", "read-only": "on"}[want]
	default:
		right = map[string]string{"primary": "false", "standby": "true", "prefer-standby": "true"}[want]
	}
	rows, err := conn.(driver.QueryerContext).QueryContext(ctx, question, nil)
	if err != nil {
		return err
	}
	defer rows.Close()
	got := make([]driver.Value, 1)
	if err := rows.Next(got); err != nil {
		return err
	}
	if text, ok := got[0].([]byte); ok {
		got[0] = string(text)
	}
	if fmt.Sprint(got[0]) != right {
		return errors.New("this server is not what target_session_attrs asks for (" + want + ")")
	}
	return nil
}

// plain puts the driver's words about TLS into a sentence.
func plain(err error, w *way) error {
	switch {
	case w.TLSConfig != nil && strings.HasSuffix(err.Error(), "SSL is not enabled on the server"):
		return errNoTLS
	case w.TLSConfig != nil && strings.Contains(err.Error(), "TLS handshake failed"):
		return fmt.Errorf("the server's TLS cannot be used: %w", errors.Unwrap(err))
	}
	return err
}

// all is several errors on one line.
type all []error

// add notes a fault. That a server has no TLS is told only while nothing else
// is wrong with the same server, which may then be tried without.
func (a all) add(again bool, err error) all {
	switch last := len(a) - 1; {
	case again && errors.Is(err, errNoTLS):
		return a
	case again && errors.Is(a[last], errNoTLS):
		a = a[:last]
	}
	return append(a, err)
}

func (a all) Error() string {
	said := make([]string, 0, len(a))
	for _, err := range a {
		said = append(said, err.Error())
	}
	return strings.Join(said, "; ")
}

// Unwrap gives each of them.
func (a all) Unwrap() []error { return a }
