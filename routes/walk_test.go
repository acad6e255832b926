package routes_test

import (
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"nightlatch/internal/sitetest"
)

// row is one route of the real table, its parameters filled in.
type row struct{ method, path, pattern string }

// table is the site's own URL table, so that no route can be forgotten.
func table(s *sitetest.Site) (rows []row) {
	fill := strings.NewReplacer(":kind", "totp", ":id", "AAAA", ":token", "AAAA", "*name", "x.css", ":name", "x")
	for _, r := range s.Handler.(*gin.Engine).Routes() {
		rows = append(rows, row{r.Method, fill.Replace(r.Path), r.Path})
	}
	slices.SortFunc(rows, func(a, b row) int { return strings.Compare(a.path+a.method, b.path+b.method) })
	return rows
}
