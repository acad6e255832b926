package routes

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/views"
)

// act carries out a change from a button of the profile, and shows on the
// profile that it was made, or why it was refused.
func (w *web) act(c *gin.Context, section, said string, do func(context.Context, *login.Visit, identity.Client) error) error {
	err := do(c.Request.Context(), visit(c), w.client(c))
	if refused := identity.Refused(err); refused != nil {
		return w.showProfile(c, section, refused)
	}
	if err != nil {
		return err
	}
	w.redirect(c, "/profile?said="+said)
	return nil
}

func (w *web) renameFactor(c *gin.Context) error {
	f, err := form(c, "name")
	if err != nil {
		return err
	}
	return w.act(c, "factors", "factor-renamed", func(ctx context.Context, v *login.Visit, k identity.Client) error {
		return w.Login.Rename(ctx, v, c.Param("id"), f["name"], k)
	})
}

func (w *web) preferFactor(c *gin.Context) error {
	return w.act(c, "factors", "factor-first", func(ctx context.Context, v *login.Visit, k identity.Client) error {
		return w.Login.Prefer(ctx, v, c.Param("id"), k)
	})
}

func (w *web) removeFactor(c *gin.Context) error {
	return w.act(c, "factors", "factor-removed", func(ctx context.Context, v *login.Visit, k identity.Client) error {
		return w.Login.Remove(ctx, v, c.Param("id"), k)
	})
}

func (w *web) disable(c *gin.Context) error {
	return w.act(c, "factors", "two-factor-off", w.Login.Disable)
}

func (w *web) endSession(c *gin.Context) error {
	return w.act(c, "", "session-ended", func(ctx context.Context, v *login.Visit, k identity.Client) error {
		return w.Login.EndSession(ctx, v, c.Param("id"), k)
	})
}

func (w *web) endOthers(c *gin.Context) error {
	return w.act(c, "", "sessions-ended", func(ctx context.Context, v *login.Visit, k identity.Client) error {
		return w.Login.EndOthers(ctx, v, k)
	})
}

func (w *web) forgetBrowser(c *gin.Context) error {
	return w.act(c, "", "forgotten", func(ctx context.Context, v *login.Visit, k identity.Client) error {
		return w.Login.Forget(ctx, v, c.Param("id"), k)
	})
}

func (w *web) forgetAll(c *gin.Context) error {
	return w.act(c, "", "all-forgotten", func(ctx context.Context, v *login.Visit, k identity.Client) error {
		return w.Login.ForgetAll(ctx, v, k)
	})
}

// dismissWarning clears the warning about a code that was used twice.
func (w *web) dismissWarning(c *gin.Context) error {
	return w.act(c, "", "warning", func(ctx context.Context, v *login.Visit, _ identity.Client) error {
		return w.Login.DismissWarning(ctx, v)
	})
}

// recoveryPage shows the recovery codes again.
func (w *web) recoveryPage(c *gin.Context) error {
	return w.showRecovery(c, c.Query("new") != "", "", nil)
}

func (w *web) showRecovery(c *gin.Context, justMade bool, checked string, refused *identity.Refusal) error {
	sheet, err := w.Login.Codes(c.Request.Context(), visit(c))
	if err != nil {
		return err
	}
	show := func(alert string) (views.Screen, views.Frame) {
		s := views.Recovery{Left: sheet.Left, Made: sheet.Made, Set: sheet.Set, Site: w.Login.Options().Host, Fresh: justMade,
			Next: w.wanted(c), Check: checked, Alert: alert}
		for _, x := range sheet.Codes {
			s.Codes = append(s.Codes, views.RecoveryCode{Text: x.Text, Used: x.Used})
		}
		return s, views.Frame{Title: "Recovery codes", Area: "profile"}
	}
	if refused == nil {
		s, f := show("")
		return w.render(c, http.StatusOK, s, f)
	}
	return w.refused(c, refused, show)
}

// recoveryFile is the unused codes as a file to keep.
func (w *web) recoveryFile(c *gin.Context) error {
	sheet, err := w.Login.Codes(c.Request.Context(), visit(c))
	if err != nil {
		return err
	}
	var b strings.Builder
	opt := w.Login.Options()
	fmt.Fprintf(&b, "Recovery codes for %s (%s)\nAccount: %s\nCreated: %s, set %s\n\nEach code works once. Keep this away from your phone.\n\n",
		w.brand, opt.URL, visit(c).Account.Login, sheet.Made.Format("2 January 2006"), sheet.Set)
	for _, x := range sheet.Codes {
		if x.Used.IsZero() {
			b.WriteString(x.Text + "\n")
		}
	}
	c.Header("Content-Disposition", `attachment; filename="`+fileName(opt.Host)+`-recovery-codes.txt"`)
	c.Data(http.StatusOK, "text/plain; charset=utf-8", []byte(b.String()))
	return nil
}

// fileName turns a host name into one that every file system accepts.
func fileName(host string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '.' {
			return r
		}
		return '-'
	}, strings.ToLower(host))
}

// makeRecovery makes a new set and shows it.
func (w *web) makeRecovery(c *gin.Context) error {
	err := w.Login.MakeCodes(c.Request.Context(), visit(c), w.client(c))
	if refused := identity.Refused(err); refused != nil {
		return w.showProfile(c, "factors", refused)
	}
	if err != nil {
		return err
	}
	w.redirect(c, "/profile/factors/recovery?new=1")
	return nil
}

// checkRecovery says whether a code is good, without using it up.
func (w *web) checkRecovery(c *gin.Context) error {
	f, err := form(c, "code")
	if err != nil {
		return err
	}
	err = w.Login.CheckCode(c.Request.Context(), visit(c), f["code"], w.client(c))
	if err == nil {
		return w.showRecovery(c, false, "This code is good. It was not used up.", nil)
	}
	refused := identity.Refused(err)
	if refused == nil {
		return err
	}
	if refused.Why == identity.Wrong {
		refused.Text = "That is not one of your unused codes."
	}
	return w.showRecovery(c, false, "", refused)
}
