package sitetest

import (
	"context"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"

	"nightlatch.example/nightlatch/mail"
	"nightlatch.example/nightlatch/static"
	"nightlatch.example/nightlatch/store"
	"nightlatch.example/nightlatch/views"
)

// What all sites of a test process have in common is made once: making it takes
// longer than most tests.

// A hundred sites one after another leave much garbage while little is in use at
// any time, so the garbage collector may run less often than in a server.
func init() {
	gin.SetMode(gin.ReleaseMode)
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
}

// files are the embedded static files.
var files = sync.OnceValues(func() (*static.Static, error) { return static.New(nil) })

// blank is a migrated SQLite database with nothing in it.
var blank = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "nightlatch-blank-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "blank.db")
	if err := migrate("sqlite:" + path); err != nil {
		return nil, err
	}
	if _, err := os.Stat(path + "-wal"); !errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("the database is not all in its file")
	}
	return os.ReadFile(path)
})

// putBlank writes such a database to path, unless a file is there.
func putBlank(path string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	text, err := blank()
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o600)
}

// migrate brings an empty database up to date.
func migrate(url string) error {
	s, err := store.Open(context.Background(), url)
	if err != nil {
		return err
	}
	_, err = s.Migrate(context.Background())
	return errors.Join(err, s.Close())
}

// mailRooms are the renderers of mails, by what they were made with.
type mailRooms struct {
	sync.Mutex
	made map[mail.RenderOptions]*mail.Renderer
}

var renderers = mailRooms{made: map[mail.RenderOptions]*mail.Renderer{}}

func (m *mailRooms) get(o mail.RenderOptions) (r *mail.Renderer, err error) {
	m.Lock()
	defer m.Unlock()
	if m.made[o] == nil {
		if r, err = mail.NewRenderer(o); err != nil {
			return nil, err
		}
		m.made[o] = r
	}
	return m.made[o], nil
}

// stage shows the screens of one site at a time, by that site's clock.
type stage struct {
	place string // the site's host and path
	views *views.Views
	clock atomic.Pointer[func() time.Time]
}

// stages are those that no site uses at the moment.
var stages struct {
	sync.Mutex
	free []*stage
}

// takeStage finds a free stage, or makes one. The site gives it back when it
// ends.
func takeStage(site *url.URL, now func() time.Time) (*stage, error) {
	place := site.Hostname() + site.Path
	stages.Lock()
	i := slices.IndexFunc(stages.free, func(x *stage) bool { return x.place == place })
	x := &stage{place: place}
	if i >= 0 {
		x = stages.free[i]
		stages.free = slices.Delete(stages.free, i, i+1)
	}
	stages.Unlock()
	x.clock.Store(&now)
	if x.views != nil {
		return x, nil
	}
	kept, err := files()
	if err != nil {
		return nil, err
	}
	x.views, err = views.New(views.Options{Asset: kept.Path, Now: func() time.Time { return (*x.clock.Load())() }, Host: site.Hostname(), Prefix: site.Path})
	return x, err
}

func (x *stage) giveBack() {
	stages.Lock()
	defer stages.Unlock()
	stages.free = append(stages.free, x)
}
