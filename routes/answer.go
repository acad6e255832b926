package routes

import (
	"bytes"
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/views"
)

// status is an error that has an HTTP status and a sentence for the person.
type status struct {
	code int
	text string
}

func (s status) Error() string { return s.text }

// Answers that any route may give.
var (
	errNotFound  = status{http.StatusNotFound, "This page does not exist, or you have no access to it."}
	errMethod    = status{http.StatusMethodNotAllowed, "This address does not accept that kind of request."}
	errForbidden = status{http.StatusForbidden, "Your account does not have access to this page."}
	errForm      = status{http.StatusBadRequest, "This form cannot be read. Go back and send it again."}
	errType      = status{http.StatusUnsupportedMediaType, "Only forms can be sent here."}
	errDatabase  = status{http.StatusServiceUnavailable, "The site cannot reach its database at the moment. Please try again in a minute."}
	errLarge     = status{http.StatusRequestEntityTooLarge, "This is too large for the form."}
)

// fail turns an error into an answer. An unexpected error is logged, and the
// person sees only the request's ID.
func (w *web) fail(c *gin.Context, err error) {
	if r := identity.Refused(err); r != nil { // the handler did not show it on its own screen
		code := refusal(c, r)
		w.say(c, code, http.StatusText(code), sentence(r))
		return
	}
	var s status
	if errors.As(err, &s) {
		if s.code == http.StatusServiceUnavailable {
			c.Header("Retry-After", retryDatabase)
		}
		w.say(c, s.code, http.StatusText(s.code), s.text)
		return
	}
	if errors.Is(err, identity.ErrNotFound) {
		w.say(c, http.StatusNotFound, http.StatusText(http.StatusNotFound), errNotFound.text)
		return
	}
	if errors.Is(c.Request.Context().Err(), context.Canceled) { // the browser went away
		c.Status(499)
		return
	}
	w.Log.Error("request failed", "id", c.GetString(idKey), "route", c.FullPath(), "error", err)
	if w.Unavailable != nil && w.Unavailable(err) {
		w.fail(c, errDatabase)
		return
	}
	if errors.Is(err, identity.ErrSealed) { // the keys or one secret cannot be read: not the person's fault, so no failure is counted
		c.Header("Retry-After", "30")
		w.say(c, http.StatusServiceUnavailable, "Temporarily unavailable", "This site cannot read its stored secrets at the moment. This does not count as a wrong answer. Please try again later, or tell the people who run this site.")
		return
	}
	w.say(c, http.StatusInternalServerError, "Something went wrong", faultText(c))
}

// faultStatus is the status of a fault that a screen of its own tells of: when
// it is worth asking again, the answer says so.
func (w *web) faultStatus(c *gin.Context, err error) int {
	if w.Unavailable == nil || !w.Unavailable(err) {
		return http.StatusInternalServerError
	}
	c.Header("Retry-After", retryDatabase)
	return http.StatusServiceUnavailable
}

// faultText is the sentence about an unexpected error. Whether a form was
// carried out before it is not known.
func faultText(c *gin.Context) string {
	if c.Request.Method == http.MethodPost {
		return "Something went wrong on our side. Your change may have been saved: check before you send it again."
	}
	return "Something went wrong on our side. Please try again."
}

// retryDatabase is Retry-After in seconds while the database cannot be reached:
// about as long as a database server takes to restart.
const retryDatabase = "10"

// say shows a page with nothing but a text.
func (w *web) say(c *gin.Context, code int, heading, text string) {
	m := views.Message{Heading: heading, Text: text, Back: w.at("/"), BackLabel: "Back to the start"}
	if code >= http.StatusInternalServerError {
		m.RequestID = c.GetString(idKey)
		c.Header(answerHeader, "fault")
	}
	w.sayIt(c, code, m)
}

// sayIt shows such a page, or only its text when the page cannot be rendered.
func (w *web) sayIt(c *gin.Context, code int, m views.Message) {
	if isAPI(c.Request) {
		w.problem(c, code, m.Text)
		return
	}
	if err := w.render(c, code, m, views.Frame{Title: m.Heading}); err != nil {
		w.Log.Error("page failed", "id", c.GetString(idKey), "error", err)
		c.String(code, "%s", m.Text)
	}
}

// refused shows a screen again with what was refused. Any other error is
// returned.
func (w *web) refused(c *gin.Context, err error, show func(alert string) (views.Screen, views.Frame)) error {
	r := identity.Refused(err)
	if r == nil {
		return err
	}
	screen, frame := show(sentence(r))
	return w.render(c, refusal(c, r), screen, frame)
}

// refusal is the HTTP status of a refusal, and sets Retry-After when there is a
// wait.
func refusal(c *gin.Context, r *identity.Refusal) (code int) {
	if r.Wait > 0 {
		c.Header("Retry-After", strconv.Itoa(seconds(r.Wait)))
	}
	switch r.Why {
	case identity.Wait:
		return http.StatusTooManyRequests
	case identity.Busy:
		return http.StatusServiceUnavailable
	}
	return http.StatusUnprocessableEntity
}

