package factors

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func newSet(t testing.TB) []Credential {
	t.Helper()
	set, err := Recovery{}.NewSet(Ceremony{AccountID: "ada", Now: fixed})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func answerRecovery(t testing.TB, set []Credential, typed string) (Credential, error) {
	return Recovery{}.Verify(t.Context(), Ceremony{Now: fixed}, set, nil, Answer{Code: typed})
}

// A new set has ten different codes, grouped, in an unambiguous alphabet.
func TestNewSet(t *testing.T) {
	set, seen := newSet(t), map[string]bool{}
	if len(set) != 10 {
		t.Fatalf("%d codes", len(set))
	}
	for _, c := range set {
		text := string(c.Secret)
		if seen[text] || len(text) != 19 || strings.Count(text, "-") != 3 || strings.ContainsAny(text, "ILOU") {
			t.Errorf("code %q", text)
		}
		if seen[text] = true; c.Batch != set[0].Batch || c.AccountID != "ada" || strings.Contains(c.Hash, text) {
			t.Errorf("credential %+v", c)
		}
	}
	if other := newSet(t); other[0].Batch == set[0].Batch || string(other[0].Secret) == string(set[0].Secret) || other[0].Hash == set[0].Hash {
		t.Error("two sets are alike")
	}
	if (Kinds{Recovery{}}).Enroller(KindRecovery) != nil {
		t.Error("a recovery code can be set up by itself")
	}
}

// A set says itself what its hashes take, up to what is shipped.
func TestRecoveryMemory(t *testing.T) {
	if set := newSet(t); !strings.HasPrefix(set[0].Hash, "$argon2id$v=19$m=2048,t=1,p=1$") {
		t.Errorf("shipped: %s", set[0].Hash)
	}
	set, err := Recovery{Memory: 8}.NewSet(Ceremony{AccountID: "ada", Now: fixed})
	if err != nil || !strings.Contains(set[0].Hash, "$m=8,t=1,p=1$") {
		t.Fatalf("%v: %s", err, set[0].Hash)
	}
	if _, err := answerRecovery(t, set, string(set[4].Secret)); err != nil {
		t.Error(err)
	}
	for _, m := range []string{"m=7,t=1,p=1", "m=2049,t=1,p=1", "m=8,t=2,p=1", "m=8,t=1,p=1 ", "m=8", "m=08,t=1,p=1", "m=,t=1,p=1"} {
		odd := slices.Clone(set[:1])
		odd[0].Hash = strings.Replace(odd[0].Hash, "m=8,t=1,p=1", m, 1)
		if _, err := answerRecovery(t, odd, string(set[0].Secret)); err == nil || err == ErrWrong {
			t.Errorf("%q: %v", m, err)
		}
	}
}

// Each recovery code works once, and what is stored is not accepted as a code.
func TestRecoveryOnceEach(t *testing.T) {
	set := newSet(t)
	for _, i := range []int{3, 0, 9, 5} {
		got, err := answerRecovery(t, set, string(set[i].Secret))
		if err != nil || got.Hash != set[i].Hash || !got.Used.Equal(fixed) {
			t.Fatalf("code %d: %v", i, err)
		}
		set[i] = got
		if _, err := answerRecovery(t, set, string(set[i].Secret)); err != ErrReplayed {
			t.Errorf("code %d again: %v", i, err)
		}
	}
	for _, stored := range []string{set[1].Hash, set[1].Batch, set[1].Name, set[1].Hash[strings.LastIndexByte(set[1].Hash, '$')+1:]} {
		if _, err := answerRecovery(t, set, stored); err != ErrWrong && err != ErrTypo {
			t.Errorf("%q is %v", stored, err)
		}
	}
	if _, err := answerRecovery(t, newSet(t), string(set[1].Secret)); err != ErrWrong {
		t.Errorf("with another set: %v", err)
	}
	if _, err := answerRecovery(t, nil, string(set[1].Secret)); err != ErrWrong {
		t.Errorf("with no set: %v", err)
	}
}

// Recovery codes are accepted in any case, with or without dashes and spaces, and
// with letters that are mistaken for digits.
func TestRecoveryAsTyped(t *testing.T) {
	set := newSet(t)
	gap := rapid.SampledFrom([]string{"", "", "", "-", " ", "–", "\u00a0", " - "})
	rapid.Check(t, func(r *rapid.T) {
		cred := rapid.SampledFrom(set).Draw(r, "code")
		var typed strings.Builder
		for _, c := range tidy(string(cred.Secret)) {
			typed.WriteString(gap.Draw(r, "gap"))
			as := []string{string(c), strings.ToLower(string(c))}
			switch c {
			case '0':
				as = append(as, "O", "o")
			case '1':
				as = append(as, "I", "i", "L", "l")
			}
			typed.WriteString(rapid.SampledFrom(as).Draw(r, "as"))
		}
		if got, err := answerRecovery(t, set, typed.String()); err != nil || got.Hash != cred.Hash {
			r.Fatalf("%q: %v", typed.String(), err)
		}
	})
}

// One character wrong is always called a typo, and so is nearly every pair
// that was swapped; what is not shaped like a code is wrong.
func TestRecoveryTypo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		code, err := drawRecovery()
		if err != nil {
			t.Fatal(err)
		}
		i := rapid.IntRange(0, recoveryLen-1).Draw(t, "place")
		with := recoveryAlphabet[rapid.IntRange(0, 31).Draw(t, "character")]
		typed := code[:i] + string(with) + code[i+1:]
		switch _, err := parseRecovery(typed); {
		case typed == code && err != nil, typed != code && err != ErrTypo:
			t.Fatalf("%q for %q: %v", typed, code, err)
		}
	})
	set := newSet(t)
	good := string(set[0].Secret)
	for typed, want := range map[string]error{
		"": ErrWrong, "-": ErrWrong, good[:18]: ErrWrong, good + "0": ErrWrong, "123456": ErrWrong, good + " " + good: ErrWrong,
		"U" + good[1:]: ErrWrong, "é" + good[2:]: ErrWrong, "\xff" + good[1:]: ErrWrong, "\x00" + good[1:]: ErrWrong,
		strings.Repeat("ſ", 8): ErrWrong, strings.Repeat("Ａ", 16): ErrWrong, strings.Repeat("ß", 8): ErrWrong, strings.Repeat("ı", 16): ErrWrong, strings.Repeat("ſ", 16): ErrWrong,
	} {
		if _, err := answerRecovery(t, set, typed); err != want {
			t.Errorf("%q: %v instead of %v", typed, err, want)
		}
	}
}

