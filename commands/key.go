package commands

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"nightlatch.example/nightlatch/store"
)

type keyCmd struct {
	Rotate rotateCmd `cmd:"" help:"Add a new key and seal every secret with it while the servers run."`
	Accept acceptCmd `cmd:"" help:"Accept a new key file when the old one is lost for good, while no server runs."`
}

type rotateCmd struct {
	Add     bool `xor:"step" help:"Only the first step: add a new key to the file. It is not used yet; copy the file to all hosts."`
	Promote bool `xor:"step" help:"Only the second step: seal everything with the key that was added."`
}

const (
	learning = 25 * time.Second       // how long servers get to read a new key; they check every second
	askEvery = 200 * time.Millisecond // how often to ask whether they have
)

// Run rotates the keys: it waits until every running server has read the new
// key, and only then seals with it. After an interruption it may be run again:
// the old keys stay in the file, so everything can be opened at every moment.
func (x rotateCmd) Run(ctx context.Context, f *Flags, std Streams) error {
	b, err := f.open(ctx, std)
	if err != nil {
		return err
	}
	defer b.store.Close()
	finished, err := b.store.Resealed(ctx)
	if err != nil {
		return err
	}
	waiting := b.keys.NewestID() != b.keys.LeadID()
	if x.Promote && finished && !waiting {
		return errors.New("no new key waits in the key file: run nightlatch key rotate --add first")
	}
	if !finished {
		return b.reseal(ctx, std, "The last rotation was not finished, so no key was added")
	}
	if !x.Promote {
		added, err := b.keys.Add()
		if err != nil {
			return err
		}
		if x.Add {
			return sayAdded(std, b.settings.Keys, added)
		}
	}
	if err := b.lead(ctx); err != nil {
		return err
	}
	return b.reseal(ctx, std, "A new key is in use")
}

func sayAdded(std Streams, path string, added bool) error {
	text := "A new key is in " + path + " and seals nothing yet."
	if !added {
		text = "The key that was added before still waits in " + path + "; no other was added."
	}
	_, err := fmt.Fprintln(std.Out, text+" Copy the file to every host of the site, then run nightlatch key rotate --promote.")
	return err
}

// lead makes the new key the one that seals, once all running servers know it.
func (b *base) lead(ctx context.Context) error {
	id := b.keys.NewestID()
	late, err := b.await(ctx, func(p store.Process) bool { return p.Knows(id) })
	if err != nil {
		return err
	}
	if late != "" {
		return fmt.Errorf("the new key is in %s but is not used yet, because a running server has not read it: %s. Make sure that this server can read its key file, and that the file is a copy of the newest one; then run this again", b.settings.Keys, late)
	}
	if err := b.store.Lead(ctx); err != nil {
		return err
	}
	// A server may seal with the old key for a moment longer. That can be opened,
	// but it must be there before everything is sealed anew.
	_, err = b.await(ctx, func(p store.Process) bool { return p.Lead == int64(id) })
	return err
}

// await waits until a condition holds for every running server, and names those
// for which it does not.
func (b *base) await(ctx context.Context, holds func(store.Process) bool) (late string, err error) {
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for end := time.Now().Add(learning); ; {
		list, err := b.store.Running(ctx)
		if err != nil {
			return "", err
		}
		list = slices.DeleteFunc(list, holds)
		if len(list) == 0 {
			return "", nil
		}
		if time.Now().After(end) {
			var names []string
			for _, p := range list {
				names = append(names, p.String())
			}
			return strings.Join(names, ", "), nil
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-tick.C:
		}
	}
}

// reseal seals everything with the leading key.
func (b *base) reseal(ctx context.Context, std Streams, done string) error {
	n, shut, err := b.store.Reseal(ctx, func(n int) { fmt.Fprintf(std.Err, "%d values sealed with the newest key\n", n) })
	if err != nil {
		return fmt.Errorf("the new key is in use, but not everything was sealed with it yet, run this again: %w", err)
	}
	if len(shut) > 0 {
		for _, name := range shut {
			fmt.Fprintf(std.Err, "%s cannot be opened\n", name)
		}
		return fmt.Errorf("%s. %d values were sealed with the newest key; %d cannot be opened with any key and were left as they are: reset the factors of these accounts, and run this again", done, n, len(shut))
	}
	if err := b.store.SetResealed(ctx); err != nil {
		return err
	}
	_, err = fmt.Fprintf(std.Out, "%s. %d values were sealed with the newest key.\n", done, n)
	return err
}
