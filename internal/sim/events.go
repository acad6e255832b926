package sim

import "strconv"

// Event is a row of the audit log that was written in this step.
type Event struct {
	Seq                                   int
	Kind, Account, ActorID, Actor, Reason string
}

// Events are the rows of the audit log that were written in this step.
func (w *World) Events() []Event { return w.snapshots().events }

func (w *World) eventsAfter(seq int) (list []Event) {
	rows, err := w.Beside.Rows("SELECT seq, kind, account_id, actor_id, actor, reason FROM events WHERE seq > ? ORDER BY seq", seq)
	if err != nil {
		return nil
	}
	for _, r := range rows {
		list = append(list, Event{atoi(r[0]), r[1], r[2], r[3], r[4], r[5]})
	}
	return list
}

func atoi(s string) int { n, _ := strconv.Atoi(s); return n }
