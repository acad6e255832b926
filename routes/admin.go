package routes

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/directory"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/views"
)

const (
	accountsPage = 50 // accounts on one page of the list
	historyDays  = 90 // days that the charts show
)

// filters reads the filter of the list. A value that does not exist counts as
// "any".
func (w *web) filters(c *gin.Context) directory.Filter {
	return directory.Filter{Query: strings.TrimSpace(short(c.Query("q"), 100)), Status: among(c.Query("status"), directory.StatusFilters), Factor: among(c.Query("factor"), w.Accounts.FactorFilters()),
		Role: identity.Role(one(c.Query("role"), "user", "admin")), Group: groupOf(c.Query("group")), Sort: one(c.Query("sort"), "-login", "created", "-created", "last", "-last"),
		After: short(c.Query("after"), 400), Limit: accountsPage}
}

// groupOf is a group that somebody filters by; what can be no group counts as "any".
func groupOf(name string) string {
	if identity.IsGroup(name) {
		return name
	}
	return ""
}

// among returns the value of a filter if it is one of the choices, else "".
func among(value string, choices []directory.Choice) string {
	if slices.ContainsFunc(choices, func(x directory.Choice) bool { return x.Value == value }) {
		return value
	}
	return ""
}

// selectable are the choices of a filter, as the page shows them.
func selectable(choices []directory.Choice, chosen string) (list []views.Selectable) {
	for _, x := range choices {
		list = append(list, views.Selectable{Value: x.Value, Label: x.Label, Chosen: x.Value == chosen})
	}
	return list
}

// one returns a value if it is among the known ones, else "".
func one(value string, known ...string) string {
	for _, k := range known {
		if value == k {
			return value
		}
	}
	return ""
}

