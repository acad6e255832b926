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
	"nightlatch.example/nightlatch/rules"
	"nightlatch.example/nightlatch/static"
	"nightlatch.example/nightlatch/views"
)

// Options are what the routes need of a site.
type Options struct {
	Login    *login.Service
	Accounts *accounts.Service
	Views    *views.Views
	Static   *static.Static
	Proxies  Proxies
	Home     string            // where a sign-in without next ends; empty: the profile
	Domain   string            // parent domain of the applications behind proxies; empty for none
	Rules    func() *rules.Set // what applications behind proxies ask for; it gives nil where there are no rules
	Setup    *SetupToken       // makes the first admin; nil when there is one
	Ready    func() error      // database and mail worker
	// Lost says why nothing may be served any more: the database is gone. May be
	// nil.
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
	calls   calls
	turns   turns
	to      Destinations
	site    *url.URL // where the site lives
	rows    []route  // the table
	engine  *gin.Engine
}

// handler answers one request. Its error is a refusal, a status, or an
// unexpected error: see fail.
type handler func(*gin.Context) error

// route is one row of the table.
type route struct {
	method, path string
	who          guard
	do           handler
	does         act
}

// act says what a route does, as a button or a sentence would: "Disable an
// account". The step-up names with it what it is for, so it must be true for
// everyone who may send the form.
type act string

// Handler is a whole site as a server sees it, and what an application around it
// asks: see Guard.
type Handler struct {
	http.Handler
	web *web
}

// New makes the site's handler.
func New(o Options) *Handler {
	opt := o.Login.Options()
	w := &web{Options: o, brand: opt.Brand, cookies: newCookies(opt.URL), cross: http.NewCrossOriginProtection()}
	w.site, _ = url.Parse(opt.URL)
	// The browser's Origin is the public address, also behind a proxy that changes
	// the Host header. No error: a bad URL was refused at the start.
	_ = w.cross.AddTrustedOrigin(w.site.Scheme + "://" + w.site.Host)
	w.cookies.domain = o.Domain
	if w.Rules == nil {
		w.Rules = func() *rules.Set { return nil }
	}
	w.to = Destinations{Scheme: w.site.Scheme, Domain: o.Domain, Own: w.site.Hostname(), Prefix: w.site.Path}

	defer gin.SetMode(gin.Mode()) // an application around us has its own
	gin.SetMode(gin.ReleaseMode)
	e := gin.New(func(e *gin.Engine) { e.HandleMethodNotAllowed = true })
	_ = e.SetTrustedProxies(nil) // we read X-Forwarded-For ourselves, see address.go
	e.RedirectTrailingSlash, e.RedirectFixedPath = false, false
	w.engine = e
	e.Use(w.identify, w.recover, headers(w.site.Scheme == "https", formAction(w.to, w.site.Port() != "")), w.protect)
	w.rows = w.table()
	for _, r := range w.rows {
		e.Handle(r.method, r.path, w.handle(r.who, r.do))
		if r.method == get { // the same answer; the server leaves the body out
			e.Handle(http.MethodHead, r.path, w.handle(r.who, r.do))
		}
	}
	e.NoRoute(w.handle(open, func(*gin.Context) error { return errNotFound }))
	e.NoMethod(w.handle(open, func(*gin.Context) error { return errMethod }))
	return &Handler{w.front(), w}
}

// get and post are the methods of screens; HEAD goes with GET.
const get, post = http.MethodGet, http.MethodPost

// table is every URL of the site.
func (w *web) table() []route {
	t := slices.Concat(w.anybodys(), w.own(), w.admins(), w.machines(), w.changes())
	for _, f := range w.Login.Kinds() {
		if w.Login.Kinds().Enroller(f.Kind()) != nil {
			t = append(t, w.enrollments(f.Kind())...)
		}
	}
	if w.Gallery {
		t = append(t, route{get, "/_screens", open, w.gallery, "Show every screen"}, route{get, "/_screens/:name", open, w.gallery, "Show one screen"})
	}
	return t
}

