package chrome

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/chromedp/chromedp"
)

//go:embed page.js
var pageJS string

// answer is what page.js gives back. Why is empty when the verb worked.
type answer struct {
	Why   string
	Text  string
	X, Y  float64
	Yes   bool
	Busy  bool
	Typed bool
}

// ask runs one verb of page.js. It fails while the page is being replaced.
func (b *Browser) ask(ctx context.Context, verb, sel, text string) (answer, error) {
	var a answer
	args, err := json.Marshal([]string{verb, sel, text})
	if err != nil {
		return a, err
	}
	call := fmt.Sprintf("(\n%s\n)(...%s)", strings.TrimSpace(pageJS), args)
	return a, chromedp.Run(ctx, chromedp.Evaluate(call, &a))
}

// must repeats a verb until the page can do it, and fails the test when it
// never can.
func (b *Browser) must(verb, sel, text string) answer {
	b.t.Helper()
	var a answer
	b.until(verb+" "+sel, func(ctx context.Context) (string, bool) {
		got, err := b.ask(ctx, verb, sel, text)
		if err != nil {
			return err.Error(), false
		}
		a = got
		return got.Why, got.Why == ""
	})
	return a
}

// until checks again and again until done is true. When that takes too long,
// the test fails with the last why.
func (b *Browser) until(what string, done func(context.Context) (why string, ok bool)) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	again := time.NewTicker(tick)
	defer again.Stop()
	last := ""
	for {
		why, ok := done(ctx)
		if ok {
			return
		}
		if ctx.Err() == nil {
			last = why
		}
		select {
		case <-ctx.Done():
			b.fail("%s: %s", what, last)
		case <-again.C:
		}
	}
}

// settle waits until the page rests: loaded, no request open, no HTMX swap
// half done. It must be seen so twice running, since a submitted form leaves
// its page only after the click has been dealt with.
func (b *Browser) settle() {
	b.t.Helper()
	calm := 0
	b.until("the page comes to rest", func(ctx context.Context) (string, bool) {
		a, err := b.ask(ctx, "busy", "", "")
		why, resting := b.watch.resting()
		if err != nil || a.Busy || !resting {
			calm = 0
			return fmt.Sprintf("%s (error %v, busy %v)", why, err, a.Busy), false
		}
		calm++
		return "", calm == 2
	})
}

// run carries out protocol actions within the bound.
func (b *Browser) run(what string, actions ...chromedp.Action) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Run(ctx, actions...); err != nil {
		b.fail("%s: %v", what, err)
	}
}

// fail ends the test with what the page says.
func (b *Browser) fail(format string, args ...any) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	url, _ := b.ask(ctx, "url", "", "")
	body, _ := b.ask(ctx, "body", "", "")
	if len(body.Text) > 2000 {
		body.Text = body.Text[:2000] + " …"
	}
	b.t.Fatalf("%s\nat %s (status %d) the page says:\n%s\nconsole: %q",
		fmt.Sprintf(format, args...), url.Text, b.Status(), body.Text, b.ConsoleErrors())
}
