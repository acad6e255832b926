package chrome

import (
	"context"
	"os"
	"path/filepath"
	"slices"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// Text is what an element shows, white space folded. It waits until the
// element is there.
func (b *Browser) Text(sel string) string {
	b.t.Helper()
	return b.must("text", sel, "").Text
}

// HTML is the whole page as it stands now.
func (b *Browser) HTML() string {
	b.t.Helper()
	return b.must("html", "", "").Text
}

// URL is the page's current address.
func (b *Browser) URL() string {
	b.t.Helper()
	return b.must("url", "", "").Text
}

// Status is the HTTP status of the current page.
func (b *Browser) Status() int {
	b.watch.mu.Lock()
	defer b.watch.mu.Unlock()
	return int(b.watch.statuses[b.watch.shown])
}

// Exists is whether an element is on the page now, seen or not.
func (b *Browser) Exists(sel string) bool {
	b.t.Helper()
	return b.must("exists", sel, "").Yes
}

// HScroll is whether the page is wider than the window, which no screen may
// be from 320 pixels on (WCAG 2.2, 1.4.10).
func (b *Browser) HScroll() bool {
	b.t.Helper()
	return b.must("wide", "", "").Yes
}

// Cookies are all that the browser holds, also those that scripts cannot see.
func (b *Browser) Cookies() []*network.Cookie {
	b.t.Helper()
	var cookies []*network.Cookie
	b.run("cookies", chromedp.ActionFunc(func(ctx context.Context) (err error) {
		cookies, err = network.GetCookies().Do(ctx)
		return err
	}))
	return cookies
}

// ConsoleErrors is what the console showed in red since the start: JavaScript
// exceptions, console.error, breaches of the content security policy, files
// that did not load. An error status of a page or of a script's own request
// is not among them; a test judges that itself.
func (b *Browser) ConsoleErrors() []string {
	b.watch.mu.Lock()
	defer b.watch.mu.Unlock()
	return slices.Clone(b.watch.errors)
}

// Screenshot writes the window as a PNG file and makes its folder.
func (b *Browser) Screenshot(path string) {
	b.t.Helper()
	var png []byte
	b.run("screenshot", chromedp.CaptureScreenshot(&png))
	b.write(path, png)
}

// FullScreenshot writes the page in its whole height as a PNG file.
func (b *Browser) FullScreenshot(path string) {
	b.t.Helper()
	var png []byte
	b.run("screenshot", chromedp.FullScreenshot(&png, 100))
	b.write(path, png)
}

// Picture is one element as it looks, as a PNG.
func (b *Browser) Picture(sel string) []byte {
	b.t.Helper()
	var png []byte
	b.run("picture of "+sel, chromedp.Screenshot(sel, &png, chromedp.ByQuery, chromedp.NodeVisible))
	return png
}

func (b *Browser) write(path string, png []byte) {
	b.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(path, png, 0o644); err != nil {
		b.t.Fatal(err)
	}
}
