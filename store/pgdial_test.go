package store

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/internal/pgtest"
)

// shown is a way in short.
func shown(w *way) string {
	how := "plain"
	if w.TLSConfig != nil {
		how = "tls"
	}
	return fmt.Sprintf("%s:%d %s", w.Host, w.Port, how)
}

// certified is a certificate for a name that signs itself, and its file.
func certified(t *testing.T, name string) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
	der, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "root.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, path
}

// front is a server that speaks TLS before a PostgreSQL that does not.
func front(t *testing.T, behind string, cert tls.Certificate) (port string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				ask := make([]byte, 8) // SSLRequest
				if _, err := io.ReadFull(conn, ask); err != nil || ask[3] != 8 {
					return // nobody comes in without
				}
				_, _ = conn.Write([]byte("S"))
				inside := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{cert}})
				to, err := net.Dial("tcp", behind)
				if err != nil {
					return
				}
				defer to.Close()
				go func() { _, _ = io.Copy(to, inside); to.Close() }()
				_, _ = io.Copy(inside, to)
			}()
		}
	}()
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port
}

// sslmode means what it means to libpq: prefer falls back, require needs TLS,
// verify-ca the right certificate, and verify-full also the right name.
func TestSSLModes(t *testing.T) {
	t.Parallel()
	bare, err := url.Parse(pgtest.DSN(t))
	if err != nil {
		t.Fatal(err)
	}
	cert, root := certified(t, "localhost")
	_, foreign := certified(t, "localhost")
	other, otherRoot := certified(t, "elsewhere.example")
	secure, misnamed := "localhost:"+front(t, bare.Host, cert), "localhost:"+front(t, bare.Host, other)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	gone := closed.Addr().String()
	for _, c := range []struct{ host, query, fault string }{
		{bare.Host, "", ""}, {bare.Host, "sslmode=prefer", ""}, {bare.Host, "sslmode=allow", ""}, {bare.Host, "sslmode=disable", ""},
		{bare.Host, "sslmode=require", "the server has no TLS"}, {bare.Host, "sslmode=verify-full&sslrootcert=" + root, "the server has no TLS"},
		{secure, "", ""}, {secure, "sslmode=allow", ""}, {secure, "sslmode=require", ""},
		{secure, "sslmode=verify-ca&sslrootcert=" + root, ""}, {secure, "sslmode=verify-full&sslrootcert=" + root, ""}, {secure, "sslmode=require&sslrootcert=" + root, ""},
		{secure, "sslmode=verify-ca&sslrootcert=" + foreign, "TLS cannot be used"}, {secure, "sslmode=require&sslrootcert=" + foreign, "TLS cannot be used"},
		{secure, "sslmode=verify-full", "TLS cannot be used"}, {secure, "sslmode=verify-full&sslrootcert=system", "TLS cannot be used"}, {secure, "sslrootcert=system", "TLS cannot be used"},
		{misnamed, "sslmode=verify-ca&sslrootcert=" + otherRoot, ""}, {misnamed, "sslmode=verify-full&sslrootcert=" + otherRoot, "TLS cannot be used"},
		{gone + "," + bare.Host, "", ""}, {gone + "," + bare.Host, "target_session_attrs=read-write", ""}, {bare.Host, "target_session_attrs=primary", ""},
		{bare.Host, "target_session_attrs=prefer-standby", ""}, {bare.Host, "target_session_attrs=standby", "target_session_attrs"}, {bare.Host, "target_session_attrs=read-only", "target_session_attrs"},
		{gone, "", "refused"}, {gone + "," + gone, "sslmode=require", "refused"}, {gone + "," + bare.Host, "sslmode=require", "no TLS"},
	} {
		u := *bare
		u.RawQuery = c.query
		address := strings.Replace(u.String(), "@"+bare.Host, "@"+c.host, 1)
		s, err := Open(context.Background(), address)
		if err == nil {
			s.Close()
		}
		if err != nil && !strings.Contains(c.host, ",") && strings.Contains(err.Error(), "; ") {
			t.Errorf("%s?%s: more than one fault of one server: %v", c.host, c.query, err)
		}
		if (err != nil) != (c.fault != "") || err != nil && (!strings.Contains(err.Error(), c.fault) || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%s?%s: %v, wanted %q", c.host, c.query, err, c.fault)
		}
	}
}

// A socket is named by its folder.
func TestPostgresBySocket(t *testing.T) {
	t.Parallel()
	u, err := url.Parse(pgtest.DSN(t))
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), u.String())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var folder, address string
	if err := s.reader.NewRaw("SHOW unix_socket_directories").Scan(t.Context(), &folder); err != nil {
		t.Fatal(err)
	}
	u.RawQuery = url.Values{"host": {folder}, "port": {u.Port()}}.Encode()
	u.Host = ""
	inside, err := Open(t.Context(), u.String())
	if err != nil {
		t.Fatal(err)
	}
	defer inside.Close()
	if err := inside.reader.NewRaw("SELECT coalesce(inet_server_addr()::text, 'none')").Scan(t.Context(), &address); err != nil || address != "none" {
		t.Errorf("came in by %s, %v", address, err)
	}
}

// A wrong password is not tried again elsewhere, and what a server says is kept.
func TestARefusalByAServerIsTheLastWord(t *testing.T) {
	t.Parallel()
	u, err := url.Parse(pgtest.DSN(t))
	if err != nil {
		t.Fatal(err)
	}
	u.Path, u.RawQuery = "/nowhere", ""
	address := strings.Replace(u.String(), "@"+u.Host, "@"+u.Host+","+u.Host, 1)
	_, err = Open(context.Background(), address)
	if err == nil || strings.Count(err.Error(), "3D000") != 1 || strings.Contains(err.Error(), "TLS") || !Unavailable(errors.Unwrap(err)) {
		t.Errorf("%v", err)
	}
}
