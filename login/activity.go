package login

import (
	"context"
	"time"

	"nightlatch.example/nightlatch/identity"
)

// Line is one line of an account's activity: one event, or a count of attempts
// of one kind by strangers between two events of the owner.
type Line struct {
	identity.Event           // the newest of them
	Times          int       // how many they are
	Since          time.Time // when the oldest of them was
}

const (
	linesFirst = 60   // events read at first: there is seldom need of more
	linesBatch = 500  // events read at once after that
	linesMost  = 5000 // events looked through for one page
)

// Lines gives the activity of an account, newest first, older than one event;
// 0 is from the newest. next is where the page after it begins; 0 when this is
// the last.
func Lines(ctx context.Context, r Reader, accountID string, before int64, n int) (lines []Line, next int64, err error) {
	open := map[string]int{} // lines that take more tries, by what was tried
	batch := linesFirst
	for read := 0; read < linesMost; batch = linesBatch {
		events, err := r.Events(ctx, accountID, before, batch)
		if err != nil {
			return nil, 0, err
		}
		for _, e := range events {
			key := string(e.Kind) + " " + e.Detail
			if e.Times > 0 { // the detail says how many, as the line does
				key, e.Detail = string(e.Kind)+" ", ""
			}
			i, ok := open[key]
			switch {
			case !tried(e):
				clear(open)
				fallthrough
			case !ok:
				if len(lines) == n {
					return lines, before, nil
				}
				if tried(e) {
					open[key] = len(lines)
				}
				lines = append(lines, lineOf(e))
			default:
				lines[i] = lines[i].with(e)
			}
			before = e.Seq
		}
		if read += len(events); len(events) < batch {
			return lines, 0, nil
		}
	}
	return lines, before, nil
}

// lineOf is the line of one event.
func lineOf(e identity.Event) Line {
	l := Line{Event: e, Times: max(1, e.Times), Since: e.At}
	if e.Times > 0 {
		l.At, l.Since = e.Until, e.Since
	}
	return l
}

// with adds an older event to the count. Details that differ between the two are
// dropped.
func (l Line) with(e identity.Event) Line {
	older := lineOf(e)
	l.Times += older.Times
	l.At, l.Since = later(l.At, older.At), earlier(l.Since, older.Since)
	l.Address, l.Browser = agreed(l.Address, e.Address, SeveralAddresses), agreed(l.Browser, e.Browser, "")
	return l
}

// tried says whether anybody who knows the login can cause the event.
func tried(e identity.Event) bool {
	return e.Actor == "stranger" || e.Kind == identity.EventPasswordResetAsked
}
