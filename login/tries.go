package login

import (
	"fmt"
	"regexp"
	"strconv"
	"time"

	"nightlatch.example/nightlatch/identity"
)

// TriesWindow is how long tries that anybody can bring about are counted before
// the log says how many there were.
const TriesWindow = time.Hour

// SeveralAddresses stands for the addresses of tries that are told together.
const SeveralAddresses = "several addresses"

// Tries are events of one kind about one account, or about unknown names, that
// strangers bring about. The first is an event of its own; what follows within
// TriesWindow is only counted, or a stranger would fill the log without end.
type Tries struct {
	Kind             identity.EventKind
	AccountID        string
	Began            time.Time // when the first was
	Times            int       // with the first; 0 before it
	Since, Last      time.Time // of those after the first
	Address, Browser string    // of those after the first, as far as they agree
}

// Over says whether the count ends by itself. One that begins after now was begun
// by a clock that has gone back since.
func (t Tries) Over(now time.Time) bool {
	return !now.Before(t.Began.Add(TriesWindow)) || t.Began.After(now.Add(ClockSlack))
}

// With is the count with one more.
func (t Tries) With(e identity.Event) Tries {
	if t.Times++; t.Times == 1 {
		t.Began = e.At
		return t
	}
	if t.Times == 2 {
		t.Since, t.Last, t.Address, t.Browser = e.At, e.At, e.Address, e.Browser
		return t
	}
	t.Since, t.Last = earlier(t.Since, e.At), later(t.Last, e.At)
	t.Address, t.Browser = agreed(t.Address, e.Address, SeveralAddresses), agreed(t.Browser, e.Browser, "")
	return t
}

// Event is the row of the log that tells of all after the first; false when there
// were none.
func (t Tries) Event() (identity.Event, bool) {
	e := identity.Event{At: t.Last, Kind: t.Kind, AccountID: t.AccountID, Actor: "stranger", Address: t.Address, Browser: t.Browser}
	if t.Times > 2 {
		e.Detail = fmt.Sprintf("%d tries since %s", t.Times-1, t.Since.UTC().Format(triesTime))
	}
	return e, t.Times > 1
}

const triesTime = "2006-01-02 15:04:05 UTC"

var triesText = regexp.MustCompile(`^([0-9]{1,9}) tries since (.{23})$`)

// Unfold reads how many tries a row of the log tells of.
func Unfold(e identity.Event) identity.Event {
	m := triesText.FindStringSubmatch(e.Detail)
	if m == nil || e.Actor != "stranger" {
		return e
	}
	since, err := time.Parse(triesTime, m[2])
	if err == nil {
		e.Times, _ = strconv.Atoi(m[1]) // nine digits fit
		e.Since, e.Until = since, e.At
	}
	return e
}

// Counting is the event of the first try, with those that were only counted
// since, of which the log does not tell yet.
func Counting(e identity.Event, t Tries) identity.Event {
	if t.Times < 2 {
		return e
	}
	e.Times, e.Since, e.Until = t.Times, earlier(e.At, t.Since), later(e.At, t.Last)
	e.Address, e.Browser = agreed(e.Address, t.Address, SeveralAddresses), agreed(e.Browser, t.Browser, "")
	e.Detail = fmt.Sprintf("%d tries until %s, more are counted", t.Times, e.Until.UTC().Format(triesTime))
	return e
}

// agreed is what two have in common; other when they differ.
func agreed(a, b, other string) string {
	if a == b {
		return a
	}
	return other
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
