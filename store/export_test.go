package store

import "nightlatch.example/nightlatch/mail"

// What the benchmark of a million accounts loads past the store.
var (
	Words      = words
	SearchText = searchText
)

// LaneSQL is what is in a lane of the outbox.
func LaneSQL(l mail.Lane) string { return laneSQL[l] }
