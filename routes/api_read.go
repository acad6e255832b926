package routes

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/directory"
	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
)

// accountJSON is an account. It holds no secret.
type accountJSON struct {
	ID           string         `json:"id"`
	Login        string         `json:"login"`
	Name         string         `json:"name"`
	Email        string         `json:"email"`
	Role         identity.Role  `json:"role"`
	Groups       []string       `json:"groups"`
	Status       string         `json:"status"`
	Factors      []factors.Kind `json:"factors"`
	RecoveryLeft int            `json:"recovery_left"`
	Created      time.Time      `json:"created"`
	LastLogin    *time.Time     `json:"last_login"`
}

func accountOf(a identity.Account) accountJSON {
	return accountJSON{ID: a.ID, Login: a.Login, Name: a.Name, Email: a.Email, Role: a.Role, Groups: append([]string{}, a.Groups...), Status: string(directory.StatusOf(a)),
		Factors: append([]factors.Kind{}, a.Kinds...), RecoveryLeft: a.RecoveryLeft, Created: a.Created.UTC(), LastLogin: moment(a.LastLogin)}
}

// apiAccounts lists accounts. Unlike on the screens a value that does not exist
// is refused.
func (w *web) apiAccounts(c apiCall) (none apiAnswer, err error) {
	q, err := c.params("q", "status", "factor", "role", "group", "limit", "after")
	if err != nil {
		return none, err
	}
	f := directory.Filter{Query: strings.TrimSpace(q["q"]), Status: q["status"], Factor: q["factor"], Role: identity.Role(q["role"]), Group: q["group"], After: q["after"]}
	if f.Limit, err = limitOf(q["limit"]); err != nil {
		return none, err
	}
	switch {
	case f.Status != "" && among(f.Status, directory.StatusFilters) == "":
		return none, wrong("There is no such status. There are " + choices(directory.StatusFilters) + ".")
	case f.Factor != "" && among(f.Factor, w.Accounts.FactorFilters()) == "":
		return none, wrong("There is no such factor. There are " + choices(w.Accounts.FactorFilters()) + ".")
	case f.Role != "" && f.Role != identity.Member && f.Role != identity.Admin:
		return none, wrong("There is no such role. There are user and admin.")
	case f.Group != "" && !identity.IsGroup(f.Group):
		return none, wrong("This cannot be the name of a group.")
	case identity.TooLong(f.Query, 100):
		return none, wrong("The parameter q has at most 100 characters.")
	}
	page, err := w.Accounts.Page(c.ctx(), f)
	var items []accountJSON
	for _, a := range page.Accounts {
		items = append(items, accountOf(a))
	}
	return apiAnswer{Code: http.StatusOK, Body: pageOf(items, page.Next)}, err
}

func choices(list []directory.Choice) string {
	var names []string
	for _, x := range list {
		names = append(names, x.Value)
	}
	return strings.Join(names, ", ")
}

func (w *web) apiAccount(c apiCall) (none apiAnswer, err error) {
	if _, err := c.params(); err != nil {
		return none, err
	}
	return w.accountAnswer(c, http.StatusOK, c.Param("id"))
}

// accountAnswer is an account as it is now.
func (w *web) accountAnswer(c apiCall, code int, id string) (apiAnswer, error) {
	a, err := w.Accounts.Account(c.ctx(), id)
	return apiAnswer{Code: code, Body: accountOf(a)}, err
}

type groupJSON struct {
	Name    string `json:"name"`
	Members int    `json:"members"`
}

func (w *web) apiGroups(c apiCall) (none apiAnswer, err error) {
	q, err := c.params("limit", "after")
	if err != nil {
		return none, err
	}
	limit, err := limitOf(q["limit"])
	if err != nil {
		return none, err
	}
	list, err := w.Accounts.Groups(c.ctx(), q["after"], limit+1)
	next := ""
	if len(list) > limit {
		list = list[:limit]
		next = list[limit-1].Name
	}
	var items []groupJSON
	for _, g := range list {
		items = append(items, groupJSON(g))
	}
	return apiAnswer{Code: http.StatusOK, Body: pageOf(items, next)}, err
}

// policyJSON is the policy, with the names that its form has.
type policyJSON struct {
	Who        string         `json:"who"`
	From       string         `json:"from"`
	UserKinds  []factors.Kind `json:"user_kinds"`
	AdminKinds []factors.Kind `json:"admin_kinds"`
	Groups     []string       `json:"groups"`
}

func (w *web) apiPolicy(c apiCall) (none apiAnswer, err error) {
	if _, err := c.params(); err != nil {
		return none, err
	}
	return w.policyAnswer(c)
}

