package routes

import (
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/rules"
)

// judge says what the visitor may do, and with a refusal that they can cure the
// page where.
func (w *web) judge(v *login.Visit, q question) (a rules.Answer, to string) {
	p := person(v)
	a = w.weigh(p, q)
	if a == rules.Allowed && v != nil && !p.Owing && !v.Account.LoginVouched() && w.weigh(rules.Person{}, q) != rules.Allowed {
		return rules.Prove, "/profile?said=prove-address"
	}
	switch a {
	case rules.SignIn:
		return a, "/login"
	case rules.Prove:
		return a, "/confirm?level=2"
	}
	return a, ""
}

// person is a visit as rules see it.
func person(v *login.Visit) rules.Person {
	if v == nil {
		return rules.Person{}
	}
	return rules.Person{Level: v.Level(), Owing: !v.Passed() || v.Forced(), Role: string(v.Account.Role), Groups: v.Account.Groups, Proved: v.Session.Confirm, Now: v.Now}
}

// weigh is the stricter of what the question and the rules ask for. Without rules
// level 1 is asked for.
func (w *web) weigh(p rules.Person, q question) rules.Answer {
	set := w.Rules()
	if set == nil {
		return rules.AtLevel(max(q.level, 1), p)
	}
	a := set.Judge(rules.Request{Known: q.known, Host: q.host, Path: q.path, Method: q.method, Client: q.client}, p).Answer
	if q.level > 0 {
		a = max(a, rules.AtLevel(q.level, p))
	}
	return a
}
