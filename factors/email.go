package factors

import (
	"context"
	"encoding/json"
	"strings"
	"time"
)

// MAC makes the keyed hash that is kept of an emailed code. CheckMAC compares
// in constant time.
type MAC interface {
	MAC(data []byte) ([]byte, error)
	CheckMAC(mac, data []byte) error
}

// Email sends six digits to an address.
type Email struct {
	Keys MAC
	// TTL is how long a code lives: ten minutes at most (NIST SP 800-63B-4
	// §3.1.3.2, OWASP ASVS 5.0 6.6.3).
	TTL time.Duration
	// Valid says whether something is an address.
	Valid func(address string) bool
}

// Traits of emailed codes. They do not count for admins unless the policy says
// so: whoever reads an admin's mail would be an admin.
func (Email) Traits() Traits {
	return Traits{Kind: KindEmail, Input: Digits, Strength: Weaker, Each: true, Alone: true, Tries: CodeTries,
		Proves: true, Mask: Mask, Number: 1, Methods: []string{"mail"},
		Words: Words{Label: "Emailed code", Short: "email", Only: "Email only", Many: "emailed codes", Icon: "email",
			Ask: "6-digit code from the email", Message: "email",
			Weakness: "An emailed code is weaker than an app: anyone who can read your email can use it.",
			Offer:    "Codes by email", About: "Weaker than an app: anyone who can read your email can use the code.", Add: "Add an email address",
			To: "address", ToLabel: "Email address", ToButton: "Send a code", ToInput: "email",
			Title: "Codes by email", Purpose: "add this address"}}
}

// CodeTries is how many answers to one code that was sent are judged.
const CodeTries = 5

// emailState is what the ceremony keeps of a code that was sent.
type emailState struct {
	Credential string    `json:"credential,omitempty"`
	Address    string    `json:"address"`
	MAC        []byte    `json:"mac"`
	Expires    time.Time `json:"expires"`
	Sent       time.Time `json:"sent,omitzero"`
	// Older are the keyed hashes of codes that this one replaced: they open
	// nothing, but whoever types one is told so.
	Older [][]byte `json:"older,omitempty"`
}

// olderKept is how many replaced codes are told apart.
const olderKept = 10

// Kind is email.
func (Email) Kind() Kind { return KindEmail }

// Enroll sends a code to the address to be added; by default the account's own.
func (e Email) Enroll(_ context.Context, c Ceremony, have []Credential, to string) (Step, error) {
	if to == "" {
		to = c.Email
	}
	if !e.Valid(to) {
		return Step{}, Unfit("Enter an email address such as ada@example.com.")
	}
	for _, cred := range have {
		if strings.EqualFold(cred.Address, to) {
			return Step{}, Unfit("This address is one of your factors already.")
		}
	}
	return e.send(c, emailState{Address: to})
}

// Confirm makes the address a factor when its own code is given.
func (e Email) Confirm(_ context.Context, c Ceremony, state []byte, a Answer) (Credential, error) {
	s, err := e.check(c, state, a)
	if err != nil {
		return Credential{}, err
	}
	return Credential{Kind: KindEmail, Name: "Email", Address: s.Address}, nil
}

// Challenge sends a code to the address meant, or to the first.
func (e Email) Challenge(_ context.Context, c Ceremony, creds []Credential, target string) (Step, error) {
	for _, cred := range creds {
		if target == "" || target == cred.ID {
			return e.send(c, emailState{Credential: cred.ID, Address: cred.Address})
		}
	}
	return Step{}, ErrWrong
}

// Verify accepts the code last sent in this ceremony, within its life.
func (e Email) Verify(_ context.Context, c Ceremony, creds []Credential, state []byte, a Answer) (Credential, error) {
	s, err := e.check(c, state, a)
	if err != nil {
		return Credential{}, err
	}
	for _, cred := range creds {
		if cred.ID == s.Credential && cred.Address == s.Address {
			return cred, nil
		}
	}
	return Credential{}, ErrWrong
}

// send draws a code and keeps only its keyed hash.
func (e Email) send(c Ceremony, s emailState) (Step, error) {
	code, err := randomDigits()
	if err != nil {
		return Step{}, err
	}
	if s.MAC, err = e.Keys.MAC(bound(c, code)); err != nil {
		return Step{}, err
	}
	s.Sent, s.Expires = c.Now, c.Now.Add(e.TTL)
	var before emailState
	if json.Unmarshal(c.Before, &before) == nil && before.Address == s.Address && len(before.MAC) > 0 {
		s.Older = append([][]byte{before.MAC}, before.Older...)
		s.Older = s.Older[:min(len(s.Older), olderKept)]
	}
	state, err := json.Marshal(s)
	return Step{
		State: state,
		TTL:   e.TTL,
		Send:  []Delivery{{Channel: "email", To: s.Address, Code: code, TTL: e.TTL}},
	}, err
}

// check holds a typed code against the state of its ceremony.
func (e Email) check(c Ceremony, state []byte, a Answer) (emailState, error) {
	var s emailState
	code, ok := digits(a.Code)
	if !ok || len(state) == 0 {
		return s, ErrWrong
	}
	if err := json.Unmarshal(state, &s); err != nil {
		return s, err
	}
	if !c.Now.Before(s.Expires) {
		return s, ErrExpired
	}
	if e.Keys.CheckMAC(s.MAC, bound(c, code)) == nil {
		return s, nil
	}
	for _, mac := range s.Older {
		if e.Keys.CheckMAC(mac, bound(c, code)) == nil {
			return s, ErrOlder
		}
	}
	return s, ErrWrong
}

// Sent tells to which address a code of a ceremony went, and when.
func (Email) Sent(state []byte) Sent {
	var s emailState
	if json.Unmarshal(state, &s) != nil {
		return Sent{}
	}
	return Sent{Credential: s.Credential, Address: s.Address, At: s.Sent}
}

// Show has nothing to add to where the code was sent.
func (Email) Show(Ceremony, []byte) any { return nil }

// bound ties a code to its ceremony, so that the same digits sent for another
// purpose or to another browser do not match.
func bound(c Ceremony, code string) []byte {
	return []byte("emailed-code\x00" + string(c.Purpose) + "\x00" + c.Subject + "\x00" + c.AccountID + "\x00" + code)
}
