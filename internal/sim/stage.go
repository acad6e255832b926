package sim

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"nightlatch.example/nightlatch/internal/wiring"
	"nightlatch.example/nightlatch/mail"
	"nightlatch.example/nightlatch/static"
	"nightlatch.example/nightlatch/store"
	"nightlatch.example/nightlatch/views"
)

// origin is where the simulated site lives.
const (
	host   = "login.example.com"
	origin = "https://" + host
)

// playing is the clock of the run that goes on. One does at a time in a process,
// since there is one source of random bytes.
var playing atomic.Pointer[Clock]

func now() time.Time {
	if c := playing.Load(); c != nil {
		return c.Now()
	}
	return time.Now()
}

// stage is what all runs share, since it takes long to make.
type stage struct {
	made  wiring.Made
	blank []byte // a migrated SQLite database without an account
	set   wiring.Settings
}

// theStage makes it, once. It must first be called outside of a bubble.
var theStage = sync.OnceValues(func() (s stage, err error) {
	if s.set, err = (wiring.Options{URL: origin, MailFrom: "Nightlatch <nightlatch@example.com>"}).Check(); err != nil {
		return s, err
	}
	if s.made.Static, err = static.New(nil); err != nil {
		return s, err
	}
	if s.made.Views, err = views.New(views.Options{Asset: s.made.Static.Path, Now: now, Host: host}); err != nil {
		return s, err
	}
	if s.made.Mails, err = mail.NewRenderer(mail.RenderOptions{Brand: s.set.Login.Brand, URL: origin}); err != nil {
		return s, err
	}
	s.blank, err = blankDatabase()
	return s, err
})

func blankDatabase() ([]byte, error) {
	dir, err := os.MkdirTemp("", "nightlatch-sim-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "blank.db")
	if err := Migrate("sqlite:" + path); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

// Migrate brings an empty database to the shape of today.
func Migrate(url string) error {
	s, err := store.Open(context.Background(), url)
	if err != nil {
		return err
	}
	_, err = s.Migrate(context.Background())
	return errors.Join(err, s.Close())
}

// memory is a folder whose files are in memory where there is one, so that
// nobody waits for a disk.
func memory() string {
	if _, err := os.Stat("/dev/shm"); err == nil {
		return "/dev/shm"
	}
	return ""
}
