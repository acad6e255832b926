package factors

import (
	"context"
	"encoding/json"
	"time"
)

// MAC is the keyed hash that an emailed code is kept as. CheckMAC compares in
// constant time.
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
}

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

// Enroll sends a code to the address to be added.
func (e Email) Enroll(_ context.Context, c Ceremony, a Answer) (Step, error) {
	to := a.Address
	if to == "" {
		to = c.Email
	}
	if to == "" {
		return Step{}, ErrAddress
	}
	return e.send(c, emailState{Address: to})
}

// Confirm makes the address a factor when its own code is given.
func (e Email) Confirm(_ context.Context, c Ceremony, state []byte, a Answer) (Credential, error) {
	s, err := e.check(c, state, a)
	if err != nil {
		return Credential{}, err
	}
	name := a.Name
	if name == "" {
		name = "E-mail"
	}
	return Credential{Kind: KindEmail, Name: name, Address: s.Address}, nil
}

// Challenge sends a code to the address meant, or to the first.
func (e Email) Challenge(_ context.Context, c Ceremony, creds []Credential, a Answer) (Step, error) {
	for _, cred := range creds {
		if a.Target == "" || a.Target == cred.ID {
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

// CodeSent is when the code of a ceremony was sent.
func CodeSent(state []byte) time.Time {
	var s emailState
	if json.Unmarshal(state, &s) != nil {
		return time.Time{}
	}
	return s.Sent
}

// bound ties a code to its ceremony, so that the same digits sent for another
// purpose or to another browser do not match.
func bound(c Ceremony, code string) []byte {
	return []byte("emailed-code\x00" + string(c.Purpose) + "\x00" + c.Subject + "\x00" + c.AccountID + "\x00" + code)
}

// EnrollAddress is the address that a pending enrollment is about.
func EnrollAddress(state []byte) string {
	var s emailState
	if json.Unmarshal(state, &s) != nil {
		return ""
	}
	return s.Address
}

// ChallengeTarget is the id of the credential that a code of a challenge went to.
func ChallengeTarget(state []byte) string {
	var s emailState
	if json.Unmarshal(state, &s) != nil {
		return ""
	}
	return s.Credential
}
