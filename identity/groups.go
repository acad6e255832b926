package identity

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of groups. Proxies take all headers of an answer within a few KiB, and
// the groups are one of them.
const (
	maxGroup      = 64   // characters of a group
	maxGroupBytes = 2000 // of all groups of an account, joined
)

// IsGroup says whether a text is the name of a group: 1 to 64 characters that can
// be seen, without comma, semicolon and outer blanks. Groups are compared exactly.
func IsGroup(name string) bool {
	return utf8.ValidString(name) && name != "" && utf8.RuneCountInString(name) <= maxGroup && strings.TrimSpace(name) == name &&
		!strings.ContainsFunc(name, func(r rune) bool { return r == ',' || r == ';' || !unicode.IsPrint(r) })
}

// Groups brings the groups of an account into order, each once. ok is false when
// one of them is no group, or when they are too many.
func Groups(names []string) (list []string, ok bool) {
	list = slices.Clone(names)
	slices.Sort(list)
	list = slices.Compact(list)
	if slices.ContainsFunc(list, func(g string) bool { return !IsGroup(g) }) || len(strings.Join(list, ",")) > maxGroupBytes {
		return nil, false
	}
	return list, true
}

// SplitGroups reads groups that are joined by commas, with blanks around them or
// not. Nothing is no group.
func SplitGroups(text string) (names []string) {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	for name := range strings.SplitSeq(text, ",") {
		names = append(names, strings.TrimSpace(name))
	}
	return names
}
