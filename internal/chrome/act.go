package chrome

import (
	"context"
	"errors"
	"strings"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// A selector, wherever one is asked for, is CSS, or "=Sign in" for the visible
// button, link or label with exactly these words.

// Go opens an address and waits until the page rests.
func (b *Browser) Go(url string) {
	b.t.Helper()
	b.run("go to "+url, chromedp.Navigate(url))
	b.settle()
}

// Reload asks for the page again, as the browser's own button does.
func (b *Browser) Reload() {
	b.t.Helper()
	b.run("reload", chromedp.Reload())
	b.settle()
}

// Back goes back one page, as the browser's own button does. The page may come
// out of the browser's memory without being loaded again.
func (b *Browser) Back() {
	b.t.Helper()
	moves := b.watch.moved()
	b.run("back", chromedp.ActionFunc(func(ctx context.Context) error {
		at, entries, err := page.GetNavigationHistory().Do(ctx)
		if err != nil {
			return err
		}
		if at == 0 {
			return errors.New("there is no page before this one")
		}
		return page.NavigateToHistoryEntry(entries[at-1].ID).Do(ctx)
	}))
	b.until("back", func(context.Context) (string, bool) {
		return "the page did not change", b.watch.moved() > moves
	})
	b.settle()
}

// Fill replaces what a field holds. In a select, text is the option's value.
func (b *Browser) Fill(sel, text string) {
	b.t.Helper()
	if b.must("fill", sel, text).Typed {
		b.run("fill "+sel, input.InsertText(text))
	}
	b.settle()
}

// Click presses the mouse on the middle of an element, once it is visible,
// enabled and not covered, and waits for where that leads.
func (b *Browser) Click(sel string) {
	b.t.Helper()
	at := b.must("spot", sel, "")
	b.run("click "+sel, chromedp.MouseClickXY(at.X, at.Y))
	b.settle()
}

// keys are those that a keyboard user needs and that print nothing.
var keys = map[string]string{
	"Enter": kb.Enter, "Tab": kb.Tab, "Escape": kb.Escape, "Space": " ", "Backspace": kb.Backspace,
	"ArrowUp": kb.ArrowUp, "ArrowDown": kb.ArrowDown, "ArrowLeft": kb.ArrowLeft, "ArrowRight": kb.ArrowRight,
}

// Press types on the keyboard, wherever the focus is: a key by its name
// (Enter, Tab, Shift+Tab, Escape, Space, Backspace, ArrowUp …), else the
// text itself, key by key.
func (b *Browser) Press(key string) {
	b.t.Helper()
	var opts []chromedp.KeyOption
	if rest, shift := strings.CutPrefix(key, "Shift+"); shift {
		key, opts = rest, append(opts, chromedp.KeyModifiers(input.ModifierShift))
	}
	if named, ok := keys[key]; ok {
		key = named
	}
	b.run("press "+key, chromedp.KeyEvent(key, opts...))
	b.settle()
}

// WaitText waits until the page shows text. White space counts as one space.
func (b *Browser) WaitText(text string) {
	b.t.Helper()
	text = strings.Join(strings.Fields(text), " ")
	b.until("wait for the words "+text, func(ctx context.Context) (string, bool) {
		a, err := b.ask(ctx, "body", "", "")
		return "not shown", err == nil && strings.Contains(a.Text, text)
	})
	b.settle()
}

// WaitFocus waits until the keyboard is in the element with an id. A page gives it away
// when it is first drawn, which may be a moment after it was loaded.
func (b *Browser) WaitFocus(id string) {
	b.t.Helper()
	b.until("wait for the keyboard in #"+id, func(ctx context.Context) (why string, ok bool) {
		a, err := b.ask(ctx, "focus", "", "")
		return "it is in " + a.Text, err == nil && a.Text == "#"+id
	})
}

// ClearCookies deletes all cookies, so that no site knows the browser.
func (b *Browser) ClearCookies() {
	b.t.Helper()
	b.run("clear cookies", network.ClearBrowserCookies())
}

// Run carries out chromedp actions for which there is no method here, then
// waits until the page rests.
func (b *Browser) Run(actions ...chromedp.Action) {
	b.t.Helper()
	b.run("run", actions...)
	b.settle()
}

// Eval puts the value of a JavaScript expression into out, a pointer.
func (b *Browser) Eval(expression string, out any) {
	b.t.Helper()
	b.run("eval "+expression, chromedp.Evaluate(expression, out))
}

// ClickTwice is a double click. between is called after the first click, when
// the page may be on its way out, and after once the page has had the second.
func (b *Browser) ClickTwice(sel string, between, after func()) {
	b.t.Helper()
	at := b.must("spot", sel, "")
	b.run("click "+sel, chromedp.MouseClickXY(at.X, at.Y))
	between()
	b.run("click again "+sel, chromedp.MouseClickXY(at.X, at.Y, chromedp.ClickCount(2)))
	after()
	b.settle()
}
