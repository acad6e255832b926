package factors

import (
	"strings"
	"testing"
	"time"
)

// copied are characters that come along unseen, or nearly so.
var copied = []rune{0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2060, 0x2061, 0x2064, 0x2066, 0x2067, 0x2068, 0x2069, 0x200b, 0x200c, 0x200d, 0x200e, 0x200f,
	0xfeff, 0x00ad, 0x2212, 0x061c, 0x180e, 0x3164, 0xfe0f, 0xe0041}

// What cannot be seen is no part of a code, wherever it stands.
func TestWhatIsNotSeenIsNoPartOfACode(t *testing.T) {
	set, err := Recovery{Memory: recoveryLeast}.NewSet(Ceremony{Now: time.Unix(0, 0)})
	if err != nil {
		t.Fatal(err)
	}
	code := string(set[0].Secret)
	for _, r := range copied {
		x := string(r)
		for _, typed := range []string{x + "042137", "042137" + x, "042" + x + "137", x + "0" + x + "42137" + x} {
			if got, ok := digits(typed); !ok || got != "042137" {
				t.Errorf("%+q gives %q", typed, got)
			}
		}
		for _, typed := range []string{x + code + x, code[:7] + x + code[7:], strings.ReplaceAll(code, "-", x)} {
			if _, err := parseRecovery(typed); err != nil {
				t.Errorf("%+q: %v", typed, err)
			}
		}
	}
}

// A recovery code may be copied with its number on the sheet, and with what
// stands around it there.
func TestARecoveryCodeMayComeWithItsNumberAndQuotes(t *testing.T) {
	set, err := Recovery{Memory: recoveryLeast}.NewSet(Ceremony{Now: time.Unix(0, 0)})
	if err != nil {
		t.Fatal(err)
	}
	for _, cred := range set {
		code := string(cred.Secret)
		want, _ := parseRecovery(code)
		for _, typed := range []string{"1." + code, "10. " + code, "3) " + code, code + ",", `"` + code + `"`, `"` + code + `",`, "\ufeff1.\u00a0" + code,
			"'" + code + "'", "„" + code + "“", "“" + code + "”", "«" + code + "»", code + ";", " 7.\t" + strings.ToLower(code) + " ", `"2. ` + code + `"`} {
			if got, err := parseRecovery(typed); err != nil || got != want {
				t.Errorf("%q gives %q, %v", typed, got, err)
			}
		}
		for _, typed := range []string{"1.2." + code, "123." + code, code + " " + code, "x." + code, code[:8] + "," + code[8:], "1" + code} {
			if got, err := parseRecovery(typed); err == nil {
				t.Errorf("%q gives %q", typed, got)
			}
		}
	}
}

// A colon parts issuer and account in a label, so a login has none there.
func TestAColonInALoginDoesNotPartItsLabel(t *testing.T) {
	link := totpLink(Ceremony{Issuer: "Door: East", Login: "ada:work"}, make([]byte, totpSecretLen))
	label, _, _ := strings.Cut(link, "?")
	if label != "otpauth://totp/Door.%20East:ada.work" {
		t.Error(link)
	}
}
