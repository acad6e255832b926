package commands

import (
	"cmp"
	"context"
	"fmt"
	"runtime/debug"
	"strings"
)

// release is the number of a release, as in 0.2.0. Whoever builds one sets it:
//
//	go build -ldflags "-X nightlatch.example/nightlatch/commands.release=0.2.0"
//
// Empty, it is the tag that go build finds in the repository.
var release string

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run(_ context.Context, _ *Flags, std Streams) error {
	info, _ := debug.ReadBuildInfo()
	_, err := fmt.Fprintln(std.Out, about(release, info))
	return err
}

// about is one line: the version, the commit, and the Go version of the build.
// A part that the build does not know is "unknown".
func about(version string, info *debug.BuildInfo) string {
	if info == nil {
		info = &debug.BuildInfo{}
	}
	kept := map[string]string{}
	for _, s := range info.Settings {
		kept[s.Key] = s.Value
	}
	commit := cmp.Or(kept["vcs.revision"], "unknown")
	if kept["vcs.modified"] == "true" {
		commit += " with changes"
	}
	if version == "" && info.Main.Version != "(devel)" {
		version = strings.TrimSuffix(info.Main.Version, "+dirty")
	}
	return fmt.Sprintf("nightlatch %s, commit %s, %s", cmp.Or(strings.TrimPrefix(version, "v"), "unknown"), commit, cmp.Or(info.GoVersion, "unknown"))
}