// sentence is a refusal in words. A wrong code, a factor that is switched off
// and one that does not exist read the same.
func sentence(r *identity.Refusal) string {
	if r.Text != "" {
		return r.Text
	}
	switch r.Why {
	case identity.Typo:
		return "That recovery code is mistyped. Compare it with your sheet."
	case identity.Wait:
		return "Too many attempts. Try again in " + words(r.Wait) + "."
	case identity.Expired:
		return "That code has expired. Request a new one."
	case identity.Busy:
		return "Many people are signing in right now. Try again in a moment."
	case identity.Gone:
		return "This has expired or was already used. Please start again."
	}
	return "That code is not right."
}

// seconds rounds up, so that nobody tries again too early.
func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }

func words(d time.Duration) string {
	n := seconds(d)
	switch {
	case n == 1:
		return "1 second"
	case n < 120:
		return strconv.Itoa(n) + " seconds"
	}
	return strconv.Itoa((n+59)/60) + " minutes"
}

// partial says whether a request asks only for the content of the main element.
// Boosted links and the back button ask for whole pages.
func partial(r *http.Request) bool {
	return r.Header.Get("HX-Request") == "true" && r.Header.Get("HX-Boosted") != "true" &&
		r.Header.Get("HX-History-Restore-Request") != "true"
}

// render shows a screen, as a whole page or only its content. It is sent only
// when it is complete, so that an error halfway is answered as an error.
func (w *web) render(c *gin.Context, code int, s views.Screen, f views.Frame) error {
	w.frame(c, &f)
	var b bytes.Buffer
	show := w.Views.Page
	if partial(c.Request) {
		show = w.Views.Partial
	}
	if err := show(&b, f, s); err != nil {
		return err
	}
	c.Data(code, "text/html; charset=utf-8", b.Bytes())
	return nil
}

// frame fills in what every page shows around its screen.
func (w *web) frame(c *gin.Context, f *views.Frame) {
	f.Brand = w.brand
	if f.Notice == "" {
		f.Notice = notices[c.Query("said")]
	}
	v := visit(c)
	if v == nil || !v.Passed() {
		return
	}
	f.Viewer = &views.Viewer{Login: v.Account.Login, Name: v.Account.Name, Admin: v.Account.Role == identity.Admin, Level: v.Session.Level}
	if days, ok := v.Policy.DaysLeft(v.Account, v.Now); ok {
		f.Banner = "From " + v.Policy.From.Format("2 January 2006") + " on you need a second factor to sign in: " + left(days) + "."
	}
}

func left(days int) string {
	if days == 1 {
		return "1 day left"
	}
	return strconv.Itoa(days) + " days left"
}

// notices are the sentences that a page shows after something was done, by the
// value of said in its address. Other values show nothing.
var notices = map[string]string{
	"factor-added":    "Your new factor is ready.",
	"factor-removed":  "The factor was removed.",
	"factor-renamed":  "The factor was renamed.",
	"factor-first":    "This factor is now asked for first.",
	"two-factor-off":  "Two-factor sign-in is off.",
	"session-ended":   "The session was ended.",
	"sessions-ended":  "All other sessions were ended.",
	"forgotten":       "That browser will be asked for a second factor again.",
	"all-forgotten":   "Every browser will be asked for a second factor again.",
	"password":        "Your password was changed. All other sessions were ended.",
	"email-asked":     "We sent a link to the new address. Your address changes when you open it and confirm.",
	"email-cancelled": "Your address stays as it is.",
	"stopped":         "Your address stays as it was. If you did not request the change, sign out everywhere now.",
	"email-confirmed": "The address is confirmed.",
	"prove-address":   "Confirm your address first: other applications know you by it.",
	"verify-asked":    "We sent a link to your address.",
	"confirmed":       "Confirmed. Please fill in the form again and send it.",
	"warning":         "The warning was dismissed.",
	"name":            "Your name was changed.",
	"registered":      "Your account is ready. Sign in.",
	"reset":           "Your password was set. Sign in with it.",
	"signed-out":      "You are signed out.",
	"secured":         "All sessions were ended. We sent a link for a new password to your address.",
	"invited":         "The invite was created.",
	"ticket":          "Sign in with your password, then set up a new factor.",
	"policy":          "The policy is in force.",
	"retried":         "The email will be sent again now.",
	"did-reset":       "The factors were reset.",
	"did-unlock":      "The account is unlocked.",
	"did-disable":     "The account is disabled. Its sessions were ended.",
	"did-enable":      "The account is enabled.",
	"did-role":        "The role was changed.",
	"did-groups":      "The groups were changed.",
	"did-invite":      "A new invite was created. The previous one no longer works.",
	"did-password":    "A password reset link was created.",
	"did-email":       "The address was corrected. Its owner has to confirm it with the link sent to it.",
	"did-delete":      "The account was deleted.",

	"did-end-sessions": "All sessions were ended.",
}

// short cuts text from outside to n characters before it is recorded.
func short(s string, n int) string {
	return identity.Cut(strings.ToValidUTF8(s, ""), n)
}
