package mail

import "strconv"

// funcs are what templates may use beside the language itself.
var funcs = map[string]any{
	// few says whether so few recovery codes are left that it is time for new ones.
	"few": func(left string) bool {
		n, err := strconv.Atoi(left)
		return err == nil && n <= 3
	},
	// count is a number with its noun: 1 day, 2 days.
	"count": func(n, noun string) string {
		if n == "1" {
			return n + " " + noun
		}
		return n + " " + noun + "s"
	},
	// list hands several values to a shared part.
	"list": func(values ...string) []string { return values },
}
