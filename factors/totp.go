package factors

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
)

// The numbers of an authenticator app. The apps in use ignore any other.
const (
	TOTPPeriod    = 30 // seconds a code lives (RFC 6238 §5.2)
	totpSecretLen = 20 // bytes: as long as the SHA-1 it keys (RFC 4226 §4 R6)
	totpWindow    = 1  // steps accepted either side of now (RFC 6238 §5.2 allows one for delay)
)

// TOTP is an authenticator app (RFC 6238: SHA-1, six digits, thirty seconds).
type TOTP struct{}

// Kind is totp.
func (TOTP) Kind() Kind { return KindTOTP }

// Traits of authenticator apps.
func (TOTP) Traits() Traits {
	return Traits{Kind: KindTOTP, Input: Digits, Strength: Strong, Alone: true, Scan: true, Counts: TOTPPeriod * time.Second,
		Number: 0, Methods: []string{"otp"},
		Words: Words{Label: "Authenticator app", Short: "app", Only: "App", Many: "authenticator apps", Icon: "totp",
			Ask: "The 6 digits your app shows now", Offer: "Authenticator app",
			About: "An app on your phone shows a new code every 30 seconds. Recommended.",
			Add:   "Add an authenticator app", Title: "Set up an authenticator app"}}
}

// Enroll draws a secret; the state is the secret itself.
func (TOTP) Enroll(context.Context, Ceremony, []Credential, string) (Step, error) {
	secret := make([]byte, totpSecretLen)
	if _, err := rand.Read(secret); err != nil {
		return Step{}, err
	}
	return Step{State: secret}, nil
}

// Confirm wants one right code of the pending secret. That code is spent: the
// credential remembers its step.
func (TOTP) Confirm(_ context.Context, c Ceremony, state []byte, a Answer) (Credential, error) {
	return matchTOTP(Credential{Kind: KindTOTP, Name: "Authenticator app", Secret: state}, c.Now, a.Code)
}

// TOTPSetup is what the page of a pending authenticator app shows.
type TOTPSetup struct {
	Key    []byte // as it is kept
	Secret string // base32 in groups of four
	Link   string // otpauth://
}

// Picture is the link, which apps scan.
func (s TOTPSetup) Picture() string { return s.Link }

// Show gives the pending secret.
func (TOTP) Show(c Ceremony, state []byte) any {
	return TOTPSetup{Key: state, Secret: GroupSecret(state), Link: totpLink(c, state)}
}

// Verify accepts a code of any of the account's apps.
func (TOTP) Verify(_ context.Context, c Ceremony, creds []Credential, _ []byte, a Answer) (Credential, error) {
	refused := ErrWrong
	for _, cred := range creds {
		got, err := matchTOTP(cred, c.Now, a.Code)
		if err == nil {
			return got, nil
		}
		if err == ErrReplayed {
			refused = err
		}
	}
	return Credential{}, refused
}

// matchTOTP looks for the step that a code belongs to and accepts it when it
// is younger than the last one accepted, as far as the clock can be believed.
func matchTOTP(cred Credential, now time.Time, typed string) (Credential, error) {
	code, ok := digits(typed)
	if !ok {
		return Credential{}, ErrWrong
	}
	step := now.Unix() / TOTPPeriod
	last, _ := lastStep(cred, step+totpWindow)
	refused := ErrWrong
	for _, d := range []int64{0, -1, 1} {
		if step+d < 0 || d > totpWindow || -d > totpWindow {
			continue
		}
		right, err := TOTPCode(cred.Secret, step+d)
		if err != nil {
			return Credential{}, err
		}
		if subtle.ConstantTimeCompare([]byte(right), []byte(code)) != 1 {
			continue
		}
		if step+d <= last {
			refused = ErrReplayed
			continue
		}
		first := cred.Counter == 0
		cred.Counter, cred.Steps = step+d, remember(cred, step+d)
		cred.Drift = learnDrift(cred.Drift, now, d, first)
		return cred, nil
	}
	return Credential{}, refused
}

// learnDrift smooths how far the phone's clock seems to be off, in seconds. A
// code of a neighbouring step shows the least amount by which it can be off.
func learnDrift(old int64, now time.Time, d int64, first bool) int64 {
	into := now.Unix() % TOTPPeriod
	seen := int64(0)
	switch d {
	case -1:
		seen = -into
	case 1:
		seen = TOTPPeriod - into
	}
	if first {
		return seen
	}
	return (old + seen) / 2
}

// TOTPCode is the code of a secret at a step: Unix time divided by TOTPPeriod.
func TOTPCode(secret []byte, step int64) (string, error) {
	return hotp.GenerateCodeCustom(totpSecretText(secret), uint64(step),
		hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
}

// totpSecretText is a secret as apps take it: base32 without padding.
func totpSecretText(secret []byte) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
}

// totpLink is the otpauth:// link that a QR code carries. Some apps read only
// a secret that comes first, and show a plus sign for a space: so %20.
func totpLink(c Ceremony, secret []byte) string {
	esc := func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
	part := strings.NewReplacer(":", ".") // a colon parts issuer and account, also where it is escaped
	return "otpauth://totp/" + esc(part.Replace(c.Issuer)) + ":" + esc(part.Replace(c.Login)) +
		"?secret=" + totpSecretText(secret) + "&issuer=" + esc(c.Issuer) +
		"&algorithm=SHA1&digits=6&period=30"
}

// GroupSecret writes a secret in groups of four, for typing it by hand.
func GroupSecret(secret []byte) string {
	return group(totpSecretText(secret), " ")
}

// group puts a separator between every four characters.
func group(s, sep string) string {
	var b strings.Builder
	for i, r := range s {
		if i > 0 && i%4 == 0 {
			b.WriteString(sep)
		}
		b.WriteRune(r)
	}
	return b.String()
}
