package commands

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/identity"
)

type tokenCmd struct {
	Add    tokenAddCmd    `cmd:"" help:"Create a token of the JSON interface and print it, once."`
	List   tokenListCmd   `cmd:"" help:"List the tokens with their last use; never the tokens themselves."`
	Revoke tokenRevokeCmd `cmd:"" help:"Revoke a token: its next use is refused."`
}

type tokenAddCmd struct {
	Name  string         `arg:"" help:"What the token is called."`
	Scope []string       `help:"What it may be used for; may be given several times. See docs/api.md." required:""`
	Ends  *time.Duration `name:"expires" placeholder:"2160h" help:"How long it works, at most a year."`
}

// Run makes a token.
func (x tokenAddCmd) Run(ctx context.Context, f *Flags, std Streams) error {
	t := identity.APIToken{Name: x.Name}
	for _, s := range x.Scope {
		t.Scopes = append(t.Scopes, identity.Scope(s))
	}
	b, err := f.open(ctx, std)
	if err != nil {
		return err
	}
	defer b.store.Close()
	ttl := 2160 * time.Hour
	if x.Ends != nil {
		ttl = *x.Ends
	}
	token, err := b.accounts.MakeToken(ctx, accounts.Terminal(""), t, ttl)
	if err != nil {
		return err
	}
	return printOnce(std, "the token", token, "revoke it and make another: nightlatch token revoke "+x.Name)
}

type tokenListCmd struct{}

// Run lists the tokens.
func (tokenListCmd) Run(ctx context.Context, f *Flags, std Streams) error {
	b, err := f.open(ctx, std)
	if err != nil {
		return err
	}
	defer b.store.Close()
	all, err := b.accounts.Tokens(ctx)
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(std.Out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "NAME\tSCOPES\tMADE BY\tCREATED\tEXPIRES\tLAST USED")
	for _, x := range all {
		var scopes []string
		for _, s := range x.Scopes {
			scopes = append(scopes, string(s))
		}
		by, used := "-", "-"
		if x.AdminID != "" {
			a, err := b.store.Account(ctx, x.AdminID)
			if err != nil && !errors.Is(err, identity.ErrNotFound) {
				return err
			}
			by = a.Login
		}
		if !x.Used.IsZero() {
			used = x.Used.Format(time.RFC3339)
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", x.Name, strings.Join(scopes, ","), by, x.Created.Format(time.RFC3339), x.Expires.Format(time.RFC3339), used)
	}
	return t.Flush()
}

type tokenRevokeCmd struct {
	Name string `arg:"" help:"Name of the token."`
}

// Run revokes a token.
func (x tokenRevokeCmd) Run(ctx context.Context, f *Flags, std Streams) error {
	b, err := f.open(ctx, std)
	if err != nil {
		return err
	}
	defer b.store.Close()
	err = b.accounts.RevokeToken(ctx, accounts.Terminal(""), x.Name)
	if errors.Is(err, identity.ErrNotFound) {
		return fmt.Errorf("there is no token %q", x.Name)
	}
	return err
}