// policyAnswer is the policy as it is now.
func (w *web) policyAnswer(c apiCall) (none apiAnswer, err error) {
	p, err := w.Login.Policy(c.ctx())
	if err != nil {
		return none, err
	}
	x := policyJSON{Who: p.Who, UserKinds: append([]factors.Kind{}, p.Kinds[identity.Member]...), AdminKinds: append([]factors.Kind{}, p.Kinds[identity.Admin]...),
		Groups: append([]string{}, p.Groups...)}
	if !p.From.IsZero() {
		x.From = p.From.UTC().Format(dateLayout)
	}
	return apiAnswer{Code: http.StatusOK, Body: x}, nil
}

// eventJSON is a row of the audit log, as the page shows it.
type eventJSON struct {
	Number  int64     `json:"number"` // 0 while it waits for one
	At      time.Time `json:"at"`
	Event   string    `json:"event"`
	Account string    `json:"account"` // id; empty for nobody
	Login   string    `json:"login"`
	Actor   string    `json:"actor"`
	ActorID string    `json:"actor_id"`
	Address string    `json:"address"`
	Browser string    `json:"browser"`
	Level   int       `json:"level"`
	Reason  string    `json:"reason"`
	Detail  string    `json:"detail"`
	Times   int       `json:"times"` // of a row about many tries; else 0
}

func (w *web) apiAudit(c apiCall) (none apiAnswer, err error) {
	q, err := c.params("user", "event", "limit", "after")
	if err != nil {
		return none, err
	}
	f := accounts.AuditFilter{User: strings.TrimSpace(q["user"]), Kind: q["event"]}
	if f.Limit, err = limitOf(q["limit"]); err != nil {
		return none, err
	}
	if after := q["after"]; after != "" {
		if f.Before, err = strconv.ParseInt(after, 10, 64); err != nil || f.Before < 1 {
			return none, wrong("The parameter after is the next of the page before.")
		}
	}
	page, err := w.Accounts.Audit(c.ctx(), f)
	var items []eventJSON
	for _, e := range page.Events {
		items = append(items, eventJSON{Number: e.Number(), At: e.At.UTC(), Event: string(e.Kind), Account: e.AccountID, Login: page.Logins[e.AccountID], Actor: e.Actor, ActorID: e.ActorID,
			Address: e.Address, Browser: e.Browser, Level: e.Level, Reason: e.Reason, Detail: e.Detail, Times: e.Times})
	}
	next := ""
	if page.Next > 0 {
		next = strconv.FormatInt(page.Next, 10)
	}
	return apiAnswer{Code: http.StatusOK, Body: pageOf(items, next)}, err
}

// mailJSON is a mail of the outbox, never with what it says.
type mailJSON struct {
	ID       string     `json:"id"`
	Account  string     `json:"account"`
	Template string     `json:"template"`
	To       string     `json:"to"`
	Status   string     `json:"status"`
	Attempts int        `json:"attempts"`
	Error    string     `json:"error"`
	Created  time.Time  `json:"created"`
	Next     *time.Time `json:"next_attempt"`
	Sent     *time.Time `json:"sent"`
}

func (w *web) apiOutbox(c apiCall) (none apiAnswer, err error) {
	q, err := c.params("status", "limit", "after")
	if err != nil {
		return none, err
	}
	f := accounts.MailFilter{Status: q["status"], After: q["after"]}
	if f.Limit, err = limitOf(q["limit"]); err != nil {
		return none, err
	}
	if when, _, ok := strings.Cut(f.After, ","); f.After != "" {
		if _, err := strconv.ParseInt(when, 10, 64); err != nil || !ok {
			return none, wrong("The parameter after is the next of the page before.")
		}
	}
	if f.Status != "" && !slices.Contains([]string{"queued", "sent", "failed", "expired"}, f.Status) {
		return none, wrong("There is no such status. There are queued, sent, failed and expired.")
	}
	page, err := w.Accounts.Outbox(c.ctx(), f)
	var items []mailJSON
	for _, m := range page.Mails {
		x := mailJSON{ID: m.ID, Account: m.AccountID, Template: m.Template, To: m.To, Status: m.Status, Attempts: m.Attempts, Error: m.LastError, Created: m.Created.UTC(), Sent: moment(m.Sent)}
		if m.Status == "queued" {
			x.Next = moment(m.Next)
		}
		items = append(items, x)
	}
	return apiAnswer{Code: http.StatusOK, Body: pageOf(items, page.Next)}, err
}
