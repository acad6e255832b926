package commands_test

import (
	"regexp"
	"strings"
	"testing"
)

// A token is printed once, listed without itself, and revoked by its name; each
// leaves a row in the audit log that does not hold the token.
func TestToken(t *testing.T) {
	t.Parallel()
	for name, env := range databases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			newAccount(t, dir, env, "ada")
			token := must(t, dir, env, "", "token", "add", "ci", "--scope", "accounts:read,audit:read", "--scope", "outbox:read", "--expires", "24h")
			if !regexp.MustCompile(`^nlt_[A-Z2-7]{32}\n$`).MatchString(token) {
				t.Errorf("printed %q", token)
			}
			list := must(t, dir, env, "", "token", "list")
			if !strings.Contains(list, "ci") || !strings.Contains(list, "accounts:read,audit:read,outbox:read") || strings.Contains(list, strings.TrimSpace(token)[4:]) {
				t.Errorf("listed %q", list)
			}
			for _, args := range [][]string{{"ci", "--scope", "audit:read"}, {"x", "--scope", "all"}, {"x", "--scope", "audit:read", "--expires", "0s"}, {"x", "--scope", "audit:read", "--expires", "-1h"},
				{"x", "--scope", "audit:read", "--expires", "9000h"}, {" x", "--scope", "audit:read"}, {"", "--scope", "audit:read"}, {strings.Repeat("x", 65), "--scope", "audit:read"}} {
				refuses(t, dir, env, append([]string{"token", "add"}, args...))
			}
			must(t, dir, env, "", "token", "revoke", "ci")
			refuses(t, dir, env, []string{"token", "revoke", "ci"}, "there is no token")
			if left := must(t, dir, env, "", "token", "list"); strings.Contains(left, "ci") {
				t.Errorf("left: %q", left)
			}
		})
	}
}
