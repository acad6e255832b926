package sim

import (
	"cmp"
	"slices"

	"nightlatch.example/nightlatch/factors"
)

// Actor is somebody, or something, that acts. Several people may act as one
// kind of actor.
type Actor struct {
	Name   string
	Weight int            // how often it acts, compared with others
	Kinds  []factors.Kind // kinds of factor that it enrolls and proves; each kind of the site has such an actor
	Acts   []Act
}

// Act is one thing that an actor may do.
type Act struct {
	Name   string
	Weight int
	// Do does it, and says whether there was anything to do: false draws another act.
	Do func(w *World, c *Chance) bool
}

// Rule is something that must hold.
type Rule struct {
	Name     string // a few words, for tables
	Sentence string // what must hold, for people
	Source   string // section of NIST SP 800-63B-4, ASVS or CONTRACT; may be empty
	Every    int    // steps between two looks; 0 is after each
	// Check says how it is broken; nil when it holds.
	Check func(w *World) error
}

// Fault is something that breaks in the course of a step.
type Fault struct {
	Name   string
	Weight int
	// Arm prepares it, by World.Break or a gate, for one step or several.
	Arm func(w *World, c *Chance)
}

// What there is, in the order of names, so that the order of files is of no
// importance.
var (
	actors []Actor
	rules  []Rule
	faults []Fault
)

// AddActor adds an actor. It is called from init, as are the next two.
func AddActor(a Actor) { actors = sorted(append(actors, a), func(x Actor) string { return x.Name }) }

// AddRule adds a rule.
func AddRule(r Rule) { rules = sorted(append(rules, r), func(x Rule) string { return x.Name }) }

// AddFault adds a fault.
func AddFault(f Fault) { faults = sorted(append(faults, f), func(x Fault) string { return x.Name }) }

func sorted[T any](list []T, name func(T) string) []T {
	slices.SortFunc(list, func(a, b T) int { return cmp.Compare(name(a), name(b)) })
	return list
}
