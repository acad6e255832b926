package store_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	gomail "github.com/wneessen/go-mail"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/mail"
	"nightlatch.example/nightlatch/store"
)

// counter takes mails. A reminder is taken only once a code has been.
type counter struct {
	mu        sync.Mutex
	reminders int // begun before the code
	code      chan struct{}
}

func (c *counter) Send(ctx context.Context, m *gomail.Msg) error {
	if to := m.GetToString(); len(to) == 1 && strings.Contains(to[0], "code@") {
		close(c.code)
		return nil
	}
	c.mu.Lock()
	c.reminders++
	c.mu.Unlock()
	select {
	case <-c.code:
	case <-ctx.Done():
	}
	return ctx.Err()
}

func (c *counter) Check(context.Context, string) (string, error) { return "", nil }

// A code that comes behind a hundred thousand reminders overtakes all but the
// few that are on their way, and is found without looking at the others.
func TestACodeOvertakesAHundredThousandReminders(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		ctx, db := t.Context(), raw(t, url)
		write(t, s, func(tx login.Act) error { // those that are sent must open
			for range 40 {
				err := tx.Post(ctx, identity.Mail{Template: "policy-reminder", To: "ada@example.com", Created: noon.Add(-time.Hour), Data: map[string]string{"days": "3"}})
				if err != nil {
					return err
				}
			}
			return nil
		})
		_, err := db.NewRaw("INSERT INTO outbox (id, account_id, template, recipient, status, attempts, last_error, created_at, next_at, expires_at, sent_at)"+
			" WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)"+
			" SELECT 'reminder-' || i, '', 'policy-reminder', 'ada@example.com', 'queued', 0, '', CAST(? AS BIGINT), CAST(? AS BIGINT) + i, 0, 0 FROM n",
			noon.Add(-time.Minute).UnixMicro(), noon.Add(-time.Minute).UnixMicro()).Exec(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.NewRaw("ANALYZE outbox").Exec(ctx); err != nil {
			t.Fatal(err)
		}
		write(t, s, func(tx login.Act) error {
			return tx.Post(ctx, identity.Mail{Template: mail.CodeTemplate, To: "code@example.com", Created: noon, Expires: noon.Add(5 * time.Minute),
				Data: map[string]string{"code": "042137"}})
		})
		looksAtOneIndex(t, s, url)

		renderer, err := mail.NewRenderer(mail.RenderOptions{Brand: "Nightlatch", URL: "http://localhost:8080"})
		if err != nil {
			t.Fatal(err)
		}
		c := &counter{code: make(chan struct{})}
		w, err := mail.New(mail.Options{Outbox: s, Transport: c, Renderer: renderer, From: "N <n@example.com>", Now: func() time.Time { return noon }})
		if err != nil {
			t.Fatal(err)
		}
		running, stop := context.WithCancel(ctx)
		ended := make(chan struct{})
		go func() { w.Run(running); close(ended) }()
		select {
		case <-c.code:
		case <-time.After(time.Minute):
			t.Error("the code waits behind the reminders")
		}
		c.mu.Lock()
		before := c.reminders
		c.mu.Unlock()
		stop()
		<-ended
		if before > 10 {
			t.Errorf("%d reminders were handed over before the code", before)
		}
	})
}

// looksAtOneIndex fails when claiming a code reads the outbox from end to end.
func looksAtOneIndex(t *testing.T, s *store.Store, url string) {
	t.Helper()
	explain, whole, index := "EXPLAIN ", "Seq Scan on outbox", "outbox_codes"
	if s.Embedded() {
		explain, whole = "EXPLAIN QUERY PLAN ", "SCAN outbox"
	}
	rows, err := raw(t, url).QueryContext(t.Context(), explain+s.ClaimSQL(mail.Codes), noon.Add(time.Minute).UnixMicro(), noon.UnixMicro(), 10)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	plan := ""
	for rows.Next() {
		var skip any
		var step string
		into := []any{&step}
		if s.Embedded() {
			into = []any{&skip, &skip, &skip, &step}
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		plan += step + "\n"
	}
	if rows.Err() != nil || strings.Contains(plan, whole) || !strings.Contains(plan, index) {
		t.Errorf("%v\n%s", rows.Err(), plan)
	}
}
