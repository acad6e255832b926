package browser

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/chrome"
)

// The admin's work, with scripts and without: find somebody, reset their
// factors, put a policy in force, import a file.
func TestAdministration(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, o chrome.Options) {
		p := ready(t, o)
		p.enterWithApp()
		for _, name := range []string{"grace@example.com", "alan@example.com", "kurt"} {
			p.site.User(name, identity.Member)
			p.site.Browser().SignIn(name).EnrollTOTP()
		}
		p.finding()
		p.resetting()
		p.requiring()
		p.importing(filepath.Join(t.TempDir(), "people.csv"))
	})
}

// finding is the list: the address is in step, so back and reload work.
func (p *person) finding() {
	p.t.Helper()
	p.visit("/admin")
	p.Fill("#q", "grace")
	p.Click("=Show")
	p.WaitText("1 account")
	if at := p.URL(); !strings.Contains(at, "q=grace") {
		p.t.Errorf("the address is %s", at)
	}
	p.Reload()
	p.WaitText("1 account")
	p.Back()
	p.WaitText("alan@example.com")
	p.Click("=Last sign-in")
	p.WaitText("alan@example.com")
	if at := p.URL(); !strings.Contains(at, "sort=-last") {
		p.t.Errorf("the address is %s", at)
	}
	p.look("accounts by last sign-in")
}

func (p *person) resetting() {
	p.t.Helper()
	p.visit("/admin")
	p.Click("=grace@example.com")
	p.WaitText("Actions")
	p.Click(".doings details:first-child summary")
	p.Fill("#reason-reset", "Lost the phone")
	p.look("reset form")
	p.Click("[data-variant=danger]")
	p.WaitText("The factors were reset.")
	p.look("account after a reset")
}

func (p *person) requiring() {
	p.t.Helper()
	p.visit("/admin/policy?who=everyone&from=2030-01-01")
	p.WaitText("This would affect")
	p.look("preview of a policy")
	p.Click("=Apply this policy")
	p.WaitText("The policy is in force.")
}

func (p *person) importing(file string) {
	p.t.Helper()
	if err := os.WriteFile(file, []byte("login,name\nzoe@example.com,Zoe\nbad login,x\n"), 0o600); err != nil {
		p.t.Fatal(err)
	}
	p.visit("/admin/import")
	p.Run(chromedp.SetUploadFiles("#file", []string{file}, chromedp.ByQuery))
	p.Click("=Preview the import")
	p.WaitText("nothing has been created yet")
	p.look("import, tried")
	p.Click("=Create 1 account")
	p.WaitText("1 account created")
	p.look("import, done")
	if a := p.site.Account("zoe@example.com"); a.Name != "Zoe" {
		p.t.Errorf("%+v", a)
	}
}
