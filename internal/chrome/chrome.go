// Package chrome drives a real Chromium for the browser tests. Its verbs are
// those of a person: go, fill, click, press, look. Each waits until the page
// has come to rest and fails the test, with the page's own text, when that or
// what it waits for does not happen within ten seconds.
package chrome

import (
	"context"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

const (
	patience     = 10 * time.Second      // bound of each verb; pages answer in milliseconds
	startBound   = 60 * time.Second      // a cold Chromium on a busy machine
	tick         = 20 * time.Millisecond // between two looks at the page
	desktopWidth = 1280                  // CSS pixels, when Options names none
	desktopTall  = 800
)

// Options says which browser a test wants. The zero value is a desktop in
// light colours with JavaScript.
type Options struct {
	Width, Height int  // viewport in CSS pixels; 0 means 1280 × 800
	Dark          bool // prefers-color-scheme: dark
	NoJS          bool // the pages' own scripts do not run
}

// Browser is one Chromium with one page and a profile of its own. It is for
// one test goroutine at a time and ends with its test.
type Browser struct {
	t     testing.TB
	ctx   context.Context
	watch *watch
	noJS  bool
}

// New starts a browser that closes at the end of the test. A machine without
// Chromium fails the test.
func New(t testing.TB, o Options) *Browser {
	t.Helper()
	if o.Width == 0 || o.Height == 0 {
		o.Width, o.Height = desktopWidth, desktopTall
	}
	quiet := func(string, ...any) {} // the protocol's unknown events, of no use to a test
	profile, err := os.MkdirTemp("", "nightlatch-chromium-")
	if err != nil {
		t.Fatal(err)
	}
	alloc, stop := chromedp.NewExecAllocator(context.Background(), append(flags(t), chromedp.UserDataDir(profile))...)
	ctx, cancel := chromedp.NewContext(alloc, chromedp.WithErrorf(quiet), chromedp.WithLogf(quiet))
	t.Cleanup(func() {
		closing, late := context.WithTimeout(ctx, patience)
		chromedp.Cancel(closing)
		late()
		cancel()
		stop()
		remove(profile)
	})

	b := &Browser{t: t, ctx: ctx, watch: newWatch(), noJS: o.NoJS}
	chromedp.ListenTarget(ctx, b.watch.event)
	chromedp.ListenTarget(ctx, b.acceptDialogs)
	if err := chromedp.Run(ctx, b.setUp(o)); err != nil {
		t.Fatalf("Chromium did not start: %v", err)
	}
	return b
}

// remove deletes a profile. Chromium's helpers may outlive it by a moment and
// still write there, so it is tried again for a while.
func remove(profile string) {
	for range patience / tick {
		if os.RemoveAll(profile) == nil {
			return
		}
		time.Sleep(tick)
	}
}

// flags keep Chromium headless and quiet: no sandbox, since a container's
// root has none, and no traffic of its own.
func flags(t testing.TB) []chromedp.ExecAllocatorOption {
	t.Helper()
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Fatal("The browser tests need Chromium: apt-get install chromium")
	}
	return append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.NoSandbox,
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.WSURLReadTimeout(startBound),
	)
}

// setUp prepares the page. Movement is reduced always, so that a picture or
// an accessibility check never catches a transition half way.
func (b *Browser) setUp(o Options) chromedp.Tasks {
	scheme := "light"
	if o.Dark {
		scheme = "dark"
	}
	return chromedp.Tasks{
		network.Enable(), log.Enable(), runtime.Enable(),
		chromedp.EmulateViewport(int64(o.Width), int64(o.Height)),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme},
			{Name: "prefers-reduced-motion", Value: "reduce"},
		}),
		emulation.SetScriptExecutionDisabled(o.NoJS),
	}
}
