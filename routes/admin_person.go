package routes

import (
	"context"
	"path"
	"slices"

	"github.com/gin-gonic/gin"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/views"
)

// person shows one account as an admin may see it.
func (w *web) person(c *gin.Context) error {
	return w.showPerson(c, views.AdminPerson{}, nil)
}

// showPerson shows an account. typed is what was in a refused form.
func (w *web) showPerson(c *gin.Context, typed views.AdminPerson, refused *identity.Refusal) error {
	ctx, v := c.Request.Context(), visit(c)
	p, err := w.Accounts.Person(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	link, err := w.Login.Shown(ctx, v, p.ID)
	if err != nil {
		return err
	}
	s := w.personScreen(p)
	s.Self, s.Link, s.Reason, s.AlertFor, s.Typed = p.ID == v.Account.ID, link, typed.Reason, typed.AlertFor, typed.Typed
	title := p.Name
	if title == "" {
		title = p.Login
	}
	return w.showOr(c, refused, title, func(alert string) views.Screen {
		s.Alert = alert
		return s
	})
}

func (w *web) personScreen(p accounts.Person) views.AdminPerson {
	s := views.AdminPerson{AccountRow: w.accountRow(p.Account), Email: p.Email, EmailVerified: !p.EmailVerified.IsZero(),
		Events: w.eventRows(p.Events), Off: len(p.Off) > 0}
	for _, cred := range p.Credentials {
		t := w.Login.Kinds().Of(cred.Kind)
		if t.Spare {
			continue
		}
		r := factorRow(t, cred, p.Account, slices.Contains(p.Off, cred.Kind))
		if cred.Address != "" {
			r.Detail = t.Detail(cred)
		}
		s.Factors = append(s.Factors, r)
	}
	for _, x := range p.Sessions {
		s.Sessions = append(s.Sessions, views.SessionRow{ID: x.ID, Browser: x.Browser, Address: x.Address, Started: x.Created,
			LastSeen: x.LastSeen, Level: x.Level})
	}
	for _, b := range p.Browsers {
		s.Browsers = append(s.Browsers, views.BrowserRow{ID: b.ID, Browser: b.Browser, Address: b.Address, LastUsed: b.LastUsed, Until: b.Until})
	}
	return s
}

// typed is the field of each action that is shown again when it was refused.
var typed = map[string]string{"email": "email", "groups": "groups"}

// manage carries out what an admin does to an account. The last part of the
// path names the section of the page and the notice.
func (w *web) manage(do func(context.Context, accounts.By, string, map[string]string) error) handler {
	return func(c *gin.Context) error {
		name := path.Base(c.FullPath())
		f, err := form(c, "reason", "role", "kind", "email", "groups")
		if err != nil {
			return err
		}
		id := c.Param("id")
		err = do(c.Request.Context(), accounts.Admin(visit(c), f["reason"], w.client(c)), id, f)
		if refused := identity.Refused(err); refused != nil {
			return w.showPerson(c, views.AdminPerson{AlertFor: name, Reason: short(f["reason"], 200), Typed: short(f[typed[name]], 4000)}, refused)
		}
		if err != nil {
			return err
		}
		if name == "delete" { // its page is gone
			w.redirect(c, "/admin?said=did-delete")
			return nil
		}
		if id == visit(c).Account.ID && name == "end-sessions" { // the admin's own
			w.redirect(c, "/login")
			return nil
		}
		w.redirect(c, "/admin/users/"+id+"?said=did-"+name)
		return nil
	}
}

func (w *web) unlockUser(ctx context.Context, by accounts.By, id string, f map[string]string) error {
	return w.Accounts.Unlock(ctx, by, id, factors.Kind(f["kind"]))
}

func (w *web) disableUser(ctx context.Context, by accounts.By, id string, _ map[string]string) error {
	return w.Accounts.SetDisabled(ctx, by, id, true)
}

func (w *web) enableUser(ctx context.Context, by accounts.By, id string, _ map[string]string) error {
	return w.Accounts.SetDisabled(ctx, by, id, false)
}

func (w *web) endUserSessions(ctx context.Context, by accounts.By, id string, _ map[string]string) error {
	return w.Accounts.EndSessions(ctx, by, id)
}

func (w *web) changeRole(ctx context.Context, by accounts.By, id string, f map[string]string) error {
	return w.Accounts.SetRole(ctx, by, id, identity.Role(f["role"]))
}

func (w *web) changeGroups(ctx context.Context, by accounts.By, id string, f map[string]string) error {
	return w.Accounts.SetGroups(ctx, by, id, func([]string) []string { return identity.SplitGroups(f["groups"]) })
}

func (w *web) resetFactors(ctx context.Context, by accounts.By, id string, _ map[string]string) error {
	_, err := w.Accounts.ResetFactors(ctx, by, id)
	return err
}

func (w *web) inviteAgain(ctx context.Context, by accounts.By, id string, _ map[string]string) error {
	_, err := w.Accounts.InviteAgain(ctx, by, id)
	return err
}

func (w *web) startReset(ctx context.Context, by accounts.By, id string, _ map[string]string) error {
	_, err := w.Accounts.StartReset(ctx, by, id)
	return err
}

func (w *web) correctEmail(ctx context.Context, by accounts.By, id string, f map[string]string) error {
	return w.Accounts.CorrectEmail(ctx, by, id, f["email"])
}

func (w *web) deleteUser(ctx context.Context, by accounts.By, id string, _ map[string]string) error {
	return w.Accounts.Delete(ctx, by, id)
}

// enrollPage is the page of the link in the mail about a reset.
func (w *web) enrollPage(c *gin.Context) error {
	return w.linkPage(c, func(a identity.Account) (views.Screen, views.Frame) {
		return views.Button{Heading: "Set up a new factor", Text: "An admin removed the factors of the account " + a.Login +
			". Sign in with your password in this browser, within an hour, and set up a new one. This link works once.",
			Action: c.Request.URL.Path, Label: "Go to the sign-in"}, views.Frame{Title: "Set up a new factor"}
	}, identity.LinkEnroll)
}

// enroll uses up the link, and lets this browser sign in with the password
// alone to set up a factor.
func (w *web) enroll(c *gin.Context) error {
	ticket, err := w.Accounts.Ticket(c.Request.Context(), c.Param("token"), w.client(c))
	if err == nil {
		w.cookies.set(c, ticketCookie, ticket, login.TicketTTL)
	}
	return w.byLink(c, err, "/login?said=ticket", nil)
}

// savedCodes is the button below new recovery codes. It notes that they were
// saved.
func (w *web) savedCodes(c *gin.Context) error {
	if err := w.Login.SavedCodes(c.Request.Context(), visit(c)); err != nil {
		return err
	}
	w.leave(c, w.onward(w.wanted(c)))
	return nil
}
