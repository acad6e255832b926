package commands_test

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var enrollLink = regexp.MustCompile(`/enroll/[A-Za-z0-9]+`)

// linkFor is the enrollment link in a mail to an address; empty when there is none.
func linkFor(dir, address string) string {
	files, _ := filepath.Glob(filepath.Join(dir, "data", "mail", "*.eml"))
	for _, f := range files {
		if text, _ := os.ReadFile(f); strings.Contains(string(text), "<"+address+">") {
			if link := enrollLink.FindString(strings.ReplaceAll(string(text), "=\r\n", "")); link != "" {
				return link
			}
		}
	}
	return ""
}

// lostKeys are ways to lose the keys: no file, and another one in its place.
func lostKeys(t *testing.T) map[string]func(path string) {
	t.Helper()
	other := t.TempDir()
	must(t, other, nil, "", "migrate", "up")
	strange := readFile(t, keyPath(other))
	return map[string]func(string){
		"no file":         func(path string) { _ = os.Remove(path) },
		"of another site": func(path string) { writeFile(t, path, strange) },
	}
}

// Whoever lost the keys for good accepts new ones: it is said what goes, only
// with --yes and only while no server runs. Factors that open no more are taken
// away and no account is left open to somebody with the password alone.
func TestNewKeysAreAcceptedInThePlaceOfLostOnes(t *testing.T) {
	t.Parallel()
	for way, lose := range lostKeys(t) {
		for name, env := range databases(t) {
			t.Run(name+", "+way, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				acceptAfter(t, dir, env, lose)
			})
		}
	}
}

func acceptAfter(t *testing.T, dir string, env []string, lose func(path string)) {
	people := seed(t, dir, env, "ada", 2, true) // ada1 has an address as a factor too
	mailable(t, dir, env, people[1:])
	newAccount(t, dir, env, "eve", "--email", "eve@example.com")
	newAccount(t, dir, env, "bob")
	s := start(t, dir, env)
	eve, half := s.visitor(), s.visitor()
	eve.password("eve").want(t, "/profile")
	_, codes := eve.enrolled(t)
	half.password(people[1].login).want(t, "/login/challenge")
	path := keyPath(dir)
	refuses(t, dir, env, []string{"key", "accept", "--yes"}, "in use")
	s.stop()
	refuses(t, dir, env, []string{"key", "accept", "--yes"}, "nothing to accept")
	must(t, dir, env, "", "user", "add", "carol", "--email", "carol@example.com") // her invite waits
	lose(path)
	before, _ := os.ReadFile(path)
	refuses(t, dir, env, []string{"user", "list"}, "NIGHTLATCH_KEYS")
	r := run(t, dir, env, "", "key", "accept")
	if r.code != 1 || !strings.Contains(r.out, "recovery codes of 3 accounts") || !strings.Contains(r.out, "emails that were not sent") || !strings.Contains(r.err, "--yes") {
		t.Errorf("without --yes: %+v", r)
	}
	if now, _ := os.ReadFile(path); string(now) != string(before) {
		t.Error("the key file was made or changed")
	}
	refuses(t, dir, env, []string{"user", "list"}, "NIGHTLATCH_KEYS")
	out := must(t, dir, env, "", "key", "accept", "--yes")
	link := enrollLink.FindString(out)
	if link == "" || !strings.Contains(out, people[0].login+": no email address") || strings.Count(out, "/enroll/") != 1 || !strings.Contains(out, "nightlatch audit accept --reason R") {
		t.Errorf("it says %s", out)
	}
	must(t, dir, env, "", "doctor")
	if r := run(t, dir, env, "", "audit", "verify"); r.code != 1 || !strings.Contains(r.err, "new keys were accepted") {
		t.Errorf("the log: %+v", r)
	}
	if head := regexp.MustCompile("[0-9a-f]{64}").FindString(out); head == "" {
		t.Error("no head to keep")
	} else {
		must(t, dir, env, "", "audit", "verify", "--head", head)
	}
	must(t, dir, env, "", "audit", "accept", "--reason", "lost in a fire")
	must(t, dir, env, "", "audit", "verify")

	s = start(t, dir, env)
	eve.base, half.base = s.url, s.url
	if got := eve.get("/verify"); got.status != http.StatusUnauthorized {
		t.Errorf("a session that hung on a lost factor lives: %d", got.status)
	}
	if got := half.get("/login/challenge"); got.status != http.StatusSeeOther {
		t.Errorf("a sign-in under way goes on: %d", got.status)
	}
	for _, login := range []string{"eve", people[0].login} { // what somebody has who knows the password alone
		thief := s.visitor()
		if got := thief.password(login); got.status == http.StatusSeeOther {
			t.Errorf("%s: the password leads to %q", login, got.location)
		}
		if got := thief.post("/profile/factors/totp"); got.location == "/profile/factors/totp" || thief.get("/verify").status != http.StatusUnauthorized {
			t.Errorf("%s: enrolls with the password alone", login)
		}
		if got := thief.post("/login/challenge/recovery", "code", codes[0]); got.location == "/profile" {
			t.Error("an old recovery code works")
		}
	}
	s.visitor().password("bob").want(t, "/profile") // never had a factor
	byMail(t, s, dir, people[1].login)
	waitFor(t, func() bool { return linkFor(dir, "eve@example.com") != "" })
	for login, link := range map[string]string{"eve": linkFor(dir, "eve@example.com"), people[0].login: link} {
		owner := s.visitor()
		owner.post(link).want(t, "/login?said=ticket")
		if got := owner.password(login); got.status != http.StatusSeeOther {
			t.Fatalf("%s: %d", login, got.status)
		}
		owner.enrolled(t)
	}
}

// byMail signs somebody in with an emailed code, who is asked for one all the same.
func byMail(t *testing.T, s *server, dir, login string) {
	t.Helper()
	v, had := s.visitor(), len(mailed(dir, login))
	v.password(login).want(t, "/login/challenge")
	v.post("/login/challenge/email/code").want(t, "/login/challenge?factor=email")
	waitFor(t, func() bool { return len(mailed(dir, login)) > had })
	codes := mailed(dir, login)
	v.post("/login/challenge/email", "code", codes[len(codes)-1]).want(t, "/profile")
}
