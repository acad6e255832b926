package routes_test

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"nightlatch.example/nightlatch/internal/pgtest"
	"strings"
	"testing"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
	"nightlatch.example/nightlatch/mail"
)

const importCSV = "login,name,role\nada@example.com,Ada Byron,admin\nkurt,Kurt\n\"open,quote\nbad login,x\nADA@example.com,Twin\nboss,Me\nzoe,Zoe,queen\n"

// Invites by CSV: a try makes nothing, and a bad line never stops a good one.
func TestImport(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		boss := s.Admin("boss")
		var body bytes.Buffer
		m := multipart.NewWriter(&body)
		part, _ := m.CreateFormFile("file", "people.csv")
		_, _ = part.Write([]byte("\xef\xbb\xbf" + strings.ReplaceAll(importCSV, "\n", "\r\n")))
		m.Close()
		boss.Header.Set("Content-Type", m.FormDataContentType())
		p := boss.Do(http.MethodPost, "/admin/import", &body, boss.HTMX).WantStatus(t, http.StatusOK)
		boss.Header.Del("Content-Type")
		for _, want := range []string{"Create 2 accounts", "quote is missing", "without spaces", "already in the file", "login is taken", "user or admin"} {
			if !strings.Contains(p.Text(), want) {
				t.Errorf("the try does not say %q", want)
			}
		}
		if n, _ := s.Store.CountAccounts(t.Context()); n != 1 {
			t.Fatalf("the try made %d accounts", n-1)
		}
		s.Advance(6 * 60e9) // the confirmation is old: the form waits for another one
		if q := boss.Clone().Post("/admin/import", "csv", importCSV, "do", "1"); !strings.HasPrefix(q.Location, "/confirm") {
			t.Errorf("no step-up: %d %q", q.Status, q.Location)
		}
		boss = s.Admin("boss2")
		p = boss.Post("/admin/import", "csv", importCSV, "do", "1").WantStatus(t, http.StatusOK)
		if a := s.Account("ada@example.com"); a.Role != identity.Admin || a.Name != "Ada Byron" || a.Status() != "invited" {
			t.Errorf("ada: %+v", a)
		}
		link := sitetest.Letter{Text: p.Text()}.Link()
		s.Browser().Get(link).WantStatus(t, http.StatusOK)
		if mails := s.Mails(); len(mails) == 0 || mails[len(mails)-1].To != "ada@example.com" {
			t.Errorf("%d mails", len(mails))
		}
		boss.Post("/admin/import", "csv", " ").WantStatus(t, http.StatusUnprocessableEntity)
	})
}

// An invite shows its link on the next page, to this admin alone.
func TestInvite(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		boss := s.Admin("boss")
		p := boss.Post("/admin/users", "login", "kurt", "name", "Kurt", "role", "user").WantStatus(t, okStatus(boss))
		link := sitetest.Letter{Text: boss.Get(p.Location).Text()}.Link()
		s.Browser().Post(link, "password", "a very new password").Want(t, "/login?said=registered")
		if p := boss.Post("/admin/users", "login", "KURT").WantStatus(t, http.StatusUnprocessableEntity); !strings.Contains(p.Alert(), "taken") {
			t.Error(p.Alert())
		}
	})
}

