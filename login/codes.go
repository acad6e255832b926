package login

import (
	"context"
	"time"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
)

// Sheet is the set of recovery codes as shown to its owner.
type Sheet struct {
	Codes []SheetCode
	Made  time.Time
	Set   string // short name of the set
	Left  int
}

// SheetCode is one of them.
type SheetCode struct {
	Text string
	Used time.Time // zero while it is good
}

// MakeCodes makes a new set of recovery codes and voids the old one.
func (s *Service) MakeCodes(ctx context.Context, v *Visit, c identity.Client) error {
	if s.kinds.Spare() == nil {
		return identity.ErrNotFound
	}
	codes, err := s.drawCodes(ctx, v, c)
	if err != nil {
		return err
	}
	return s.store.Act(ctx, func(tx Act) (none identity.Event, err error) {
		a, err := tx.LockAccount(ctx, v.Account.ID)
		if err != nil {
			return none, err
		}
		if !a.HasFactor() {
			return none, identity.Refuse(identity.Denied, "Recovery codes come with a second factor. Add one first.")
		}
		if err := s.Distrust(ctx, tx, a.ID); err != nil {
			return none, err
		}
		return s.replaceCodes(ctx, tx, a, codes, c)
	})
}

// drawCodes creates ten codes and their hashes, without saving them.
func (s *Service) drawCodes(ctx context.Context, v *Visit, c identity.Client) (codes []factors.Credential, err error) {
	spare := s.kinds.Spare()
	if spare == nil {
		return nil, nil
	}
	err = s.inTurn(ctx, c, func() (err error) {
		codes, err = spare.NewSet(s.ceremony(sessionSubject(v, factors.ForEnroll, c)))
		return err
	})
	return codes, err
}

// Codes shows the recovery codes again. ErrNotFound when there are none.
func (s *Service) Codes(ctx context.Context, v *Visit) (Sheet, error) {
	spare := s.kinds.Spare()
	if spare == nil {
		return Sheet{}, identity.ErrNotFound
	}
	creds, err := s.store.Credentials(ctx, v.Account.ID, spare.Kind())
	if err != nil {
		return Sheet{}, err
	}
	var sheet Sheet
	for _, c := range creds {
		if c.Kind != spare.Kind() {
			continue
		}
		sheet.Codes = append(sheet.Codes, SheetCode{Text: string(c.Secret), Used: c.Used})
		sheet.Made, sheet.Set = c.Created, c.Batch[:min(6, len(c.Batch))]
		if c.Used.IsZero() {
			sheet.Left++
		}
	}
	if len(sheet.Codes) == 0 {
		return sheet, identity.ErrNotFound
	}
	return sheet, nil
}

// CheckCode says whether a recovery code is valid, without using it up. It is
// counted like an answer; otherwise it could be used to guess codes without
// limit.
func (s *Service) CheckCode(ctx context.Context, v *Visit, code string, c identity.Client) error {
	ctx = context.WithoutCancel(ctx)
	spare := s.kinds.Spare()
	if spare == nil {
		return identity.Refuse(identity.Wrong, "")
	}
	p, err := s.prove(ctx, sessionSubject(v, factors.ForConfirm, c), spare.Kind(), factors.Answer{Code: code})
	if err != nil {
		return err
	}
	return s.store.Write(ctx, func(tx Tx) error { return s.passed(ctx, tx, p.counted) })
}
