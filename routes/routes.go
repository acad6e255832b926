// Package routes is HTTP and nothing else: it reads forms, asks login and
// accounts, and shows screens. Every URL is in the table below.
package routes

import (
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/static"
	"nightlatch.example/nightlatch/views"
)

// Options are what the site is made of.
type Options struct {
	Login    *login.Service
	Accounts *accounts.Service
	Views    *views.Views
	Static   *static.Static
	Proxies  Proxies
	Setup    *SetupToken  // makes the first admin; nil when there is one
	Ready    func() error // database and mail worker
	// Lost says why nothing may be served any more; may be nil.
	Lost func() error
	// Unavailable says whether a fault is that the database cannot work at the
	// moment; may be nil.
	Unavailable func(error) bool
	Log         *slog.Logger
	// Observe is told how each request ended; may be nil.
	Observe func(method, route string, status int, took time.Duration)
	Gallery bool // every state of every screen at /_screens, for development
}

// web is what handlers share.
type web struct {
	Options
	brand   string
	cookies cookies
	cross   *http.CrossOriginProtection
	unkept  unkept
	site    *url.URL // where the site lives
	engine  *gin.Engine
}

// handler answers one request. An error is a fault, or a status of its own.
type handler func(*gin.Context) error

// route is one row of the table.
type route struct {
	method, path string
	who          guard
	do           handler
}

// New makes the site's handler.
func New(o Options) http.Handler {
	opt := o.Login.Options()
	w := &web{Options: o, brand: opt.Brand, cookies: newCookies(opt.URL), cross: http.NewCrossOriginProtection()}
	// Behind a proxy that changes Host, the browser's Origin is still ours. A
	// URL that is no origin was refused at the start.
	_ = w.cross.AddTrustedOrigin(opt.URL)
	w.site, _ = url.Parse(opt.URL)

	gin.SetMode(gin.ReleaseMode)
	e := gin.New(func(e *gin.Engine) { e.HandleMethodNotAllowed = true })
	_ = e.SetTrustedProxies(nil) // we read X-Forwarded-For ourselves, see address.go
	e.RedirectTrailingSlash, e.RedirectFixedPath = false, false
	w.engine = e
	e.Use(w.identify, w.recover, headers(strings.HasPrefix(opt.URL, "https:")), w.protect)
	for _, r := range w.table() {
		e.Handle(r.method, r.path, w.handle(r.who, r.do))
		if r.method == get { // the same answer, of which the server sends no body
			e.Handle(http.MethodHead, r.path, w.handle(r.who, r.do))
		}
	}
	e.NoRoute(w.handle(open, func(*gin.Context) error { return errNotFound }))
	e.NoMethod(w.handle(open, func(*gin.Context) error { return errMethod }))
	return e
}

// get and post are the only methods in the table; HEAD goes with GET.
const get, post = http.MethodGet, http.MethodPost

// table is every URL of the site.
func (w *web) table() []route {
	t := slices.Concat(w.front(), w.own(), w.admins())
	for _, f := range w.Login.Kinds() {
		if w.Login.Kinds().Enroller(f.Kind()) != nil {
			t = append(t, w.enrollments(f.Kind())...)
		}
	}
	if w.Gallery {
		t = append(t, route{get, "/_screens", open, w.gallery}, route{get, "/_screens/:name", open, w.gallery})
	}
	return t
}

// front is what opens without a session.
func (w *web) front() []route {
	return []route{
		{get, "/", open, w.home},
		{get, "/healthz", open, w.healthz},
		{get, "/readyz", open, w.readyz},
		{get, "/static/*name", open, w.asset},
		{get, "/verify", open, w.verify},
		{get, "/.well-known/change-password", open, w.changePasswordPage},
		{get, "/robots.txt", open, w.robots},
		{get, "/favicon.ico", open, w.favicon},

		{get, "/setup", open, w.setupPage},
		{post, "/setup", open, w.setup},
		{get, "/login", open, w.loginPage},
		{post, "/login", open, w.login},
		{get, "/login/challenge", open, w.challengePage},
		{post, "/login/challenge/:kind", open, w.answer},
		{post, "/login/challenge/:kind/code", open, w.sendCode},
		{post, "/login/cancel", open, w.cancel},
		{post, "/logout", open, w.logout},

		{get, "/register", open, w.registerPage},
		{post, "/register", open, w.register},
		{get, "/invite/:token", open, w.invitePage},
		{post, "/invite/:token", open, w.acceptInvite},
		{get, "/password/forgot", open, w.forgotPage},
		{post, "/password/forgot", open, w.forgot},
		{get, "/password/reset/:token", open, w.resetPage},
		{post, "/password/reset/:token", open, w.reset},
		{get, "/email/verify/:token", open, w.verifyEmailPage},
		{post, "/email/verify/:token", open, w.verifyEmail},
		{get, "/email/stop/:token", open, w.stopEmailPage},
		{post, "/email/stop/:token", open, w.stopEmail},
		{get, "/enroll/:token", open, w.enrollPage},
		{post, "/enroll/:token", open, w.enroll},
		{get, "/secure/:token", open, w.securePage},
		{post, "/secure/:token", open, w.secure},
	}
}

