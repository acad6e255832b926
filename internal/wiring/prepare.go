package wiring

import (
	"context"
	"errors"
	"fmt"
	"time"

	"nightlatch.example/nightlatch/mail"
	"nightlatch.example/nightlatch/routes"
	"nightlatch.example/nightlatch/static"
	"nightlatch.example/nightlatch/store"
	"nightlatch.example/nightlatch/views"
)

// Made are parts that take long to make. The sites of a test process share
// them; those that are nil are made.
type Made struct {
	Static *static.Static
	Views  *views.Views
	Mails  *mail.Renderer
}

// Prepare makes the mail worker, the screens and the handler, and the setup
// token when there is no account. Nothing runs yet. observe is told how each
// request ended; route is the path in the table of routes, and empty when no
// route fitted. It may be nil.
func (s *Site) Prepare(ctx context.Context, observe func(method, route string, status int, took time.Duration)) (err error) {
	r := &s.rooms
	if s.set.Rules != nil && s.set.Rules.Current() == nil {
		if err := s.set.Rules.Load(); err != nil {
			return err
		}
	}
	if r.Mail, err = s.worker(); err != nil {
		return err
	}
	empty, err := r.Accounts.Empty(ctx)
	if err != nil {
		return err
	}
	if empty {
		r.Setup = routes.NewSetupToken()
	}
	s.self = newProcess()
	r.Watch = r.Store.Watch(s.self, s.lost)
	files, screens, err := s.screens()
	if err != nil {
		return fmt.Errorf("NIGHTLATCH_VIEWS (--views): %w", err)
	}
	s.handler = routes.New(routes.Options{Login: r.Login, Accounts: r.Accounts, Views: screens, Static: files, Proxies: s.set.Proxies, Home: s.set.Home, Domain: s.set.Domain, Rules: s.set.Rules.Current,
		Setup: r.Setup, Ready: s.ready, Lost: r.Watch.Lost, Unavailable: store.Unavailable, Log: s.log, Observe: observe, Gallery: s.set.Gallery})
	return nil
}

// ready says why the site cannot work at the moment; nil when it can.
func (s *Site) ready() error {
	err := errors.Join(s.rooms.Watch.Ready(), s.rooms.Keys.Reload())
	if s.mailing {
		err = errors.Join(err, s.rooms.Mail.Ready())
	}
	return err
}

// screens makes the static files and the screens.
func (s *Site) screens() (files *static.Static, screens *views.Views, err error) {
	files, screens = s.set.Made.Static, s.set.Made.Views
	if files == nil {
		files, err = static.New(s.set.Views)
	}
	if err == nil && screens == nil {
		opt := s.set.Login
		screens, err = views.New(views.Options{Overrides: s.set.Views, Asset: files.Path, Now: opt.Now, Host: opt.Host, Prefix: prefixOf(opt.URL)})
	}
	return files, screens, err
}

// worker makes the mail worker.
func (s *Site) worker() (*mail.Worker, error) {
	opt, renderer := s.set.Login, s.set.Made.Mails
	if renderer == nil {
		var err error
		if renderer, err = mail.NewRenderer(mail.RenderOptions{Brand: opt.Brand, URL: opt.URL, Overrides: s.set.Views}); err != nil {
			return nil, fmt.Errorf("NIGHTLATCH_VIEWS (--views): %w", err)
		}
	}
	transport, err := s.transport()
	if err != nil {
		return nil, err
	}
	return mail.New(mail.Options{Outbox: s.rooms.Store, Transport: transport, Renderer: renderer, From: s.set.From,
		Log: s.log, Now: opt.Now, Poll: time.Second, AtOnce: s.set.AtOnce})
}

// transport opens what carries mail away.
func (s *Site) transport() (mail.Transport, error) {
	if s.set.Transport != nil {
		return s.set.Transport, nil
	}
	if folder := s.set.Mail.Folder(); folder != "" { // made here, so that it has the same owner as the data
		if err := store.MakeFolder(folder); err != nil {
			return nil, fmt.Errorf("NIGHTLATCH_MAIL (--mail) cannot be used: %w", err)
		}
	}
	if s.set.Mail.Remote() && mail.LocalSender(s.set.From) {
		s.log.Warn("NIGHTLATCH_MAIL_FROM has no domain that other mail servers know; most will refuse it", "from", s.set.From)
	}
	transport, err := s.set.Mail.Open(mail.TransportOptions{Hello: s.set.Helo})
	if err != nil {
		return nil, fmt.Errorf("NIGHTLATCH_MAIL (--mail) cannot be used: %w", err)
	}
	return transport, nil
}
