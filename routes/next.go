package routes

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxNext is the longest address to go on to, in bytes; ours are far shorter.
const maxNext = 1024

// SafeNext returns raw when it is a path of this site to go on to after signing
// in, perhaps with a query, else "". It refuses whatever some browser or proxy
// could take for another host, however often it is encoded (CVE-2025-71403),
// and the pages that would lead back to signing in.
func SafeNext(raw string) string {
	if raw == "" || len(raw) > maxNext || raw[0] != '/' {
		return ""
	}
	for i := range len(raw) {
		if raw[i] <= ' ' || raw[i] >= 0x7f {
			return ""
		}
	}
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "" || u.Opaque != "" || u.Host != "" || u.User != nil {
		return ""
	}
	before, after, _ := strings.Cut(raw, "?")
	path, _, _ := strings.Cut(before, "#")
	if _, err := url.PathUnescape(after); err != nil || !isPlainPath(path) || !isHarmless(raw) {
		return ""
	}
	return raw
}

// isPlainPath tells whether a path, at every depth of decoding, is rooted, has
// no empty or dot segment, and does not begin with a step of signing in or out.
func isPlainPath(path string) bool {
	return everyDepth(path, func(path string) bool {
		rest, rooted := strings.CutPrefix(path, "/")
		segments := strings.Split(rest, "/")
		for i, s := range segments {
			if s == "." || s == ".." || s == "" && i < len(segments)-1 {
				return false
			}
		}
		first := strings.ToLower(segments[0])
		if end := strings.IndexAny(first, "?#;"); end >= 0 {
			first = first[:end]
		}
		return rooted && first != "login" && first != "logout" && first != "setup"
	})
}

// isHarmless tells whether a text, at every depth of decoding, is UTF-8 without
// backslashes, control characters and characters that show nothing.
func isHarmless(text string) bool {
	return everyDepth(text, func(text string) bool {
		return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
			return r == '\\' || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
		})
	})
}

// everyDepth asks about a text, about what it decodes to, about what that
// decodes to, and so on until decoding changes nothing or fails.
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