// anybodys are the routes that need no session.
func (w *web) anybodys() []route {
	return []route{
		{get, "/", open, w.home, "Go to your profile"},
		{get, "/healthz", open, w.healthz, "Say that the process is alive"},
		{get, "/readyz", open, w.readyz, "Say whether database and mail are ready"},
		{get, "/static/*name", open, w.asset, "Send a style sheet, script or icon"},
		{get, verifyPath, open, w.verify, "Tell a proxy who is signed in"},
		{get, forwardPath, open, w.forward, "Tell a proxy or its visitor who is signed in"},
		{get, "/.well-known/change-password", open, w.changePasswordPage, "Go to the form for a new password"},
		{get, "/robots.txt", open, w.robots, "Keep search engines out"},
		{get, "/favicon.ico", open, w.favicon, "Send the icon"},

		{get, "/setup", open, w.setupPage, "Show the form for the first admin"},
		{post, "/setup", open, w.setup, "Create the first admin"},
		{get, "/login", open, w.loginPage, "Show the sign-in form"},
		{post, "/login", open, w.login, "Sign in with a password"},
		{get, "/login/challenge", open, w.challengePage, "Show the second step"},
		{post, "/login/challenge/:kind", open, w.answer, "Sign in with a second factor"},
		{post, "/login/challenge/:kind/code", open, w.sendCode, "Send a code for the second step"},
		{post, "/login/cancel", open, w.cancel, "Cancel the sign-in"},
		{get, "/logout", open, w.logoutPage, "Show the button to sign out"},
		{post, "/logout", open, w.logout, "Sign out"},

		{get, "/register", open, w.registerPage, "Show the form for a new account"},
		{post, "/register", open, w.register, "Create an account"},
		{get, "/invite/:token", open, w.invitePage, "Show an invite"},
		{post, "/invite/:token", open, w.acceptInvite, "Accept an invite"},
		{get, "/password/forgot", open, w.forgotPage, "Show the form for a forgotten password"},
		{post, "/password/forgot", open, w.forgot, "Request a link to set a new password"},
		{get, "/password/reset/:token", open, w.resetPage, "Show the form for a new password"},
		{post, "/password/reset/:token", open, w.reset, "Set a new password"},
		{get, "/email/verify/:token", open, w.verifyEmailPage, "Show the button to confirm an address"},
		{post, "/email/verify/:token", open, w.verifyEmail, "Confirm an address"},
		{get, "/email/stop/:token", open, w.stopEmailPage, "Show the button to stop a change of address"},
		{post, "/email/stop/:token", open, w.stopEmail, "Stop a change of address"},
		{get, "/enroll/:token", open, w.enrollPage, "Show the button to sign in after a reset"},
		{post, "/enroll/:token", open, w.enroll, "Let this browser sign in after a reset"},
		{get, "/secure/:token", open, w.securePage, "Show the button to sign out everywhere"},
		{post, "/secure/:token", open, w.secure, "Sign out everywhere"},
	}
}

