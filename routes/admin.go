package routes

import (
	"net/http"
	"net/url"

	"github.com/gin-gonic/gin"

	"nightlatch/accounts"
	"nightlatch/factors"
	"nightlatch/login"
	"nightlatch/views"
)

// accountsPage is how many accounts one page of the list shows.
const accountsPage = 50

// admin is who is enrolled and who is not.
func (w *web) admin(c *gin.Context) error { return w.showAdmin(c, "", login.Refusal{}) }

func (w *web) showAdmin(c *gin.Context, link string, refused login.Refusal) error {
	ctx := c.Request.Context()
	f := accounts.Filter{Query: short(c.Query("q"), 100), Status: c.Query("status"), Factor: factors.Kind(c.Query("factor")),
		Role: login.Role(c.Query("role")), After: c.Query("after"), Limit: accountsPage + 1}
	list, err := w.Accounts.List(ctx, f)
	if err != nil {
		return err
	}
	totals, err := w.Accounts.Totals(ctx)
	if err != nil {
		return err
	}
	show := func(alert string) (views.Screen, views.Frame) {
		s := views.Admin{Total: totals.Accounts, Enrolled: totals.Enrolled, Query: f.Query, InviteLink: link, Alert: alert}
		if len(list) > accountsPage {
			list = list[:accountsPage]
			q := url.Values{"q": {f.Query}, "status": {f.Status}, "factor": {string(f.Factor)}, "role": {string(f.Role)}, "after": {list[accountsPage-1].Key}}
			s.More = "/admin?" + q.Encode()
		}
		for _, a := range list {
			s.Rows = append(s.Rows, accountRow(a))
		}
		return s, views.Frame{Title: "Enrollment", Area: "admin", Wide: true}
	}
	if refused.OK() {
		s, f := show("")
		return w.render(c, http.StatusOK, s, f)
	}
	return w.refused(c, refused, show)
}

func accountRow(a login.Account) views.AccountRow {
	r := views.AccountRow{ID: a.ID, Login: a.Login, Name: a.Name, Role: string(a.Role), Status: a.Status(),
		RecoveryLeft: a.RecoveryLeft, LastLogin: a.LastLogin, Created: a.Created}
	for _, k := range a.Kinds {
		r.Kinds = append(r.Kinds, string(k))
	}
	return r
}

// inviteUser makes an account for somebody and shows the link to hand over.
func (w *web) inviteUser(c *gin.Context) error {
	f, err := form(c, "login", "name", "role")
	if err != nil {
		return err
	}
	link, r, err := w.Accounts.Invite(c.Request.Context(), visit(c),
		accounts.Form{Login: f["login"], Name: f["name"], Role: login.Role(f["role"])}, w.client(c))
	if err != nil {
		return err
	}
	if !r.OK() {
		return w.showAdmin(c, "", r)
	}
	_ = link // the mail carries it; it is shown only where there is no address
	w.redirect(c, "/admin?said=invited")
	return nil
}
