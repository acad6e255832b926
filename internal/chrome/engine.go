package chrome

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"nightlatch.example/nightlatch/internal/scratch"
)

// engine is the Chromium of this test process, started by the first test that
// asks: starting one takes longer than many a test.
var engine struct {
	sync.Mutex
	ctx  context.Context // nil while none runs
	stop func()
}

// Main runs a package's tests and then ends Chromium, if one was started:
//
//	func TestMain(m *testing.M) { chrome.Main(m) }
func Main(m *testing.M) {
	finish := scratch.Use()
	code := m.Run()
	engine.Lock()
	if engine.ctx != nil {
		engine.stop()
	}
	finish()
	os.Exit(code)
}

// running gives the Chromium of this process. One that crashed is replaced.
func running(t testing.TB) context.Context {
	t.Helper()
	engine.Lock()
	defer engine.Unlock()
	if engine.ctx != nil {
		select {
		case <-chromedp.FromContext(engine.ctx).Browser.LostConnection:
			engine.stop()
			engine.ctx = nil
		default:
			return engine.ctx
		}
	}
	profile, err := os.MkdirTemp("", "nightlatch-chromium-")
	if err == nil {
		err = prefer(profile)
	}
	if err != nil {
		t.Fatal(err)
	}
	quiet := func(string, ...any) {} // the protocol's unknown events, of no use to a test
	alloc, stop := chromedp.NewExecAllocator(context.Background(), append(flags(t), chromedp.UserDataDir(profile))...)
	ctx, cancel := chromedp.NewContext(alloc, chromedp.WithErrorf(quiet), chromedp.WithLogf(quiet))
	end := func() {
		closing, late := context.WithTimeout(ctx, patience)
		_ = chromedp.Cancel(closing)
		late()
		cancel()
		stop()
		remove(profile)
	}
	if err := chromedp.Run(ctx); err != nil {
		end()
		t.Fatalf("Chromium did not start: %v", err)
	}
	engine.ctx, engine.stop = ctx, end
	return ctx
}

// Cookieless is a host of this machine whose cookies the browser blocks, as
// somebody may have told theirs in its settings.
const Cookieless = "cookieless.localhost"

// prefer writes the settings of a new profile.
func prefer(profile string) error {
	settings := `{"profile":{"content_settings":{"exceptions":{"cookies":{"` + Cookieless + `,*":{"setting":2}}}}}}`
	folder := filepath.Join(profile, "Default")
	if err := os.Mkdir(folder, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "Preferences"), []byte(settings), 0o600)
}

// open makes cookies, storage and cache of their own, and a window with a page.
func open(t testing.TB) (own cdp.BrowserContextID, page target.ID) {
	t.Helper()
	ctx, cancel := context.WithTimeout(whole(running(t)), startBound)
	defer cancel()
	own, err := target.CreateBrowserContext().WithDisposeOnDetach(true).Do(ctx)
	if err == nil {
		page, err = target.CreateTarget("about:blank").WithBrowserContextID(own).WithNewWindow(true).Do(ctx)
	}
	if err != nil {
		t.Fatalf("Chromium opened no page: %v", err)
	}
	return own, page
}

// dispose deletes what open made. Chromium may have ended already.
func dispose(own cdp.BrowserContextID) {
	engine.Lock()
	defer engine.Unlock()
	ctx, cancel := context.WithTimeout(whole(engine.ctx), patience)
	defer cancel()
	_ = target.DisposeBrowserContext(own).Do(ctx)
}

// whole is a context for commands to Chromium itself and not to a page.
func whole(ctx context.Context) context.Context {
	return cdp.WithExecutor(ctx, chromedp.FromContext(ctx).Browser)
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

// flags keep Chromium headless and quiet. There is no sandbox, since root in a
// container cannot have one, and no traffic of Chromium's own. What it would do on
// idle cores costs a sixth of the tests: a process of its own for drawing, and for
// each page one in store.
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
		chromedp.Flag("in-process-gpu", true),
		chromedp.Flag("num-raster-threads", "1"),
		chromedp.Flag("disable-features", "site-per-process,Translate,BlinkGenPropertyTrees,SpareRendererForSitePerProcess"), // the first three are chromedp's
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.WSURLReadTimeout(startBound),
	)
}