// own are the routes for people's own accounts.
func (w *web) own() []route {
	return []route{
		{get, "/confirm", anySession, w.confirmPage, "Show the step-up"},
		{post, "/confirm", anySession, w.confirm, "Confirm it is you"},
		{post, "/confirm/code", anySession, w.sendConfirm, "Send a code for the step-up"},
		{post, "/confirm/cancel", anySession, w.notNow, "Leave the step-up"},

		{get, "/profile", signedIn, w.profile, "Show your profile"},
		{get, "/profile/activity", signedIn, w.activity, "Show your activity"},
		{get, "/profile/factors", enrolling, w.startPage, "Show which factors you can add"},
		{get, "/profile/factors/recovery", enrollingFresh, w.recoveryPage, "Show recovery codes"},
		{get, "/profile/factors/recovery.txt", enrollingFresh, w.recoveryFile, "Download recovery codes"},
		{post, "/profile/factors/recovery", fresh, w.makeRecovery, "Create new recovery codes"},
		{post, "/profile/factors/recovery/saved", enrolling, w.savedCodes, "Note that you saved your recovery codes"},
		{post, "/profile/factors/recovery/check", fresh, w.checkRecovery, "Check a recovery code"},
		{post, "/profile/factors/disable", fresh, w.disable, "Switch off two-factor sign-in"},
		{post, "/profile/factors/:id/name", fresh, w.renameFactor, "Rename a factor"},
		{post, "/profile/factors/:id/preferred", fresh, w.preferFactor, "Change which factor is asked for first"},
		{post, "/profile/factors/:id/remove", fresh, w.removeFactor, "Remove a factor"},
		{post, "/profile/sessions/:id/end", signedIn, w.endSession, "End a session"},
		{post, "/profile/sessions/end-others", signedIn, w.endOthers, "End all other sessions"},
		{post, "/profile/browsers/:id/forget", signedIn, w.forgetBrowser, "Forget a trusted browser"},
		{post, "/profile/browsers/forget-all", signedIn, w.forgetAll, "Forget all trusted browsers"},
		{post, "/profile/password", signedIn, w.changePassword, "Change your password"},
		{post, "/profile/email", fresh, w.changeEmail, "Change your email address"},
		{post, "/profile/email/cancel", signedIn, w.cancelEmail, "Cancel the change of your email address"},
		{post, "/profile/name", signedIn, w.changeName, "Change your name"},
		{post, "/profile/warning/dismiss", signedIn, w.dismissWarning, "Dismiss a warning"},
		{post, "/email/verify", signedIn, w.askVerify, "Request a link to confirm your address"},
	}
}

// admins are the routes that only an admin at level 2 may open.
func (w *web) admins() []route {
	return []route{
		{get, "/admin", admin, w.admin, "Show the accounts"},
		{get, "/admin/enrollment.csv", admin, w.enrollmentCSV, "Download the accounts"},
		{get, "/admin/adoption.svg", admin, w.chart(views.AdoptionChart), "Draw how many have a second factor"},
		{get, "/admin/kinds.svg", admin, w.chart(views.KindsChart), "Draw which factors they have"},
		{post, "/admin/users", adminFresh, w.inviteUser, "Invite someone"},
		{get, "/admin/users/:id", admin, w.person, "Show an account"},
		{post, "/admin/users/:id/invite", adminFresh, w.manage(w.inviteAgain), "Invite someone again"},
		{post, "/admin/users/:id/password", adminFresh, w.manage(w.startReset), "Reset the password of an account"},
		{post, "/admin/users/:id/email", adminFresh, w.manage(w.correctEmail), "Correct the address of an account"},
		{post, "/admin/users/:id/delete", adminFresh, w.manage(w.deleteUser), "Delete an account"},
		{post, "/admin/users/:id/reset", adminFresh, w.manage(w.resetFactors), "Reset the factors of an account"},
		{post, "/admin/users/:id/unlock", adminFresh, w.manage(w.unlockUser), "Unlock an account"},
		{post, "/admin/users/:id/disable", adminFresh, w.manage(w.disableUser), "Disable an account"},
		{post, "/admin/users/:id/enable", adminFresh, w.manage(w.enableUser), "Enable an account"},
		{post, "/admin/users/:id/end-sessions", adminFresh, w.manage(w.endUserSessions), "End all sessions of an account"},
		{post, "/admin/users/:id/role", adminFresh, w.manage(w.changeRole), "Change the role of an account"},
		{post, "/admin/users/:id/groups", adminFresh, w.manage(w.changeGroups), "Change the groups of an account"},
		{get, "/admin/policy", admin, w.policyPage, "Show the policy"},
		{post, "/admin/policy", adminFresh, w.savePolicy, "Change the policy"},
		{get, "/admin/import", admin, w.importPage, "Show the form for an import"},
		{post, "/admin/import", admin, w.tryImport, "Import accounts"},
		{get, "/admin/audit", admin, w.audit, "Show the audit log"},
		{get, "/admin/audit.csv", admin, w.auditCSV, "Download the audit log"},
		{get, "/admin/mail", admin, w.outbox, "Show the outbox"},
		{post, "/admin/mail/:id/retry", adminFresh, w.retryMail, "Send an email again"},
	}
}

// here is the path and query of a request, for coming back to it. The parameter
// said is left out, so that its notice is not shown twice.
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
