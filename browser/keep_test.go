package browser

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// clipboard is held by whoever copies: all persons share it.
var clipboard sync.Mutex

// copied presses Copy and gives what the clipboard then holds.
func (p *person) copied() (text string) {
	p.t.Helper()
	for _, name := range []string{"clipboard-read", "clipboard-write"} {
		p.Run(whole(browser.SetPermission(&browser.PermissionDescriptor{Name: name}, browser.PermissionSettingGranted).WithBrowserContextID(p.Own())))
	}
	clipboard.Lock()
	defer clipboard.Unlock()
	p.Click("=Copy")
	p.WaitText("Copied")
	p.Run(chromedp.Evaluate(`navigator.clipboard.readText()`, &text, func(e *runtime.EvaluateParams) *runtime.EvaluateParams {
		return e.WithAwaitPromise(true)
	}))
	return text
}

// downloaded presses a link and gives the file that comes of it.
func (p *person) downloaded(link string) string {
	p.t.Helper()
	dir, done := p.t.TempDir(), make(chan string, 1)
	p.Run(chromedp.ActionFunc(func(ctx context.Context) error {
		chromedp.ListenBrowser(context.WithoutCancel(ctx), func(ev any) {
			e, ok := ev.(*browser.EventDownloadProgress)
			if !ok || e.State != browser.DownloadProgressStateCompleted {
				return
			}
			if _, err := os.Stat(filepath.Join(dir, e.GUID)); err == nil { // else it is somebody else's
				done <- e.GUID
			}
		})
		return nil
	}), whole(browser.SetDownloadBehavior(browser.SetDownloadBehaviorBehaviorAllowAndName).
		WithBrowserContextID(p.Own()).WithDownloadPath(dir).WithEventsEnabled(true)))
	p.Click(link)
	select {
	case name := <-done:
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			p.t.Fatal(err)
		}
		return string(data)
	case <-time.After(time.Minute):
		p.t.Fatal("no file came")
		return ""
	}
}

// whole sends a command to Chromium as a whole, not to a page.
func whole(a chromedp.Action) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		return a.Do(cdp.WithExecutor(ctx, chromedp.FromContext(ctx).Browser))
	})
}

// value is what a field holds.
func (p *person) value(sel string) (text string) {
	p.t.Helper()
	p.Eval(`document.querySelector(`+strconv.Quote(sel)+`).value`, &text)
	return text
}
