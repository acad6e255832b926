package login

import (
	"context"
	"crypto/sha256"
	"encoding/base64"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
)

// passBound is what the keyed hash of a pass covers beside the session, so that no
// other keyed hash is one.
const passBound = "pass\x00"

// UsePasses lets the service make passes, by keyed hashes of the site's keys.
func (s *Service) UsePasses(keys factors.MAC) { s.passes = keys }

// Pass is what tells other hosts of a session: a name of the session and a keyed
// hash of it. It is derived from the session's token and kept nowhere, so it ends
// when the session ends or gets another token. The token cannot be found from it.
func (s *Service) Pass(token string) (string, error) {
	name := sha256.Sum256([]byte(token))
	sum, err := s.passes.MAC(append([]byte(passBound), name[:]...))
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(append(name[:], sum...)), nil
}

// PeekPass finds out whose pass it is, as Peek does for a session's token. Nothing
// is written; a token of a session is no pass.
func (s *Service) PeekPass(ctx context.Context, pass string) (*Visit, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(pass)
	if err != nil || len(raw) <= sha256.Size || s.passes == nil {
		return nil, nil
	}
	name, sum := raw[:sha256.Size], raw[sha256.Size:]
	if s.passes.CheckMAC(sum, append([]byte(passBound), name...)) != nil {
		return nil, nil
	}
	return s.peekKept(ctx, identity.TokenHash(name))
}
