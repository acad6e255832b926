package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/mail"
)

// laneSQL is what is in a lane and due sooner or later. Each has an index of
// the same words, so that no lane looks at the mails of another.
var laneSQL = map[mail.Lane]string{
	mail.Codes:   "template = 'code' AND status = 'queued'",
	mail.Letters: "template NOT IN ('code', 'policy-reminder', 'restored') AND status = 'queued'",
	mail.Bulk:    "template IN ('policy-reminder', 'restored') AND status = 'queued'",
}

// unreadableWait is how long a mail that cannot be opened waits for the next
// attempt.
const unreadableWait = 5 * time.Minute

// ClaimMail returns mails that are due and hides them for the lease. One that
// cannot be opened waits, because the right keys may come back. While the keys
// are not those of the site it claims nothing, so that a server with the right
// keys sends the mail.
func (s *Store) ClaimMail(ctx context.Context, c mail.Claim) (list []mail.Message, err error) {
	for {
		n, err := s.count(ctx, s.reader.NewRaw("SELECT count(*) FROM (SELECT 1 FROM outbox WHERE "+laneSQL[c.Lane]+" AND next_at <= ? LIMIT 1) AS x", at(c.Now)))
		if err != nil || n == 0 { // most of the time: no write
			return nil, err
		}
		if err := s.keys.fit(); err != nil {
			return nil, err
		}
		list, claimed, err := s.claim(ctx, c)
		if err != nil || len(list) > 0 || claimed == 0 {
			return list, err
		}
	}
}

// claimSQL claims what is due in a lane. Its values are until when, what is
// due by now, and how many.
func claimSQL(l mail.Lane, pg bool) string {
	skip := ""
	if pg {
		skip = " FOR UPDATE SKIP LOCKED"
	}
	return "UPDATE outbox SET next_at = ? WHERE id IN (SELECT id FROM outbox WHERE " + laneSQL[l] +
		" AND next_at <= ? ORDER BY next_at LIMIT ?" + skip + ") RETURNING *"
}

// claim gives those of the mails it claimed that open and are of use.
func (s *Store) claim(ctx context.Context, c mail.Claim) (list []mail.Message, claimed int, err error) {
	var rows []mailRow
	err = s.writer.NewRaw(claimSQL(c.Lane, s.pg), at(c.Now.Add(c.Lease)), at(c.Now), c.N).Scan(ctx, &rows)
	if err != nil {
		return nil, 0, err
	}
	claimed = len(rows)
	if rows, err = s.dropVoid(ctx, rows, c.Now); err != nil {
		return nil, 0, err
	}
	slices.SortFunc(rows, func(a, b mailRow) int { return cmp.Compare(a.CreatedAt, b.CreatedAt) })
	for _, r := range rows {
		m := mail.Message{ID: r.ID, Template: r.Template, To: r.Recipient, Created: r.CreatedAt.Time(),
			Expires: r.ExpiresAt.Time(), Attempts: r.Attempts}
		text, err := s.keys.Open(r.Data, mailSeal(r.ID))
		if err == nil {
			err = json.Unmarshal(text, &m.Data)
		}
		if err == nil {
			list = append(list, m)
		} else if err := s.shutMail(ctx, r, c.Now); err != nil {
			return nil, 0, err
		}
	}
	return list, claimed, nil
}

// shutMail keeps a mail that cannot be opened, and says so on the admins' page.
func (s *Store) shutMail(ctx context.Context, r mailRow, now time.Time) error {
	if r.ExpiresAt != 0 && r.ExpiresAt <= at(now) {
		return s.endMail(ctx, r.ID, mailExpired, "", time.Time{})
	}
	_, err := s.writer.NewRaw("UPDATE outbox SET next_at = ?, last_error = ? WHERE id = ?", at(now.Add(unreadableWait)),
		"the message does not open with this server's keys; it waits for the right key file, see nightlatch doctor", r.ID).Exec(ctx)
	return err
}

// dropVoid ends codes that nobody can use any more: replaced by a newer one,
// cancelled, tried too often, or of a sign-in or session that has ended.
func (s *Store) dropVoid(ctx context.Context, rows []mailRow, now time.Time) (live []mailRow, err error) {
	var ids []string
	for _, r := range rows {
		if id, ok := strings.CutPrefix(r.ID, identity.CodeMail); ok {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return rows, nil
	}
	var good []string
	err = s.reader.NewRaw("SELECT c.id FROM ceremonies AS c JOIN accounts AS a ON a.id = c.account_id WHERE c.id IN (?) AND c.tries < ?"+
		" AND c.expires_at > ? AND a.disabled_at = 0 AND (EXISTS (SELECT 1 FROM sessions WHERE id = c.subject)"+
		" OR EXISTS (SELECT 1 FROM pendings WHERE id = c.subject AND expires_at > ?))",
		list(ids), factors.CodeTries, at(now), at(now)).Scan(ctx, &good)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		id, ok := strings.CutPrefix(r.ID, identity.CodeMail)
		if !ok || slices.Contains(good, id) {
			live = append(live, r)
		} else if err := s.endMail(ctx, r.ID, mailExpired, "replaced by a newer code, or cancelled", time.Time{}); err != nil {
			return nil, err
		}
	}
	return live, nil
}

// MailLater gives claimed mails back untried.
func (s *Store) MailLater(ctx context.Context, until time.Time, ids ...string) error {
	_, err := s.writer.NewRaw("UPDATE outbox SET next_at = ? WHERE status = 'queued' AND id IN (?)", at(until), list(ids)).Exec(ctx)
	return err
}

// RescueMail makes due what waits for a time that a wrong clock had reached.
func (s *Store) RescueMail(ctx context.Context, now time.Time, waits []time.Duration) error {
	last := waits[len(waits)-1].Microseconds()
	var longest strings.Builder
	fmt.Fprintf(&longest, " WHEN template = 'new-browsers' THEN %d", last) // written for the end of an hour
	for tries, wait := range waits[:len(waits)-1] {
		fmt.Fprintf(&longest, " WHEN attempts <= %d THEN %d", tries+1, wait.Microseconds())
	}
	late := fmt.Sprintf(" AND next_at > ? AND next_at > ? + CASE%s ELSE %d END", longest.String(), last)
	args := []any{at(now.Add(waits[0])), at(now)}
	for _, lane := range laneSQL {
		n, err := s.count(ctx, s.reader.NewRaw("SELECT count(*) FROM (SELECT 1 FROM outbox WHERE "+lane+late+" LIMIT 1) AS x", args...))
		if err != nil {
			return err
		}
		if n == 0 {
			continue
		}
		if _, err = s.writer.NewRaw("UPDATE outbox SET next_at = ? WHERE "+lane+late, append([]any{at(now)}, args...)...).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}
