package chrome

import (
	_ "embed"
	"fmt"
	"strings"

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
		emulation.SetScriptExecutionDisabled(b.noJS),
	)
	return found
}
