package commands

import (
	"runtime/debug"
	"testing"
)

// A release has its number; anything else the tag or commit that go build found.
func TestTheVersionIsOneLine(t *testing.T) {
	built := func(version string, settings ...debug.BuildSetting) *debug.BuildInfo {
		return &debug.BuildInfo{GoVersion: "go1.26.0", Main: debug.Module{Version: version}, Settings: settings}
	}
	rev := debug.BuildSetting{Key: "vcs.revision", Value: "71b5fe6"}
	for _, c := range []struct {
		version string
		info    *debug.BuildInfo
		want    string
	}{
		{"0.2.0", built("v0.1.9", rev), "nightlatch 0.2.0, commit 71b5fe6, go1.26.0"},
		{"", built("v0.1.9+dirty", rev), "nightlatch 0.1.9, commit 71b5fe6, go1.26.0"},
		{"", built("(devel)", rev, debug.BuildSetting{Key: "vcs.modified", Value: "true"}), "nightlatch unknown, commit 71b5fe6 with changes, go1.26.0"},
		{"", built("(devel)"), "nightlatch unknown, commit unknown, go1.26.0"},
		{"", nil, "nightlatch unknown, commit unknown, unknown"},
	} {
		if got := about(c.version, c.info); got != c.want {
			t.Errorf("%q instead of %q", got, c.want)
		}
	}
}
