package mail

import (
	netmail "net/mail"
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// ours are the values that this program makes itself: they are written as they
// are. All others (logins, names, reasons) may come from a stranger and are
// cleaned first.
var ours = map[string]bool{"link": true, "undo": true, "code": true, "time": true, "date": true, "address": true, "purpose": true}

// limits is how many characters of each value are kept. A value that is not
// listed has shortText.
var limits = map[string]int{"link": 2000, "undo": 2000, "reason": 500, "what": 500, "": 500}

const shortText = 120

// clean makes a stranger's value fit for one line of a mail: it drops line
// breaks, which could add lines or headers, and invisible characters, which
// could reverse the text; it cuts what is too long; and it breaks up what a
// mail program would turn into a link.
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

// seen drops characters that show nothing. Joiners (ZWJ and ZWNJ) stay between
// letters: without them Persian words and emoji change.
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

// unlink rewrites what mail programs would turn into a link, in the way that
// reports about malicious addresses do: https[:]//evil[.]example.
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
