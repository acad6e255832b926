package store_test

import (
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/store"
)

// dump is everything in a database: each column of each row of each table.
func dump(t *testing.T, db *bun.DB) (cells []string) {
	t.Helper()
	for _, table := range tables(t, db) {
		rows, err := db.QueryContext(t.Context(), "SELECT * FROM "+table)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		names, _ := rows.Columns()
		for rows.Next() {
			row, into := make([]any, len(names)), make([]any, len(names))
			for i := range row {
				into[i] = &row[i]
			}
			if err := rows.Scan(into...); err != nil {
				t.Fatal(err)
			}
			for _, v := range row {
				if b, ok := v.([]byte); ok {
					v = string(b)
				}
				cells = append(cells, fmt.Sprint(v))
			}
		}
		if rows.Err() != nil {
			t.Fatal(rows.Err())
		}
	}
	return cells
}

// life is a site on which everything secret was made at least once. It gives
// the long secrets, and the six-digit codes.
func life(t *testing.T, s *sitetest.Site) (secrets, codes []string) {
	t.Helper()
	s.User("ada@example.com", identity.Member)
	b := s.Browser().SignIn("ada@example.com")
	secret := b.EnrollTOTP()
	codes = append(codes, s.Code(secret))
	secrets = append(secrets, sitetest.Password, string(secret), hex.EncodeToString(secret),
		base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret), base64.StdEncoding.EncodeToString(secret))
	for _, c := range b.RecoveryCodes() {
		secrets = append(secrets, c, strings.ReplaceAll(c, "-", ""), strings.ToLower(c))
	}
	b.Post("/profile/factors/email", "address", "ada@example.com").Want(t, "/profile/factors/email")
	code := s.LastCode("")
	codes = append(codes, code)
	b.Post("/profile/factors/email/confirm", "code", code)
	b.Post("/profile/factors/totp").Want(t, "/profile/factors/totp") // and one that stays pending
	pending := b.PendingSecret()
	secrets = append(secrets, string(pending), hex.EncodeToString(pending))

	s.Advance(61 * time.Second)
	other := s.Browser()
	other.Password("ada@example.com").Want(t, "/login/challenge")
	secrets = append(secrets, other.Cookie("nightlatch_login"))
	other.Post("/login/challenge/totp", "code", s.Code(secret), "trust", "on").Want(t, "/profile")
	codes = append(codes, s.Code(secret))
	third := s.Browser()
	third.Password("ada@example.com").Want(t, "/login/challenge")
	third.Post("/login/challenge/email/code").Want(t, "/login/challenge?factor=email")
	codes = append(codes, s.LastCode(""))
	third.Post("/password/forgot", "login", "ada@example.com")
	for _, l := range s.Mails() {
		if link := l.Link(); link != "" {
			secrets = append(secrets, link[strings.LastIndexByte(link, '/')+1:])
		}
	}
	s.Advance(61 * time.Second)
	third.Post("/login/challenge/email/code") // stays in the outbox
	third.Post("/password/forgot", "login", "ada@example.com")
	for _, x := range []*sitetest.Browser{b, other, third} {
		for _, name := range []string{"nightlatch_session", "nightlatch_login", "nightlatch_browser", "nightlatch_known"} {
			if v := x.Cookie(name); v != "" {
				secrets = append(secrets, v)
			}
		}
	}
	return secrets, codes
}

// A copy of the database, and the log, hold
// nothing that opens a door.
func TestNothingIsReadableAtRest(t *testing.T) {
	onSite(t, func(t *testing.T, s *sitetest.Site) {
		secrets, codes := life(t, s)
		if len(secrets) < 40 || len(codes) != 4 {
			t.Fatalf("only %d secrets and %d codes to look for", len(secrets), len(codes))
		}
		cells := dump(t, raw(t, s.Database))
		for i, c := range cells {
			cells[i] = c + "\x00" + strings.ToLower(c)
		}
		places := map[string]string{"a column": strings.Join(cells, "\x00"), "the log": s.Log.String()}
		if path, ok := strings.CutPrefix(s.Database, "sqlite:"); ok {
			for _, end := range []string{"", "-wal"} {
				b, err := os.ReadFile(path + end)
				if err != nil || len(b) == 0 {
					t.Fatalf("%s: %v", end, err)
				}
				places["the file"+end] = string(b)
			}
		}
		for place, text := range places {
			for _, secret := range secrets {
				if strings.Contains(text, secret) {
					t.Errorf("%s holds %q", place, secret)
				}
			}
			for _, code := range codes {
				if regexp.MustCompile(`(^|[^0-9A-Za-z+/.])` + code + `([^0-9A-Za-z+/.]|$)`).MatchString(text) {
					t.Errorf("%s holds the code %s", place, code)
				}
			}
			if strings.Contains(text, `"code":`) || strings.Contains(text, `"link":`) {
				t.Errorf("%s holds what a mail says", place)
			}
		}
	})
}

