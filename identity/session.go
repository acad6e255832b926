package identity

import (
	"time"

	"nightlatch.example/nightlatch/factors"
)

// Session is one signed-in browser.
type Session struct {
	ID, TokenHash, AccountID   string
	Level                      int
	Factor                     factors.Kind // what raised it to level 2
	Trusted                    bool         // a trusted browser opened it at level 2, and no factor was proved since
	Address, Browser           string
	Created, LastSeen, Confirm time.Time // Confirm is the last proof; zero when there was none
	Warning                    string    // something its owner should see: a code used twice
	Kept                       bool      // the answer that led here is kept for a repeat: see Outcome
}

// Browser is a browser known to an account, or trusted by it.
type Browser struct {
	ID, TokenHash, AccountID string
	Trusted                  bool
	Address, Browser         string
	Created, LastUsed, Until time.Time
}
