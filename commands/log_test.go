package commands_test

import (
	"encoding/json"
	"strings"
	"testing"

	"nightlatch.example/nightlatch/internal/sitetest"
)

// The log is JSON lines, each request with its id,
// and no password, code, token or cookie is in it, at any level.
func TestTheLogIsJSONAndKeepsSecrets(t *testing.T) {
	dir := t.TempDir()
	env := []string{"NIGHTLATCH_LOG=debug", "NIGHTLATCH_CODE_COOLDOWN=0"}
	newAccount(t, dir, env, "ada@example.com", "--admin")
	invite := strings.TrimSpace(must(t, dir, env, "", "user", "add", "bob@example.com"))
	token := invite[strings.LastIndexByte(invite, '/')+1:]
	s := start(t, dir, env)

	secrets := []string{sitetest.Password, token}
	ids := map[string]string{}
	v := s.visitor()
	note := func(path string, p page) page {
		if id := p.header.Get("X-Request-Id"); p.status == 0 || id == "" || ids[id] != "" {
			t.Errorf("%s answered %d with the id %q", path, p.status, id)
		} else {
			ids[id] = path
		}
		for _, name := range []string{"nightlatch_session", "nightlatch_login", "nightlatch_known", "nightlatch_browser"} {
			if c := v.cookie(name); c != "" {
				secrets = append(secrets, c)
			}
		}
		return p
	}
	get := func(path string) page { return note(path, v.get(path)) }
	post := func(path string, pairs ...string) page { return note(path, v.post(path, pairs...)) }

	get("/invite/" + token)
	get("/password/reset/" + token)
	get("/setup?token=" + token)
	get("/nowhere/" + token)
	get("/login?next=/profile?token=" + token)
	post("/login", "login", "ada@example.com", "password", sitetest.Password+"!")
	post("/login", "login", sitetest.Password, "password", "ada@example.com") // typed into the wrong field
	post("/login", "login", "ada@example.com", "password", sitetest.Password)
	post("/profile/factors/totp")
	secret := v.secret()
	secrets = append(secrets, string(secret))
	post("/profile/factors/totp/confirm", "code", lastCode(secret))
	post("/profile/factors/email", "address", "ada@example.com")
	post("/logout")
	post("/login", "login", "ada@example.com", "password", sitetest.Password)
	for _, step := range []int64{-1, 0} { // used at enrollment, then a right one
		secrets = append(secrets, `"`+code(secret, step)+`"`, "="+code(secret, step))
		post("/login/challenge/totp", "code", code(secret, step), "trust", "on")
	}
	if p := get("/admin"); p.status != 200 {
		t.Errorf("/admin answered %d", p.status)
	}
	s.stop()

	logged := map[string]bool{}
	for _, line := range s.lines(&s.log) {
		var l struct{ Time, Level, Msg, ID string }
		if err := json.Unmarshal([]byte(line), &l); err != nil || l.Time == "" || l.Level == "" || l.Msg == "" {
			t.Errorf("not a line of the log: %s", line)
		}
		if l.Msg == "request" {
			logged[l.ID] = true
		}
		for _, secret := range secrets {
			if strings.Contains(line, secret) {
				t.Errorf("the log shows %q: %s", secret, line)
			}
		}
	}
	for id, path := range ids {
		if !logged[id] {
			t.Errorf("the request for %s is not in the log under its id", path)
		}
	}
}

// A log that is less talkative says nothing of requests.
func TestTheLogHasLevels(t *testing.T) {
	dir := t.TempDir()
	newAccount(t, dir, nil, "ada@example.com")
	s := start(t, dir, []string{"NIGHTLATCH_LOG=info"})
	s.visitor().get("/login")
	s.visitor().get("/healthz")
	s.stop()
	requests := 0
	for _, line := range s.lines(&s.log) {
		if strings.Contains(line, `"msg":"request"`) {
			requests++
		}
	}
	if requests != 1 {
		t.Errorf("%d requests in the log: %v", requests, s.lines(&s.log))
	}
}
