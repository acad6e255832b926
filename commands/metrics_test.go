package commands_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// freePort is one that nobody listens on just now.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func scrape(t *testing.T, addr string) string {
	t.Helper()
	r, err := http.Get("http://" + addr + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		t.Fatalf("%d, %v", r.StatusCode, err)
	}
	return string(text)
}

// What the dashboard and the alert rules ask for is there, with the values of what
// happened, and nothing in it names a person.
func TestTheSiteIsWatched(t *testing.T) {
	for name, env := range databases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, addr := t.TempDir(), freePort(t)
			env = append(env, "NIGHTLATCH_METRICS_ADDR="+addr)
			people := seed(t, dir, env, "ada", 2, true)
			s := start(t, dir, env)
			v := s.visitor()
			v.password(people[0].login)
			v.post("/login/challenge/totp", "code", "000000")
			v.post("/login/challenge/totp", "code", code(people[0].secret, 0)).want(t, "/profile")
			got := scrape(t, addr)
			for _, want := range []string{
				`nightlatch_events_total{event="login",factor="totp"} 1`,
				`nightlatch_events_total{event="factor.failed",factor=""} 1`,
				`nightlatch_challenge_seconds_count{factor="totp"} 1`,
				`nightlatch_request_seconds_count{method="POST",route="/login/challenge/:kind",status="422"} 1`,
				`nightlatch_mail_queued{lane="codes"} 0`, `nightlatch_mail_oldest_seconds{lane="bulk"} 0`,
				"nightlatch_hash_waiting 0", "nightlatch_audit_unchained ",
				`nightlatch_database_seconds_count{operation="COMMIT"} `, `nightlatch_database_seconds_count{operation="INSERT"} `,
			} {
				if !strings.Contains(got, want) {
					t.Errorf("no %s", want)
				}
			}
			if strings.Contains(got, people[0].login) || strings.Contains(got, people[0].id) {
				t.Error("it names somebody")
			}
			for metric, file := range asked(t) {
				if !regexp.MustCompile(`(?m)^` + metric + `[{ ]`).MatchString(got) {
					t.Errorf("%s asks for %s, which is not there", file, metric)
				}
			}
		})
	}
}

// asked are the metrics that the dashboard and the alert rules ask for.
func asked(t *testing.T) map[string]string {
	t.Helper()
	var rules struct {
		Groups []struct {
			Rules []struct{ Alert, Expr string }
		}
	}
	var board struct {
		Panels []struct{ Targets []struct{ Expr string } }
	}
	if err := yaml.Unmarshal(readFile(t, "../docs/watching/alerts.yml"), &rules); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(readFile(t, "../docs/watching/dashboard.json"), &board); err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	add := func(file, expr string) {
		names := regexp.MustCompile(`nightlatch_\w+`).FindAllString(expr, -1)
		if len(names) == 0 && !strings.HasPrefix(expr, "up{") {
			t.Errorf("%s: %q asks for nothing of ours", file, expr)
		}
		for _, name := range names {
			found[name] = file
		}
	}
	for _, r := range rules.Groups[0].Rules {
		add("alert "+r.Alert, r.Expr)
	}
	for i, p := range board.Panels {
		for _, x := range p.Targets {
			add(fmt.Sprintf("panel %d", i+1), x.Expr)
		}
	}
	if len(found) < 8 {
		t.Errorf("only %v are asked for", found)
	}
	return found
}
