package login

import (
	"context"
	"encoding/json"

	"nightlatch.example/nightlatch/identity"
)

// policySetting is where the policy is kept.
const policySetting = "policy"

// parsePolicy reads a kept policy; nothing kept is the default.
func (s *Service) parsePolicy(kept string) (identity.Policy, error) {
	p := identity.DefaultPolicy(s.kinds)
	if kept == "" {
		return p, nil
	}
	err := json.Unmarshal([]byte(kept), &p)
	return p, err
}

// Policy is the one in force.
func (s *Service) Policy(ctx context.Context) (identity.Policy, error) {
	kept, err := s.store.Setting(ctx, policySetting)
	if err != nil {
		return identity.Policy{}, err
	}
	return s.parsePolicy(kept)
}
