package routes

import "nightlatch.example/nightlatch/login"

// Row is one row of the table, for the tests.
type Row struct {
	Method, Path, Does string
	StepUp             bool // it may ask for a step-up
}

// Table is the table of a site with these rules.
func Table(l *login.Service) (rows []Row) {
	w := &web{Options: Options{Login: l, Gallery: true}}
	for _, r := range w.table() {
		rows = append(rows, Row{r.method, r.path, string(r.does), r.who > anySession && r.who != byToken})
	}
	return rows
}

// Serves says whether a path is that of a row.
func (r Row) Serves(path string) bool { return route{path: r.Path}.is(path) }
