package factors

import (
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"
)

// Spaces and dashes in a code are ignored; everything else must be ASCII digits.
func TestDigits(t *testing.T) {
	for typed, want := range map[string]string{
		"042137": "042137", "042 137": "042137", " 042-137\n": "042137", "042\u00a0137": "042137",
		"0 4 2 1 3 7": "042137", "042–137": "042137", "042—137": "042137", "\t042\u2009137": "042137", "-042137-": "042137",
		"000000": "000000",
		// refused:
		"": "", " ": "", "-": "", "42137": "", "0421370": "", "42": "", "04213": "", "042137042137": "",
		"０４２１３７": "", "042١٣٧": "", "04213７": "", "042.137": "", "042,137": "", "042_137": "", "042+137": "",
		"0x2137": "", "04213a": "", "+42137": "", "042137\x00": "", "\xff42137": "", "04213O": "", "１1": "", "é1234": "", "𝟎12": "",
		"%30421": "", "null": "", "true": "",
	} {
		got, ok := digits(typed)
		if got != want || ok != (want != "") {
			t.Errorf("%q gives %q, %t; want %q", typed, got, ok, want)
		}
	}
}

// Spaces and dashes anywhere in a code change nothing.
func TestDigitsBetweenGaps(t *testing.T) {
	gap := rapid.StringOf(rapid.SampledFrom([]rune(" -\t\n\r–—‐‑\u00a0\u2009\u3000")))
	rapid.Check(t, func(t *rapid.T) {
		code := rapid.StringMatching(`[0-9]{6}`).Draw(t, "code")
		var typed strings.Builder
		for _, r := range code {
			typed.WriteString(gap.Draw(t, "gap"))
			typed.WriteRune(r)
		}
		typed.WriteString(gap.Draw(t, "gap"))
		if got, ok := digits(typed.String()); !ok || got != code {
			t.Fatalf("%q gives %q, %t", typed.String(), got, ok)
		}
	})
}

func FuzzDigits(f *testing.F) {
	for _, seed := range []string{"042137", "042 137", "０４２１３７", "42", "\xff\xfe", "", "042–137"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		code, ok := digits(typed)
		if !ok {
			if code != "" {
				t.Errorf("%q is refused and gives %q", typed, code)
			}
			return
		}
		if len(code) != 6 || strings.Trim(code, "0123456789") != "" {
			t.Errorf("%q gives %q", typed, code)
		}
		rest := strings.NewReplacer("0", "", "1", "", "2", "", "3", "", "4", "", "5", "", "6", "", "7", "", "8", "", "9", "").Replace(typed)
		if strings.ContainsFunc(rest, func(r rune) bool { return !unicode.IsSpace(r) && !unicode.Is(unicode.Pd, r) }) {
			t.Errorf("%q is accepted as %q", typed, code)
		}
	})
}

// Every code has six digits, leading zeros included, and none is favoured.
func TestRandomDigits(t *testing.T) {
	seen, lead := map[string]bool{}, 0
	for range 2000 {
		code, err := randomDigits()
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := digits(code); !ok || got != code {
			t.Fatalf("drew %q", code)
		}
		if seen[code] = true; code[0] == '0' {
			lead++
		}
	}
	// 200 are expected to begin with a zero, give or take 13; 2000 draws of a
	// million repeat about twice.
	if lead < 100 || lead > 300 || len(seen) < 1980 {
		t.Errorf("%d begin with 0, %d are different", lead, len(seen))
	}
}

func TestMask(t *testing.T) {
	for address, want := range map[string]string{
		"ada@example.com": "a•••@example.com", "a@b.c": "a•••@b.c", "ünal@example.com": "ü•••@example.com",
		`"a@b"@example.com`: `"•••@example.com`, "": "•••", "nobody": "•••", "@example.com": "•••",
	} {
		if got := Mask(address); got != want {
			t.Errorf("%q is masked as %q instead of %q", address, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		local := rapid.StringMatching(`[a-z][a-z0-9.+-]{3,20}`).Draw(t, "local")
		if got := Mask(local + "@example.com"); strings.Contains(got, local[1:]) || strings.Count(got, "•") != 3 {
			t.Fatalf("%q is masked as %q", local, got)
		}
	})
}
