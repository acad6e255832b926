// Package oldsite is a site that version 0.1.0 made, for tests that upgrade it:
// its SQLite file, the same rows in a PostgreSQL database that its own
// migrations made, its keys, and what its people know.
package oldsite

import (
	"context"
	"embed"
	"encoding/base32"
	"encoding/json"
	"nightlatch.example/nightlatch/internal/pgtest"
	"os"
	"path/filepath"
	"testing"
	"time"
)

//go:embed testdata
var files embed.FS

// Moment is twenty seconds after the last thing that happened on the site.
var Moment = time.Date(2026, 11, 25, 3, 18, 5, 0, time.UTC)

// Person is what somebody with an account knows.
type Person struct {
	Login, Name, Password string
	Level                 int      // that a sign-in reaches
	Variants              []string // other ways to write the login
	TOTP                  []App
	Email                 []struct{ Address, Name string } // addresses that are factors
	Recovery, Used        []string                         // recovery codes: all, and those that were used
	Trusted               string                           // the cookie of a trusted browser
	TOTPOff               bool                             `json:"totp_off"` // switched off after failures
	Disabled              bool                             // by an admin
}

// Fresh are the recovery codes that were not used.
func (p Person) Fresh() (codes []string) {
	used := map[string]bool{}
	for _, c := range p.Used {
		used[c] = true
	}
	for _, c := range p.Recovery {
		if !used[c] {
			codes = append(codes, c)
		}
	}
	return codes
}

// App is an authenticator app.
type App struct{ Name, Secret string }

// Key is the secret as bytes.
func (a App) Key() []byte {
	key, _ := base32.StdEncoding.DecodeString(a.Secret)
	return key
}

// Truth is what is known about the site.
type Truth struct {
	People  []Person
	Links   struct{ Invite string } // the token of an open invite
	Invited string                  // the login it is for
	List    json.RawMessage         // what user list --json printed
	Status  json.RawMessage         // what factor status --json printed
	Events  int                     // rows of the audit log
}

// Person finds somebody by login.
func (x Truth) Person(t testing.TB, login string) Person {
	t.Helper()
	for _, p := range x.People {
		if p.Login == login {
			return p
		}
	}
	t.Fatalf("nobody is called %s", login)
	return Person{}
}

// Read gives the truth about the site.
func Read(t testing.TB) (x Truth) {
	t.Helper()
	if err := json.Unmarshal(file(t, "truth.json"), &x); err != nil {
		t.Fatal(err)
	}
	return x
}

// Folder writes the site's keys and SQLite file into a folder, as copies that
// may be changed.
func Folder(t testing.TB, dir string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"keys.json", "nightlatch.db"} {
		if err := os.WriteFile(filepath.Join(dir, name), file(t, name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// Postgres fills an empty database.
func Postgres(t testing.TB, dsn string) {
	t.Helper()
	db := pgtest.Connect(t, dsn)
	defer db.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := db.ExecContext(ctx, string(file(t, "postgres.sql"))); err != nil {
		t.Fatal(err)
	}
}

func file(t testing.TB, name string) []byte {
	t.Helper()
	text, err := files.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
