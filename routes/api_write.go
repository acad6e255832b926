package routes

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/identity"
)

// changes are the routes with which programs change something.
func (w *web) changes() []route {
	api := func(method, path string, scope identity.Scope, do apiHandler, does act) route {
		return route{method, apiPath + path, byToken, w.api(scope, w.changing(do)), does}
	}
	return []route{
		api(post, "/accounts", identity.AccountsWrite, w.apiInvite, "Invite someone by a program"),
		api(post, "/accounts/:id/reset", identity.FactorsReset, w.apiDo(w.resetFactors), "Reset factors by a program"),
		api(post, "/accounts/:id/unlock", identity.AccountsWrite, w.apiDo(w.unlockUser), "Unlock an account by a program"),
		api(post, "/accounts/:id/disable", identity.AccountsWrite, w.apiDo(w.disableUser), "Disable an account by a program"),
		api(post, "/accounts/:id/enable", identity.AccountsWrite, w.apiDo(w.enableUser), "Enable an account by a program"),
		api(post, "/accounts/:id/end-sessions", identity.AccountsWrite, w.apiDo(w.endUserSessions), "End all sessions by a program"),
		api(http.MethodPut, "/accounts/:id/groups", identity.GroupsWrite, w.apiSetGroups, "Change groups by a program"),
		api(http.MethodPut, "/policy", identity.PolicyWrite, w.apiSetPolicy, "Change the policy by a program"),
	}
}

// changing is the way of every change: its body is read, it is carried out to its
// end although the caller goes away, and once where it has a key.
func (w *web) changing(do apiHandler) apiHandler {
	return func(c apiCall) (none apiAnswer, err error) {
		if _, err := c.params(); err != nil {
			return none, err
		}
		if c.body, err = c.read(); err != nil {
			return none, err
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx()), apiTime)
		defer cancel()
		c.Request = c.Request.WithContext(ctx)
		return w.keyed(c, do)
	}
}

// read reads the body. None at all is an object without fields.
func (c apiCall) read() ([]byte, error) {
	b, err := io.ReadAll(c.Request.Body)
	if errors.As(err, new(*http.MaxBytesError)) {
		return nil, errLarge
	}
	if err != nil {
		return nil, err
	}
	kind, _, _ := mime.ParseMediaType(c.GetHeader("Content-Type"))
	switch {
	case len(b) == 0:
		return []byte("{}"), nil
	case kind != "application/json":
		return nil, errJSON
	}
	return b, nil
}

// decode reads the body into a struct. A field that it does not have is refused.
func (c apiCall) decode(to any) error {
	d := json.NewDecoder(bytes.NewReader(c.body))
	d.DisallowUnknownFields()
	err := d.Decode(to)
	if err == nil && d.Decode(new(any)) != io.EOF {
		err = errors.New("there is more than one value")
	}
	if err != nil || !isText(string(c.body)) {
		return wrong("The body is not the JSON object that is wanted here.")
	}
	return nil
}

// reasonJSON is the body of most changes.
type reasonJSON struct {
	Reason string `json:"reason"`
}

// apiDo does to an account what the screens do, and answers with the account.
func (w *web) apiDo(do func(context.Context, accounts.By, string, map[string]string) error) apiHandler {
	return func(c apiCall) (none apiAnswer, err error) {
		var in reasonJSON
		if err := c.decode(&in); err != nil {
			return none, err
		}
		if err := do(c.ctx(), w.by(c, in.Reason), c.Param("id"), nil); err != nil {
			return none, err
		}
		return w.accountAnswer(c, http.StatusOK, c.Param("id"))
	}
}

// inviteJSON is whom to invite.
type inviteJSON struct {
	Login  string        `json:"login"`
	Name   string        `json:"name"`
	Email  string        `json:"email"`
	Role   identity.Role `json:"role"`
	Groups []string      `json:"groups"`
}

// apiInvite makes an account. A token makes no admin, who could do more than the
// token may, and puts nobody into a group unless it has the scope for that.
func (w *web) apiInvite(c apiCall) (none apiAnswer, err error) {
	var in inviteJSON
	if err := c.decode(&in); err != nil {
		return none, err
	}
	switch {
	case in.Role == identity.Admin:
		return none, wrong("An admin is invited on the page of accounts, or on the command line.")
	case in.Role != "" && in.Role != identity.Member:
		return none, wrong("There is no such role.")
	case len(in.Groups) > 0 && !c.token.May(identity.GroupsWrite):
		return none, errScope
	}
	id, err := w.Accounts.InviteBy(c.ctx(), w.by(c, ""), accounts.Form{Login: in.Login, Name: in.Name, Email: in.Email, Groups: in.Groups, Role: identity.Member})
	if err != nil {
		return none, err
	}
	a, err := w.accountAnswer(c, http.StatusCreated, id)
	a.Location = w.at(apiPath + "/accounts/" + id)
	return a, err
}

func (w *web) apiSetGroups(c apiCall) (none apiAnswer, err error) {
	var in struct {
		Groups *[]string `json:"groups"`
		reasonJSON
	}
	if err := c.decode(&in); err != nil {
		return none, err
	}
	if in.Groups == nil {
		return none, wrong("The field groups is missing; [] is no group.")
	}
	err = w.Accounts.SetGroups(c.ctx(), w.by(c, in.Reason), c.Param("id"), func([]string) []string { return *in.Groups })
	if err != nil {
		return none, err
	}
	return w.accountAnswer(c, http.StatusOK, c.Param("id"))
}

// apiSetPolicy puts a policy in force. A field that is missing leaves what is in
// force, as in the form; who must be there.
func (w *web) apiSetPolicy(c apiCall) (none apiAnswer, err error) {
	var in struct {
		Who        string    `json:"who"`
		From       string    `json:"from"`
		UserKinds  *[]string `json:"user_kinds"`
		AdminKinds *[]string `json:"admin_kinds"`
		Groups     *[]string `json:"groups"`
		reasonJSON
	}
	if err := c.decode(&in); err != nil {
		return none, err
	}
	q := url.Values{"who": {in.Who}, "from": {in.From}}
	for name, list := range map[string]*[]string{"user_kinds": in.UserKinds, "admin_kinds": in.AdminKinds} {
		if list != nil {
			q[name] = *list
		}
	}
	if in.Groups != nil {
		if _, ok := identity.Groups(*in.Groups); !ok {
			return none, wrong("One of the groups cannot be a group.")
		}
		q.Set("groups", strings.Join(*in.Groups, ","))
	}
	present, err := w.Login.Policy(c.ctx())
	if err != nil {
		return none, err
	}
	p, err := policyForm(q, present, w.Login.Now())
	if err == nil {
		err = w.Accounts.SavePolicy(c.ctx(), w.by(c, in.Reason), p)
	}
	if err != nil {
		return none, err
	}
	return w.policyAnswer(c)
}
