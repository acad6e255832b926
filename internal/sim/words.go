package sim

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// secretFields are not told, since they say nothing to a reader.
var secretFields = []string{"password", "current", "token", "once", "held", "login", "next", "kind", "to"}

var longID = regexp.MustCompile(`[A-Z2-7]{20,}`)

// Words tells an exchange in a sentence. What is random is left out of it.
func (x *Exchange) Words(several bool) string {
	s := x.Method + " " + longID.ReplaceAllString(x.Path, "…")
	var said []string
	for k, v := range x.Form {
		if !slices.Contains(secretFields, k) && len(v) > 0 && v[0] != "" {
			said = append(said, k+"="+v[0])
		}
	}
	slices.Sort(said)
	if len(said) > 0 {
		s += " (" + strings.Join(said, ", ") + ")"
	}
	if several {
		s += fmt.Sprintf(" at process %d", x.Process)
	}
	switch {
	case x.Page == nil:
		s += ", and no answer comes"
	case x.Page.Location != "":
		to, _, _ := strings.Cut(x.Page.Location, "?")
		s += fmt.Sprintf(" → %d, on to %s", x.Page.Status, longID.ReplaceAllString(to, "…"))
	case x.Page.Alert() != "":
		s += fmt.Sprintf(" → %d “%s”", x.Page.Status, x.Page.Alert())
	default:
		s += fmt.Sprintf(" → %d", x.Page.Status)
	}
	return s
}
