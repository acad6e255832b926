package commands_test

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// On the server an account is invited again, gets a new password, another
// address, and is deleted.
func TestUserIsRepairedOnTheCommandLine(t *testing.T) {
	for name, env := range databases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			newAccount(t, dir, env, "root", "--admin")
			lost := must(t, dir, env, "", "user", "add", "kurt")
			invite := must(t, dir, env, "", "user", "invite", "kurt")
			if invite == lost || !strings.HasPrefix(invite, "http://localhost:8080/invite/") {
				t.Errorf("invited with %q", invite)
			}
			if r := run(t, dir, env, "", "user", "invite", "root"); r.code != 1 {
				t.Errorf("inviting somebody who has a password: %+v", r)
			}
			if link := must(t, dir, env, "", "user", "password", "root"); !strings.HasPrefix(link, "http://localhost:8080/password/reset/") {
				t.Errorf("a new password: %q", link)
			}
			for _, args := range [][]string{{"user", "email", "kurt", "kurt@example.com"}, {"user", "delete", "kurt"}} {
				if r := run(t, dir, env, "", args...); r.code != 2 {
					t.Errorf("%v without a reason: %+v", args, r)
				}
			}
			if r := run(t, dir, env, "", "user", "email", "kurt", "kurt", "--reason", "x"); r.code != 1 {
				t.Errorf("no address: %+v", r)
			}
			must(t, dir, env, "", "user", "email", "kurt", "kurt@example.com", "--reason", "mistyped")
			if a := list(t, dir, env)["kurt"]; a.Email != "kurt@example.com" {
				t.Errorf("kurt has %q", a.Email)
			}
			if out := must(t, dir, env, "", "user", "invite", "kurt"); !strings.Contains(out, "by email") || strings.Contains(out, "/invite/") {
				t.Errorf("with an address: %q", out)
			}
			must(t, dir, env, "", "user", "add", "ada", "--email", "ada@example.com")
			if a := list(t, dir, env)["ada"]; a.Email != "ada@example.com" {
				t.Errorf("ada has %q", a.Email)
			}
			if r := run(t, dir, env, "", "user", "add", "bob", "--email", "bob"); r.code != 1 {
				t.Errorf("an address that is none: %+v", r)
			}
			if r := run(t, dir, env, "", "user", "delete", "root", "--reason", "x"); r.code != 1 || !strings.Contains(r.err, "last admin") {
				t.Errorf("the last admin: %+v", r)
			}
			must(t, dir, env, "", "user", "delete", "kurt", "--reason", "left")
			if r := run(t, dir, env, "", "user", "delete", "kurt", "--reason", "left"); r.code != 1 {
				t.Errorf("deleted twice: %+v", r)
			}
			must(t, dir, env, "", "user", "add", "kurt")
			if out := must(t, dir, env, "", "audit", "verify"); !strings.Contains(out, "rows") {
				t.Errorf("the chain: %q", out)
			}
		})
	}
}

// A link that exists once and could not be printed is no success, and the
// complaint says how to get another.
func TestUnprintedLinkIsAFailure(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	dir := t.TempDir()
	if _, err := full.Write([]byte("x")); err == nil {
		t.Fatal("/dev/full takes what is written")
	}
	must(t, dir, nil, "", "migrate", "up")
	for _, args := range [][]string{{"serve"}, {"user", "add", "kurt"}, {"user", "invite", "kurt"}, {"user", "password", "kurt"}} {
		another := "makes another"
		if args[0] == "serve" {
			another = "start the server again to get another"
		}
		ctx, cancel := context.WithTimeout(t.Context(), patience) // a server that goes on would not end
		defer cancel()
		cmd := command(ctx, dir, nil, args...)
		var complaint strings.Builder
		cmd.Stdout, cmd.Stderr = full, &complaint
		err := cmd.Run()
		exit, ok := err.(*exec.ExitError)
		if !ok || exit.ExitCode() != 1 || !strings.Contains(complaint.String(), "could not be printed") || !strings.Contains(complaint.String(), another) {
			t.Errorf("%v: %v, %s", args, err, complaint.String())
		}
	}
	if link := must(t, dir, nil, "", "user", "invite", "kurt"); !strings.Contains(link, "/invite/") {
		t.Errorf("another one: %q", link)
	}
}
