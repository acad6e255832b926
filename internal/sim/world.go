package sim

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"nightlatch.example/nightlatch/internal/sitetest"
)

// Config is what a run is made of, beside its seed.
type Config struct {
	Database  string // empty: a fresh SQLite file in memory
	Processes int    // that share the database; 0 is one
	Log       io.Writer
	Only      []string // names of actors; empty: all of them
	Calm      bool     // nothing breaks
}

// World is one run: the site, everybody who uses it, and what may break.
type World struct {
	Config
	Clock     Clock
	Trace     Trace
	Post      *Post
	Ledger    *Ledger
	Processes []*Process
	People    []*Person
	Seen      []*Exchange // of this step
	Step      int
	Hit       bool    // something broke in this step
	Changed   bool    // the database was written to in this step
	Beside    *Beside // a look at the database that the site knows nothing of

	t         *testing.T
	dir       string
	database  string
	chance    *Chance // of this step
	browsers  int
	broken    []Breach
	mendings  []mending
	focus     *Browser // of whoever is busy just now
	requests  int
	state     map[string]any    // see State
	said      lines             // what was logged
	jump      time.Time         // when the clock was last wrong, by a right one
	punctual  bool              // the clock is right in all of this run
	began     time.Time         // by the clock of the site, when this step did
	restored  time.Time         // when the database was put back last, by a right clock: what was mailed before may have no row
	chores    map[*Process]bool // that go on
	sending   int               // how many requests there were when the chore that goes on began
	waits     *overlap          // armed for this step: the first request that it parks stands still
	meanwhile *overlap          // a request stands still just now
	running   *Exchange         // the request that is on its way
}

// Breach is a rule that was broken.
type Breach struct {
	Rule, What string
	Step       int
}

// String tells it in a sentence.
func (b Breach) String() string { return fmt.Sprintf("%s: %s", b.Rule, b.What) }

// Broken reports that a rule is broken.
func (w *World) Broken(rule, format string, args ...any) {
	w.broken = append(w.broken, Breach{rule, sprintf(format, args...), w.Step})
}

func sprintf(format string, args ...any) string { return fmt.Sprintf(format, args...) }

// State is what an actor or a rule keeps for itself in a run, made when it is
// first asked for.
func State[T any](w *World, key string, fresh func() T) T {
	if x, ok := w.state[key].(T); ok {
		return x
	}
	x := fresh()
	w.state[key] = x
	return x
}

// open starts the site with nobody in it.
func open(t *testing.T, c Config) (*World, error) {
	st, err := theStage()
	if err != nil {
		return nil, err
	}
	w := &World{Config: c, t: t, state: map[string]any{}, chores: map[*Process]bool{}}
	w.Log = &w.said
	if c.Log != nil {
		w.Log = io.MultiWriter(&w.said, c.Log)
	}
	w.Post = &Post{w: w, boxes: map[string][]sitetest.Letter{}, ids: map[string]taken{}, refused: map[string]bool{}}
	w.Ledger = newLedger(w)
	if w.dir, err = os.MkdirTemp(memory(), "nightlatch-sim-"); err != nil {
		return nil, err
	}
	playing.Store(&w.Clock)
	if w.database = c.Database; w.database == "" {
		path := filepath.Join(w.dir, "nightlatch.db")
		if err := os.WriteFile(path, st.blank, 0o600); err != nil {
			return nil, err
		}
		w.database = "sqlite:" + path
	}
	for n := range max(1, c.Processes) {
		p, err := w.begin(n + 1)
		if err != nil {
			return nil, err
		}
		w.Processes = append(w.Processes, p)
	}
	w.Beside, err = openBeside(w.database)
	return w, err
}

// close ends the site and takes its files away.
func (w *World) close() {
	if w.Beside != nil {
		w.Beside.close()
	}
	for _, p := range w.Processes {
		p.kill()
	}
	playing.Store(nil)
	_ = os.RemoveAll(w.dir)
}

// route is the process that the next request comes to.
func (w *World) route() *Process {
	if len(w.Processes) == 1 {
		return w.Processes[0]
	}
	return Pick(w.chance, w.Processes)
}

// seen writes down an exchange.
func (w *World) seen(x *Exchange) {
	x.met = x.met || w.meanwhile != nil
	w.Seen = append(w.Seen, x)
	w.requests++
	w.Trace.Say("      %s: %s", x.Browser.Name, x.Words(len(w.Processes) > 1))
	w.Ledger.read(x)
	w.remember(x)
}
