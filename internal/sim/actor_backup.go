package sim

import (
	"context"
	"path/filepath"
	"strings"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/store"
)

// backAndForth makes a backup, lets some people use what can be used once, puts the backup
// back, and lets them use the same again. What changed an account would be gone with
// the backup, so nothing does in between.
func backAndForth(w *World, c *Chance) bool {
	_, ok := w.keyFile()
	if !ok || w.Beside.pg || w.meanwhile != nil || w.waits != nil || w.Clock.Off() != 0 || len(w.mendings) > 0 {
		return false
	}
	path := filepath.Join(w.dir, sprintf("backup-%d.db", w.Step))
	if err := w.Processes[0].Site.Rooms().Store.Backup(context.Background(), path); err != nil {
		w.operated("makes a backup", err)
		return true
	}
	w.Trace.Say("      the operator makes a backup")
	again := w.useOnce(c)
	for _, p := range w.Processes {
		p.kill()
	}
	w.Beside.close()
	keys, err := store.OpenKeys(filepath.Join(w.dir, "keys.json"), false)
	if err == nil {
		_, err = store.Restore(context.Background(), w.database, path, keys, w.Clock.Now())
	}
	w.Trace.Say("      the operator puts the backup back")
	for i := range w.Processes {
		if fresh, err2 := w.begin(i + 1); err2 == nil {
			w.Processes[i] = fresh
		} else {
			err = err2
		}
	}
	if w.operated("puts a backup back", err); err != nil {
		w.t.Fatal(err) // nothing is left to go on with
	}
	if w.Beside, err = openBeside(w.database); err != nil {
		w.t.Fatal(err)
	}
	w.Ledger.restored()
	w.Rebase()
	delete(w.state, "rows of guesses")
	for _, do := range again {
		do()
	}
	return true
}

// useOnce has people use what can be used once, and is how each would do so again.
func (w *World) useOnce(c *Chance) (again []func()) {
	for range 3 {
		p := Pick(c, w.People)
		ways := p.ways()
		if p.troubled() || len(ways) == 0 || !w.Ledger.Account(p.Login).Has() || len(p.Browsers) == 0 {
			continue
		}
		b := Pick(c, p.Browsers)
		if w.in(b) {
			w.PostForm(b, "/logout")
			continue
		}
		kind := Pick(c, ways)
		if kind == factors.KindEmail {
			continue
		}
		delete(b.cookies, TrustCookie)
		code := ""
		if kind == factors.KindRecovery {
			code = p.Sheet[0]
		} else {
			code = w.CodeOf(p.Phone)
		}
		use := func() {
			delete(b.cookies, SessionCookie)
			delete(b.cookies, LoginCookie)
			w.PostForm(b, "/login", "login", p.Login, "password", p.Password)
			if b.Cookie(LoginCookie) != "" {
				w.PostForm(b, "/login/challenge/"+string(kind), "code", code)
			}
		}
		use()
		again = append(again, use)
	}
	return again
}

// restored notes that a backup was put back: all that was open has ended, and no recovery code is
// worth anything.
func (l *Ledger) restored() {
	for name, a := range l.Accounts {
		l.Cancel(name, "")
		for _, c := range a.Creds {
			c.Gone = c.Gone || c.Kind == factors.KindRecovery
		}
	}
	for at, x := range l.links {
		if x.spent = true; !strings.HasPrefix(at, "/email/stop") {
			x.off = "a backup was put back since"
		}
	}
	clear(l.held)
	clear(l.heldIDs)
}
