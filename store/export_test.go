package store

// What the benchmark of a million accounts loads past the store.
var (
	Words      = words
	SearchText = searchText
)
