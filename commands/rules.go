package commands

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/rules"
)

type rulesCmd struct {
	Test rulesTestCmd `cmd:"" help:"Print what the rules say to an account that opens an address, and the place of the rule."`
}

type rulesTestCmd struct {
	URL     string `arg:"" help:"The address, such as https://app.example.com/admin."`
	Login   string `arg:"" help:"Login of the account."`
	Method  string `default:"GET" help:"Method of the request."`
	Address string `default:"192.0.2.1" help:"Address of the visitor; the default is one that no visitor has."`
	Level   int    `default:"-1" help:"Level of the session, 0 for nobody signed in; by default 2 for an account with a second factor, else 1. It counts as just confirmed."`
}

// Run judges one request as /verify would.
func (x rulesTestCmd) Run(ctx context.Context, f *Flags, std Streams) error {
	client, err := netip.ParseAddr(x.Address)
	if err != nil {
		return fmt.Errorf("--address must be an IP address, not %q", x.Address)
	}
	if x.Level < -1 || x.Level > 2 {
		return errors.New("--level must be 0, 1 or 2")
	}
	s, err := f.check(std)
	if err != nil {
		return err
	}
	if s.Rules == nil {
		return errors.New("there are no rules: NIGHTLATCH_RULES (--rules) names the file")
	}
	if err := s.Rules.Load(); err != nil {
		return err
	}
	return f.onAccount(ctx, std, x.Login, func(b *base, a identity.Account) error {
		now := b.login.Now()
		p := rules.Person{Level: x.Level, Role: string(a.Role), Groups: a.Groups, Proved: now, Now: now}
		if p.Level < 0 {
			p.Level = map[bool]int{true: 2, false: 1}[a.HasFactor()]
		}
		said, err := s.Rules.Say(x.URL, rules.Request{Method: x.Method, Client: client.Unmap().WithZone("")}, p)
		if err == nil {
			_, err = fmt.Fprintln(std.Out, said)
		}
		return err
	})
}

// useRules reads the rules, and has SIGHUP read them again. A file with faults then
// leaves the rules as they are.
func (s settings) useRules(hup *hangup) error {
	if s.Rules == nil {
		return nil
	}
	if err := s.Rules.Load(); err != nil {
		return err
	}
	hup.instead(func() {
		if err := s.Rules.Load(); err != nil {
			s.Log.Error("the rules stay as they were", "error", err)
			return
		}
		s.Log.Info("the rules were read again", "rules", s.Rules.Current().Len())
	})
	return nil
}
