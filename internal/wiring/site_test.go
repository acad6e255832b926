package wiring_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/internal/wiring"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/password"
)

// The numbers that a site ships with. Whoever changes a default on purpose
// changes it here, in docs/settings.md and in CHANGELOG.md.
func TestOptionsShipWithTheNumbersOfTheReadme(t *testing.T) {
	t.Parallel()
	set, err := wiring.Options{}.Check()
	if err != nil {
		t.Fatal(err)
	}
	got, want := set.Login, login.Options{
		Brand: "Nightlatch", URL: "http://localhost:8080", Host: "localhost",
		LoginTTL: 10 * time.Minute, CodeTTL: 5 * time.Minute, CodeCooldown: time.Minute, ConfirmTTL: 5 * time.Minute,
		SessionIdle: 2 * time.Hour, SessionMax: 24 * time.Hour, TrustTTL: 30 * 24 * time.Hour,
		LockAfter: 5, LockWait: 30 * time.Second, LockDisable: 50,
	}
	got.Now = nil // the real clock
	if set.Login.Now == nil || !reflect.DeepEqual(got, want) {
		t.Errorf("the rules are %+v", got)
	}
	if set.Cost != (password.Cost{}) || password.DefaultCost != (password.Cost{MemoryKiB: 19 * 1024, Time: 2, Threads: 1}) {
		t.Errorf("a password costs %+v, by default %+v", set.Cost, password.DefaultCost)
	}
	if set.Open || set.Gallery || set.Data != "data" || set.Database != "sqlite:data/nightlatch.db" || set.Keys != "data/keys.json" ||
		set.Mail.String() != "dir:data/mail" || set.From != "Nightlatch <nightlatch@localhost>" || set.Helo != "localhost" || len(set.Proxies) != 0 {
		t.Errorf("%+v", set)
	}
}

// A site is opened, serves, and is closed; opened again it is the same one.
func TestASiteIsOpenedAndClosed(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	for range 2 {
		s, err := wiring.Open(t.Context(), wiring.Options{Data: dir, Name: "Gatehouse"})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(s.SetupLink(), "http://localhost:8080/setup?token=") {
			t.Errorf("the first admin is made at %q", s.SetupLink())
		}
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://localhost:8080/login", nil))
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "Gatehouse") {
			t.Errorf("the login page: %d", w.Code)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "keys.json")); err != nil {
		t.Error(err)
	}
}

// A bad option is refused by the name of its variable, and nothing is made.
func TestABadOptionMakesNothing(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	for name, o := range map[string]wiring.Options{
		"NIGHTLATCH_CODE_TTL": {Data: dir, CodeTTL: "11m"}, "NIGHTLATCH_LOCK_AFTER": {Data: dir, LockAfter: "51"},
		"NIGHTLATCH_URL": {Data: dir, URL: "ftp://x"}, "NIGHTLATCH_NAME": {Data: dir, Name: " x"},
	} {
		if _, err := wiring.Open(t.Context(), o); err == nil || !strings.HasPrefix(err.Error(), name+" (") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("a folder was made")
	}
}
