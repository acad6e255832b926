package commands

import (
	"context"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/internal/wiring"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/store"
)

// base is what every command that touches accounts needs.
type base struct {
	settings settings
	site     *wiring.Site
	store    *store.Store
	keys     *store.Keys
	login    *login.Service
	accounts *accounts.Service
	again    hurry // set by serve and demo
}

// open reads the configuration, opens and migrates the existing database, and
// opens the keys.
func (f *Flags) open(ctx context.Context, std Streams) (*base, error) {
	s, err := f.check(std)
	if err != nil {
		return nil, err
	}
	return s.begin(ctx)
}

func (s settings) begin(ctx context.Context) (*base, error) {
	warnStrangers(s.Log)
	x, err := wiring.Begin(ctx, s.Settings)
	if err != nil {
		return nil, err
	}
	return newBase(s, x), nil
}

func newBase(s settings, x *wiring.Site) *base {
	r := x.Rooms()
	return &base{settings: s, site: x, store: r.Store, keys: r.Keys, login: r.Login, accounts: r.Accounts}
}
