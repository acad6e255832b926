package sim

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"nightlatch.example/nightlatch/store"
)

func init() {
	AddActor(Actor{Name: "operator", Weight: 3, Acts: []Act{
		{"restarts a process", 6, func(w *World, c *Chance) bool {
			p := Pick(c, w.Processes)
			w.Trace.Say("      the operator restarts process %d", p.N)
			w.Restart(p)
			return true
		}},
		{"adds a key", 2, addKey},
		{"seals with the new key", 3, promoteKey},
		{"puts a backup back", 3, backAndForth},
	}})
}

// keyFile is the key file of the site. It is not there as it should while another
// one lies in its place.
func (w *World) keyFile() (path string, ok bool) {
	path = filepath.Join(w.dir, "keys.json")
	_, err := os.Stat(path + ".aside")
	return path, err != nil
}

// addKey is the first step of a rotation: a new key is in the file, and seals nothing yet.
func addKey(w *World, _ *Chance) bool {
	path, ok := w.keyFile()
	if !ok {
		return false
	}
	keys, err := store.OpenKeys(path, false)
	if err == nil && keys.NewestID() == keys.LeadID() {
		_, err = keys.Add()
		w.Trace.Say("      the operator adds a key to the key file")
	}
	w.operated("adds a key", err)
	return true
}

// promoteKey is the second step: all processes have read the new key, and everything is
// sealed with it; unless the operator is interrupted, and runs it again some day.
func promoteKey(w *World, c *Chance) bool {
	path, ok := w.keyFile()
	if !ok || len(w.mendings) > 0 || w.meanwhile != nil {
		return false
	}
	keys, err := store.OpenKeys(path, false)
	if err != nil {
		w.operated("opens the key file", err)
		return true
	}
	ctx := context.Background()
	s, err := store.Open(ctx, w.database)
	if err != nil {
		w.operated("opens the database", err)
		return true
	}
	defer s.Close()
	s.UseKeys(keys)
	done, err := s.Resealed(ctx)
	if err == nil && done && keys.NewestID() == keys.LeadID() {
		return false
	}
	w.Trace.Say("      the operator seals everything with the newest key")
	if err == nil && done {
		err = errors.Join(w.readKeys(ctx), s.Lead(ctx), w.readKeys(ctx))
	}
	if err == nil && c.Seldom(4) {
		w.Trace.Say("      and is interrupted")
		return true
	}
	if err == nil {
		var shut []string
		if _, shut, err = s.Reseal(ctx, func(int) {}); len(shut) > 0 {
			w.Broken("everything sealed opens", "a rotation cannot open %v", shut)
		}
	}
	if err == nil {
		err = s.SetResealed(ctx)
	}
	w.operated("rotates the keys", err)
	return true
}

// readKeys has all processes look at their keys, as they do each second.
func (w *World) readKeys(ctx context.Context) (err error) {
	for _, p := range w.Processes {
		r := p.Site.Rooms()
		err = errors.Join(err, r.Keys.Reload(), r.Store.FollowKeys(ctx))
	}
	return err
}

const ruleOperated = "what the operator does works"

func init() {
	AddRule(Rule{Name: ruleOperated, Source: "CONTRACT §13", Every: 1 << 30, Sentence: "Keys are rotated, and a backup is made and put back, whenever nothing else is broken.",
		Check: func(*World) error { return nil }}) // the acts look
}

func (w *World) operated(what string, err error) {
	if err != nil {
		w.Broken(ruleOperated, "the operator %s: %v", what, err)
	}
}
