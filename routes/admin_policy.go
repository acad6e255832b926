package routes

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize/english"
	"github.com/gin-gonic/gin"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/views"
)

const dateLayout = "2006-01-02"

// policyPage shows the policy in force or, with fields in the address, who
// would be affected by another one.
func (w *web) policyPage(c *gin.Context) error {
	present, err := w.Login.Policy(c.Request.Context())
	if err != nil {
		return err
	}
	q := c.Request.URL.Query()
	if !q.Has("who") {
		return w.showPolicy(c, present, wish{Policy: present}, nil)
	}
	p, err := policyForm(q, present, w.Login.Now())
	if err == nil {
		err = w.Accounts.CheckPolicy(p)
	}
	return w.showPolicy(c, present, wish{p, err == nil, ""}, identity.Refused(err))
}

// savePolicy puts a policy in force.
func (w *web) savePolicy(c *gin.Context) error {
	ctx := c.Request.Context()
	f, err := form(c, "who", "from", "reason", "groups")
	if err != nil {
		return err
	}
	present, err := w.Login.Policy(ctx)
	if err != nil {
		return err
	}
	p, err := policyForm(c.Request.PostForm, present, w.Login.Now())
	if err == nil {
		err = w.Accounts.SavePolicy(ctx, accounts.Admin(visit(c), f["reason"], w.client(c)), p)
	}
	if refused := identity.Refused(err); refused != nil {
		return w.showPolicy(c, present, wish{p, w.Accounts.CheckPolicy(p) == nil, short(f["reason"], 200)}, refused)
	}
	if err != nil {
		return err
	}
	w.redirect(c, "/admin/policy?said=policy")
	return nil
}

// policyForm reads a policy from a form, starting from the one in force. The
// form sends an empty field for the kinds, so that no tick means no kind; a
// client that sends no such field leaves the kinds unchanged. A missing day
// means today.
func policyForm(q url.Values, present identity.Policy, now time.Time) (identity.Policy, error) {
	p := identity.Policy{Who: q.Get("who"), From: now.UTC().Truncate(24 * time.Hour), Groups: present.Groups, Kinds: map[identity.Role][]factors.Kind{}}
	if q.Has("groups") {
		names := identity.SplitGroups(q.Get("groups"))
		slices.Sort(names)
		p.Groups = slices.Compact(names)
	}
	for role, name := range map[identity.Role]string{identity.Member: "user_kinds", identity.Admin: "admin_kinds"} {
		p.Kinds[role] = present.Kinds[role]
		if q.Has(name) {
			p.Kinds[role] = nil
		}
		for _, k := range q[name] {
			if kind := factors.Kind(k); k != "" && !slices.Contains(p.Kinds[role], kind) {
				p.Kinds[role] = append(p.Kinds[role], kind)
			}
		}
	}
	if from := q.Get("from"); from != "" {
		day, err := time.Parse(dateLayout, from)
		if err != nil {
			return p, identity.Refuse(identity.Bad, "Enter the date as in "+now.UTC().AddDate(0, 0, 14).Format(dateLayout)+".")
		}
		p.From = day
	}
	return p, nil
}

// wish is the policy that somebody is looking at.
type wish struct {
	identity.Policy
	preview bool   // it is not in force but could be applied
	reason  string // typed so far
}

func (w *web) showPolicy(c *gin.Context, present identity.Policy, p wish, refused *identity.Refusal) error {
	ctx := c.Request.Context()
	pre, err := w.Accounts.Preview(ctx, p.Policy)
	if err != nil {
		return err
	}
	funnel, err := w.Accounts.Funnel(ctx)
	if err != nil {
		return err
	}
	s := views.AdminPolicy{Who: p.Who, Groups: strings.Join(p.Groups, ", "), Present: policyWords(present, w.Login.Now()), Preview: p.preview, Reason: p.reason,
		UserKinds: w.policyKinds(p.Policy, identity.Member), AdminKinds: w.policyKinds(p.Policy, identity.Admin),
		Hit: pre.Accounts, Admins: pre.Admins, Idle: pre.Idle, IdleMore: pre.IdleMore,
		Told: funnel.Told, Began: funnel.Began, Confirmed: funnel.Confirmed, Saved: funnel.Saved}
	if !p.From.IsZero() {
		s.From = p.From.UTC().Format(dateLayout)
	}
	if !p.preview {
		s.All = w.at("/admin?status=required")
	}
	for _, a := range pre.First {
		s.Rows = append(s.Rows, w.accountRow(a))
	}
	return w.showOr(c, refused, "Policy", func(alert string) views.Screen {
		s.Alert = alert
		return s
	})
}

// policyKinds are the kinds that a policy can count for a role, and whether it
// does.
func (w *web) policyKinds(p identity.Policy, r identity.Role) (list []views.Selectable) {
	for _, t := range w.Login.Kinds().Alone() {
		list = append(list, views.Selectable{Value: string(t.Kind), Label: t.Label, Chosen: p.Counts(r, t.Kind)})
	}
	return list
}

// policyWords is the policy as a sentence.
func policyWords(p identity.Policy, now time.Time) string {
	who := map[string]string{identity.Everyone: "everyone", identity.Admins: "admins"}[p.Who]
	if len(p.Groups) > 0 && p.Who != identity.Everyone {
		if who != "" {
			who += " and "
		}
		who += "the members of " + english.OxfordWordSeries(p.Groups, "and")
	}
	switch {
	case who == "":
		return "Nobody has to have a second factor."
	case now.Before(p.From):
		return "From " + p.From.UTC().Format("2 January 2006") + " on " + who + " must have a second factor."
	}
	return "Since " + p.From.UTC().Format("2 January 2006") + " " + who + " must have a second factor."
}
