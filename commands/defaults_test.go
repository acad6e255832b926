package commands_test

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"nightlatch.example/nightlatch/internal/sitetest"
)

// shipped is a site of the program as it is shipped: no setting but the port.
type shipped struct {
	*server
	dir string
	db  *bun.DB
	id  string // bob's
}

const bob = "bob@example.com"

// number reads one number of the database.
func (x *shipped) number(t *testing.T, query string, args ...any) (n int64) {
	t.Helper()
	if err := x.db.NewRaw(query, args...).Scan(context.Background(), &n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// span reads a length of time that lies between two columns.
func (x *shipped) span(t *testing.T, what, query string, want time.Duration, args ...any) {
	t.Helper()
	got := time.Duration(x.number(t, query, args...)) * time.Microsecond
	if got.Round(time.Second) != want {
		t.Errorf("%s: %s instead of %s", what, got, want)
	}
}

// age makes bob's rows of a table older, as if that much time had passed.
func (x *shipped) age(t *testing.T, table, columns string, by time.Duration) {
	t.Helper()
	for c := range strings.FieldsSeq(columns) {
		if _, err := x.db.ExecContext(t.Context(), fmt.Sprintf("UPDATE %s SET %s = %s - %d WHERE account_id = '%s' AND %s > 0", table, c, c, by.Microseconds(), x.id, c)); err != nil {
			t.Fatal(err)
		}
	}
	// As whatever changes a session, or /verify would go on for a moment with what it knows.
	if _, err := x.db.ExecContext(t.Context(), "UPDATE changes SET n = n + 1"); err != nil {
		t.Fatal(err)
	}
}

// refused fails the test unless an answer says to wait for some of a time.
func refused(t *testing.T, what string, p page, own int) {
	t.Helper()
	n, err := strconv.Atoi(p.header.Get("Retry-After"))
	if p.status != http.StatusTooManyRequests || err != nil || n < 1 || n > own {
		t.Errorf("%s: %d, Retry-After %q instead of at most %d", what, p.status, p.header.Get("Retry-After"), own)
	}
}

// The program with no setting at all has the documented numbers: a default
// that is changed by mistake fails here, on a whole journey.
func TestShippedDefaults(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	x := &shipped{server: start(t, dir, nil), dir: dir}
	x.db = raw(t, dir, nil)
	waitFor(t, func() bool { return len(x.lines(&x.out)) == 1 })
	token := strings.TrimPrefix(x.setupPath(), "/setup?token=")
	x.visitor().post("/setup", "token", token, "login", "ada@example.com", "password", sitetest.Password).want(t, "/profile/factors")
	must(t, dir, nil, sitetest.Password+"\n", "user", "add", bob, "--email", bob, "--password-stdin")
	if err := x.db.NewRaw("SELECT id FROM accounts WHERE login = ?", bob).Scan(t.Context(), &x.id); err != nil {
		t.Fatal(err)
	}
	x.files(t)
	v := x.visitor()
	if p := v.get("/register"); p.status != http.StatusNotFound {
		t.Errorf("/register: %d", p.status)
	}
	v.password(bob).want(t, "/profile")
	v.post("/profile/factors/totp").want(t, "/profile/factors/totp")
	secret := v.secret()
	v.post("/profile/factors/totp/confirm", "code", code(secret, 0)).want(t, "/profile/factors/recovery?new=1")
	v.post("/profile/factors/email").want(t, "/profile/factors/email")
	waitFor(t, func() bool { return len(mailed(dir, "bob")) == 1 })
	v.post("/profile/factors/email/confirm", "code", mailed(dir, "bob")[0]).want(t, "/profile?said=factor-added")
	x.codes(t)
	x.limits(t)
	x.trust(t, secret)
	x.session(t, v)
}

// files are for their owner alone, and passwords hashed at the documented cost.
func (x *shipped) files(t *testing.T) {
	t.Helper()
	for path, want := range map[string]uint32{"data": 0o700, "data/keys.json": 0o600, "data/nightlatch.db": 0o600} {
		if got := mode(t, filepath.Join(x.dir, path)); uint32(got) != want {
			t.Errorf("%s has mode %v", path, got)
		}
	}
	if n := x.number(t, "SELECT count(*) FROM accounts WHERE password LIKE '$argon2id$v=19$m=19456,t=2,p=1$%'"); n != 2 {
		t.Errorf("%d of two passwords are hashed with m=19456,t=2,p=1", n)
	}
}

// codes are mailed a minute apart and live for five, the sign-in for ten.
func (x *shipped) codes(t *testing.T) {
	t.Helper()
	v := x.visitor()
	v.password(bob).want(t, "/login/challenge")
	x.span(t, "pending login", "SELECT expires_at - created_at FROM pendings WHERE account_id = ?", 10*time.Minute, x.id)
	refused(t, "a second code", v.post("/login/challenge/email/code"), 60)
	age := func(by time.Duration) {
		change(t, x.db, fmt.Sprintf("UPDATE counters SET last_at = last_at - %d WHERE what = 'send' AND account_id = '%s'", by.Microseconds(), x.id))
	}
	age(30 * time.Second)
	refused(t, "a second code half a minute later", v.post("/login/challenge/email/code"), 30)
	age(31 * time.Second)
	v.post("/login/challenge/email/code").want(t, "/login/challenge?factor=email")
	x.span(t, "emailed code", "SELECT expires_at - created_at FROM ceremonies WHERE account_id = ? AND kind = 'email' AND purpose = 'login'", 5*time.Minute, x.id)
	waitFor(t, func() bool { return len(mailed(x.dir, "bob")) == 2 })
	x.age(t, "pendings", "created_at expires_at", 9*time.Minute)
	if p := v.get("/login/challenge"); p.status != http.StatusOK {
		t.Errorf("a sign-in nine minutes old: %d", p.status)
	}
	x.age(t, "pendings", "created_at expires_at", time.Minute+time.Second)
	if p := v.post("/login/challenge/email", "code", mailed(x.dir, "bob")[1]); p.status == http.StatusOK || !strings.HasPrefix(p.location, "/login") {
		t.Errorf("a sign-in ten minutes old: %d to %q", p.status, p.location)
	}
}

// limits are five failures before half a minute, and fifty that switch a kind off.
func (x *shipped) limits(t *testing.T) {
	t.Helper()
	v := x.visitor()
	v.password(bob).want(t, "/login/challenge")
	wrong := func() page { return v.post("/login/challenge/email", "code", "no code") }
	for i := range 5 {
		if p := wrong(); p.status != http.StatusUnprocessableEntity {
			t.Errorf("wrong code %d: %d", i+1, p.status)
		}
	}
	refused(t, "after five wrong codes", wrong(), 30)
	where := " FROM counters WHERE what = 'factor' AND kind = 'email' AND account_id = ?"
	x.span(t, "first wait", "SELECT until_at - last_at"+where, 30*time.Second, x.id)
	for _, n := range []int{48, 49} {
		change(t, x.db, fmt.Sprintf("UPDATE counters SET fails = %d, until_at = 0 WHERE what = 'factor' AND kind = 'email' AND account_id = '%s'", n, x.id))
		if p := wrong(); p.status != http.StatusUnprocessableEntity {
			t.Errorf("wrong code %d: %d", n+1, p.status)
		}
		if off := x.number(t, "SELECT off_at"+where, x.id) != 0; off != (n == 49) {
			t.Errorf("after %d failures the kind is off: %v", n+1, off)
		}
	}
	v.post("/login/cancel")
}

// trust lasts for thirty days.
func (x *shipped) trust(t *testing.T, secret []byte) {
	t.Helper()
	v := x.visitor()
	v.password(bob).want(t, "/login/challenge")
	if text := v.get("/login/challenge?factor=totp").body; !strings.Contains(text, "30 days") {
		t.Error("the offer does not say 30 days")
	}
	v.post("/login/challenge/totp", "code", code(secret, 1), "trust", "on").want(t, "/profile")
	x.span(t, "trusted browser", "SELECT until_at - created_at FROM browsers WHERE account_id = ? AND trusted", 720*time.Hour, x.id)
	again := func(location string) {
		t.Helper()
		v.post("/logout")
		v.password(bob).want(t, location)
	}
	x.age(t, "browsers", "created_at until_at", 719*time.Hour)
	again("/profile")
	x.age(t, "browsers", "created_at until_at", time.Hour+time.Second)
	again("/login/challenge")
}

// session ends after two hours without use and after a day; a confirmation
// counts for five minutes.
func (x *shipped) session(t *testing.T, v *visitor) {
	t.Helper()
	const codes = "/profile/factors/recovery.txt"
	in := func() bool { return v.get("/verify").status == http.StatusOK }
	fresh := func() bool { return v.get(codes).status == http.StatusOK }
	x.age(t, "sessions", "confirmed_at", 3*time.Minute)
	if !fresh() {
		t.Error("three minutes after a confirmation another is asked for")
	}
	x.age(t, "sessions", "confirmed_at", 2*time.Minute+time.Second)
	if p := v.get(codes); !strings.HasPrefix(p.location, "/confirm") {
		t.Errorf("five minutes after a confirmation: %d to %q", p.status, p.location)
	}
	x.age(t, "sessions", "last_seen_at", 119*time.Minute)
	if !in() {
		t.Error("ended before two hours without use")
	}
	x.age(t, "sessions", "last_seen_at", 2*time.Hour+time.Minute)
	if in() {
		t.Error("lasts longer than two hours without use")
	}
	x.age(t, "sessions", "last_seen_at", -2*time.Hour-time.Minute)
	x.age(t, "sessions", "created_at", 23*time.Hour+30*time.Minute)
	if !in() {
		t.Error("ended before a day")
	}
	x.age(t, "sessions", "created_at", 30*time.Minute)
	if in() {
		t.Error("lasts longer than a day")
	}
}
