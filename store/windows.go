package store

import (
	"context"
	"strconv"
	"strings"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/login"
)

// windowed says whether a counter has a sliding window: those of factors and
// of emailed codes do. Passwords and addresses count in a row.
func windowed(c login.Counter) bool {
	return c.What == login.CountFactor || c.What == login.CountSend
}

// writeWindow is the text that is kept of a window: when the owner was warned, then the
// times of the window, all in microseconds since 1970.
func writeWindow(x login.Throttle) string {
	if !windowed(x.Key) {
		return ""
	}
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

// DropKnown forgets the browsers that signed in before, but one.
func (x *act) DropKnown(ctx context.Context, accountID, exceptHash string) error {
	t := x.quietly()
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
