package browser

import (
	"flag"
	"maps"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/emulation"

	"nightlatch.example/nightlatch/internal/chrome"
	"nightlatch.example/nightlatch/internal/sitetest"
)

var screenshots = flag.Bool("screenshots", false, "write the pictures to docs/ instead of a folder that goes away")

// shown are the screens that docs/ has a picture of, and the pictures' names.
var shown = map[string]string{
	"sign-in":        "sign-in",
	"enrollment":     "enrollment",
	"recovery codes": "recovery-codes",
	"challenge":      "challenge",
	"activity":       "activity",
}

// An ordinary browser's name, for the list of sessions.
const agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"

// pictured are the widths and themes that pictures are taken of, by the ends of
// their names. When they go to a folder that goes away, a run has each width and
// each theme once, and with sitetest.PairsEnv the other two.
func pictured() map[string]chrome.Options {
	all := map[string]chrome.Options{
		"":            {Width: 1280, Height: 800},
		"-dark":       {Width: 1280, Height: 800, Dark: true},
		"-phone":      {Width: 390, Height: 844},
		"-phone-dark": {Width: 390, Height: 844, Dark: true},
	}
	if !*screenshots {
		maps.DeleteFunc(all, func(_ string, o chrome.Options) bool {
			return (o.Dark == (o.Width < 1280)) == sitetest.Swapped()
		})
	}
	return all
}

// The pictures in docs/: the main screens on a desk, on a phone, in the dark.
func TestScreenshots(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if *screenshots {
		dir = filepath.Join("..", "docs")
	}
	for suffix, o := range pictured() {
		t.Run("as"+suffix, func(t *testing.T) {
			t.Parallel()
			p := arrive(t, o)
			p.Run(emulation.SetUserAgentOverride(agent))
			p.seen = func(screen string) {
				if name := shown[screen]; name != "" {
					p.Screenshot(filepath.Join(dir, name+suffix+".png"))
				}
			}
			p.setUp()
			p.addApp()
			p.keepCodes(true)
			p.site.Advance(150e9)
			p.addAddress()
			p.site.Advance(240e9)
			p.Click("#name summary")
			p.Fill("#own-name", "Ada Byron")
			p.Click("=Save")
			p.leave()
			p.enterWithApp()
			p.FullScreenshot(filepath.Join(dir, "profile"+suffix+".png"))
		})
	}
}
