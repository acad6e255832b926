package browser

import (
	"strconv"
	"testing"

	"nightlatch.example/nightlatch/internal/chrome"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// tab presses Tab until an element has the keyboard. Each place on the way
// must be seen to have it.
func (p *person) tab(sel string) {
	p.t.Helper()
	for range 60 {
		var there, seen bool
		p.Eval(`document.activeElement.matches(`+strconv.Quote(sel)+`)`, &there)
		p.Eval(`(e => e === document.body || e.tagName === "MAIN" || getComputedStyle(e).outlineStyle !== "none" && parseFloat(getComputedStyle(e).outlineWidth) > 0)(document.activeElement)`, &seen)
		if !seen {
			p.t.Errorf("nothing shows that %q has the keyboard", p.focus())
		}
		if there {
			return
		}
		p.Press("Tab")
	}
	p.t.Fatalf("Tab never reaches %s", sel)
}

// Everything works from the keyboard alone: no click in here.
func TestKeyboardOnly(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, o chrome.Options) {
		p := arrive(t, o)
		p.Go(p.site.Setup.Link(p.site.URL))
		p.tab("#login")
		p.Press(ada)
		p.tab("#password")
		p.Press(sitetest.Password)
		p.Press("Enter")
		p.at("/profile/factors")

		p.tab(`form[action="/profile/factors/totp"] button`)
		p.Press("Space")
		p.at("/profile/factors/totp")
		p.key = p.scan()
		p.WaitFocus("code")
		p.Press(p.site.Code(p.key))
		p.Press("Enter")
		p.at("/profile/factors/recovery")
		p.tab(`.sheet .main`)
		p.Press("Enter")
		p.at("/profile")

		p.tab("details.form summary")
		p.Press("Enter")
		p.tab(`input[name="address"], .manage input`)
		p.tab(`form[action="/logout"] button`) // round the page and back to its top
		p.Press("Enter")
		p.at("/login")

		p.site.Advance(61e9)
		p.tab("#login")
		p.Press(ada)
		p.tab("#password")
		p.Press(sitetest.Password)
		p.Press("Enter")
		p.at("/login/challenge")
		p.tab(`.choice[href*="factor=recovery"]`)
		p.Press("Enter")
		p.Press("nonsense")
		p.Press("Enter")
		p.refused("code", "")
		p.tab(`.choice[href*="factor=totp"]`)
		p.Press("Enter")
		p.WaitFocus("code")
		p.Press(p.site.Code(p.key))
		p.Press("Enter")
		p.at("/profile")
		p.Press("Tab")
		same(t, "the first stop", p.focus(), "Skip to the content")
		p.Press("Enter")
		same(t, "where it leads", p.focus(), "main")
	})
}