// own is what a person does about their own account.
func (w *web) own() []route {
	return []route{
		{get, "/confirm", anySession, w.confirmPage},
		{post, "/confirm", anySession, w.confirm},
		{post, "/confirm/code", anySession, w.sendConfirm},
		{post, "/confirm/cancel", anySession, w.notNow},

		{get, "/profile", signedIn, w.profile},
		{get, "/profile/activity", signedIn, w.activity},
		{get, "/profile/factors", enrolling, w.startPage},
		{get, "/profile/factors/recovery", enrollingFresh, w.recoveryPage},
		{get, "/profile/factors/recovery.txt", enrollingFresh, w.recoveryFile},
		{post, "/profile/factors/recovery", fresh, w.makeRecovery},
		{post, "/profile/factors/recovery/saved", enrolling, w.savedCodes},
		{post, "/profile/factors/recovery/check", fresh, w.checkRecovery},
		{post, "/profile/factors/disable", fresh, w.disable},
		{post, "/profile/factors/:id/name", fresh, w.renameFactor},
		{post, "/profile/factors/:id/preferred", fresh, w.preferFactor},
		{post, "/profile/factors/:id/remove", fresh, w.removeFactor},
		{post, "/profile/sessions/:id/end", signedIn, w.endSession},
		{post, "/profile/sessions/end-others", signedIn, w.endOthers},
		{post, "/profile/browsers/:id/forget", signedIn, w.forgetBrowser},
		{post, "/profile/browsers/forget-all", signedIn, w.forgetAll},
		{post, "/profile/password", signedIn, w.changePassword},
		{post, "/profile/email", fresh, w.changeEmail},
		{post, "/profile/email/cancel", signedIn, w.cancelEmail},
		{post, "/profile/name", signedIn, w.changeName},
		{post, "/profile/warning/dismiss", signedIn, w.dismissWarning},
		{post, "/email/verify", signedIn, w.askVerify},
	}
}

// admins is what only an admin at level 2 opens.
func (w *web) admins() []route {
	return []route{
		{get, "/admin", admin, w.admin},
		{get, "/admin/enrollment.csv", admin, w.enrollmentCSV},
		{get, "/admin/adoption.svg", admin, w.chart(views.AdoptionChart)},
		{get, "/admin/kinds.svg", admin, w.chart(views.KindsChart)},
		{post, "/admin/users", adminFresh, w.inviteUser},
		{get, "/admin/users/:id", admin, w.person},
		{post, "/admin/users/:id/invite", adminFresh, w.manage("invite", w.inviteAgain)},
		{post, "/admin/users/:id/password", adminFresh, w.manage("password", w.startReset)},
		{post, "/admin/users/:id/email", adminFresh, w.manage("email", w.correctEmail)},
		{post, "/admin/users/:id/delete", adminFresh, w.manage("delete", w.deleteUser)},
		{post, "/admin/users/:id/reset", adminFresh, w.manage("reset", w.resetFactors)},
		{post, "/admin/users/:id/unlock", adminFresh, w.manage("unlock", w.unlockUser)},
		{post, "/admin/users/:id/disable", adminFresh, w.manage("disable", w.disableUser)},
		{post, "/admin/users/:id/enable", adminFresh, w.manage("enable", w.enableUser)},
		{post, "/admin/users/:id/end-sessions", adminFresh, w.manage("end-sessions", w.endUserSessions)},
		{post, "/admin/users/:id/role", adminFresh, w.manage("role", w.changeRole)},
		{get, "/admin/policy", admin, w.policyPage},
		{post, "/admin/policy", adminFresh, w.savePolicy},
		{get, "/admin/import", admin, w.importPage},
		{post, "/admin/import", admin, w.tryImport},
		{get, "/admin/audit", admin, w.audit},
		{get, "/admin/audit.csv", admin, w.auditCSV},
		{get, "/admin/mail", admin, w.outbox},
		{post, "/admin/mail/:id/retry", adminFresh, w.retryMail},
	}
}

// here is the path and query of a request, for coming back to it. The parameter
// of a notice is left out, so that the notice is not shown twice.
func here(u *url.URL) string {
	var kept []string
	for part := range strings.SplitSeq(u.RawQuery, "&") {
		if part != "" && part != "said" && !strings.HasPrefix(part, "said=") {
			kept = append(kept, part)
		}
	}
	if !strings.Contains(u.RawQuery, "said") {
		kept = []string{u.RawQuery} // byte for byte
	}
	if q := strings.Join(kept, "&"); q != "" {
		return u.EscapedPath() + "?" + q
	}
	return u.EscapedPath()
}
