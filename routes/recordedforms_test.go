package routes_test

import (
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/internal/sitetest"
	"nightlatch.example/nightlatch/mail"
)

func (x *senders) aboutOneself() map[string]sending {
	by := func(path string, pairs ...string) func() form {
		return func() form { _, e := x.owner(); return form{e.owner, path, pairs} }
	}
	return map[string]sending{
		"/profile/sessions/:id/end": {"", func() form {
			b := x.member()
			x.s.Browser().SignIn(b.AccountOf().Login)
			list, err := x.s.Store.Sessions(x.s.T.Context(), b.AccountOf().ID)
			if err != nil || len(list) != 2 {
				x.s.T.Fatalf("%d sessions, %v", len(list), err)
			}
			mine, err := x.s.Login.Peek(x.s.T.Context(), b.Cookie("nightlatch_session"))
			if err != nil {
				x.s.T.Fatal(err)
			}
			if list[0].ID == mine.Session.ID {
				list[0] = list[1]
			}
			return form{b, "/profile/sessions/" + list[0].ID + "/end", nil}
		}},
		"/profile/sessions/end-others": {"", by("/profile/sessions/end-others")},
		"/profile/browsers/:id/forget": {"", func() form {
			name, e := x.owner()
			trusting(x.s.T.(*testing.T), x.s, name, e.secret, x.s.Browser())
			list, err := x.s.Store.Browsers(x.s.T.Context(), x.s.Account(name).ID)
			if err != nil || len(list) != 1 {
				x.s.T.Fatalf("%d browsers, %v", len(list), err)
			}
			return form{e.owner, "/profile/browsers/" + list[0].ID + "/forget", nil}
		}},
		"/profile/browsers/forget-all": {"", by("/profile/browsers/forget-all")},
		"/profile/password":            {"", by("/profile/password", "current", sitetest.Password, "password", newPassword)},
		"/profile/email":               {"", by("/profile/email", "email", "another@example.org")},
		"/profile/email/cancel":        {"", by("/profile/email/cancel")},
		"/profile/name":                {"", by("/profile/name", "name", "Ada")},
		"/profile/warning/dismiss":     {"what the warning is about left one", by("/profile/warning/dismiss")},
		"/email/verify":                {"the link only confirms the address that the account has", func() form { return form{x.member(), "/email/verify", nil} }},
	}
}

func (x *senders) byAdmins() map[string]sending {
	by := func(path string, pairs ...string) func() form {
		return func() form { return form{x.s.Admin(x.name()), path, pairs} }
	}
	on := func(what string, pairs ...string) sending {
		return sending{"", func() form {
			name, _ := x.owner()
			return by("/admin/users/"+x.s.Account(name).ID+"/"+what, append(pairs, "reason", "asked for")...)()
		}}
	}
	all := map[string]sending{
		"/admin/users": {"", by("/admin/users", "login", "invited@example.com", "role", "user")},
		"/admin/users/:id/invite": {"", func() form {
			a, _ := invited(x.s, accounts.Form{Login: x.name()})
			return by("/admin/users/" + a.ID + "/invite")()
		}},
		"/admin/users/:id/enable": {"", func() form {
			f := on("enable").form()
			f.b.Post(strings.Replace(f.path, "/enable", "/disable", 1), "reason", "gone")
			return f
		}},
		"/admin/policy": {"", by("/admin/policy", "who", "nobody")},
		"/admin/import": {"", by("/admin/import", "csv", "login,name,role\nzoe@example.com,Zoe,user\n", "do", "1")},
		"/admin/mail/:id/retry": {"", func() form {
			boss := x.s.Admin(x.name())
			x.s.Mails()
			x.s.Advance(time.Second)
			boss.Post("/admin/users", "login", x.name())
			page, err := x.s.Accounts.Outbox(x.s.T.Context(), accounts.MailFilter{Limit: 1})
			if err != nil || len(page.Mails) != 1 {
				x.s.T.Fatalf("%d mails, %v", len(page.Mails), err)
			}
			id, later := page.Mails[0].ID, x.s.Now().Add(time.Hour)
			if err := x.s.Store.MailFailed(x.s.T.Context(), id, mail.Failure{Now: x.s.Now(), Next: later, Reason: "454"}); err != nil {
				x.s.T.Fatal(err)
			}
			return form{boss, "/admin/mail/" + id + "/retry", nil}
		}},
	}
	for what, pairs := range map[string][]string{"password": nil, "email": {"email", "corrected@example.com"}, "delete": nil, "reset": nil,
		"unlock": nil, "disable": nil, "end-sessions": nil, "role": {"role", "admin"}, "groups": {"groups", "ops"}} {
		all["/admin/users/:id/"+what] = on(what, pairs...)
	}
	return all
}
