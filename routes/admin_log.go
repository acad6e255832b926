package routes

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/views"
)

// auditFilter reads the filter of the audit log.
func auditFilter(c *gin.Context) accounts.AuditFilter {
	before, _ := strconv.ParseInt(c.Query("after"), 10, 64) // any other text means the first page
	return accounts.AuditFilter{Text: strings.TrimSpace(short(c.Query("q"), 100)), Kind: short(c.Query("event"), 60),
		User: strings.TrimSpace(short(c.Query("user"), 256)), Before: max(0, before), Limit: eventsPage}
}

// audit shows the audit log.
func (w *web) audit(c *gin.Context) error {
	ctx, f := c.Request.Context(), auditFilter(c)
	page, err := w.Accounts.Audit(ctx, f)
	if err != nil {
		return err
	}
	kinds, err := w.Accounts.AuditKinds(ctx)
	if err != nil {
		return err
	}
	s := views.AdminAudit{Kinds: kinds, Query: f.Text, Event: f.Kind, User: f.User, CSV: auditQuery(w.at("/admin/audit.csv"), f, 0)}
	if f.Before > 0 {
		s.First = auditQuery(w.at("/admin/audit"), f, 0)
	}
	if page.Next > 0 {
		s.More = auditQuery(w.at("/admin/audit"), f, page.Next)
	}
	for _, e := range page.Events {
		s.Rows = append(s.Rows, auditRow(e, page))
	}
	return w.showOr(c, nil, "Audit log", func(string) views.Screen { return s })
}

func auditQuery(path string, f accounts.AuditFilter, after int64) string {
	q := url.Values{}
	for name, value := range map[string]string{"q": f.Text, "event": f.Kind, "user": f.User} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if after > 0 {
		q.Set("after", strconv.FormatInt(after, 10))
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

func auditRow(e identity.Event, page accounts.AuditPage) views.AuditRow {
	words := eventWords[e.Kind]
	if words.text == "" {
		words.text = string(e.Kind)
	}
	r := views.AuditRow{Seq: e.Number(), At: e.At, Kind: string(e.Kind), Text: words.text, Bad: words.bad, Detail: e.Detail, Reason: e.Reason,
		Account: page.Logins[e.AccountID], AccountID: e.AccountID, Actor: e.Actor, ActorID: e.ActorID, Address: e.Address, Browser: e.Browser, Level: e.Level}
	if name := page.Logins[e.ActorID]; name != "" && e.ActorID != e.AccountID {
		r.Actor = name
	}
	if page.Gone[e.AccountID] { // a deleted account has no page to link to
		r.AccountID = ""
	}
	if page.Gone[e.ActorID] {
		r.ActorID = ""
	}
	return r
}

// outbox shows the mail that is queued, sent and failed.
func (w *web) outbox(c *gin.Context) error { return w.showOutbox(c, nil) }

func (w *web) showOutbox(c *gin.Context, refused *identity.Refusal) error {
	f := accounts.MailFilter{Status: one(c.Query("status"), "queued", "sent", "failed", "expired"), After: short(c.Query("after"), 100), Limit: eventsPage}
	page, err := w.Accounts.Outbox(c.Request.Context(), f)
	if err != nil {
		return err
	}
	s := views.AdminMail{Status: f.Status, Queued: page.Queued, Failed: page.Failed, FaultSince: page.FaultSince, Fault: page.Fault}
	at := func(after string) string {
		return w.at("/admin/mail?") + url.Values{"status": {f.Status}, "after": {after}}.Encode()
	}
	if f.After != "" {
		s.First = at("")
	}
	if page.Next != "" {
		s.More = at(page.Next)
	}
	for _, m := range page.Mails {
		s.Rows = append(s.Rows, views.MailRow{ID: m.ID, To: m.To, About: mailWords(m.Template), Status: m.Status, Error: m.LastError, Attempts: m.Attempts,
			Created: m.Created, Next: m.Next, Sent: m.Sent, Retry: !m.Wiped && m.Status != "sent" && m.Attempts > 0})
	}
	return w.showOr(c, refused, "Outbox", func(alert string) views.Screen {
		s.Alert = alert
		return s
	})
}

// mailWords turns the name of a mail's template into a heading.
func mailWords(template string) string {
	text := strings.ReplaceAll(template, "-", " ")
	return strings.ToUpper(text[:min(1, len(text))]) + text[min(1, len(text)):]
}

// retryMail has a mail sent again.
func (w *web) retryMail(c *gin.Context) error {
	err := w.Accounts.RetryMail(c.Request.Context(), accounts.Admin(visit(c), "", w.client(c)), c.Param("id"))
	if refused := identity.Refused(err); refused != nil {
		return w.showOutbox(c, refused)
	}
	if err != nil {
		return err
	}
	w.redirect(c, "/admin/mail?said=retried")
	return nil
}
