package routes

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"nightlatch.example/nightlatch/identity"
)

// maxValues is how many values of one cookie are tried: the site's own, one of a
// parent domain, one of a path, and one to spare.
const maxValues = 4

// claim is what a valid value of a cookie stands for.
type claim struct {
	value, owner string // whose it is; of cookies that more than one account may use, the value itself
	level        int
	since        time.Time
}

// settle decides which of several values of one cookie counts: the valid one.
// Where an http site has a host name, other sites under the same parent domain
// can set cookies of our name, and must not keep anybody out by that. Of
// several valid values for the same account the one with the highest level
// counts. Of those for two accounts none does: one is a stranger's own, planted
// so that the person works in the stranger's account, and neither order nor age
// tells which.
func (w *web) settle(c *gin.Context) error {
	if w.cookieless(c.Request) {
		return nil
	}
	w.unkept.take(w.who(c), w.Login.Now()) // the browser does send cookies back
	for name, judge := range map[string]func(context.Context, string) (claim, bool, error){
		sessionCookie: w.sessionClaim, loginCookie: w.pendingClaim, ticketCookie: plainClaim(w.Login.IsTicket),
		knownCookie:   plainClaim(func(ctx context.Context, token string) (bool, error) { return w.Login.IsBrowser(ctx, token, false) }),
		trustedCookie: plainClaim(func(ctx context.Context, token string) (bool, error) { return w.Login.IsBrowser(ctx, token, true) }),
	} {
		values := w.several(c, name)
		var good []claim
		for _, v := range values {
			x, ok, err := judge(c.Request.Context(), v)
			if err != nil {
				return err
			}
			if ok {
				x.value = v
				x.owner = cmp.Or(x.owner, v)
				good = append(good, x)
			}
		}
		w.choose(c, name, good)
	}
	if names := w.several(c, formCookie); len(names) > 0 { // a browser's name: all of them are
		slices.Sort(names)
		w.cookies.replace(c.Request, formCookie, strings.Join(names, "."))
	}
	return nil
}

// several are the values of a cookie that came with more than one, unless they
// are too many to be tried.
func (w *web) several(c *gin.Context, name string) []string {
	values := w.cookies.values(c.Request, name)
	if len(values) < 2 || len(values) > maxValues {
		return nil
	}
	return values
}

// choose lets the strongest of several values count, or none and remembers it.
func (w *web) choose(c *gin.Context, name string, good []claim) {
	if len(good) == 0 {
		return
	}
	best, agreed := strongest(good)
	if !agreed {
		if name == sessionCookie || name == loginCookie {
			c.Set(tornKey, true)
		}
		return
	}
	w.cookies.replace(c.Request, name, best.value)
}

// strongest is the best of several valid values. agreed says that all stand for one
// account.
func strongest(good []claim) (best claim, agreed bool) {
	best = slices.MaxFunc(good, func(a, b claim) int { return cmp.Or(cmp.Compare(a.level, b.level), a.since.Compare(b.since)) })
	return best, !slices.ContainsFunc(good, func(x claim) bool { return x.owner != best.owner })
}

func (w *web) sessionClaim(ctx context.Context, token string) (claim, bool, error) {
	v, err := w.Login.Peek(ctx, token)
	if v == nil {
		return claim{}, false, err
	}
	return claim{owner: v.Account.ID, level: v.Level(), since: v.Session.Created}, true, nil
}

func (w *web) pendingClaim(ctx context.Context, token string) (claim, bool, error) {
	p, err := w.Login.Pending(ctx, token)
	if identity.Reason(err) == identity.Gone {
		return claim{}, false, nil
	}
	return claim{owner: p.AccountID, since: p.Created}, err == nil, err
}

func plainClaim(good func(context.Context, string) (bool, error)) func(context.Context, string) (claim, bool, error) {
	return func(ctx context.Context, token string) (claim, bool, error) {
		ok, err := good(ctx, token)
		return claim{}, ok, err
	}
}
