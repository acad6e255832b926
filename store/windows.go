package store

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/login"
)

// windowed says whether a counter has a sliding window: those of factors and
// of emailed codes do. Passwords and addresses count in a row.
func windowed(key string) bool {
	return strings.HasPrefix(key, "factor:") || strings.HasPrefix(key, "send:")
}

// recent reads the window of a counter; empty when it has none.
func (q query) recent(ctx context.Context, key string) (text string, err error) {
	if !windowed(key) {
		return "", nil
	}
	var rows []string
	err = q.db.NewRaw("SELECT recent FROM windows WHERE key = ?", key).Scan(ctx, &rows)
	return strings.Join(rows, ""), err
}

// saveRecent keeps the window of a counter.
func (t *tx) saveRecent(ctx context.Context, x login.Throttle) error {
	if !windowed(x.Key) {
		return nil
	}
	_, err := t.db.NewRaw("INSERT INTO windows (key, recent) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET recent = excluded.recent",
		x.Key, writeWindow(x)).Exec(ctx)
	return err
}

// writeWindow is the text that is kept: when the owner was warned, then the
// times of the window, all in microseconds since 1970.
func writeWindow(x login.Throttle) string {
	text := strconv.FormatInt(int64(at(x.Warned)), 36)
	for _, when := range x.Recent {
		text += " " + strconv.FormatInt(int64(at(when)), 36)
	}
	return text
}

// readWindow fills in what writeWindow wrote. A counter from before there were
// windows counts all its failures at its last one.
func readWindow(x *login.Throttle, text string) {
	if text == "" && windowed(x.Key) {
		for range min(x.Fails, login.FailuresInWindow) {
			x.Recent = append(x.Recent, x.Last)
		}
		return
	}
	for i, word := range strings.Fields(text) {
		n, _ := strconv.ParseInt(word, 36, 64) // our own writing
		if i == 0 {
			x.Warned = stamp(n).Time()
		} else {
			x.Recent = append(x.Recent, stamp(n).Time())
		}
	}
}

// ClearKind forgets the failures of a kind: of strangers and of every browser
// that signed in before.
func (t *tx) ClearKind(ctx context.Context, accountID string, k factors.Kind) error {
	shared := "factor:" + accountID + ":" + string(k)
	for _, table := range []string{"windows", "throttles"} {
		_, err := t.db.NewRaw("DELETE FROM "+table+" WHERE key = ? OR key IN (SELECT ? || id FROM browsers WHERE account_id = ?)",
			shared, shared+":", accountID).Exec(ctx)
		if err != nil {
			return err
		}
	}
	return t.switched(ctx, shared, false)
}

// ClearKinds forgets the failures of every kind that the account has or had,
// and of every kind of the site.
func (t *tx) ClearKinds(ctx context.Context, accountID string) error {
	a, err := t.Account(ctx, accountID)
	if err != nil {
		return err
	}
	kinds := slices.Concat(a.Kinds, a.Off)
	for _, f := range t.kinds {
		kinds = append(kinds, f.Kind())
	}
	slices.Sort(kinds)
	for _, k := range slices.Compact(kinds) {
		if err := t.ClearKind(ctx, accountID, k); err != nil {
			return err
		}
	}
	return nil
}

// DropKnown forgets the browsers that signed in before, but one.
func (t *tx) DropKnown(ctx context.Context, accountID, exceptHash string) error {
	_, err := t.db.NewDelete().Table("browsers").
		Where("account_id = ? AND trusted = ? AND token_hash <> ?", accountID, false, exceptHash).Exec(ctx)
	return err
}

// writeSteps writes a list, oldest first.
func writeSteps(steps []int64) string {
	words := make([]string, len(steps))
	for i, n := range steps {
		words[i] = strconv.FormatInt(n, 10)
	}
	return strings.Join(words, " ")
}

func readSteps(text string) (steps []int64) {
	for _, word := range strings.Fields(text) {
		if n, err := strconv.ParseInt(word, 10, 64); err == nil {
			steps = append(steps, n)
		}
	}
	return steps
}

// saveSteps keeps which steps of an app were accepted.
func (t *tx) saveSteps(ctx context.Context, c factors.Credential) error {
	if len(c.Steps) == 0 {
		return nil
	}
	_, err := t.db.NewRaw("INSERT INTO steps (credential_id, accepted) VALUES (?, ?) ON CONFLICT (credential_id) DO UPDATE SET accepted = excluded.accepted",
		c.ID, writeSteps(c.Steps)).Exec(ctx)
	return err
}

// sweepWindows drops counters of factors that hold nothing back any more, those
// of browsers that are not known any more, and windows without a counter.
func (s *Store) sweepWindows(ctx context.Context, now time.Time) error {
	for _, x := range []struct {
		sql  string
		time time.Time
	}{
		{"DELETE FROM throttles WHERE fails = 0 AND off_at = 0 AND key LIKE 'factor:%' AND last_at < ?", now.Add(-login.FailureWindow)},
		{"DELETE FROM throttles WHERE key LIKE 'factor:%:%:%' AND last_at < ?", now.Add(-2 * login.KnownTTL)},
		{"DELETE FROM windows WHERE NOT EXISTS (SELECT 1 FROM throttles AS t WHERE t.key = windows.key) AND ? > 0", now},
	} {
		if _, err := s.writer.NewRaw(x.sql, at(x.time)).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}