// filterQuery is the address of a list with a filter. Parts that are "any" are
// left out.
func filterQuery(path string, f directory.Filter) string {
	q := url.Values{}
	for name, value := range map[string]string{"q": f.Query, "status": f.Status, "factor": f.Factor, "role": string(f.Role), "group": f.Group, "sort": f.Sort, "after": f.After} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// admin shows who has a second factor and who has not.
func (w *web) admin(c *gin.Context) error {
	return w.showAdmin(c, views.Admin{}, nil)
}

func (w *web) showAdmin(c *gin.Context, s views.Admin, refused *identity.Refusal) error {
	ctx, f := c.Request.Context(), w.filters(c)
	page, err := w.Accounts.Page(ctx, f)
	if err != nil {
		return err
	}
	totals, err := w.Accounts.Totals(ctx)
	if err != nil {
		return err
	}
	days, err := w.Accounts.History(ctx, historyDays)
	if err != nil {
		return err
	}
	s.Total, s.List = totals[0].N, w.listScreen(f, page)
	s.Filter = views.AdminFilter{Query: f.Query, Status: f.Status, Factor: f.Factor, Role: string(f.Role), Group: f.Group, Sort: f.Sort}
	s.Statuses, s.Factors = selectable(directory.StatusFilters, f.Status), selectable(w.Accounts.FactorFilters(), f.Factor)
	s.Series = w.Accounts.Series()
	plain := f
	plain.Sort, plain.After, plain.Limit = "", "", 0
	for i, t := range totals {
		s.Totals = append(s.Totals, views.AdminTotal{Label: t.Label, Href: filterQuery(w.at("/admin"), t.Filter), N: t.N,
			Share: t.Filter.Status == "enrolled", Bad: t.Filter.Status == "required" || t.Filter.Factor == "off" || t.Filter.Factor == "low",
			Current: t.Filter == plain && (i > 0 || f.After == "")})
	}
	for i := len(days)%7 - 1; i < len(days); i += 7 {
		if i >= 0 {
			s.Days = append(s.Days, views.Adoption(days[i]))
		}
	}
	return w.showOr(c, refused, "Accounts", func(alert string) views.Screen {
		s.Alert = alert
		return s
	})
}

// showOr shows one of the admin's screens, and what was refused, if anything
// was.
func (w *web) showOr(c *gin.Context, refused *identity.Refusal, title string, show func(alert string) views.Screen) error {
	frame := views.Frame{Title: title, Area: "admin", Wide: true}
	if refused == nil {
		return w.render(c, http.StatusOK, show(""), frame)
	}
	return w.refused(c, refused, func(alert string) (views.Screen, views.Frame) { return show(alert), frame })
}

func (w *web) listScreen(f directory.Filter, page directory.Page) views.AdminList {
	l := views.AdminList{Count: page.Count, Partial: page.Partial}
	for _, a := range page.Accounts {
		l.Rows = append(l.Rows, w.accountRow(a))
	}
	at := f
	at.After = ""
	l.CSV = filterQuery(w.at("/admin/enrollment.csv"), at)
	if f.After != "" {
		l.First = filterQuery(w.at("/admin"), at)
	}
	if page.Next != "" {
		at.After = page.Next
		l.More = filterQuery(w.at("/admin"), at)
		at.After = ""
	}
	for _, x := range []struct{ label, sort string }{{"Account", "login"}, {"Role", ""}, {"Status", ""}, {"Factors", ""}, {"Recovery codes", ""},
		{"Last sign-in", "last"}, {"Added", "created"}} {
		l.Columns = append(l.Columns, w.column(at, x.label, x.sort))
	}
	return l
}

// column is a heading of the list. A click on the one that the list is sorted
// by reverses the order.
func (w *web) column(f directory.Filter, label, sort string) views.Column {
	x := views.Column{Label: label}
	if sort == "" {
		return x
	}
	present := f.Sort
	if present == "" {
		present = "login"
	}
	up, down := sort, "-"+sort
	f.Sort = down // the first click on a date sorts the newest first
	switch {
	case present == up:
		x.Sorted = "ascending"
	case present == down:
		x.Sorted, f.Sort = "descending", up
	case sort == "login":
		f.Sort = up
	}
	if f.Sort == "login" {
		f.Sort = ""
	}
	x.Href = filterQuery(w.at("/admin"), f)
	return x
}

func (w *web) accountRow(a identity.Account) views.AccountRow {
	r := views.AccountRow{ID: a.ID, Login: a.Login, Name: a.Name, Role: string(a.Role), Status: string(directory.StatusOf(a)),
		RecoveryLeft: a.RecoveryLeft, Groups: a.Groups, Reset: a.Bare(), LastLogin: a.LastLogin, Created: a.Created}
	for _, k := range a.Kinds {
		t := w.Login.Kinds().Of(k)
		r.Kinds = append(r.Kinds, views.Badge{Icon: t.Icon, Label: t.Short})
	}
	return r
}

// chart draws one of the charts. Only its colours depend on the address.
func (w *web) chart(draw func(days []views.Adoption, series []string, dark bool) ([]byte, error)) handler {
	return func(c *gin.Context) error {
		days, err := w.Accounts.History(c.Request.Context(), historyDays)
		if err != nil {
			return err
		}
		list := make([]views.Adoption, len(days))
		for i, d := range days {
			list[i] = views.Adoption(d)
		}
		svg, err := draw(list, w.Accounts.Series(), c.Query("theme") == "dark")
		if err != nil {
			return err
		}
		c.Data(http.StatusOK, "image/svg+xml", svg)
		return nil
	}
}

// inviteUser makes an account and shows the link to pass on.
func (w *web) inviteUser(c *gin.Context) error {
	f, err := form(c, "login", "name", "role", "email", "groups")
	if err != nil {
		return err
	}
	ctx, v := c.Request.Context(), visit(c)
	id, _, err := w.Accounts.Invite(ctx, v, accounts.Form{Login: f["login"], Name: f["name"], Email: f["email"], Groups: identity.SplitGroups(f["groups"]), Role: identity.Role(f["role"])}, w.client(c))
	if refused := identity.Refused(err); refused != nil {
		return w.showAdmin(c, views.Admin{Login: f["login"], Name: f["name"], Email: f["email"], Groups: f["groups"]}, refused)
	}
	if err != nil {
		return err
	}
	w.redirect(c, "/admin/users/"+id+"?said=invited")
	return nil
}
