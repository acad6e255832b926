package mail

import (
	netmail "net/mail"
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// ours are the values that this program makes itself and writes as they are.
// All others may be a stranger's: logins, names, reasons.
var ours = map[string]bool{"link": true, "undo": true, "code": true, "time": true, "date": true, "address": true, "purpose": true}

// limits are the most characters of a value; unlisted ones have shortText.
var limits = map[string]int{"link": 2000, "undo": 2000, "reason": 500, "what": 500, "": 500}

const shortText = 120

// clean makes one line of a value: no line breaks that could add lines or
// headers, no invisible characters that turn text around, not endless, and
// nothing that a mail program would make a link of.
func clean(key, value string) string {
	value = seen(strings.ToValidUTF8(value, "?"))
	limit, ok := limits[key]
	if !ok {
		limit = shortText
	}
	value = clip(strings.TrimSpace(value), limit)
	if key == "" || ours[key] {
		return value
	}
	return unlink(value)
}

// seen drops what shows nothing. Joiners between characters stay: Persian words
// and emoji are other ones without them.
func seen(value string) string {
	var b strings.Builder
	all := []rune(value)
	for i, c := range all {
		switch {
		case unicode.IsSpace(c):
			b.WriteByte(' ')
		case c == '\u200c' || c == '\u200d': // ZWNJ, ZWJ
			if i > 0 && i+1 < len(all) && joined(all[i-1]) && joined(all[i+1]) {
				b.WriteRune(c)
			}
		case !unicode.IsControl(c) && !unicode.Is(unicode.Cf, c):
			b.WriteRune(c)
		}
	}
	return b.String()
}

// joined says whether a joiner may stand beside a character.
func joined(c rune) bool {
	return c > unicode.MaxASCII && unicode.In(c, unicode.L, unicode.M, unicode.S)
}

// unlink writes what mail programs would make a link of so that they do not:
// https[:]//evil[.]example, as is the custom in reports about such addresses.
func unlink(value string) string {
	words := strings.Split(value, " ")
	for i, w := range words {
		if linked(w) {
			words[i] = strings.ReplaceAll(colon.ReplaceAllString(w, "$1[:]"), ".", "[.]")
		}
	}
	return strings.Join(words, " ")
}

var (
	colon = regexp.MustCompile(`(?i)([a-z0-9+.-]):`)
	// scheme is the beginning of an address: https:, mailto:, www.
	scheme = regexp.MustCompile(`(?i)([a-z][a-z0-9+.-]*:\S|www\.)`)
	host   = regexp.MustCompile(`[\p{L}\p{N}_-]+(?:[.。．｡][\p{L}\p{N}_-]+)+`)
)

// linked says whether a mail program might make a link of a word: it begins
// like an address, has a path after a host, or is a host in a domain that exists. A plain
// mail address stays one: it is what people sign in with.
func linked(word string) bool {
	if a, err := netmail.ParseAddress(word); err == nil && a.Address == word && !strings.ContainsAny(word, "/:") {
		return false
	}
	if scheme.MatchString(word) {
		return true
	}
	for _, at := range host.FindAllStringIndex(word, -1) {
		if strings.HasPrefix(word[at[1]:], "/") {
			return true
		}
		name, err := idna.Lookup.ToASCII(word[at[0]:at[1]])
		if err != nil {
			return true
		}
		if _, known := publicsuffix.PublicSuffix(name); known {
			return true
		}
	}
	return false
}
