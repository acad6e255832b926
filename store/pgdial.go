package store

import (
	"context"
	"crypto/tls"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// dialer connects to the first server of an address that fits, with TLS or
// without in the order of its sslmode, as libpq does. The driver knows one
// server and one way only.
type dialer struct {
	conf     *pgx.ConnConfig
	want     string // of target_session_attrs; empty for any
	patience time.Duration
	pooled   atomic.Bool // a pooler was met
}

// way is one server, with TLS or without.
type way = pgconn.FallbackConfig

// Connect tries each way in turn. With prefer-standby a second round takes any.
func (d *dialer) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := d.round(ctx, d.want)
	if err != nil && d.want == "prefer-standby" {
		conn, err = d.round(ctx, "")
	}
	if err != nil { // not a nil connection in an interface that is none
		return nil, err
	}
	return conn, nil
}

var errNoTLS = errors.New("the server has no TLS, which sslmode asks for")

// Driver names the driver, as database/sql wishes.
func (d *dialer) Driver() driver.Driver { return stdlib.GetDefaultDriver() }

func (d *dialer) round(ctx context.Context, want string) (*pgConn, error) {
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
		faults = faults.add(again, fmt.Errorf("%s: %w", net.JoinHostPort(w.Host, strconv.Itoa(int(w.Port))), plain(err)))
		if ctx.Err() != nil || final(sqlState(err), i+1 < len(ways) && sameServer(w, ways[i+1])) {
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
func (d *dialer) dial(ctx context.Context, w *way) (*pgConn, error) {
	conf := d.conf.Copy()
	conf.Host, conf.Port, conf.TLSConfig, conf.Fallbacks = w.Host, w.Port, w.TLSConfig, nil
	conf.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil } // dialling looks it up
	conf.AfterNetConnect = handshake
	conf.ValidateConnect = nil // see fits
	conf.RuntimeParams = nil   // see begin: poolers refuse what they do not know
	if conf.ConnectTimeout <= 0 {
		conf.ConnectTimeout = 5 * time.Second
	}
	if d.pooled.Load() {
		conf.DefaultQueryExecMode = pgx.QueryExecModeExec
	}
	conn, err := stdlib.GetConnector(*conf).Connect(ctx)
	if err != nil {
		return nil, err
	}
	c := &pgConn{Conn: conn.(*stdlib.Conn), patience: d.patience}
	pooled, err := c.begin(ctx, d.conf.RuntimeParams)
	if err != nil {
		c.Close()
		return nil, err
	}
	if pooled && !d.pooled.Swap(true) { // once more, with nothing kept prepared
		c.Close()
		return d.dial(ctx, w)
	}
	return c, nil
}

// tlsFault is what is wrong with the TLS of a server.
type tlsFault struct{ error }

func (f tlsFault) Error() string { return "the server's TLS cannot be used: " + f.error.Error() }

// Unwrap gives what TLS itself says.
func (f tlsFault) Unwrap() error { return f.error }

// handshake greets a server with TLS at once, so that a fault there is told from
// one of what comes after it.
func handshake(ctx context.Context, _ *pgconn.Config, conn net.Conn) (net.Conn, error) {
	if inside, ok := conn.(*tls.Conn); ok {
		if err := inside.HandshakeContext(ctx); err != nil {
			return conn, tlsFault{err}
		}
	}
	return conn, nil
}

// fits says whether a server is what target_session_attrs asks for.
func fits(ctx context.Context, c *pgConn, want string) error {
	question, right := "SELECT pg_is_in_recovery()::text", ""
	switch want {
	case "":
		return nil
	case "read-write", "read-only":
		question, right = "SHOW transaction_read_only", map[string]string{"read-write": "off", "read-only": "on"}[want]
	default:
		right = map[string]string{"primary": "false", "standby": "true", "prefer-standby": "true"}[want]
	}
	var got string
	if err := c.Conn.Conn().QueryRow(ctx, question, pgx.QueryExecModeSimpleProtocol).Scan(&got); err != nil {
		return err
	}
	if got != right {
		return errors.New("this server is not what target_session_attrs asks for (" + want + ")")
	}
	return nil
}

// plain is what went wrong, without the driver's words around it.
func plain(err error) error {
	var fault tlsFault
	var said *pgconn.PgError
	var wire *net.OpError
	switch {
	case errors.As(err, &fault):
		return fault
	case errors.As(err, &said):
		return said
	case strings.HasSuffix(err.Error(), "server refused TLS connection"):
		return errNoTLS
	case errors.As(err, &wire):
		return wire
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