// What is stored of a recovery code is not itself accepted as one.
func TestTheKeptFormIsNoCode(t *testing.T) {
	onSite(t, func(t *testing.T, s *sitetest.Site) {
		token, _ := enrolled(t, s, "ada@example.com")
		var kept []struct {
			Hash   string
			Secret []byte
		}
		err := raw(t, s.Database).NewRaw("SELECT hash, secret FROM credentials WHERE kind = 'recovery'").Scan(t.Context(), &kept)
		if err != nil || len(kept) != 10 {
			t.Fatalf("%d, %v", len(kept), err)
		}
		for _, k := range kept[:2] {
			for _, text := range []string{k.Hash, k.Hash[strings.LastIndexByte(k.Hash, '$')+1:], string(k.Secret), hex.EncodeToString(k.Secret)} {
				_, err := s.Login.Answer(t.Context(), token, login.Reply{Kind: factors.KindRecovery, Answer: factors.Answer{Code: text}}, identity.Client{Range: identity.NewID()})
				if identity.Refused(err) == nil {
					t.Errorf("%q: %v", text, err)
				}
				s.Advance(time.Second)
			}
		}
	}, func(c *sitetest.Config) { c.Login.LockAfter = 1000 })
}

// exchange gives each of the two rows of a table what the other has, by way of
// a table of its own.
func exchange(t *testing.T, db *bun.DB, table, column string) {
	t.Helper()
	run(t, db, "CREATE TABLE was AS SELECT id, "+column+" AS v FROM "+table)
	run(t, db, "UPDATE "+table+" SET "+column+" = (SELECT v FROM was WHERE was.id <> "+table+".id)")
	run(t, db, "DROP TABLE was")
}

// A secret opens in its own row of its own account only.
func TestAMovedSecretDoesNotOpen(t *testing.T) {
	for name, move := range map[string]func(*testing.T, *bun.DB){
		"to another account": func(t *testing.T, db *bun.DB) { exchange(t, db, "credentials", "secret") },
		"row and all":        func(t *testing.T, db *bun.DB) { exchange(t, db, "credentials", "account_id") },
		"to another row":     func(t *testing.T, db *bun.DB) { run(t, db, "UPDATE credentials SET id = 'x' || id") },
	} {
		t.Run(name, func(t *testing.T) {
			onStore(t, func(t *testing.T, s *store.Store, url string) {
				a, _ := account(t, s, "ada")
				b, _ := account(t, s, "bob")
				move(t, raw(t, url))
				for _, id := range []string{a.ID, b.ID} {
					got, err := s.Credentials(t.Context(), id, factors.KindTOTP)
					if !errors.Is(err, identity.ErrSealed) {
						t.Errorf("%v, %v", len(got), err)
					}
					if _, err := s.Credentials(t.Context(), id); err != nil {
						t.Errorf("without its secret: %v", err)
					}
				}
			})
		})
	}
}

// The state of a ceremony and what a mail says are bound in the same way.
func TestAMovedStateOrMailDoesNotOpen(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		a, _ := account(t, s, "ada")
		b, _ := account(t, s, "bob")
		for i, id := range []string{a.ID, b.ID} {
			write(t, s, func(tx login.Act) error {
				return tx.PutCeremony(t.Context(), login.Ceremony{ID: fmt.Sprint(i), AccountID: id, Subject: fmt.Sprint(i),
					Purpose: factors.ForLogin, Kind: factors.KindEmail, State: []byte("state")})
			})
		}
		if c, err := s.Ceremony(t.Context(), factors.ForLogin, "0", factors.KindEmail); err != nil || !bytes.Equal(c.State, []byte("state")) {
			t.Fatal(err)
		}
		post(t, s, 2, time.Time{})
		db := raw(t, url)
		exchange(t, db, "ceremonies", "state")
		exchange(t, db, "outbox", "data")
		for _, subject := range []string{"0", "1"} {
			if _, err := s.Ceremony(t.Context(), factors.ForLogin, subject, factors.KindEmail); !errors.Is(err, identity.ErrSealed) {
				t.Errorf("state %s: %v", subject, err)
			}
		}
		if got := claim(t, s, noon, 10); len(got) != 0 {
			t.Errorf("%d mails opened", len(got))
		}
		var kept int
		if err := db.NewRaw("SELECT count(*) FROM outbox WHERE status = 'queued' AND data IS NOT NULL AND last_error <> ''").Scan(t.Context(), &kept); err != nil || kept != 2 {
			t.Errorf("%d wait for the right keys, %v", kept, err)
		}
	})
}
