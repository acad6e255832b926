// Package chrome drives a real Chromium for the browser tests. Its verbs are
// those of a person: go, fill, click, press, look. Each waits until the page
// has come to rest and fails the test, with the page's own text, when that or
// what it waits for does not happen within a minute.
package chrome

import (
	"context"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

const (
	patience     = time.Minute           // bound of each verb; pages answer in milliseconds
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
	Whole         bool // the whole Chromium, with its settings, and not the shell
}

// Browser is one page with cookies, storage and cache of its own. It is for one
// test goroutine at a time and ends with its test. All browsers of a test
// process live in one Chromium, or two with Options.Whole, each with one clipboard.
type Browser struct {
	t     testing.TB
	ctx   context.Context
	own   cdp.BrowserContextID
	watch *watch
	o     Options
}

// New opens a browser that closes at the end of the test. A machine without
// Chromium fails the test. The package needs TestMain with Main.
func New(t testing.TB, o Options) *Browser {
	t.Helper()
	if o.Width == 0 || o.Height == 0 {
		o.Width, o.Height = desktopWidth, desktopTall
	}
	e := engineFor(o)
	own, page := e.open(t)
	ctx, cancel := chromedp.NewContext(e.running(t), chromedp.WithTargetID(page))
	t.Cleanup(func() { cancel(); e.dispose(own) })

	b := &Browser{t: t, ctx: ctx, own: own, watch: newWatch(), o: o}
	chromedp.ListenTarget(ctx, b.watch.event)
	chromedp.ListenTarget(ctx, b.acceptDialogs)
	if err := chromedp.Run(ctx, b.setUp(o)); err != nil {
		t.Fatalf("Chromium opened no page: %v", err)
	}
	return b
}

// Own identifies the browser among all that live in the same Chromium.
func (b *Browser) Own() cdp.BrowserContextID { return b.own }

// setUp prepares the page. It always asks for reduced motion, so that no
// picture and no accessibility check catches an animation halfway.
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
		emulation.SetFocusEmulationEnabled(true), // as if this window were in front
	}
}
