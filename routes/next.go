package routes

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxNext is the longest address to go to, in bytes: about what servers accept
// in the first line of a request.
const maxNext = 8 << 10

// SafeNext returns raw unchanged when it is a path of this site, perhaps with a
// query, else "". The path must not be one that a browser or proxy could take
// for another host, however often it is encoded (CVE-2025-71403), nor one of
// the pages for signing in. The query must be printable ASCII and may otherwise
// be anything, since no browser looks for a host there.
func SafeNext(raw string) string { return safePath(raw, "") }

// safePath is SafeNext for a site whose pages for signing in lie under a prefix.
// Other paths of the host are its application's, and may be gone to.
func safePath(raw, prefix string) string {
	if raw == "" || len(raw) > maxNext || raw[0] != '/' || !printable(raw) {
		return ""
	}
	before, _, _ := strings.Cut(raw, "?")
	u, err := url.Parse(before)
	if err != nil || u.Scheme != "" || u.Opaque != "" || u.Host != "" || u.User != nil {
		return ""
	}
	path, _, _ := strings.Cut(before, "#")
	if !isPlainPath(path, prefix) || !isHarmless(before) {
		return ""
	}
	return raw
}

// withNext adds the page to go to afterwards to a path, if there is one.
func withNext(path, next string) string {
	if next == "" {
		return path
	}
	sep := "?"
	if strings.Contains(path, "?") {
		sep = "&"
	}
	return path + sep + "next=" + url.QueryEscape(next)
}

// isPlainPath tells whether a path, however often it is decoded, begins with
// one slash, has no dot segment, and is not a page for signing in or out. Those lie
// under the prefix.
func isPlainPath(path, prefix string) bool {
	return everyDepth(path, func(path string) bool {
		rest, rooted := strings.CutPrefix(path, "/")
		segments := strings.Split(rest, "/")
		for i, s := range segments {
			s, _, _ = strings.Cut(s, ";") // some servers ignore what follows
			if s == "." || s == ".." || s == "" && i == 0 && rest != "" {
				return false
			}
		}
		if under := len(strings.Split(prefix, "/")) - 1; under > 0 { // the segments of the prefix
			if len(segments) <= under || !strings.EqualFold("/"+strings.Join(segments[:under], "/"), prefix) {
				return rooted
			}
			if segments = segments[under:]; segments[0] == "" && len(segments) > 1 {
				return false
			}
		}
		first := strings.ToLower(segments[0])
		alone := len(segments) == 1 || len(segments) == 2 && segments[1] == ""
		if end := strings.IndexAny(first, "?#;"); end >= 0 {
			first, alone = first[:end], true
		}
		return rooted && first != "login" && (!alone || first != "logout" && first != "setup")
	})
}

// isHarmless tells whether a text, however often it is decoded, is UTF-8
// without backslashes, control characters and characters that show nothing.
func isHarmless(text string) bool {
	return everyDepth(text, func(text string) bool {
		return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
			return r == '\\' || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
		})
	})
}

// everyDepth checks a text, then what it decodes to, and so on until decoding
// changes nothing or fails.
func everyDepth(text string, good func(string) bool) bool {
	for {
		if !good(text) {
			return false
		}
		decoded, err := url.PathUnescape(text)
		if err != nil || decoded == text {
			return true
		}
		text = decoded
	}
}
