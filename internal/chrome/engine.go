package chrome

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"nightlatch.example/nightlatch/internal/scratch"
)

// engine is a Chromium of this test process, started by the first test that asks:
// starting one takes longer than many a test.
type engine struct {
	sync.Mutex
	programs []string        // names, the first that is there is started
	ctx      context.Context // nil while none runs
	stop     func()
}

// The shell is Chromium without windows, menus and settings: pages are the same in it
// and cost half. Where Debian's package of it is missing, the whole serves.
var (
	shell = &engine{programs: slices.Concat([]string{"chromium-headless-shell"}, wholes)}
	whole = &engine{programs: wholes}
)

// wholes are what the whole Chromium is called.
var wholes = []string{"chromium", "chromium-browser", "google-chrome"}

// WholeEnv names the variable that, set to "whole", has all tests run in the whole
// Chromium, as those always do that ask for it in Options.
const WholeEnv = "NIGHTLATCH_TEST_CHROMIUM"

// engineFor gives the Chromium for a browser.
func engineFor(o Options) *engine {
	if o.Whole || os.Getenv(WholeEnv) == "whole" {
		return whole
	}
	return shell
}

// Main runs a package's tests and then ends each Chromium that was started:
//
//	func TestMain(m *testing.M) { chrome.Main(m) }
func Main(m *testing.M) {
	finish := scratch.Use()
	code := m.Run()
	for _, e := range []*engine{shell, whole} {
		e.Lock()
		if e.ctx != nil {
			e.stop()
		}
	}
	finish()
	os.Exit(code)
}

// running gives the context of a Chromium. One that crashed is replaced.
func (e *engine) running(t testing.TB) context.Context {
	t.Helper()
	e.Lock()
	defer e.Unlock()
	if e.ctx != nil {
		select {
		case <-chromedp.FromContext(e.ctx).Browser.LostConnection:
			e.stop()
			e.ctx = nil
		default:
			return e.ctx
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
	alloc, stop := chromedp.NewExecAllocator(context.Background(), append(flags(e.path(t)), chromedp.UserDataDir(profile))...)
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
	e.ctx, e.stop = ctx, end
	return ctx
}

// path finds the program.
func (e *engine) path(t testing.TB) string {
	t.Helper()
	for _, name := range e.programs {
		if found, err := exec.LookPath(name); err == nil {
			return found
		}
	}
	t.Fatal("The browser tests need Chromium: apt-get install chromium chromium-headless-shell")
	return ""
}

// Cookieless is a host of this machine whose cookies the browser blocks, as
// somebody may have told theirs in its settings, which only the whole Chromium has.
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
func (e *engine) open(t testing.TB) (own cdp.BrowserContextID, page target.ID) {
	t.Helper()
	ctx, cancel := context.WithTimeout(commands(e.running(t)), startBound)
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
func (e *engine) dispose(own cdp.BrowserContextID) {
	e.Lock()
	defer e.Unlock()
	ctx, cancel := context.WithTimeout(commands(e.ctx), patience)
	defer cancel()
	_ = target.DisposeBrowserContext(own).Do(ctx)
}

// commands is a context for commands to Chromium itself and not to a page.
func commands(ctx context.Context) context.Context {
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
func flags(path string) []chromedp.ExecAllocatorOption {
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
