package commands

import (
	"context"
	"fmt"
	"time"

	"nightlatch.example/nightlatch/store"
)

const (
	clockTold = 24 * time.Hour // how long after a jump back doctor calls it a fault
	clockDate = "2 January 2006, 15:04:05 MST"
)

// clockSlack is how far this clock may be from the database's before codes of
// authenticator apps begin to fail: half a step (RFC 6238 §5.2).
const clockSlack = 15 * time.Second

// checkClock compares this machine's clock with the database's, and with the
// latest date in the database: a date that lies ahead means that a clock
// jumped. A day after the clock was put right this is only a remark.
func checkClock(ctx context.Context, db *store.Store) (remark string, err error) {
	off, err := db.Skew(ctx)
	if err != nil {
		return "", err
	}
	if off.Abs() > clockSlack {
		return "", fmt.Errorf("it differs from the database's by %s; codes of authenticator apps need the right time", off.Round(time.Second))
	}
	a, err := db.Ahead(ctx)
	if err != nil || !a.Any() {
		return "", err
	}
	what := "a server's last sign of life is"
	if a.Last > 0 {
		what = fmt.Sprintf("rows %d to %d of the audit log are", a.First, a.Last)
	}
	text := fmt.Sprintf("%s dated up to %s, which is %s ahead", what, a.Newest.UTC().Format(clockDate), a.By.Round(time.Second))
	if a.Since.IsZero() {
		return "", fmt.Errorf("it jumped back: %s. Either it is wrong now, or it was wrong when that was written", text)
	}
	text += ", and it went back at " + a.Since.UTC().Format(clockDate) + " or before"
	if time.Since(a.Since) > clockTold {
		return ", but it jumped once: " + text, nil
	}
	return "", fmt.Errorf("it jumped back: %s. Make sure that it is right", text)
}