func TestSwappedPairs(t *testing.T) {
	found, pairs := 0, 0
	for i := range len(recoveryAlphabet) {
		for j := range i {
			a, b := string(recoveryAlphabet[i]), string(recoveryAlphabet[j])
			pairs++
			if rest := strings.Repeat("0", recoveryRandom-2); checkCharacter(a+b+rest) != checkCharacter(b+a+rest) {
				found++
			}
		}
	}
	if found < pairs-1 {
		t.Errorf("%d of %d swapped pairs are found", found, pairs)
	}
}

// Stored forms that are damaged are a fault, not a wrong code.
func TestDamagedHash(t *testing.T) {
	set := newSet(t)
	for _, hash := range []string{"", "$", "$argon2id$v=19$m=2048,t=1,p=1$!!$AAAA", strings.Replace(set[0].Hash, "m=2048", "m=4096", 1),
		strings.Replace(set[0].Hash, "argon2id", "argon2i", 1), set[0].Hash[:len(set[0].Hash)-4], set[0].Hash + "$"} {
		damaged := slices.Clone(set[:1])
		damaged[0].Hash = hash
		if _, err := answerRecovery(t, damaged, string(set[0].Secret)); err == nil || err == ErrWrong || err == ErrTypo {
			t.Errorf("%q: %v", hash, err)
		}
	}
}

func FuzzParseRecovery(f *testing.F) {
	for _, seed := range []string{"0000-0000-0000-0000", "abcd efgh jkmn pqrs", "", "\xff", "IlOo-0000-0000-0000", "ſſſſſſſſ", "ıııııııııııııııı"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		code, err := parseRecovery(typed)
		if err != nil {
			if code != "" || err != ErrWrong && err != ErrTypo {
				t.Errorf("%q: %q, %v", typed, code, err)
			}
			return
		}
		if len(code) != recoveryLen || strings.Trim(code, recoveryAlphabet) != "" {
			t.Errorf("%q gives %q", typed, code)
		}
		if again, err := parseRecovery(strings.ToLower(group(code, "-"))); err != nil || again != code {
			t.Errorf("%q gives %q, and that %q, %v", typed, code, again, err)
		}
		if tidy := tidy(typed); len(tidy) != recoveryLen {
			t.Errorf("%q is taken for %q", typed, code)
		}
	})
}

func FuzzParseRecoveryPHC(f *testing.F) {
	f.Add(newSet(f)[0].Hash)
	f.Add("$argon2id$v=19$m=2048,t=1,p=1$$")
	f.Add("")
	f.Fuzz(func(t *testing.T, phc string) {
		if _, hash, _, err := parseRecoveryPHC(phc); err == nil && len(hash) != 32 {
			t.Errorf("%q gives a hash of %d bytes", phc, len(hash))
		}
	})
}
