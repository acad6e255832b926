package chrome

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

//go:embed axe.min.js
var axeJS string

// Violation is one rule of axe-core that the page breaks.
type Violation struct {
	ID     string // the rule, such as "color-contrast"
	Impact string // minor, moderate, serious or critical
	Help   string // the rule in words
	Nodes  []struct {
		HTML           string
		FailureSummary string
	}
}

// String names the rule and the elements that break it.
func (v Violation) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s (%s): %s", v.ID, v.Impact, v.Help)
	for _, n := range v.Nodes {
		fmt.Fprintf(&s, "\n  %s\n    %s", n.HTML, strings.ReplaceAll(n.FailureSummary, "\n", "\n    "))
	}
	return s.String()
}

// Axe is what axe-core finds wrong with the page as it stands. The check is
// run from outside, so the page's content security policy does not touch it.
func (b *Browser) Axe() []Violation {
	b.t.Helper()
	const check = `axe.run(document, {resultTypes: ["violations"]}).then((r) => r.violations)`
	var found []Violation
	b.run("axe",
		emulation.SetScriptExecutionDisabled(false), // axe needs timers, which do not run without scripts
		chromedp.Evaluate(axeJS, nil),
		chromedp.Evaluate(check, &found, func(p *runtime.EvaluateParams) *runtime.EvaluateParams {
			return p.WithAwaitPromise(true)
		}),
		emulation.SetScriptExecutionDisabled(b.o.NoJS),
	)
	return found
}

// sight is a page as axe-core sees it.
type sight struct {
	window Options
	shape  string
}

// faultless are the sights that axe-core found nothing wrong with.
var faultless sync.Map

// AxeOnce is Axe, unless this test process has already found nothing wrong with the
// same elements and attributes in such a window. Other words, links and numbers make
// no difference to it.
func (b *Browser) AxeOnce() []Violation {
	b.t.Helper()
	seen := sight{b.o, b.must("shape", "", "").Text}
	if _, known := faultless.Load(seen); known {
		return nil
	}
	found := b.Axe()
	if len(found) == 0 {
		faultless.Store(seen, true)
	}
	return found
}
