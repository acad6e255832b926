package sim

import (
	"context"
	"database/sql/driver"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"
)

// Op is what a program asks of its database.
type Op string

// What can be asked.
const (
	OpConnect Op = "connect"
	OpBegin   Op = "begin"
	OpRead    Op = "query"
	OpWrite   Op = "statement"
	OpCommit  Op = "commit"
)

// Call is one thing that a process asks of the database.
type Call struct {
	N   int // the how many-th since the fault was armed, from 1
	Op  Op
	SQL string
}

// Begins says whether a transaction begins with it.
func (x Call) Begins() bool { return x.Op == OpBegin || strings.HasPrefix(x.SQL, "BEGIN") }

// Verdict is what becomes of a call.
type Verdict int

// What can become of a call.
const (
	Goes      Verdict = iota
	Fails             // nothing is done
	LosesLine         // nothing is done, and the connection is gone
	Unheard           // it is done, but the answer does not arrive
	Hangs             // nothing comes until whoever asked gives up
	Dies              // the process ends before it
	DiesAfter         // the process ends when it was done
	Parks             // it stands still while somebody else acts, and then goes
)

// Gate stands between one process and its database.
type Gate struct {
	mu     sync.Mutex
	judges []*Judge
	dead   bool           // the process has ended
	lines  map[*line]bool // what is open
}

// NewGate makes a gate that lets everything through.
func NewGate() *Gate { return &Gate{lines: map[*line]bool{}} }

func (g *Gate) opened(l *line) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.lines[l] = true
}

func (g *Gate) closed(l *line) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.lines, l)
}

// End ends the process as a kill does: what it had begun is not kept, and
// nothing that still runs in it reaches the database.
func (g *Gate) End() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.dead = true
	for l := range g.lines {
		if l.tx != nil {
			_ = l.tx.Rollback()
		}
	}
}

// Cut closes the connections that nobody gave back.
func (g *Gate) Cut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for l := range g.lines {
		_ = l.Conn.Close()
	}
	clear(g.lines)
}

// Judge says what becomes of each call, for as long as it is at the gate.
type Judge struct {
	gate *Gate
	fate func(Call) Verdict

	overlap *overlap // of a judge that parks
	n       int
	hit     int
}

// Arm has every call judged from now on, until Leave.
func (g *Gate) Arm(fate func(Call) Verdict) *Judge {
	g.mu.Lock()
	defer g.mu.Unlock()
	j := &Judge{gate: g, fate: fate}
	g.judges = append(g.judges, j)
	return j
}

// Hit is how many calls did not simply go since the last time it was asked.
func (j *Judge) Hit() (n int) {
	j.gate.mu.Lock()
	defer j.gate.mu.Unlock()
	n, j.hit = j.hit, 0
	return n
}

// Leave ends what the judge began.
func (j *Judge) Leave() {
	j.gate.mu.Lock()
	defer j.gate.mu.Unlock()
	j.gate.judges = slices.DeleteFunc(j.gate.judges, func(x *Judge) bool { return x == j })
}

// Dead says whether the process has ended.
func (g *Gate) Dead() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.dead
}

// broken is an error that says of itself what SQLite says.
type broken struct{ code int }

func (b broken) Error() string { return "the simulated disk fails" }

// Code is SQLite's number for it.
func (b broken) Code() int { return b.code }

// errEnded is what code hears whose process has ended. It runs on for a moment,
// and reaches nobody any more: no statement, no mail and no answer comes of it.
var errEnded = errors.New("the simulated process has ended")

// sqliteFull is SQLite's number for a full disk.
const sqliteFull = 13

// patience is how long anybody waits for a database that hangs.
const patience = 2 * time.Minute

// do carries out one call as its fate says. what is not called when nothing is
// to be done.
func (g *Gate) do(ctx context.Context, op Op, sql string, what func() error) error {
	await(ctx)
	v, o := g.fate(op, sql)
	switch v {
	case Parks:
		if err := o.park(ctx); err != nil {
			return err
		}
	case Fails:
		return broken{sqliteFull}
	case LosesLine:
		return driver.ErrBadConn
	case Hangs:
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(patience):
			return broken{sqliteFull}
		}
	case Dies:
		return errEnded
	}
	err := what()
	switch {
	case v == DiesAfter:
		return errEnded
	case v == Unheard && err == nil:
		return broken{sqliteFull}
	}
	return err
}

// fate judges a call.
func (g *Gate) fate(op Op, sql string) (Verdict, *overlap) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.dead {
		return Dies, nil
	}
	for _, j := range g.judges {
		j.n++
		if v := j.fate(Call{j.n, op, sql}); v != Goes {
			j.hit++
			g.dead = v == Dies || v == DiesAfter
			return v, j.overlap
		}
	}
	return Goes, nil
}
