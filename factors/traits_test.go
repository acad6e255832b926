package factors

import "testing"

// mostNumbers is above every number that the directory's buckets have room for.
const mostNumbers = 10

// Each kind that stands alone has a number of its own, for which the buckets of
// the admin's list have room; a kind that stands alone can be set up, and names
// itself wherever a screen asks.
func TestKindsDescribeThemselves(t *testing.T) {
	numbers := map[int]Kind{}
	for _, x := range Known().Traits() {
		if x.Label == "" || x.Short == "" || x.Many == "" || x.Icon == "" || x.Ask == "" || len(x.Methods) == 0 {
			t.Errorf("%s has no words for something: %+v", x.Kind, x)
		}
		if x.Strength == Weaker && x.Weakness == "" {
			t.Errorf("%s does not say why it is weak", x.Kind)
		}
		if !x.Alone {
			continue
		}
		if other, taken := numbers[x.Number]; taken || x.Number < 0 || x.Number > mostNumbers {
			t.Errorf("%s has the number %d, as %q", x.Kind, x.Number, other)
		}
		if numbers[x.Number] = x.Kind; Known().Enroller(x.Kind) == nil || x.Offer == "" || x.Add == "" || x.Title == "" {
			t.Errorf("%s cannot be set up", x.Kind)
		}
	}
	if len(numbers) == 0 {
		t.Error("no kind stands alone")
	}
}
