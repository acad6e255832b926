package accounts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
)

// AuditFilter chooses rows of the audit log. Its parts combine.
type AuditFilter struct {
	Text   string // part of a reason, detail, browser or address
	Kind   string // kind of event
	User   string // login or id of whom it is about, or who did it
	Before int64  // rows older than this one; 0 is from the newest
	Limit  int
}

// AuditPage is one page of the audit log, newest first.
type AuditPage struct {
	Events []identity.Event
	Logins map[string]string // logins of the accounts in it, by id
	Gone   map[string]bool   // those of them that were deleted since
	Next   int64             // Before of the next page; 0 when this is the last
}

// logStore is what can be asked about all events and all mail.
type logStore interface {
	// AuditPage reads a page; account is the id of the account that the events are
	// about.
	AuditPage(ctx context.Context, f AuditFilter, account string) (AuditPage, error)
	// FirstEvent is the oldest event about an account; ErrNotFound when there is
	// none.
	FirstEvent(ctx context.Context, accountID string) (identity.Event, error)
	// Departed is the id of the account that was deleted last with an id or
	// login; ErrNotFound when none was.
	Departed(ctx context.Context, idOrLogin string) (string, error)
	// AuditKinds lists the kinds of event there are.
	AuditKinds(ctx context.Context) ([]string, error)
	// VerifyEvents walks the whole chain, see VerifyAudit.
	VerifyEvents(ctx context.Context, kept string) (AuditState, error)
	// AcceptEvents keeps the head anew and records that; false when the log is
	// not any more as it was seen.
	AcceptEvents(ctx context.Context, seen AuditState, e identity.Event) (bool, error)
	Outbox(ctx context.Context, f MailFilter) (MailPage, error)
}

// Audit reads a page of the audit log.
func (s *Service) Audit(ctx context.Context, f AuditFilter) (AuditPage, error) {
	account := ""
	if f.User != "" {
		a, err := s.store.Account(ctx, f.User)
		if errors.Is(err, identity.ErrNotFound) {
			key, _ := identity.LoginKey(f.User)
			a, err = s.store.AccountByKey(ctx, key)
		}
		if errors.Is(err, identity.ErrNotFound) {
			a.ID, err = s.store.Departed(ctx, f.User)
		}
		if errors.Is(err, identity.ErrNotFound) {
			return AuditPage{}, nil
		}
		if err != nil {
			return AuditPage{}, err
		}
		account = a.ID
	}
	return s.store.AuditPage(ctx, f, account)
}

// AuditKinds lists the kinds of event there are.
func (s *Service) AuditKinds(ctx context.Context) ([]string, error) { return s.store.AuditKinds(ctx) }

// AuditState is what a walk along the audit log found.
type AuditState struct {
	Rows   int64  // that were walked
	Broken int64  // the first that was changed, or before which one is missing; 0 for none
	Head   string // hash of the last; kept elsewhere, it shows later that nothing before it was touched
	Since  string // since when the head vouches for the rows, in a sentence
	Fault  string // what else is wrong, in a sentence; empty when all is well

	Waiting int // events that were not chained yet
}

// VerifyAudit checks the audit log's chain, and its end against the head that
// is kept under the keys. kept is a head that was stored elsewhere before, or
// empty: it must be in the log, and rows before it count as checked.
func (s *Service) VerifyAudit(ctx context.Context, kept string) (AuditState, error) {
	return s.store.VerifyEvents(ctx, kept)
}

// AcceptAudit is for operators who know the cause of what VerifyAudit found:
// the head is recorded again, and a row of the log says what was found, who
// accepted it and why. A changed row cannot be accepted, because its original
// text is lost.
func (s *Service) AcceptAudit(ctx context.Context, by By) (found AuditState, err error) {
	if by.Reason == "" {
		return found, identity.Refuse(identity.Bad, "give a reason with --reason: it is recorded in the audit log")
	}
	if err := s.allowed(ctx, s.store, by); err != nil {
		return found, err
	}
	found, err = s.store.VerifyEvents(ctx, "")
	switch {
	case err != nil:
		return found, err
	case found.Broken > 0:
		return found, identity.Refuse(identity.Denied, fmt.Sprintf("row %d was changed, or one before it is missing: this cannot be accepted; restore a backup", found.Broken))
	case found.Fault == "":
		return found, identity.Refuse(identity.Denied, "there is nothing to accept: the audit log is intact")
	}
	same, err := s.store.AcceptEvents(ctx, found, s.did(identity.EventAuditAccepted, "", by, found.Fault))
	if err == nil && !same {
		err = identity.Refuse(identity.Denied, "the audit log has changed since: run audit verify again")
	}
	return found, err
}

// MailFilter chooses mails of the outbox.
type MailFilter struct {
	Status string // queued, sent, failed or expired; empty for all
	After  string // Next of the page before
	Limit  int
}

// MailState is one mail of the outbox, without what it says.
type MailState struct {
	ID, AccountID, Template, To, Status, LastError string
	Attempts                                       int
	Created, Next, Sent                            time.Time
	Wiped                                          bool // nothing is left to send
}

// MailPage is one page of the outbox, newest first.
type MailPage struct {
	Mails          []MailState
	Next           string
	Queued, Failed int // up to mailCap of each
	FaultSince     time.Time
	Fault          string // what the mail server has against this site since then; empty when nothing
}

// Outbox reads a page of the outbox.
func (s *Service) Outbox(ctx context.Context, f MailFilter) (MailPage, error) {
	return s.store.Outbox(ctx, f)
}

// RetryMail has a mail sent again at once, and keeps trying for another three
// days.
func (s *Service) RetryMail(ctx context.Context, by By, id string) error {
	return s.store.Act(ctx, func(tx login.Act) (identity.Event, error) {
		e := s.did(identity.EventMailRetried, "", by, id)
		if err := s.allowed(ctx, tx, by); err != nil {
			return e, err
		}
		ok, err := tx.RetryMail(ctx, id, s.opt.Now())
		if err != nil {
			return e, err
		}
		if !ok {
			return e, identity.Refuse(identity.Denied, "The content of this email was deleted, so it cannot be sent again. Start the action again to send a new one.")
		}
		return e, nil
	})
}
