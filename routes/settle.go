package routes

import (
	"context"

	"github.com/gin-gonic/gin"

	"nightlatch.example/nightlatch/login"
)

// maxValues is how many values of one cookie are tried: the site's own, one of a
// parent domain, one of a path, and one to spare.
const maxValues = 4

// settle decides which of several values of one cookie counts: the one that is
// good. A parent domain can give a browser cookies of our name, which must not
// keep anybody out. Of two that are good neither counts: one of them is
// somebody else's, and nobody can tell which.
func (w *web) settle(c *gin.Context) error {
	if w.cookieless(c.Request) {
		return nil
	}
	w.unkept.take(w.who(c), w.Login.Now()) // its cookies come back
	good := map[string]func(context.Context, string) (bool, error){
		sessionCookie: w.isSession, loginCookie: w.isPending, ticketCookie: w.Login.IsTicket,
		knownCookie:   func(ctx context.Context, token string) (bool, error) { return w.Login.IsBrowser(ctx, token, false) },
		trustedCookie: func(ctx context.Context, token string) (bool, error) { return w.Login.IsBrowser(ctx, token, true) },
	}
	for name, isGood := range good {
		values := w.cookies.values(c.Request, name)
		if len(values) < 2 || len(values) > maxValues {
			continue
		}
		var found []string
		for _, v := range values {
			ok, err := isGood(c.Request.Context(), v)
			if err != nil {
				return err
			}
			if ok {
				found = append(found, v)
			}
		}
		if len(found) == 1 {
			w.cookies.replace(c.Request, name, found[0])
		}
	}
	return nil
}

func (w *web) isSession(ctx context.Context, token string) (bool, error) {
	v, err := w.Login.Peek(ctx, token)
	return v != nil, err
}

func (w *web) isPending(ctx context.Context, token string) (bool, error) {
	_, err := w.Login.Pending(ctx, token)
	if login.Reason(err) == login.Gone {
		return false, nil
	}
	return err == nil, err
}
