package routes

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
)

// keyHeader names a call that is to be carried out once, and keyTTL is how long
// the first answer is kept.
const (
	keyHeader = "Idempotency-Key"
	keyTTL    = 24 * time.Hour
	maxKey    = 255 // bytes of a key
)

var (
	errRunning = status{http.StatusConflict, "The call with this Idempotency-Key is being carried out. Ask again in a moment."}
	errReused  = status{http.StatusUnprocessableEntity, "This Idempotency-Key was sent before with another body or address."}
)

// keyed carries out a call once for each key of a token and route. A repeat gets
// the first answer. What was refused did nothing, so its key is free again.
func (w *web) keyed(c apiCall, do apiHandler) (none apiAnswer, err error) {
	name := c.GetHeader(keyHeader)
	if name == "" || c.Request.Method != http.MethodPost {
		return do(c)
	}
	if len(name) > maxKey || len(c.Request.Header.Values(keyHeader)) > 1 || !isText(name) {
		return none, wrong("An Idempotency-Key is one text of at most 255 bytes.")
	}
	key := login.FormKey(c.token.ID, "api", c.FullPath(), name)
	sum := identity.HashToken(c.Request.URL.Path + "\n" + string(c.body))
	o, st, err := w.Login.Begin(c.ctx(), key, login.Sender{})
	switch {
	case err != nil:
		return none, err
	case st == login.Running:
		c.Header("Retry-After", "1")
		return none, errRunning
	case st == login.Settled:
		return repeatedAnswer(o, sum)
	}
	a, err := do(c)
	if err != nil {
		if gone := w.Login.Abandon(context.WithoutCancel(c.ctx()), key); gone != nil {
			w.Log.Error("a key was not given back", "id", c.GetString(idKey), "route", c.FullPath(), "error", gone)
		}
		return none, err
	}
	if err := w.keepAnswer(c, login.Outcome{Key: key, To: sum, Life: keyTTL}, a); err != nil { // it was carried out; only a repeat will not get its answer
		w.Log.Error("an answer was not kept", "id", c.GetString(idKey), "route", c.FullPath(), "error", err)
	}
	return a, nil
}

// keepAnswer keeps an answer, sealed, before it is sent.
func (w *web) keepAnswer(c apiCall, o login.Outcome, a apiAnswer) error {
	b, err := json.Marshal(a.Body)
	if err != nil {
		return err
	}
	o.Cookies = []string{strconv.Itoa(a.Code), a.Location, string(b)}
	return w.Login.Finish(context.WithoutCancel(c.ctx()), o)
}

// repeatedAnswer is the first answer to a call, if it was the same call.
func repeatedAnswer(o login.Outcome, sum string) (a apiAnswer, err error) {
	if o.To != sum || len(o.Cookies) != 3 {
		return a, errReused
	}
	a.Code, err = strconv.Atoi(o.Cookies[0])
	a.Location, a.Body = o.Cookies[1], json.RawMessage(o.Cookies[2])
	return a, err
}
