package login

import (
	"context"
	"errors"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
)

// again is the ceremony of a challenge that may replace one.
func (s *Service) again(ctx context.Context, sub subject, k factors.Kind) (factors.Ceremony, error) {
	about := s.ceremony(sub)
	c, err := s.store.Ceremony(ctx, sub.purpose, sub.id, k)
	if errors.Is(err, identity.ErrNotFound) || err == nil && !s.Now().Before(c.Expires) {
		return about, nil
	}
	about.Before = c.State
	return about, err
}

// older refuses a code that was right until a newer one was sent. It counts no
// failure, because only somebody who reads the owner's mailbox knows such a
// code.
func (s *Service) older(ctx context.Context, sub subject, k factors.Kind, key Counter, state []byte) error {
	c, err := s.store.Ceremony(ctx, sub.purpose, sub.id, k)
	if errors.Is(err, identity.ErrNotFound) {
		return identity.Refuse(identity.Gone, "")
	}
	if err != nil {
		return err
	}
	if err := s.giveBack(ctx, key); err != nil {
		return err
	}
	if err := s.store.Write(ctx, func(tx Tx) error { return tx.UntryCeremony(ctx, c.ID) }); err != nil {
		return err
	}
	return identity.Refuse(identity.Older, "A newer code was sent at "+s.sent(k, state).At.UTC().Format("15:04:05")+" UTC. Use that one.")
}
