// Package mail brings messages from the outbox to the people they are for.
//
// The life of a message:
//
//	a change is made         the row is written in the same transaction, its
//	      │                  data sealed: what happened and its mail are one
//	      ▼
//	   queued  ◄──────────┐  a worker claims it; the claim hides it for Lease
//	      │               │
//	      ▼               │  later: 5 s, 15 s, 1 m, 5 m, 15 m, then each hour;
//	   claimed ── fails ──┘  a code every 10 s at the latest
//	      │
//	      ├── sent           the server took it: the data is wiped
//	      ├── expired        too late to be of use, or a void code: never sent, wiped
//	      └── failed         refused for good: a code is wiped, anything else is
//	                         kept until it expires, for an admin to send again
//
// A crash between two steps leaves a claim that runs out, so a message is
// sent at least once. Its Message-ID stays the same on every try.
//
// Codes, letters and bulk mail are lanes with senders of their own (lane.go).
// Within a lane no host has more than its share of them (site.go), so neither
// a flood nor a host that stalls holds up the others. Whom a refusal is about,
// the recipient or this site, is decided in refusal.go.
//
// A Renderer makes the message from two templates, NAME.txt (with its subject)
// and NAME.html; a Transport carries it, to a folder or to an SMTP server.
// The package knows no database and no configuration: see Outbox and ParseURL.
package mail
