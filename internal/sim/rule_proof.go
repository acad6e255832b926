package sim

import (
	"errors"
	"fmt"
)

func init() {
	AddRule(Rule{Name: "no level without proof", Source: "NIST SP 800-63B-4 §2.2, CONTRACT §2",
		Sentence: "No session of level 2 without a proof by a credential that its account then had, and none by a password that it had before.", Check: proofs})
	AddRule(Rule{Name: "nothing twice", Source: "NIST SP 800-63B-4 §3.1.3.2, CONTRACT §4",
		Sentence: "No code, link or step opens anything a second time.", Check: func(w *World) error {
			var all []error
			for _, o := range w.Ledger.Object() {
				all = append(all, errors.New(o))
			}
			return errors.Join(all...)
		}})
	AddRule(Rule{Name: "one secret opens nothing", Source: "NIST SP 800-63B-4 §2.2",
		Sentence: "Who holds one secret of an account that has a factor never gets in.", Check: func(w *World) error {
			for _, t := range w.Ledger.order {
				if t.Browser.Foe && !t.seen {
					t.seen = true
					return fmt.Errorf("%s got a session of %s", t.Browser.Name, t.Account)
				}
			}
			return nil
		}})
}

// proofs holds every session of level 2 that is in the database against what
// the ledger knows of its token.
func proofs(w *World) error {
	if !w.Changed {
		return nil
	}
	rows, err := w.Beside.Rows("SELECT s.token_hash, a.login_key, s.factor, s.level FROM sessions s JOIN accounts a ON a.id = s.account_id")
	if err != nil {
		return err
	}
	for _, r := range rows {
		t := w.Ledger.tokens[r[0]]
		if t != nil && t.Stale && !t.Ended {
			return fmt.Errorf("%s has a session of %s, opened with a password that was changed before", t.Browser.Name, r[1])
		}
		if r[3] == "1" {
			continue
		}
		if t == nil && w.unheard(r[0]) {
			continue
		}
		switch {
		case t == nil:
			return fmt.Errorf("there is a session of %s at level 2 (%s) that no answer gave", r[1], r[2])
		case t.Proof == "":
			return fmt.Errorf("%s has a session of %s at level 2 (%s) without a proof", t.Browser.Name, r[1], r[2])
		case t.Account != r[1]:
			return fmt.Errorf("%s has a session of %s that was opened for %s", t.Browser.Name, r[1], t.Account)
		}
	}
	return nil
}

// unheard says whether the answer that gave a session may have been lost: then
// nobody has its token.
func (w *World) unheard(hash string) bool {
	lost := State(w, "lost sessions", func() map[string]bool { return map[string]bool{} })
	for _, x := range w.Seen {
		if x.Page == nil || x.Page.Status >= 500 {
			lost[hash] = true
		}
	}
	return lost[hash]
}

// same says whether what a query gives is what it gave the last time. A rule
// whose look costs much asks it first.
func (w *World) same(key, query string) bool {
	rows, err := w.Beside.Rows(query)
	now := sprintf("%v %v", rows, err)
	last := State(w, "same "+key, func() *string { return new(string) })
	defer func() { *last = now }()
	return *last == now
}
