package identity

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"nightlatch.example/nightlatch/factors"
)

const (
	maxLogin  = 254 // bytes: the longest usable address, RFC 5321 §4.5.3.1.3 with erratum 1690 to RFC 3696
	maxLocal  = 64  // bytes before the @, RFC 5321 §4.5.3.1.1
	maxDomain = 63  // bytes in one label, RFC 1035 §2.3.4
)

// LoginKey returns the one form by which an account is found, limited and kept
// unique: without surrounding space and what is not seen, NFKC, case-folded. Two
// spellings with the same key are the same account. ok is false for what cannot
// be a login: empty, over 254 bytes, not UTF-8, or with a space, control or
// invisible character inside.
//
// The key is for looking up. Mail goes to the stored address, never to what was
// typed (CVE-2019-19844).
func LoginKey(login string) (key string, ok bool) {
	login = Trim(login)
	if len(login) > maxLogin || !utf8.ValidString(login) {
		return "", false
	}
	key = strings.Trim(Fold(login), "\u2212") // which folding makes of other signs
	if key == "" || len(key) > maxLogin || strings.ContainsFunc(key, unfit) {
		return "", false
	}
	return key, true
}

// Trim removes from the ends of a login, an address or a name what is copied along
// with it: spaces and characters that show nothing.
func Trim(s string) string { return strings.TrimFunc(s, factors.Around) }

// LooksLikeEmail tells whether s is a bare address that mail can be sent to
// everywhere: printable ASCII, at most 254 bytes, a domain with a dot, or
// localhost. No name, no quotes, no address literals.
func LooksLikeEmail(s string) bool {
	if len(s) > maxLogin || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return false
	}
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s {
		return false
	}
	at := strings.LastIndexByte(s, '@')
	return at <= maxLocal && isDomain(strings.ToLower(s[at+1:]))
}

// isDomain tells whether a lower-case name is localhost or has two labels or
// more, the last one not a number.
func isDomain(domain string) bool {
	if domain == "localhost" {
		return true
	}
	labels := strings.Split(domain, ".")
	for _, l := range labels {
		if l == "" || len(l) > maxDomain || l[0] == '-' || l[len(l)-1] == '-' ||
			strings.Trim(l, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return false
		}
	}
	return len(labels) > 1 && strings.Trim(labels[len(labels)-1], "0123456789") != ""
}

// Fold is NFKC and full case folding, repeated because either can undo the
// other's work (Unicode §3.13, D146). Two rounds are enough in practice.
func Fold(s string) string {
	for range 4 {
		next := norm.NFKC.String(cases.Fold().String(norm.NFKC.String(s)))
		if next == s {
			break
		}
		s = next
	}
	return s
}

// apostrophes turns the signs that people and word processors use as an
// apostrophe into one.
var apostrophes = strings.NewReplacer("\u2019", "'", "\u2018", "'", "\u02bc", "'", "\u00b4", "'", "`", "'")

// SearchText is the form in which names and logins are searched: as a login is
// looked up, with one sign for every apostrophe.
func SearchText(s string) string { return apostrophes.Replace(Fold(apostrophes.Replace(s))) }

// unfit tells which characters a login cannot hold: spaces, controls, format
// and bidi characters, private and unassigned ones, and marks that show nothing.
func unfit(r rune) bool {
	return r == ' ' || !unicode.IsPrint(r) ||
		unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}
