package store_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/internal/pgtest"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/store"
)

// servedBy is the port of the server that a store writes to.
func servedBy(t *testing.T, address string) string {
	t.Helper()
	s := open(t, address)
	defer s.Close()
	return portOf(t, s)
}

func portOf(t *testing.T, s *store.Store) (port string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var err error
	for ctx.Err() == nil {
		if port, err = s.ServerPort(ctx); err == nil {
			return port
		}
		time.Sleep(20 * time.Millisecond) // the server is being promoted
	}
	t.Fatal(err)
	return ""
}

// target_session_attrs picks the server that it names, wherever that stands in
// the list. When the primary is lost and its standby promoted, a store that is
// open goes on with it, with everything that was answered before.
func TestTargetSessionAttrsFollowsThePrimary(t *testing.T) {
	t.Parallel()
	pair := pgtest.NewPair(t)
	hosts := []string{pair.Primary() + "," + pair.Standby(), pair.Standby() + "," + pair.Primary()}
	address := func(hosts, want string) string {
		return "postgres://postgres@" + hosts + "/postgres?sslmode=disable&target_session_attrs=" + want
	}
	_, primary, _ := net.SplitHostPort(pair.Primary())
	_, standby, _ := net.SplitHostPort(pair.Standby())
	for _, both := range hosts {
		for want, port := range map[string]string{"read-write": primary, "primary": primary, "standby": standby, "read-only": standby, "prefer-standby": standby} {
			if got := servedBy(t, address(both, want)); got != port {
				t.Errorf("%s is served by %s instead of %s", want, got, port)
			}
		}
	}
	if got := servedBy(t, address(hosts[1], "any")); got != standby {
		t.Errorf("any is served by %s instead of the first", got)
	}

	s := open(t, address(hosts[1], "read-write"))
	if _, err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.UseKeys(newKeys(t))
	if err := s.Adopt(t.Context()); err != nil {
		t.Fatal(err)
	}
	a, _ := account(t, s, "ada")
	pair.LosePrimary()
	if err := s.Do(t.Context(), func(tx login.Act) error { return tx.Reach(t.Context(), a.ID, 1) }); err == nil || !store.Unavailable(err) {
		t.Errorf("written to a standby, or a wrong fault: %v", err)
	}
	if _, err := store.Open(t.Context(), address(hosts[0], "read-write")); err == nil || !strings.Contains(err.Error(), "not what target_session_attrs asks for") {
		t.Errorf("opened without a primary: %v", err)
	}
	pair.Promote(t)
	if got := portOf(t, s); got != standby {
		t.Errorf("after the promotion %s serves", got)
	}
	if kept, err := s.Account(t.Context(), a.ID); err != nil || kept.Login != "ada" {
		t.Errorf("after the promotion: %+v, %v", kept, err)
	}
	account(t, s, "bob")
}
