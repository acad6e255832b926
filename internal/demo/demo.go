// Package demo is the fiction of the demo: some 200 people live through 90 days
// by the same rules that every site has.
package demo

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync/atomic"
	"time"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/store"
)

// Site is an empty site for the story. Its mail worker must not run yet, and
// its Login must have been made with the Clock's Now.
type Site struct {
	Store    *store.Store
	Login    *login.Service
	Accounts *accounts.Service
	Clock    *Clock
}

// Guest is what a visitor of the demo signs in with: the first of its people,
// who is an admin.
type Guest struct {
	Login, Password, RecoveryCode string
	Accounts                      int // how many there are
}

// rooms are the services that the people of the story use.
type rooms struct {
	store    *store.Store
	login    *login.Service
	accounts *accounts.Service
}

// Tell lets the people live through their days, and at the end sets the clock
// to the real time.
func Tell(ctx context.Context, s Site) (Guest, error) {
	t := newStory(rooms{s.Store, s.Login, s.Accounts}, s.Clock, rand.Text())
	if err := t.tell(ctx); err != nil {
		return Guest{}, fmt.Errorf("the demo could not be made: %w", err)
	}
	s.Clock.stop()
	code, err := t.recoveryCode(ctx)
	return Guest{Login: t.people[0].login, Password: t.password, RecoveryCode: code, Accounts: len(t.people)}, err
}

// Clock shows the time in the story until it has ended, and then the real time.
type Clock struct{ at atomic.Int64 }

// Now is the time in the story.
func (c *Clock) Now() time.Time {
	if at := c.at.Load(); at != 0 {
		return time.Unix(0, at).UTC()
	}
	return time.Now()
}

func (c *Clock) set(t time.Time)      { c.at.Store(t.UnixNano()) }
func (c *Clock) pass(d time.Duration) { c.at.Add(int64(d)) }
func (c *Clock) stop()                { c.at.Store(0) }
