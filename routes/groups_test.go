package routes_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/directory"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// Groups are changed by an admin with a fresh confirmation, hold on the next
// request, and leave a row in the audit log.
func TestGroups(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		boss := s.Admin("boss@example.com")
		s.Proven(ada, identity.Member)
		in := s.Browser()
		in.Password(ada).Want(t, "/profile")
		one := atApp(in)
		at := "/admin/users/" + s.Account(ada).ID
		ops := func() int { return byProxy(one, "/verify", "GET", "http://app.example.com/ops").Status }
		if ops() != 403 {
			t.Fatal("a group that nobody is in is open")
		}
		boss.Post(at+"/groups", "groups", "staff, ops,Zürich ops ,staff", "reason", "joins").Want(t, at+"?said=did-groups")
		if a := s.Account(ada); !slices.Equal(a.Groups, []string{"Zürich ops", "ops", "staff"}) {
			t.Fatalf("%q", a.Groups)
		}
		p := byProxy(one, "/verify", "GET", "http://app.example.com/ops")
		if p.Status != 200 || p.Header.Get("Remote-Groups") != "=?utf-8?q?Z=C3=BCrich_ops,ops,staff?=" {
			t.Errorf("%d, %q", p.Status, p.Header.Get("Remote-Groups"))
		}
		events, err := s.Store.Events(t.Context(), s.Account(ada).ID, 0, 1)
		if err != nil || events[0].Kind != identity.EventGroupsChanged || events[0].Detail != "+Zürich ops +ops +staff" || events[0].Reason != "joins" {
			t.Errorf("%+v, %v", events[0], err)
		}
		for _, bad := range []string{"a;b", "ops,,staff", strings.Repeat("x", 65), "a\tb", "a\u200bb", strings.TrimSuffix(strings.Repeat(strings.Repeat("y", 60)+"#,", 40), ",") + "z"} {
			for i := range 40 {
				bad = strings.Replace(bad, "#", fmt.Sprint(i), 1)
			}
			boss.Post(at+"/groups", "groups", bad).WantStatus(t, 422)
		}
		boss.Post(at+"/groups", "groups", "ops", "reason", strings.Repeat("x", 300)).WantStatus(t, 422)
		in.Post(at+"/groups", "groups", "admins").WantStatus(t, 403)
		if !slices.Contains(s.Account(ada).Groups, "staff") {
			t.Error("what was refused changed something")
		}
		if page := boss.Get(at).WantStatus(t, 200); !strings.Contains(page.Body, `value="Zürich ops, ops, staff"`) {
			t.Error("the page does not show the groups")
		}
		boss.Post(at+"/groups", "groups", "staff").Want(t, at+"?said=did-groups")
		if ops() != 403 {
			t.Error("who left a group is still let in")
		}
		boss.Post(at+"/role", "role", "admin").Want(t, at+"?said=did-role")
		if g := s.Account(ada).Groups; !slices.Equal(g, []string{"staff"}) {
			t.Errorf("another change takes the groups: %q", g)
		}
		s.Advance(10 * time.Minute)
		boss.Post(at+"/groups", "groups", "").WantHeld(t, "/profile")
	}, atAuth, func(c *sitetest.Config) { c.Rules = "rules:\n  - {path: /ops, group: [sre, ops]}\n" })
}

// The list shows the members of a group, also with other filters; invites and
// imports put people into groups.
func TestTheListByGroup(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		boss := s.Admin("boss@example.com")
		boss.Post("/admin/users", "login", "grace", "groups", "ops, staff")
		if g := s.Account("grace").Groups; !slices.Equal(g, []string{"ops", "staff"}) {
			t.Errorf("invited into %q", g)
		}
		boss.Post("/admin/users", "login", "hedy", "groups", "a;b").WantStatus(t, 422)
		boss.Post("/admin/import", "do", "1", "csv", "login,groups\nalan,\"ops,dev\"\nkurt,dev;staff\nbad,a\u200bb\nnone,\n").WantStatus(t, 200)
		if g := s.Account("alan").Groups; !slices.Equal(g, []string{"dev", "ops"}) {
			t.Errorf("imported into %q", g)
		}
		if s.Account("none").Groups != nil {
			t.Error("nothing is a group")
		}
		list := func(f directory.Filter) string {
			f.Limit = 10
			page, err := s.Accounts.Page(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			names := []string{fmt.Sprint(page.Count)}
			for _, a := range page.Accounts {
				names = append(names, a.Login)
			}
			return strings.Join(names, " ")
		}
		for want, f := range map[string]directory.Filter{
			"2 alan grace": {Group: "ops"}, "2 alan kurt": {Group: "dev"}, "0": {Group: "OPS"}, "2 grace alan": {Group: "ops", Sort: "-login"},
			"1 grace": {Group: "ops", Query: "rac"}, "2 grace kurt": {Group: "staff", Status: "invited"},
		} {
			if got := list(f); got != want {
				t.Errorf("%+v: %s", f, got)
			}
		}
		if page := boss.Get("/admin?group=ops").WantStatus(t, 200); !strings.Contains(page.Body, ">alan<") || strings.Contains(page.Body, ">kurt<") {
			t.Error("the page does not filter by group")
		}
	})
}

// A policy may ask the members of some groups.
func TestPolicyByGroup(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		boss := s.Admin("boss@example.com")
		for name, groups := range map[string]string{ada: "ops", "bob@example.com": "staff", "carl@example.com": "ops,staff"} {
			s.User(name, identity.Member)
			boss.Post("/admin/users/"+s.Account(name).ID+"/groups", "groups", groups)
		}
		if p := boss.Get("/admin/policy?who=nobody&groups=ops").WantStatus(t, 200).Text(); !strings.Contains(p, "would affect 2 accounts, 0 of them admins") {
			t.Errorf("the preview: %s", p)
		}
		boss.Post("/admin/policy", "who", "nobody", "groups", "ops;x").WantStatus(t, 422)
		inForce(t, boss, "who", "nobody", "groups", "ops")
		if p := boss.Get("/admin/policy").WantStatus(t, 200).Text(); !strings.Contains(p, "the members of ops must have a second factor") {
			t.Errorf("the policy: %s", p)
		}
		s.Browser().Post("/login", "login", ada, "password", sitetest.Password, "next", "/app").Want(t, "/profile/factors?next="+url.QueryEscape("/app"))
		s.Browser().Post("/login", "login", "bob@example.com", "password", sitetest.Password, "next", "/app").Want(t, "/app")
		page, err := s.Accounts.Page(t.Context(), directory.Filter{Status: "required", Limit: 10})
		if err != nil || page.Count != 2 || len(page.Accounts) != 2 {
			t.Errorf("%d are required, %v", page.Count, err)
		}
		totals, err := s.Accounts.Totals(t.Context())
		if err != nil || !slices.ContainsFunc(totals, func(x directory.Total) bool { return x.Filter.Status == "required" && x.N == 2 }) {
			t.Errorf("%+v, %v", totals, err)
		}
		inForce(t, boss, "who", "admins") // a client that sends no groups leaves them
		if p, err := s.Login.Policy(t.Context()); err != nil || !slices.Equal(p.Groups, []string{"ops"}) {
			t.Errorf("%+v, %v", p, err)
		}
	})
}
