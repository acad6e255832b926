package commands

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/directory"
	"nightlatch.example/nightlatch/identity"
)

// one are the arguments of a command that does something to one account: which,
// and why.
type one struct {
	Login  string `arg:"" help:"Login of the account."`
	Reason string `help:"The reason; it is recorded in the audit log."`
}

type (
	userDisableCmd struct{ one }
	userEnableCmd  struct{ one }
	userUnlockCmd  struct{ one }
	userRoleCmd    struct {
		Login  string `arg:"" help:"Login of the account."`
		Role   string `arg:"" enum:"admin,user" help:"admin or user."`
		Reason string `help:"The reason; it is recorded in the audit log."`
	}
)

type userGroupCmd struct {
	one
	Add    []string `sep:"none" help:"A group to put it into; may be given several times."`
	Remove []string `sep:"none" help:"A group to take it out of; may be given several times."`
}

// Run changes the groups of an account.
func (x userGroupCmd) Run(ctx context.Context, f *Flags, std Streams) error {
	if x.Reason == "" {
		return errors.New("give a reason with --reason: it is recorded in the audit log")
	}
	if len(x.Add)+len(x.Remove) == 0 {
		return errors.New("give a group with --add or --remove")
	}
	return f.onAccount(ctx, std, x.Login, func(b *base, a identity.Account) error {
		return b.accounts.SetGroups(ctx, accounts.Terminal(x.Reason), a.ID, func(now []string) []string {
			now = slices.DeleteFunc(now, func(g string) bool { return slices.Contains(x.Remove, g) })
			return append(now, x.Add...)
		})
	})
}

// Run disables an account.
func (x userDisableCmd) Run(ctx context.Context, f *Flags, std Streams) error {
	if x.Reason == "" {
		return errors.New("give a reason with --reason: it is recorded in the audit log")
	}
	return f.onAccount(ctx, std, x.Login, func(b *base, a identity.Account) error {
		return b.accounts.SetDisabled(ctx, accounts.Terminal(x.Reason), a.ID, true)
	})
}

// Run enables a disabled account.
func (x userEnableCmd) Run(ctx context.Context, f *Flags, std Streams) error {
	return f.onAccount(ctx, std, x.Login, func(b *base, a identity.Account) error {
		return b.accounts.SetDisabled(ctx, accounts.Terminal(x.Reason), a.ID, false)
	})
}

// Run ends the waits of an account and switches its factors on again.
func (x userUnlockCmd) Run(ctx context.Context, f *Flags, std Streams) error {
	return f.onAccount(ctx, std, x.Login, func(b *base, a identity.Account) error {
		return b.accounts.Unlock(ctx, accounts.Terminal(x.Reason), a.ID, "")
	})
}

// Run changes a role.
func (x userRoleCmd) Run(ctx context.Context, f *Flags, std Streams) error {
	return f.onAccount(ctx, std, x.Login, func(b *base, a identity.Account) error {
		return b.accounts.SetRole(ctx, accounts.Terminal(x.Reason), a.ID, identity.Role(x.Role))
	})
}

// onAccount opens database and keys, and runs a function on one account.
func (f *Flags) onAccount(ctx context.Context, std Streams, name string, do func(*base, identity.Account) error) error {
	b, err := f.open(ctx, std)
	if err != nil {
		return err
	}
	defer b.store.Close()
	a, err := b.find(ctx, name)
	if err != nil {
		return err
	}
	return do(b, a)
}

// find returns the account of a login as somebody typed it.
func (b *base) find(ctx context.Context, name string) (identity.Account, error) {
	key, _ := identity.LoginKey(name)
	a, err := b.store.AccountByKey(ctx, key)
	if errors.Is(err, identity.ErrNotFound) {
		return a, fmt.Errorf("there is no account %q", name)
	}
	return a, err
}

type factorCmd struct {
	Status factorStatusCmd `cmd:"" help:"Show which factors accounts have."`
	Reset  factorResetCmd  `cmd:"" help:"Remove all factors of accounts, end their sessions, and tell their owners."`
}

