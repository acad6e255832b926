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
// After a crash between two steps the claim runs out, so every message is sent
// at least once. Its Message-ID stays the same on every try.
//
// Codes, letters and bulk mail are lanes with senders of their own (lane.go).
// Within a lane no domain of recipients has more than its share of the senders
// (domain.go), so that neither a flood to one domain nor a slow server there
// delays mail to others. refusal.go tells a refusal of the recipient from one of
// this site.
//
// A Renderer makes the message from two templates, NAME.txt (with its subject)
// and NAME.html; a Transport carries it, to a folder or to an SMTP server.
// The package knows no database and no configuration: see Outbox and ParseURL.
package mail