// The audit log: who, whom, where from, which level and why; filters; a row
// that is changed or missing shows.
func TestAudit(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		boss := s.Admin("boss")
		a := s.User("ada@example.com", identity.Member)
		boss.Post("/admin/users/"+a.ID+"/disable", "reason", "left the <house>").WantStatus(t, okStatus(boss))
		for query, want := range map[string]bool{"": true, "?event=account.disabled": true, "?user=ADA@example.com": true, "?q=the%20%3CHOUSE": true, "?user=boss": true,
			"?user=" + a.ID: true, "?event=login": false, "?q=nothing": false, "?user=nobody": false, "?q=%25": false} {
			p := boss.Get("/admin/audit"+query).WantStatus(t, http.StatusOK)
			if got := strings.Contains(p.Text(), "“left the <house>”"); got != want {
				t.Errorf("%s: %v", query, got)
			}
			file := boss.Get("/admin/audit.csv"+query).WantStatus(t, http.StatusOK)
			if got := strings.Contains(file.Body, "left the <house>"); got != want {
				t.Errorf("%s: %v in the file", query, got)
			}
		}
		if p := boss.Get("/admin/audit?event=account.disabled"); !strings.Contains(p.Text(), "by boss level 2 An unknown browser 203.0.113.7") {
			t.Errorf("who did it: %s", p.Text())
		}
		whole, err := s.Accounts.VerifyAudit(t.Context(), "")
		rows := whole.Rows
		if err != nil || whole.Broken != 0 || whole.Fault != "" || rows < 5 {
			t.Fatalf("%+v: %v", whole, err)
		}
		tamper(t, s, fmt.Sprintf("UPDATE events SET reason = 'nothing' WHERE seq = %d", rows-1))
		if got, err := s.Accounts.VerifyAudit(t.Context(), ""); err != nil || got.Broken != rows-1 {
			t.Errorf("a changed row: broken at %d, not %d: %v", got.Broken, rows-1, err)
		}
		tamper(t, s, "DELETE FROM events WHERE seq = 2")
		if got, err := s.Accounts.VerifyAudit(t.Context(), ""); err != nil || got.Broken != 3 {
			t.Errorf("a missing row: broken at %d: %v", got.Broken, err)
		}
	})
}

// behind is the site's database as somebody sees it who does not ask the site.
func behind(t *testing.T, s *sitetest.Site) (db *sql.DB) {
	t.Helper()
	if path, ok := strings.CutPrefix(s.Database, "sqlite:"); ok {
		var err error
		if db, err = sql.Open("sqlite", path); err != nil {
			t.Fatal(err)
		}
	} else {
		db = pgtest.Connect(t, s.Database)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// tamper runs SQL behind the site's back.
func tamper(t *testing.T, s *sitetest.Site, statement string) {
	t.Helper()
	if _, err := behind(t, s).ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

// The outbox shows states and the server's words, retries, and never says
// what a mail says.
func TestOutboxPage(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		boss := s.Admin("boss")
		boss.Post("/admin/users", "login", "ada@example.com").WantStatus(t, okStatus(boss))
		id := ""
		mails, err := s.Accounts.Outbox(t.Context(), accounts.MailFilter{Limit: 10})
		if err != nil || len(mails.Mails) != 1 {
			t.Fatalf("%d mails: %v", len(mails.Mails), err)
		}
		id = mails.Mails[0].ID
		later := s.Now().Add(3600e9)
		for range 6 { // from then on it waits an hour
			err = errors.Join(err, s.Store.MailFailed(t.Context(), id, mail.Failure{Now: s.Now(), Next: later, Reason: "454 4.7.0 <later>"}))
		}
		if err != nil {
			t.Fatal(err)
		}
		p := boss.Get("/admin/mail?status=queued").WantStatus(t, http.StatusOK)
		for _, want := range []string{"Invite", "ada@example.com", "454 4.7.0 <later>", "6 attempts", "1 queued"} {
			if !strings.Contains(p.Text(), want) {
				t.Errorf("no %q", want)
			}
		}
		if strings.Contains(p.Body, "/invite/") {
			t.Error("the mail's link is shown")
		}
		if got := s.Mails(); len(got) != 0 {
			t.Fatal("sent before its time")
		}
		boss.Post("/admin/mail/"+id+"/retry").Want(t, "/admin/mail?said=retried")
		if got := s.Mails(); len(got) != 1 {
			t.Fatalf("%d mails after the retry", len(got))
		}
		boss.Get("/admin/mail") // else it is the same form sent twice
		if p := boss.Post("/admin/mail/"+id+"/retry").WantStatus(t, http.StatusUnprocessableEntity); !strings.Contains(p.Alert(), "deleted") {
			t.Error(p.Alert())
		}
		boss.Post("/admin/mail/unknown/retry").WantStatus(t, http.StatusNotFound)
	})
}
