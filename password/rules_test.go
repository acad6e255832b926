package password

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"nightlatch.example/nightlatch/identity"
)

func TestCheckPassword(t *testing.T) {
	about := []string{"Alice.Archer@example.com", "Alice Archer", "Nightlatch"}
	cases := []struct{ name, password, want string }{
		{"fine phrase", "seven quiet herons", ""},
		{"no composition rules", "herons walking", ""},
		{"any script", "ключ под ковриком", ""},
		{"emoji count one each", "🦉🦊🐢🐝🦋🐌🐞🐙", ""},
		{"tab and spaces", "a b\tc  dq xz", ""},
		{"eight", "kx8#mPq2", ""},
		{"256", strings.Repeat("xk7 ", 63) + "wq9!", ""},

		{"empty", "", passwordShort},
		{"seven", "kx8#mPq", passwordShort},
		{"seven after composing", "e\u0301e\u0301e\u0301e\u0301xyz", passwordShort},
		{"257", strings.Repeat("xk7 ", 63) + "wq9!z", passwordLong},
		{"64 KiB", strings.Repeat("xk7 ", 16384), passwordLong},
		{"not UTF-8", "kx8#mPq2\xff", passwordText},
		{"NUL", "kx8#mPq2\x00", passwordText},

		{"common", "password", passwordCommon},
		{"common, loud", "PassWord1", passwordCommon},
		{"common, wide", "\uff50\uff41\uff53\uff53\uff57\uff4f\uff52\uff44", passwordCommon},
		{"digits", "12345678", passwordCommon},
		{"keys", "qwertyuiop", passwordCommon},
		{"a word", "everything", passwordCommon},

		{"one character", "aaaaaaaaaaaaaaaaaaaaaaa", passwordRow},
		{"one emoji", strings.Repeat("🦉", 12), passwordRow},
		{"two again and again", "xyxyxyxyxyx", passwordRow},
		{"four again", "kx8#kx8#", passwordRow},
		{"alphabet", "cdefghijklm", passwordRow},
		{"downwards", "zyxwvutsrqp", passwordRow},
		{"counting on", "4567890123456", passwordRow},
		{"row after row", "ertyuiopasdfg", passwordRow},
		{"row backwards", "lkjhgfdsapoi", passwordRow},
		{"German row", "wertzuiopas", passwordRow},

		{"login", "alice.archer", passwordAbout},
		{"address", "alice.archer@example.com", passwordAbout},
		{"login and year", "Alice19841231", passwordAbout},
		{"login and signs", "alice-2026!!!", passwordAbout},
		{"name twice", "ArcherArcher7", passwordAbout},
		{"brand", "Nightlatch1!", passwordAbout},
		{"login within a phrase", "alice reads slowly", ""},
		{"brand within a phrase", "nightlatch by the sea", ""},
		{"shorter once folded", "J\u030cH\u0331T\u0308W\u030a", ""},
		{"digits only, not about", "48291038471", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := Check(c.password, about...); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	if got := Check("alice.archer"); got != "" {
		t.Errorf("nothing known: %q", got)
	}
	if got := Check("jo-kx8#mPq2", "jo"); got != "" {
		t.Errorf("a login of two letters forbids nothing: %q", got)
	}
}

func TestCommonPasswordsHoldTheLists(t *testing.T) {
	if n := len(commonPasswords()); n < 10000 {
		t.Errorf("only %d common passwords of 8 characters or more", n)
	}
}

func TestCheckPasswordNeverPanics(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		password := rapid.String().Draw(t, "password")
		known := rapid.SliceOf(rapid.String()).Draw(t, "about")
		got := Check(password, known...)
		if !slices.Contains([]string{"", passwordShort, passwordLong, passwordText, passwordCommon, passwordRow, passwordAbout}, got) {
			t.Fatalf("a sentence that is not of the list: %q", got)
		}
	})
}

func FuzzCheckPassword(f *testing.F) {
	f.Add("password", "alice@example.com")
	f.Add("\ufdfa", "\u0130")
	f.Add("\u1160\u1161\u11a8\u1160\u1161\u11a8\u1160\u1161", "")
	f.Fuzz(func(t *testing.T, password, known string) {
		got := Check(password, known)
		if got != "" {
			if !slices.Contains([]string{passwordShort, passwordLong, passwordText, passwordCommon, passwordRow, passwordAbout}, got) {
				t.Errorf("a sentence that is not of the list: %q", got)
			}
			return
		}
		if n := utf8.RuneCountInString(normal(password)); n < minPassword || n > maxPassword || !utf8.ValidString(password) {
			t.Errorf("took %d characters, %q", n, password)
		}
		if Check(password, known, password) == "" && len(strings.FieldsFunc(identity.Fold(password), isJoint)) == 1 {
			t.Errorf("took a password that is the login: %q", password)
		}
		if again := Check(normal(password), known); again != "" {
			t.Errorf("%q is taken as typed and refused once normalised: %s", password, again)
		}
	})
}

func BenchmarkCheckPasswordLongest(b *testing.B) {
	commonPasswords()
	long := strings.Repeat("xk7 ", 63) + "wq9!"
	for b.Loop() {
		Check(long, "alice@example.com", "Alice Archer", "Nightlatch")
	}
}
