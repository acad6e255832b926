package commands

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/directory"
	"nightlatch.example/nightlatch/identity"
)

type userCmd struct {
	Add  userAddCmd  `cmd:"" help:"Create an account; without a password it prints a one-time invite link."`
	List userListCmd `cmd:"" help:"List accounts with their enrollment."`

	Disable userDisableCmd `cmd:"" help:"Disable an account: it cannot sign in, and its sessions end."`
	Enable  userEnableCmd  `cmd:"" help:"Enable a disabled account."`
	Unlock  userUnlockCmd  `cmd:"" help:"Clear failed attempts, and switch on again the factors that they switched off."`
	Group   userGroupCmd   `cmd:"" help:"Put an account into groups, or take it out of them."`
	Role    userRoleCmd    `cmd:"" help:"Make an account an admin, or a user again."`

	Invite   userInviteCmd   `cmd:"" help:"Create a new invite for an account that has no password yet; it is sent by email, or printed."`
	Password userPasswordCmd `cmd:"" help:"Create a link to set a new password; it is sent by email, or printed. No factor is removed or skipped."`
	Email    userEmailCmd    `cmd:"" help:"Correct an account's address; its owner has to confirm it, and the old address gets a notice."`
	Delete   userDeleteCmd   `cmd:"" help:"Delete an account with everything about it, except its rows of the audit log."`
}

type userAddCmd struct {
	Login         string   `arg:"" help:"What the person signs in with; an email address also becomes the account's address."`
	Admin         bool     `help:"Make it an admin."`
	Name          string   `name:"name" help:"The person's name."`
	Email         string   `name:"email" help:"The person's email address, if the login is not one; its owner has to confirm it."`
	Group         []string `name:"group" sep:"none" help:"A group of the account; may be given several times."`
	PasswordStdin bool     `help:"Read the password from standard input."`
}

// Run makes the account.
func (x userAddCmd) Run(ctx context.Context, f *Flags, std Streams) error {
	form := accounts.Form{Login: x.Login, Name: x.Name, Email: x.Email, Groups: x.Group, Role: identity.Member, Origin: "cli"}
	if x.Admin {
		form.Role = identity.Admin
	}
	if x.PasswordStdin {
		text, err := io.ReadAll(io.LimitReader(std.In, 4096))
		if err != nil {
			return err
		}
		if form.Password, err = piped(text); err != nil {
			return err
		}
	}
	b, err := f.open(ctx, std)
	if err != nil {
		return err
	}
	defer b.store.Close()
	link, err := b.accounts.Create(ctx, form, "", identity.Event{Actor: "cli"})
	switch {
	case err != nil:
		return err
	case link != "":
		return printOnce(std, "the link", link, anew("user invite", strings.TrimSpace(x.Login)))
	}
	return nil
}

type userListCmd struct {
	JSON bool `name:"json" help:"Print JSON."`
}

// userRow is an account as it is listed. It holds no secret.
type userRow struct {
	ID           string     `json:"id"`
	Login        string     `json:"login"`
	Name         string     `json:"name"`
	Email        string     `json:"email"`
	Role         string     `json:"role"`
	Status       string     `json:"status"`
	Groups       []string   `json:"groups"`
	Factors      []string   `json:"factors"`
	RecoveryLeft int        `json:"recovery_left"`
	Created      time.Time  `json:"created"`
	LastLogin    *time.Time `json:"last_login"`
}

// Run lists the accounts.
func (x userListCmd) Run(ctx context.Context, f *Flags, std Streams) error {
	b, err := f.open(ctx, std)
	if err != nil {
		return err
	}
	defer b.store.Close()
	rows := []userRow{}
	err = b.accounts.Each(ctx, directory.Filter{}, func(a identity.Account) error {
		rows = append(rows, newUserRow(a))
		return nil
	})
	if err != nil {
		return err
	}
	if x.JSON {
		e := json.NewEncoder(std.Out)
		e.SetIndent("", "  ")
		return e.Encode(rows)
	}
	t := tabwriter.NewWriter(std.Out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "LOGIN\tNAME\tROLE\tSTATUS\tFACTORS\tRECOVERY CODES")
	for _, r := range rows {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%d\n", r.Login, r.Name, r.Role, r.Status, cmp.Or(strings.Join(r.Factors, ","), "-"), r.RecoveryLeft)
	}
	return t.Flush()
}

func newUserRow(a identity.Account) userRow {
	r := userRow{ID: a.ID, Login: a.Login, Name: a.Name, Email: a.Email, Role: string(a.Role), Status: string(a.Status()), Groups: append([]string{}, a.Groups...),
		Factors: []string{}, RecoveryLeft: a.RecoveryLeft, Created: a.Created}
	for _, k := range a.Kinds {
		r.Factors = append(r.Factors, string(k))
	}
	if !a.LastLogin.IsZero() {
		r.LastLogin = &a.LastLogin
	}
	return r
}

// piped is the password that came on standard input: one line, without what
// ends it and without a byte order mark before it.
func piped(text []byte) (string, error) {
	line := strings.TrimRight(strings.TrimPrefix(string(text), "\ufeff"), "\r\n")
	switch {
	case line == "":
		return "", errors.New("standard input holds no password")
	case strings.ContainsAny(line, "\r\n"):
		return "", errors.New("standard input holds more than one line, but a password is one line")
	case strings.ContainsRune(line, 0):
		return "", errors.New("standard input is not text in UTF-8")
	}
	return line, nil
}
