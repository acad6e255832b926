package identity

import "time"

// Client is the browser that asks, as far as it can be told.
type Client struct {
	Address string // for the record
	Range   string // bucket of the per-address limit: IPv4, or IPv6 /64
	Shown   string // for mails: the address with its end hidden
	Browser string // "Firefox on Windows"
	Known   string // token of the cookie of a browser that signed in before
	Trusted string // token of the trusted-browser cookie
	Session string // token of the session that the browser has already
	Ticket  string // token of an enrollment link that was pressed in this browser
}

// Pending is a login whose password was right and whose factor is awaited.
// It holds no password.
type Pending struct {
	ID, TokenHash, AccountID, Next string
	Address, Shown, Browser        string
	Known                          bool // from a browser that signed in before
	Told                           bool // the owner was warned about this one
	Created, Expires               time.Time
}
