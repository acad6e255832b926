package sim

import (
	"slices"
	"testing"
	"time"
)

// Shrink cuts a run that breaks a rule down to the fewest steps that still break
// the same one, for as long as it may take. Each step has its own chance, so
// that leaving one out changes what the others meet, and not what they draw.
func Shrink(t *testing.T, p Plan, rule string, within time.Duration) Plan {
	t.Helper()
	end := time.Now().Add(within)
	p = breaks(t, p, rule, p)
	for size := max(1, len(p.Steps)/2); ; size /= 2 {
		for at := 0; at < len(p.Steps) && time.Now().Before(end); {
			less := p
			less.Steps = slices.Delete(slices.Clone(p.Steps), at, min(at+size, len(p.Steps)))
			if shorter := breaks(t, less, rule, p); len(shorter.Steps) < len(p.Steps) {
				p = shorter
			} else {
				at += size
			}
		}
		if size <= 1 || time.Now().After(end) {
			return p
		}
	}
}

// breaks plays a run and gives it, cut off where it broke the rule; another
// where it did not.
func breaks(t *testing.T, p Plan, rule string, another Plan) Plan {
	r := Play(t, p)
	if !slices.ContainsFunc(r.Breaches, func(b Breach) bool { return b.Rule == rule }) {
		return another
	}
	p.Steps = p.Steps[:r.Steps]
	return p
}
