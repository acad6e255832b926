package commands

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/wiring"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/store"
)

type acceptCmd struct {
	Yes bool `help:"Confirm that everything sealed with the lost keys is lost for good."`
}

// Run makes the key file the one of this site, after the old one was lost for
// good. It first says what will be lost.
func (x acceptCmd) Run(ctx context.Context, f *Flags, std Streams) error {
	s, err := f.check(std)
	if err != nil {
		return err
	}
	if path, embedded := strings.CutPrefix(s.Database, "sqlite:"); embedded && wiring.Missing(path) {
		return wiring.NoDatabase(path)
	}
	db, err := store.OpenAlone(ctx, s.Database)
	if err != nil {
		return fmt.Errorf("NIGHTLATCH_DATABASE (--database): %w", err)
	}
	defer db.Close()
	if err := migrated(ctx, db); err != nil {
		return err
	}
	none, err := strangeKeys(ctx, s.Keys, db)
	if err != nil {
		return err
	}
	lost, err := db.Lost(ctx)
	if err != nil {
		return err
	}
	if err := sayLost(std, s.Keys, none, lost); err != nil {
		return err
	}
	if !x.Yes {
		return errors.New("nothing was changed: add --yes to confirm")
	}
	keys, err := store.OpenKeys(s.Keys, none)
	if err != nil {
		return fmt.Errorf("NIGHTLATCH_KEYS (--keys): %w", err)
	}
	db.UseKeys(keys)
	return newBase(s, wiring.With(s.Settings, db, keys)).accept(ctx, std)
}

// strangeKeys checks that the key file is not the one that this site's secrets
// are sealed with, and opens the database with it. None is true when there is
// no key file.
func strangeKeys(ctx context.Context, path string, db *store.Store) (none bool, err error) {
	used, err := db.UsesKeys(ctx)
	if err != nil {
		return false, err
	}
	if !used {
		return false, errors.New("nothing is sealed yet, so nothing is lost: start the server")
	}
	keys, err := store.OpenKeys(path, false)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("NIGHTLATCH_KEYS (--keys): %w; move it away to start with new keys", err)
	}
	db.UseKeys(keys)
	err = db.FollowKeys(ctx)
	if err == nil {
		return false, fmt.Errorf("the key file %s belongs to this site: there is nothing to accept", path)
	}
	if !errors.Is(err, identity.ErrSealed) && !errors.Is(err, store.ErrNoCheck) {
		return false, err
	}
	if keys, err = store.OpenKeys(path, false); err == nil { // read anew: FollowKeys may have changed it
		db.UseKeys(keys)
	}
	return false, err
}

// sayLost prints what will be lost.
func sayLost(std Streams, path string, none bool, l store.Lost) error {
	what := "The key file " + path + " is not the one that this site's secrets are sealed with."
	if none {
		what = "There is no key file " + path + "; a new one will be made."
	}
	_, err := fmt.Fprintf(std.Out, `%s
Without the old key file, this is lost for good:
  the authenticator apps and recovery codes of %d accounts: people without another factor set one up again with a link,
  %d emails that were not sent yet or could be sent again: the invites and links in them must be created again,
  all sign-ins and enrollments under way, and the sessions of these accounts.
Make a copy of the database first: if the old key file is found later, only that copy can be used with it.
`, what, l.Accounts, l.Mails)
	return err
}

// accept makes the change, and prints the links of people who have no address.
func (b *base) accept(ctx context.Context, std Streams) error {
	by, links := accounts.Terminal("the keys of this site were lost"), map[string]string{}
	lost, err := b.store.AcceptKeys(ctx, time.Now(), func(tx login.Act, a identity.Account) (identity.Event, error) {
		sent, e, err := b.accounts.LostFactors(ctx, tx, a, by)
		if delete(links, a.Login); sent.Link != "" {
			links[a.Login] = sent.Link
		}
		return e, err
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(std.Out, "Done: %s holds the keys of this site. Back it up now. %d accounts lost a factor.\n", b.settings.Keys, lost.Accounts)
	found, err := b.accounts.VerifyAudit(ctx, "")
	if err != nil {
		return err
	}
	err = printHead(std, found)
	fmt.Fprintln(std.Out, "Without it, audit verify tells of the lost keys until you run nightlatch audit accept --reason R.")
	var unsaid []string
	for _, name := range slices.Sorted(maps.Keys(links)) {
		if printOnce(std, "", name+": no email address; pass this link on: "+links[name], "") != nil {
			unsaid = append(unsaid, name)
		}
	}
	if unsaid != nil {
		err = errors.Join(err, unprinted("the link for each of these", anew("factor reset", strings.Join(unsaid, " "), "--reason R")))
	}
	return err
}
