package accounts

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"nightlatch.example/nightlatch/directory"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
)

// idleAfter is when someone who has not signed in is called idle.
const idleAfter = 90 * 24 * time.Hour

// idleCap is how far idle accounts are counted; beyond it there are "many".
const idleCap = 10_000

// Preview is who would be affected by a policy: the accounts that would lack a
// factor.
type Preview struct {
	Accounts, Admins, Idle int
	IdleMore               bool               // there are more idle ones than Idle
	First                  []identity.Account // some of them
}

// previewed is how many accounts a preview lists.
const previewed = 10

// Preview says who would be affected by a policy, and changes nothing.
func (s *Service) Preview(ctx context.Context, p identity.Policy) (pre Preview, err error) {
	n, err := s.store.Buckets(ctx)
	if err != nil {
		return pre, err
	}
	q, err := s.find(ctx, directory.Filter{Status: "required", Limit: previewed}, n, p)
	if err != nil {
		return pre, err
	}
	pre.Accounts, pre.Admins = q.Total, q.Admins
	if pre.Idle, err = s.store.Idle(ctx, q, s.opt.Now().Add(-idleAfter), idleCap+1); err != nil {
		return pre, err
	}
	if pre.Idle > idleCap {
		pre.Idle, pre.IdleMore = idleCap, true
	}
	page, err := s.store.Page(ctx, q)
	pre.First = page.Accounts
	return pre, err
}

// CheckPolicy says what is wrong with a policy that somebody wants.
func (s *Service) CheckPolicy(p identity.Policy) error {
	switch p.Who {
	case identity.Everyone, identity.Admins, identity.Nobody:
	default:
		return bad("Choose everyone, admins or nobody.")
	}
	if names, ok := identity.Groups(p.Groups); !ok || len(names) != len(p.Groups) {
		return bad(groupWords)
	}
	for _, role := range []identity.Role{identity.Member, identity.Admin} {
		if len(p.Kinds[role]) == 0 {
			return bad("Choose at least one kind of factor for users and one for admins.")
		}
		for _, k := range p.Kinds[role] {
			if !s.login.Kinds().Of(k).Alone {
				return bad("A policy takes only these kinds: " + s.countable() + ".")
			}
		}
	}
	return nil
}

// countable names the kinds that a policy can ask for.
func (s *Service) countable() string {
	var names []string
	for _, t := range s.login.Kinds().Alone() {
		names = append(names, t.Many)
	}
	return strings.Join(names, ", ")
}

// policySetting is where login keeps the policy.
const policySetting = "policy"

// SavePolicy puts a policy in force.
func (s *Service) SavePolicy(ctx context.Context, by By, p identity.Policy) error {
	if err := s.CheckPolicy(p); err != nil {
		return err
	}
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return s.store.Act(ctx, func(tx login.Act) (identity.Event, error) {
		e := s.did(identity.EventPolicyChanged, "", by, policyDetail(p))
		if err := s.allowed(ctx, tx, by); err != nil {
			return e, err
		}
		return e, tx.SaveSetting(ctx, policySetting, string(text))
	})
}

// policyDetail is a policy in the audit log.
func policyDetail(p identity.Policy) string {
	text := p.Who + " from " + p.From.Format("2006-01-02")
	if len(p.Groups) > 0 {
		text += ", and " + strings.Join(p.Groups, ",")
	}
	return text
}

// reminders are how many days before the policy's date mails go out.
var reminders = []int{1, 7, 14}

// remindPage is how many accounts are reminded in one transaction, and
// remindPages how many transactions one sweep takes.
const (
	remindPage  = 200
	remindPages = 10
)

// reminding is how far a round of reminders has come.
type reminding struct {
	From  time.Time `json:"from"`
	Days  int       `json:"days"`
	After string    `json:"after"` // last login key
	Done  bool      `json:"done"`
}

// RoundSetting is where it is kept how far a round of reminders has come.
const RoundSetting = "reminding"

// remind sends the reminders that are due: each round once to each account,
// also when several processes do it or one dies in the middle.
func (s *Service) remind(ctx context.Context) error {
	p, err := s.login.Policy(ctx)
	if err != nil {
		return err
	}
	round, due := s.round(p)
	for range remindPages {
		if !due {
			return nil
		}
		if due, err = s.remindSome(ctx, p, round); err != nil {
			return err
		}
	}
	return nil
}

// round is the round that a policy's date brings now.
func (s *Service) round(p identity.Policy) (reminding, bool) {
	left := p.From.Sub(s.opt.Now())
	for _, days := range reminders {
		if left > 0 && left <= time.Duration(days)*24*time.Hour && !p.Empty() {
			return reminding{From: p.From, Days: days}, true
		}
	}
	return reminding{}, false
}

// remindSome reminds the next few. The list is read before the transaction;
// whoever comes second finds the round further on and does nothing.
func (s *Service) remindSome(ctx context.Context, p identity.Policy, round reminding) (more bool, err error) {
	at, err := s.remindingAt(ctx, s.store, round)
	if err != nil || at.Done {
		return false, err
	}
	page, err := s.Page(ctx, directory.Filter{Status: "required", After: at.After, Limit: remindPage})
	if err != nil {
		return false, err
	}
	err = s.store.Write(ctx, func(tx login.Tx) error {
		if err := tx.Lock(ctx, login.LockReminders); err != nil {
			return err
		}
		if now, err := s.remindingAt(ctx, tx, round); err != nil || now != at {
			return err
		}
		for _, a := range page.Accounts {
			if err := s.remindOne(ctx, tx, p, a); err != nil {
				return err
			}
		}
		next := round
		next.After, next.Done = page.Next, page.Next == ""
		text, err := json.Marshal(next)
		if err != nil {
			return err
		}
		return tx.SaveRound(ctx, string(text))
	})
	return page.Next != "", err
}

func (s *Service) remindingAt(ctx context.Context, r login.Reader, round reminding) (reminding, error) {
	kept, err := r.Setting(ctx, RoundSetting)
	if err != nil || kept == "" {
		return round, err
	}
	var at reminding
	if err := json.Unmarshal([]byte(kept), &at); err != nil || !at.From.Equal(round.From) || at.Days != round.Days {
		return round, err
	}
	at.From = round.From
	return at, nil
}

func (s *Service) remindOne(ctx context.Context, tx login.Tx, p identity.Policy, a identity.Account) error {
	now := s.opt.Now()
	days, ok := p.DaysLeft(a, now)
	if !ok || a.Email == "" || a.Status() == identity.Invited {
		return nil
	}
	if err := tx.Reach(ctx, a.ID, identity.StepTold); err != nil {
		return err
	}
	return tx.Post(ctx, identity.Mail{Template: identity.MailPolicyReminder, To: a.Email, AccountID: a.ID, Created: now, Expires: p.From,
		Data: map[string]string{"login": a.Login, "days": strconv.Itoa(days), "date": p.From.UTC().Format("2 January 2006"),
			"link": s.opt.URL + "/profile"}})
}
