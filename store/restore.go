package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/login"
)

// Restored tells about a database that was put back.
type Restored struct {
	Accounts int
	Time     time.Time // of the newest thing in it
	Aside    string    // where the database lies that was there before; "" when there was none
}

// Restore puts a backup in the place of the embedded database that url names,
// while nobody has that open. What was there before is kept aside. Everything is
// looked at and changed in a copy, so that a backup that is refused changes
// nothing.
func Restore(ctx context.Context, url, backup string, keys *Keys, now time.Time) (r Restored, err error) {
	path, err := filepath.Abs(url[len("sqlite:"):])
	if err != nil {
		return r, err
	}
	path = behindLinks(path)
	if a, err := os.Stat(backup); err != nil {
		return r, fmt.Errorf("the backup cannot be read: %w", err)
	} else if b, err := os.Stat(path); err == nil && os.SameFile(a, b) {
		return r, errors.New("that is the database itself")
	}
	release, err := hold(ctx, path)
	if err != nil {
		return r, err
	}
	defer release()
	fresh := path + ".restoring"
	defer remove(fresh)
	remove(fresh)
	for _, part := range []string{"", "-wal"} { // a file that was copied by hand may come with its log
		if err := copyFile(backup+part, fresh+part); err != nil && (part == "" || !errors.Is(err, fs.ErrNotExist)) {
			return r, fmt.Errorf("the backup cannot be copied: %w", err)
		}
	}
	if r, err = vet(ctx, fresh, keys, now); err != nil {
		return r, fmt.Errorf("%s was not put back: %w", backup, err)
	}
	r.Aside, err = swap(fresh, path, now)
	return r, err
}

// hold keeps everybody else off the database that is there now. One that is not
// there, or cannot be read, needs no holding.
func hold(ctx context.Context, path string) (release func(), err error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return func() {}, nil
	}
	s, err := openSQLiteAlone(ctx, path)
	if errors.Is(err, ErrLost) {
		return func() {}, nil
	}
	if err != nil {
		return nil, err
	}
	// Without a log of its own, closing it later touches nothing in its place.
	if _, err := s.writer.ExecContext(ctx, "PRAGMA journal_mode=DELETE"); err != nil {
		s.Close()
		return nil, err
	}
	return func() { _ = s.Close() }, nil
}

// vet sees whether a copy is a whole database of this site, brings it up to
// date, and ends in it what must not live again.
func vet(ctx context.Context, path string, keys *Keys, now time.Time) (r Restored, err error) {
	s, err := openSQLite(ctx, path)
	if err != nil {
		return r, fmt.Errorf("it is no database, or damaged: %w", err)
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := integrity(ctx, s.reader); err != nil {
		return r, err
	}
	begun, err := s.Begun(ctx)
	blank, err2 := s.Blank(ctx)
	if err = errors.Join(err, err2); err != nil || !begun || blank {
		return r, errors.Join(err, errors.New("it is not a database of Nightlatch"))
	}
	s.UseKeys(keys)
	if _, err := s.Migrate(ctx); err != nil {
		return r, err
	}
	if err := s.Adopt(ctx); err != nil {
		return r, err
	}
	return s.AfterRestore(ctx, now)
}

// swap puts a file in the place of another, which is kept aside.
func swap(fresh, path string, now time.Time) (aside string, err error) {
	if _, err := os.Stat(path); err == nil {
		aside = path + ".before-" + now.UTC().Format("20060102-150405.000")
		for _, part := range []string{"-wal", "-shm", ""} {
			if err := os.Rename(path+part, aside+part); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return "", err
			}
		}
	} else {
		remove(path) // what is left of a database that was deleted
	}
	if err := os.Rename(fresh, path); err != nil {
		return aside, err
	}
	if d, err := os.Open(filepath.Dir(path)); err == nil {
		_ = d.Sync() // not every system can
		d.Close()
	}
	return aside, nil
}

// remove takes a database and its logs away.
func remove(path string) {
	for _, part := range []string{"", "-wal", "-shm", ".lock"} {
		_ = os.Remove(path + part)
	}
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, Inherit(out), out.Sync(), out.Close())
}

// revived is what lived when a backup was made and must not live again.
var revived = []string{
	"DELETE FROM sessions", "DELETE FROM pendings", "DELETE FROM ceremonies", "DELETE FROM links", "DELETE FROM registrations",
	"DELETE FROM outcomes", "DELETE FROM servers", "DELETE FROM processes",
	"UPDATE outbox SET status = 'expired', data = NULL WHERE status = 'queued'",
}

// AfterRestore ends, in a database that was put back, all sessions, trust,
// logins under way, links and queued mail, and spends the codes that apps show
// now. It is one transaction, with an event.
func (s *Store) AfterRestore(ctx context.Context, now time.Time) (r Restored, err error) {
	var newest stamp
	err = s.reader.NewRaw("SELECT max(t) FROM (SELECT coalesce(max(at), 0) AS t FROM events UNION ALL SELECT coalesce(max(seen_at), 0) FROM servers"+
		" UNION ALL SELECT coalesce(max(last_seen_at), 0) FROM sessions) AS x").Scan(ctx, &newest)
	if err == nil {
		r.Accounts, err = s.count(ctx, s.reader.NewRaw("SELECT count(*) FROM accounts"))
	}
	if err != nil {
		return r, err
	}
	r.Time = newest.Time()
	return r, s.Write(ctx, func(x login.Tx) error {
		t := x.(*tx)
		for _, statement := range revived {
			if _, err := t.db.NewRaw(statement).Exec(ctx); err != nil {
				return err
			}
		}
		if _, err := t.db.NewRaw("DELETE FROM browsers WHERE trusted = ?", true).Exec(ctx); err != nil {
			return err
		}
		// Nobody knows which codes were used since the backup, so all that are good
		// now count as used, the next one too: it is taken a step early. What an app
		// remembers is less than that, and would let them pass.
		if _, err := t.db.NewRaw("DELETE FROM steps").Exec(ctx); err != nil {
			return err
		}
		step := now.Unix()/factors.TOTPPeriod + 1
		if _, err := t.db.NewRaw("UPDATE credentials SET counter = ?, version = version + 1 WHERE kind = ? AND counter < ?",
			step, factors.KindTOTP, step).Exec(ctx); err != nil {
			return err
		}
		return t.Record(ctx, login.Event{At: now, Kind: "database.restored", Actor: "cli",
			Detail: fmt.Sprintf("%d accounts, as of %s", r.Accounts, r.Time.Format(time.RFC3339))})
	})
}
