// Package login holds the rules of getting in: password, pending login,
// challenge, confirmation, session, trusted browser, throttle and policy.
//
// It knows neither HTTP nor SQL. What it wants kept goes through Store, whose
// Write is one transaction; what it wants told goes into the same transaction
// as events and mails.
package login

import (
	"time"

	"nightlatch.example/nightlatch/factors"
)

// Ceremony is the state of one started proof or enrollment.
type Ceremony struct {
	ID, AccountID, Subject string
	Purpose                factors.Purpose
	Kind                   factors.Kind
	State                  []byte // sealed at rest
	Tries                  int
	Created, Expires       time.Time
}
