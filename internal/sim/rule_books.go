package sim

import (
	"context"
	"errors"
	"fmt"
)

func init() {
	AddRule(Rule{Name: "the books agree", Source: "CONTRACT §2", Every: 40, Sentence: "Totals equal a recount, and the directory equals what the accounts say.", Check: books})
	AddRule(Rule{Name: "everything sealed opens", Source: "CONTRACT §7", Every: 60, Sentence: "Everything that is sealed opens with the keys of the site.", Check: sealed})
}

// quiet says whether nothing is broken now: only then can a process be asked.
func (w *World) quiet() bool { return len(w.mendings) == 0 }

func books(w *World) error {
	if !w.quiet() {
		return nil
	}
	s, ctx := w.Processes[0].Site.Rooms().Store, context.Background()
	n, err := s.WrongTotals(ctx)
	m, err2 := s.Rebuild(ctx)
	if err = errors.Join(err, err2); err == nil && (n > 0 || m.Accounts > 0 || m.Totals > 0) {
		err = fmt.Errorf("%d totals were wrong, and %d rows of the directory", max(n, m.Totals), m.Accounts)
	}
	if err != nil {
		return err
	}
	counted, err := w.Beside.One("SELECT coalesce(sum(n), 0) FROM totals WHERE bucket < ?", 1<<20)
	people, err2 := w.Beside.One("SELECT count(*) FROM accounts")
	if err = errors.Join(err, err2); err == nil && counted != people {
		err = fmt.Errorf("the totals count %s accounts, and there are %s", counted, people)
	}
	return err
}

func sealed(w *World) error {
	if !w.quiet() {
		return nil
	}
	n, shut, err := w.Processes[0].Site.Rooms().Store.CheckSealed(context.Background())
	if err == nil && len(shut) > 0 {
		err = fmt.Errorf("%d of %d values do not open, the first is %s", len(shut), n, shut[0])
	}
	return err
}
