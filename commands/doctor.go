package commands

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	netmail "net/mail"
	"os"
	"time"

	"nightlatch.example/nightlatch/mail"
	"nightlatch.example/nightlatch/store"
)

type doctorCmd struct {
	Repair bool `help:"Rebuild the admin's list and its totals from the accounts, and print what was wrong."`
}

// mailPatience is how long the mail server may take to answer.
const mailPatience = 10 * time.Second

// Run checks everything that a site needs, and prints a sentence for each
// fault. It changes nothing unless --repair is given.
func (x doctorCmd) Run(ctx context.Context, f *Flags, std Streams) error {
	faults := 0
	report := func(what string, good string, err error) bool {
		if err != nil {
			faults++
			fmt.Fprintf(std.Out, "fault  %s: %v\n", what, err)
			return false
		}
		fmt.Fprintf(std.Out, "ok     %s: %s\n", what, good)
		return true
	}
	report("environment", "every name is known", checkStrangers())
	s, err := f.check(std)
	if report("configuration", "every value can be used", err) {
		if s.Rules != nil {
			report("rules", "the file can be used", s.Rules.Load())
		}
		remark, err := checkMail(ctx, s)
		report("mail", s.Mail.String()+" takes mail from "+s.From+remark, err)
		checkStore(ctx, s, x.Repair, report)
	}
	switch {
	case faults == 1:
		return errors.New("one fault was found")
	case faults > 1:
		return fmt.Errorf("%d faults were found", faults)
	}
	return nil
}

// checkMail does all that sending a message takes, and sends none.
func checkMail(ctx context.Context, s settings) (remark string, err error) {
	if folder := s.Mail.Folder(); folder != "" {
		if _, err := os.Stat(folder); errors.Is(err, fs.ErrNotExist) {
			return "", nil // the server makes it; doctor makes nothing
		}
	}
	t, err := s.Mail.Open(mail.TransportOptions{Hello: s.Helo})
	if err != nil {
		return "", err
	}
	if s.Mail.Remote() && mail.LocalSender(s.From) {
		return "", fmt.Errorf("the sender %s has no domain that other servers know: set NIGHTLATCH_MAIL_FROM", s.From)
	}
	sender, err := netmail.ParseAddress(s.From)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, mailPatience)
	defer cancel()
	if remark, err = t.Check(ctx, sender.Address); remark != "" {
		remark = ", but " + remark
	}
	return remark, err
}

// checkStore checks the database, its migrations, its keys and its clock. What
// is missing is reported, and not made.
func checkStore(ctx context.Context, s settings, repair bool, report func(string, string, error) bool) {
	db, err := s.OpenStore(ctx)
	if !report("database", "it answers", err) {
		return
	}
	defer db.Close()
	report("database file", "it is whole", db.Check(ctx))
	if !report("migrations", "all were done", migrated(ctx, db)) {
		return
	}
	report("disk", "the database takes a write", db.Writable(ctx))
	remark, err := checkDirectory(ctx, db, repair)
	report("list of accounts", "its totals agree with it"+remark, err)
	remark, err = checkClock(ctx, db)
	report("clock", "it agrees with the database"+remark, err)
	checkKeys(ctx, s, db, report)
}

// checkDirectory checks whether the totals of the admin's list agree with the
// accounts. With repair it makes them anew.
func checkDirectory(ctx context.Context, db *store.Store, repair bool) (remark string, err error) {
	if repair {
		mended, err := db.Rebuild(ctx)
		return fmt.Sprintf("; repaired: %d accounts, %d totals", mended.Accounts, mended.Totals), err
	}
	n, err := db.WrongTotals(ctx)
	if err == nil && n > 0 {
		err = fmt.Errorf("%d of its totals do not agree with the accounts: run nightlatch doctor --repair", n)
	}
	return "", err
}

// checkKeys checks whether the key file is the one of this site, and opens
// everything that is sealed with it.
func checkKeys(ctx context.Context, s settings, db *store.Store, report func(string, string, error) bool) {
	keys, err := store.OpenKeys(s.Keys, false)
	if err == nil {
		db.UseKeys(keys)
		err = db.FollowKeys(ctx)
	}
	if !report("keys", s.Keys+" can be read, and is the one of this site", err) {
		return
	}
	n, shut, err := db.CheckSealed(ctx)
	if err == nil && len(shut) > 0 {
		err = fmt.Errorf("%d of %d sealed values cannot be opened, the first is %s: the key file is not the one that they were sealed with, or they were moved", len(shut), n, shut[0])
	}
	report("secrets", fmt.Sprintf("all %d can be opened", n), err)
	report("audit log", "it ends as its head says", db.CheckHead(ctx))
	finished, err := db.Resealed(ctx)
	if err == nil && !finished {
		err = errors.New("the last key rotation was interrupted: run nightlatch key rotate again")
	}
	report("key rotation", "none is half done", err)
}

func migrated(ctx context.Context, db *store.Store) error {
	blank, err := db.Blank(ctx)
	if err != nil {
		return err
	}
	if blank {
		return errors.New("the database is empty: start the server once, or run nightlatch migrate up")
	}
	if err := db.Fit(ctx); err != nil {
		return err
	}
	steps, err := db.Steps(ctx)
	for _, x := range steps {
		if !x.Done {
			return errors.New("the database is older than this program: run nightlatch migrate up")
		}
	}
	return err
}
