package commands

import (
	"context"
	"fmt"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/identity"
)

type (
	userInviteCmd   struct{ one }
	userPasswordCmd struct{ one }
	userEmailCmd    struct {
		Login   string `arg:"" help:"Login of the account."`
		Address string `arg:"" help:"The right address."`
		Reason  string `required:"" help:"The reason; both addresses get a notice, and it is recorded in the audit log."`
	}
	userDeleteCmd struct {
		Login  string `arg:"" help:"Login of the account."`
		Reason string `required:"" help:"The reason; the owner gets a notice, and it is recorded in the audit log."`
	}
)

// Run invites somebody again.
func (x userInviteCmd) Run(ctx context.Context, f *Flags, std Streams) error {
	return f.onAccount(ctx, std, x.Login, func(b *base, a identity.Account) error {
		sent, err := b.accounts.InviteAgain(ctx, accounts.Terminal(x.Reason), a.ID)
		if err != nil {
			return err
		}
		return handOver(std, a, sent, "invite")
	})
}

// Run makes a link for a new password.
func (x userPasswordCmd) Run(ctx context.Context, f *Flags, std Streams) error {
	return f.onAccount(ctx, std, x.Login, func(b *base, a identity.Account) error {
		sent, err := b.accounts.StartReset(ctx, accounts.Terminal(x.Reason), a.ID)
		if err != nil {
			return err
		}
		return handOver(std, a, sent, "password")
	})
}

// Run corrects an address.
func (x userEmailCmd) Run(ctx context.Context, f *Flags, std Streams) error {
	return f.onAccount(ctx, std, x.Login, func(b *base, a identity.Account) error {
		return b.accounts.CorrectEmail(ctx, accounts.Terminal(x.Reason), a.ID, x.Address)
	})
}

// Run deletes an account.
func (x userDeleteCmd) Run(ctx context.Context, f *Flags, std Streams) error {
	return f.onAccount(ctx, std, x.Login, func(b *base, a identity.Account) error {
		return b.accounts.Delete(ctx, accounts.Terminal(x.Reason), a.ID)
	})
}

// handOver prints a link that could not be mailed, alone on its line.
func handOver(std Streams, a identity.Account, sent accounts.Sent, verb string) error {
	if sent.Mailed {
		fmt.Fprintf(std.Out, "%s: the link was sent by email\n", a.Login)
		return nil
	}
	return printOnce(std, "the link", sent.Link, anew("user", verb, a.Login))
}
