package sim

import (
	"slices"
	"testing"

	"nightlatch.example/nightlatch/factors"
)

// A kind of factor that a site offers is enrolled and proved by somebody here.
func TestEveryKindHasAnActor(t *testing.T) {
	for _, f := range factors.Standard(factors.Email{}, factors.Recovery{}) {
		if !slices.ContainsFunc(actors, func(a Actor) bool { return slices.Contains(a.Kinds, f.Kind()) }) {
			t.Errorf("nobody in the simulation has a factor of the kind %q: add it to the Kinds of an actor", f.Kind())
		}
	}
}

// Everything that is registered says what it is.
func TestWhatIsRegisteredIsExplained(t *testing.T) {
	for _, r := range rules {
		if r.Name == "" || r.Sentence == "" || r.Check == nil {
			t.Errorf("the rule %q", r.Name)
		}
	}
	for _, a := range actors {
		if a.Name == "" || a.Weight <= 0 || len(a.Acts) == 0 {
			t.Errorf("the actor %q", a.Name)
		}
	}
	for _, f := range faults {
		if f.Name == "" || f.Weight <= 0 || f.Arm == nil {
			t.Errorf("the fault %q", f.Name)
		}
	}
}
