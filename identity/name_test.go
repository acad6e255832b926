package identity

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestLoginKey(t *testing.T) {
	same := map[string]string{
		"alice":                     "alice",
		"  Alice\t":                 "alice",
		"ALICE@Example.COM":         "alice@example.com",
		"\u3000alice\u00a0":         "alice", // wide and no-break space around
		"\uff21\uff2c\uff29ce":      "alice", // full width
		"\u212alaus":                "klaus", // Kelvin sign
		"stra\u00dfe":               "strasse",
		"cafe\u0301":                "caf\u00e9",
		"\u24d0lice":                "alice", // circled a
		"\U0001d41a\U0001d425ice":   "alice", // mathematical bold
		"\u0391\u03a3":              "\u03b1\u03c3",
		"\u0430lice":                "\u0430lice", // a Cyrillic letter stays another name
		strings.Repeat("a", 254):    strings.Repeat("a", 254),
		"o'brien+tag_1.x-y@host.io": "o'brien+tag_1.x-y@host.io",
	}
	for login, want := range same {
		if got, ok := LoginKey(login); !ok || got != want {
			t.Errorf("LoginKey(%+q) = %+q, %v", login, got, ok)
		}
	}
	for _, r := range []rune{0x202a, 0x202e, 0x2060, 0x2066, 0x2069, 0x200b, 0x200f, 0xfeff, 0x00ad, 0x2212, 0xfe0f} {
		for _, login := range []string{string(r) + "Alice", "alice" + string(r), " " + string(r) + " alice " + string(r)} {
			if got, ok := LoginKey(login); !ok || got != "alice" {
				t.Errorf("LoginKey(%+q) = %+q, %v", login, got, ok)
			}
		}
	}
	bad := []string{
		"", "  ", "a b", "a\tb", "a\nb", "a\x00b", "a\x7f", "\xff", "a\xc3",
		"a\u00a0b", "a\u2003b", "a\u200bb", "a\u200db", "a\u202elice", "a\u2066b", "ali\ufeffce",
		"a\u00adb", "a\u034fb", "a\ufe0fb", "\u3164", "a\u2028b", "\ue000", "\u00a8", "a\U000e0041b",
		strings.Repeat("a", 255), strings.Repeat("\ufdfa", 20),
	}
	for _, login := range bad {
		if got, ok := LoginKey(login); ok || got != "" {
			t.Errorf("LoginKey(%+q) = %+q, %v", login, got, ok)
		}
	}
}

func TestLoginKeyProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key, ok := LoginKey(rapid.String().Draw(t, "login"))
		if !ok {
			return
		}
		if again, ok := LoginKey(key); !ok || again != key {
			t.Fatalf("not stable: %+q became %+q, %v", key, again, ok)
		}
	})
	plain := rapid.StringMatching(`[a-z0-9@.!_+-]{1,40}`)
	rapid.Check(t, func(t *rapid.T) {
		a, b := plain.Draw(t, "a"), plain.Draw(t, "b")
		keyA, okA := LoginKey(" " + strings.ToUpper(a) + "\n")
		keyB, okB := LoginKey(wide(b))
		if !okA || !okB || keyA != a || keyB != b {
			t.Fatalf("%q and %q became %q and %q", a, b, keyA, keyB)
		}
	})
}

// wide turns ASCII into its full-width look-alikes, three bytes each.
func wide(s string) string {
	return strings.Map(func(r rune) rune { return r - '!' + '\uff01' }, s)
}

func TestLooksLikeEmail(t *testing.T) {
	good := []string{
		"alice@example.com", "a.b+c_d@sub.example.co", "o'brien@example.org", "ALICE@EXAMPLE.COM",
		"root@localhost", "a~b@example.com", "a@xn--bcher-kva.example", "a@1and1.com",
		strings.Repeat("a", 64) + "@example.com",
	}
	for _, s := range good {
		if !LooksLikeEmail(s) {
			t.Errorf("%q was refused", s)
		}
	}
	bad := []string{
		"", "alice", "@example.com", "alice@", "alice@host", "a@b@example.com", "Alice <alice@example.com>",
		"<alice@example.com>", "alice@example.com ", "a lice@example.com", "\"a b\"@example.com", "\"a\"@example.com",
		"alice@example.com,bob@example.com", "alice@example.com\r\nBcc: x@example.com", "alice@[127.0.0.1]",
		"alice@127.0.0.1", "alice@exa_mple.com", "alice@-example.com", "alice@example-.com", "alice@example..com",
		"alice@example.com.", "alice@.example.com", "alice@ex\u00e4mple.com", "\u00e4lice@example.com", "a\u200b@example.com",
		"alice@example.com(x)", ".a@example.com", "a..b@example.com", "\xff@example.com",
		strings.Repeat("a", 65) + "@example.com", "a@" + strings.Repeat("b", 64) + ".com", "a@" + strings.Repeat("bcd.", 70) + "com",
	}
	for _, s := range bad {
		if LooksLikeEmail(s) {
			t.Errorf("%q was taken", s)
		}
	}
}

func FuzzLoginKey(f *testing.F) {
	for _, s := range []string{"alice", " A\u0345\u0308 ", "\u1e9e\u0130", "\uff21@\ufdfa", "a\u200bb", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, login string) {
		_ = LooksLikeEmail(login)
		key, ok := LoginKey(login)
		if !ok {
			return
		}
		if again, ok := LoginKey(key); !ok || again != key {
			t.Errorf("not stable: %+q became %+q, %v", key, again, ok)
		}
		if key == "" || len(key) > 254 || !utf8.ValidString(key) || strings.ContainsFunc(key, unfit) {
			t.Errorf("unfit key %+q", key)
		}
	})
}
