package commands_test

import (
	"path/filepath"
	"testing"
)

// Two settings of which one keeps the other from ever taking effect stop the
// start, by variable and by flag, with a sentence that names both.
func TestSettingsThatContradictEachOther(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const v = "NIGHTLATCH_"
	for _, x := range []struct {
		env, flags []string
		want       []string
	}{
		{[]string{v + "SESSION_IDLE=3h", v + "SESSION_MAX=2h"}, []string{"--session-idle=3h", "--session-max=2h"}, []string{v + "SESSION_IDLE", v + "SESSION_MAX", "3h", "2h"}},
		{[]string{v + "SESSION_IDLE=25h"}, []string{"--session-idle=25h"}, []string{v + "SESSION_IDLE", v + "SESSION_MAX", "24h"}},
		{[]string{v + "CONFIRM_TTL=2h", v + "SESSION_MAX=1h"}, []string{"--confirm-ttl=2h", "--session-max=1h"}, []string{v + "CONFIRM_TTL", v + "SESSION_MAX"}},
		{[]string{v + "CODE_TTL=9m", v + "LOGIN_TTL=8m"}, []string{"--code-ttl=9m", "--login-ttl=8m"}, []string{v + "CODE_TTL", v + "LOGIN_TTL"}},
		{[]string{v + "LOCK_AFTER=20", v + "LOCK_DISABLE=10"}, []string{"--lock-after=20", "--lock-disable=10"}, []string{v + "LOCK_AFTER", v + "LOCK_DISABLE", "20", "10"}},
		{[]string{v + "LOCK_AFTER=51"}, []string{"--lock-after=51"}, []string{v + "LOCK_AFTER", v + "LOCK_DISABLE", "50"}},
		{[]string{v + "ADDR=127.0.0.1:4711", v + "METRICS_ADDR=127.0.0.1:4711"}, []string{"--addr=127.0.0.1:4711", "--metrics-addr=127.0.0.1:4711"}, []string{v + "METRICS_ADDR", v + "ADDR"}},
	} {
		refuses(t, dir, x.env, nil, x.want...)
		refuses(t, dir, nil, append([]string{"serve"}, x.flags...), x.want...)
		refuses(t, dir, x.env, []string{"user", "list"}, x.want...)
	}
}

// A setting that is as large as its bound contradicts nothing, and a default
// gives way to a bound that somebody set.
func TestADefaultGivesWay(t *testing.T) {
	t.Parallel()
	for _, env := range [][]string{
		{"NIGHTLATCH_SESSION_IDLE=24h", "NIGHTLATCH_LOCK_AFTER=50", "NIGHTLATCH_CODE_TTL=10m"},
		{"NIGHTLATCH_SESSION_MAX=1m", "NIGHTLATCH_LOCK_DISABLE=2", "NIGHTLATCH_LOGIN_TTL=1m"},
	} {
		dir := t.TempDir()
		start(t, dir, env).stop()
		if mode(t, filepath.Join(dir, "data", "nightlatch.db")) != 0o600 {
			t.Errorf("%q: no database", env)
		}
	}
}
