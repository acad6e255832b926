package commands_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// echo is an application that says what it was sent.
type echo struct {
	URI, Method string
	Header      http.Header
}

// application is one that knows nothing of Nightlatch.
func application(t *testing.T) (addr string) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") == "websocket" {
			conn, buffered, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			key := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) // RFC 6455 §1.3
			fmt.Fprintf(buffered, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\nfor %s\n",
				base64.StdEncoding.EncodeToString(key[:]), r.Header.Get("Remote-User"))
			_ = buffered.Flush()
			line, _ := buffered.ReadString('\n')
			_, _ = conn.Write([]byte("heard " + line))
			return
		}
		_ = json.NewEncoder(w).Encode(echo{r.RequestURI, r.Method, r.Header})
	}))
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// recipe is an example from docs/proxies in which only addresses, ports and
// paths of certificates are others; each must be there to be replaced.
func recipe(t *testing.T, name string, pairs ...string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "docs", "proxies", name))
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	for i := 0; i+1 < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("%s does not say %s", name, pairs[i])
		}
		text = strings.ReplaceAll(text, pairs[i], pairs[i+1])
	}
	return text
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// certificate makes one of its own for some hosts, and the files are called app.
func certificate(t *testing.T, dir string, hosts ...string) (crt, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: hosts[0]}, DNSNames: hosts,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	return write(t, filepath.Join(dir, "app.crt"), block("CERTIFICATE", der)), write(t, filepath.Join(dir, "app.key"), block("PRIVATE KEY", secret))
}

// proxy starts a real one on a free port. Somebody else may take the port first,
// so a few are tried. It fails the test where the program is not installed.
func proxy(t *testing.T, program string, prepare func(dir string, port int) (args []string)) (addr string) {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		if path, err = exec.LookPath(filepath.Join("/usr/sbin", program)); err != nil {
			t.Fatalf("%s is missing: apt-get install %s", program, program)
		}
	}
	said := ""
	for range 5 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		addr = l.Addr().String()
		l.Close()
		dir := t.TempDir()
		cmd := exec.Command(path, prepare(dir, l.Addr().(*net.TCPAddr).Port)...)
		cmd.Env = []string{"HOME=" + dir, "XDG_DATA_HOME=" + dir, "XDG_CONFIG_HOME=" + dir}
		log, err := os.Create(filepath.Join(dir, "said"))
		if err != nil {
			t.Fatal(err)
		}
		cmd.Stdout, cmd.Stderr = log, log
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() { _ = cmd.Wait(); close(ended) }()
		if listens(addr, ended) {
			t.Cleanup(func() {
				_ = cmd.Process.Signal(syscall.SIGTERM)
				select {
				case <-ended:
				case <-time.After(patience):
					_ = cmd.Process.Kill()
					<-ended
				}
			})
			return addr
		}
		_ = cmd.Process.Kill()
		<-ended
		raw, _ := os.ReadFile(log.Name())
		said = string(raw)
	}
	t.Fatalf("%s does not start: %s", program, said)
	return ""
}

// listens waits until somebody takes connections, or until the program ends.
func listens(addr string, ended <-chan struct{}) bool {
	for late := time.Now().Add(patience); time.Now().Before(late); {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			c.Close()
			return true
		}
		select {
		case <-ended:
			return false
		case <-time.After(10 * time.Millisecond):
		}
	}
	return false
}

// through is a browser that finds app.example.com at a proxy.
func through(addr string) *visitor {
	jar, _ := cookiejar.New(nil)
	way := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // the certificate is the test's own
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, network, addr)
		}}
	return &visitor{base: "https://app.example.com", client: &http.Client{Jar: jar, Timeout: patience, Transport: way,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// ask opens an address with headers of its own, as a page unless they say
// otherwise, and reads what the application said.
func (v *visitor) ask(t *testing.T, method, path string, header http.Header) (p page, got echo) {
	t.Helper()
	r, err := http.NewRequest(method, v.base+path, strings.NewReader(""))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html")
	for name, values := range header {
		r.Header[name] = values
	}
	answer, err := v.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	p = page{status: answer.StatusCode, location: strings.TrimPrefix(answer.Header.Get("Location"), v.base), header: answer.Header}
	if p.status == http.StatusOK {
		if err := json.NewDecoder(answer.Body).Decode(&got); err != nil {
			t.Fatalf("%s: not the application's answer: %v", path, err)
		}
	}
	return p, got
}

func nginx(t *testing.T, nightlatch, app string) string {
	return proxy(t, "nginx", func(dir string, port int) []string {
		crt, key := certificate(t, dir, "app.example.com", "auth.example.com")
		inside := recipe(t, "nginx.conf", "listen 443 ssl", fmt.Sprintf("listen 127.0.0.1:%d ssl", port), "127.0.0.1:8080", nightlatch, "127.0.0.1:3000", app,
			"/etc/ssl/app.example.com.crt", crt, "/etc/ssl/app.example.com.key", key, "/etc/ssl/auth.example.com.crt", crt, "/etc/ssl/auth.example.com.key", key)
		around := "daemon off;\nmaster_process off;\npid nginx.pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n"
		for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
			around += kind + "_temp_path " + kind + ";\n"
		}
		return []string{"-p", dir, "-e", "stderr", "-c", write(t, filepath.Join(dir, "nginx.conf"), around+inside+"}\n")}
	})
}

func caddy(t *testing.T, nightlatch, app string) string {
	return proxy(t, "caddy", func(dir string, port int) []string {
		crt, key := certificate(t, dir, "app.example.com", "auth.example.com")
		head := fmt.Sprintf(".example.com:%d {\n\tbind 127.0.0.1\n\ttls %s %s\n", port, crt, key)
		inside := recipe(t, "Caddyfile", "\napp.example.com {\n", "\nhttps://app"+head, "\nauth.example.com {\n", "\nhttps://auth"+head,
			"127.0.0.1:8080", nightlatch, "127.0.0.1:3000", app)
		around := "{\n\tadmin off\n\tauto_https disable_redirects\n}\n"
		return []string{"run", "--adapter", "caddyfile", "--config", write(t, filepath.Join(dir, "Caddyfile"), around+inside)}
	})
}

func haproxy(t *testing.T, nightlatch, app string) string {
	return proxy(t, "haproxy", func(dir string, port int) []string {
		crt, key := certificate(t, dir, "app.example.com", "auth.example.com")
		both := filepath.Join(dir, "both.pem")
		for _, part := range []string{crt, key} {
			text, err := os.ReadFile(part)
			if err != nil {
				t.Fatal(err)
			}
			already, _ := os.ReadFile(both)
			write(t, both, string(already)+string(text))
		}
		write(t, filepath.Join(dir, "haproxy.lua"), recipe(t, "haproxy.lua"))
		inside := recipe(t, "haproxy.cfg", "bind :443", fmt.Sprintf("bind 127.0.0.1:%d", port), "127.0.0.1:8080", nightlatch, "127.0.0.1:3000", app, "/etc/ssl/example.com.pem", both)
		return []string{"-db", "-f", write(t, filepath.Join(dir, "haproxy.cfg"), inside)}
	})
}
