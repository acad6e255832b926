package sim

// Backup is a copy of the database at some time.
type Backup struct {
	Path string
	Step int
}
