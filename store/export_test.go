package store

import (
	"context"

	"nightlatch.example/nightlatch/mail"
)

// What the benchmark of a million accounts loads past the store.
var (
	Words      = words
	SearchText = searchText
)

// LaneSQL is what is in a lane of the outbox.
func LaneSQL(l mail.Lane) string { return laneSQL[l] }

// ClaimSQL is how mails of a lane are claimed.
func (s *Store) ClaimSQL(l mail.Lane) string { return claimSQL(l, s.pg) }

// RefreshBy is Refresh with pages of another size.
func (s *Store) RefreshBy(ctx context.Context, page int) error { return s.refresh(ctx, page) }