type factorStatusCmd struct {
	Logins []string `arg:"" optional:"" name:"login" help:"Logins of the accounts; all accounts when none is given."`
	JSON   bool     `name:"json" help:"Print JSON."`
}

// factorStatus is which factors one account has. It holds no secret.
type factorStatus struct {
	Login        string       `json:"login"`
	TwoFactor    bool         `json:"two_factor"`
	Factors      []factorItem `json:"factors"`
	RecoveryLeft int          `json:"recovery_left"`
}

type factorItem struct {
	Kind     string     `json:"kind"`
	Name     string     `json:"name"`
	Added    time.Time  `json:"added"`
	LastUsed *time.Time `json:"last_used"`
}

// Run shows the factors.
func (x factorStatusCmd) Run(ctx context.Context, f *Flags, std Streams) error {
	b, err := f.open(ctx, std)
	if err != nil {
		return err
	}
	defer b.store.Close()
	list := []factorStatus{}
	add := func(a identity.Account) error {
		s, err := b.status(ctx, a)
		list = append(list, s)
		return err
	}
	if len(x.Logins) == 0 {
		err = b.accounts.Each(ctx, directory.Filter{}, add)
	}
	for _, name := range x.Logins {
		a, err := b.find(ctx, name)
		if err == nil {
			err = add(a)
		}
		if err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	if x.JSON {
		e := json.NewEncoder(std.Out)
		e.SetIndent("", "  ")
		return e.Encode(list)
	}
	t := tabwriter.NewWriter(std.Out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "LOGIN\tTWO-FACTOR\tFACTORS\tRECOVERY CODES")
	for _, s := range list {
		word := map[bool]string{true: "on", false: "off"}[s.TwoFactor]
		var items []string
		for _, i := range s.Factors {
			items = append(items, i.Kind+" “"+i.Name+"”")
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\n", s.Login, word, cmp.Or(strings.Join(items, ", "), "-"), s.RecoveryLeft)
	}
	return t.Flush()
}

func (b *base) status(ctx context.Context, a identity.Account) (factorStatus, error) {
	s := factorStatus{Login: a.Login, TwoFactor: a.HasFactor(), Factors: []factorItem{}, RecoveryLeft: a.RecoveryLeft}
	if !a.HasFactor() {
		return s, nil
	}
	creds, err := b.store.Credentials(ctx, a.ID)
	for _, c := range creds {
		if b.login.Kinds().Of(c.Kind).Spare {
			continue
		}
		i := factorItem{Kind: string(c.Kind), Name: c.Name, Added: c.Created}
		if !c.LastUsed.IsZero() {
			i.LastUsed = &c.LastUsed
		}
		s.Factors = append(s.Factors, i)
	}
	return s, err
}

type factorResetCmd struct {
	Logins []string `arg:"" name:"login" help:"Logins of the accounts."`
	Reason string   `required:"" help:"The reason; the owner gets a notice, and it is recorded in the audit log."`
}

// Run resets each account in its own transaction, so that one failure does not
// stop the others.
func (x factorResetCmd) Run(ctx context.Context, f *Flags, std Streams) error {
	b, err := f.open(ctx, std)
	if err != nil {
		return err
	}
	defer b.store.Close()
	failed := 0
	for _, name := range x.Logins {
		if err := b.reset(ctx, std, name, x.Reason); err != nil {
			failed++
			fmt.Fprintf(std.Err, "%s: %v\n", name, err)
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d accounts were not reset", failed, len(x.Logins))
	}
	return nil
}

func (b *base) reset(ctx context.Context, std Streams, name, reason string) error {
	a, err := b.find(ctx, name)
	if err != nil {
		return err
	}
	sent, err := b.accounts.ResetFactors(ctx, accounts.Terminal(reason), a.ID)
	switch {
	case err != nil:
		return err
	case sent.Mailed:
		fmt.Fprintf(std.Out, "%s: reset; the link to enroll again was sent by email\n", a.Login)
		return nil
	}
	return printOnce(std, "the link", a.Login+": reset; no email address; pass this link on: "+sent.Link,
		anew("factor reset", a.Login, "--reason R"))
}
