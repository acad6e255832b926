package identity

import (
	"time"

	"nightlatch.example/nightlatch/factors"
)

// Session is one signed-in browser.
type Session struct {
	ID, TokenHash, AccountID   string
	Level                      int
	Factor                     factors.Kind // what raised it to level 2; ByBrowser when nothing was proved
	Address, Browser           string
	Created, LastSeen, Confirm time.Time // Confirm is the last proof; zero when there was none
	Warning                    string    // something its owner should see: a code used twice
	Kept                       bool      // the answer that led here is kept for a repeat: see Outcome
}

// ByBrowser is the Factor of a session that a trusted browser opened.
const ByBrowser factors.Kind = "browser"

// Browser is a browser known to an account, or trusted by it.
type Browser struct {
	ID, TokenHash, AccountID string
	Trusted                  bool
	Address, Browser         string
	Created, LastUsed, Until time.Time
}
