package sim

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Field is something of an account that its owner or an admin may change.
type Field string

// The fields that the simulation watches.
const (
	FieldExists    Field = "exists"
	FieldLogin     Field = "login"
	FieldName      Field = "name"
	FieldEmail     Field = "address"
	FieldProved    Field = "proof of the address"
	FieldRole      Field = "role"
	FieldDisabled  Field = "disabled"
	FieldStanding  Field = "standing"
	FieldPassword  Field = "password"
	FieldPreferred Field = "preferred factor"
	FieldFactors   Field = "factors"
	FieldRecovery  Field = "recovery codes"
	FieldSpent     Field = "recovery codes left"
)

// Row is an account as it stands in the database. A field that is not there is
// empty.
type Row struct {
	ID, Origin string
	Fields     map[Field]string
	Factors    map[string]string // kind, name and address of each factor, by its id
}

// Snapshot is every account at the end of a step.
type Snapshot struct {
	Rows map[string]Row // by id
	Tail int            // number of the newest row of the audit log
}

// Change is one field of one account that is not what it was before this step.
type Change struct {
	ID       string // of the account
	Field    Field
	From, To string
}

// snapshots are the last two, and what lies between them.
type snapshots struct {
	step          int
	before, after *Snapshot
	changes       []Change
	events        []Event
	rebase        bool
	off           time.Duration // how far the clock was set when it began
}

// accountColumns are what a snapshot reads of an account, in the order of their
// fields.
const accountColumns = "id, origin, login, name, email, CASE WHEN email_verified_at > 0 THEN 'yes' ELSE '' END, role, " +
	"CASE WHEN disabled_at > 0 THEN 'yes' ELSE '' END, status, password, preferred, CASE WHEN recovery_left > 0 THEN CAST(recovery_left AS text) ELSE '' END"

var columnFields = []Field{FieldLogin, FieldName, FieldEmail, FieldProved, FieldRole, FieldDisabled, FieldStanding, FieldPassword,
	FieldPreferred, FieldSpent}

// Changes are what happened to the accounts in this step, as the database has it.
func (w *World) Changes() []Change { return w.snapshots().changes }

// Now is the state of all accounts at the end of this step.
func (w *World) Rows() map[string]Row {
	if s := w.snapshots().after; s != nil {
		return s.Rows
	}
	return nil
}

// Rebase has what happens in this step be no change: the database was put back.
func (w *World) Rebase() { w.shots().rebase, w.restored = true, w.Clock.Real() }

func (w *World) shots() *snapshots {
	return State(w, "snapshots", func() *snapshots { return &snapshots{step: -1} })
}

// snapshots compares the accounts with what they were. It reads nothing when
// nobody wrote.
func (w *World) snapshots() *snapshots {
	s := w.shots()
	if s.step == w.Step && !s.rebase {
		return s
	}
	s.step, s.changes, s.events = w.Step, nil, nil
	if s.before = s.after; !w.Changed && s.before != nil && !s.rebase {
		return s
	}
	s.after = w.snapshot()
	if s.before != nil && s.after != nil && !s.rebase {
		s.changes = s.before.to(s.after)
		s.events = w.eventsAfter(s.before.Tail)
	}
	rebased := s.rebase
	s.rebase = false
	if s.after != nil && len(s.events) > 0 {
		s.after.Tail = s.events[len(s.events)-1].Seq
	} else if s.after != nil && s.before != nil && !rebased {
		s.after.Tail = s.before.Tail
	}
	return s
}

func (w *World) snapshot() *Snapshot {
	accounts, err := w.Beside.Rows("SELECT " + accountColumns + " FROM accounts")
	if err != nil {
		return nil
	}
	s := &Snapshot{Rows: map[string]Row{}}
	for _, r := range accounts {
		row := Row{ID: r[0], Origin: r[1], Fields: map[Field]string{FieldExists: "yes"}, Factors: map[string]string{}}
		for i, f := range columnFields {
			row.Fields[f] = r[i+2]
		}
		s.Rows[row.ID] = row
	}
	factors, err := w.Beside.Rows("SELECT account_id, kind, CASE WHEN kind = 'recovery' THEN '' ELSE id END, CASE WHEN kind = 'recovery' THEN batch ELSE name END, address" +
		" FROM credentials GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5")
	if err != nil {
		return nil
	}
	for _, r := range factors {
		row := s.Rows[r[0]]
		switch {
		case row.Fields == nil:
		case r[1] == "recovery":
			row.Fields[FieldRecovery] += r[3]
		default:
			row.Factors[r[2]] = strings.Join([]string{r[1], r[3], r[4]}, " ")
			row.Fields[FieldFactors] += r[2] + "=" + row.Factors[r[2]] + "\n"
		}
	}
	if t, err := w.Beside.Rows("SELECT coalesce(max(seq), 0) FROM events"); err == nil {
		s.Tail = atoi(t[0][0])
	}
	return s
}

// to are the changes from one snapshot to another, in a fixed order.
func (s *Snapshot) to(after *Snapshot) (list []Change) {
	for id, row := range after.Rows {
		old, was := s.Rows[id]
		for f, now := range row.Fields {
			if now != old.Fields[f] && (was || f == FieldExists) {
				list = append(list, Change{id, f, old.Fields[f], now})
			}
		}
		for f, then := range old.Fields {
			if _, ok := row.Fields[f]; !ok {
				list = append(list, Change{id, f, then, ""})
			}
		}
	}
	for id := range s.Rows {
		if _, ok := after.Rows[id]; !ok {
			list = append(list, Change{id, FieldExists, "yes", ""})
		}
	}
	slices.SortFunc(list, func(a, b Change) int { return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Field, b.Field)) })
	return list
}
