package browser

import (
	"bytes"
	"encoding/base32"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"nightlatch.example/nightlatch/internal/chrome"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// The whole job, as a person does it: from the setup link to a sign-in with
// each of three factors.
func TestWholeJob(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]chrome.Options{
		"desk":                         {},
		"narrow, dark":                 {Width: 320, Height: 640, Dark: true},
		"as at 200 %, without scripts": {Width: 640, Height: 400, NoJS: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := arrive(t, o)
			p.setUp()
			p.addApp()
			p.keepCodes(!o.NoJS)
			p.addAddress()
			p.leave()
			p.enterWithApp()
			p.leave()
			p.enterWithMail()
			p.leave()
			p.enterWithRecovery()
		})
	}
}

// setUp makes the first admin by the link from the terminal.
func (p *person) setUp() {
	p.t.Helper()
	p.Go(p.site.Setup.Link(p.site.URL))
	p.look("setup")
	p.Fill("#login", ada)
	p.Fill("#password", "password")
	p.Click("=Create the account")
	p.refused("password", "one of the most common ones")
	p.look("setup, refused")
	p.Fill("#password", sitetest.Password)
	p.Click("=Create the account")
	p.at("/profile/factors")
	p.look("start")
}

// addApp scans the QR code off the screen and confirms with what an app then
// shows. A wrong code keeps the secret.
func (p *person) addApp() {
	p.t.Helper()
	p.Click("=Authenticator app")
	p.at("/profile/factors/totp")
	p.key = p.scan()
	p.look("enrollment")
	p.Fill("#code", "000000")
	p.Click("=Switch it on")
	p.refused("code", "not right")
	p.look("enrollment, refused")
	if !bytes.Equal(p.scan(), p.key) {
		p.t.Error("a wrong code changed the secret")
	}
	p.Fill("#code", p.site.Code(p.key))
	p.Fill("#name", "Phone")
	p.Click("=Switch it on")
	p.at("/profile/factors/recovery?new=1")
}

// scan decodes the QR code as it is on the screen, and holds that the key in
// groups and the link say the same.
func (p *person) scan() []byte {
	p.t.Helper()
	text, err := chrome.DecodeQR(p.Picture("img.qr"))
	if err != nil {
		p.t.Fatal(err)
	}
	link, err := url.Parse(text)
	if err != nil || link.Scheme != "otpauth" || link.Path != "/Nightlatch:"+ada {
		p.t.Fatalf("the QR code says %q", text)
	}
	if !strings.Contains(p.HTML(), strings.ReplaceAll(text, "&", "&amp;")) {
		p.t.Errorf("the link on the page differs from the QR code's %q", text)
	}
	secret := link.Query().Get("secret")
	same(p.t, "the key in groups", strings.ReplaceAll(p.Text("#secret"), " ", ""), secret)
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil || len(key) != 20 {
		p.t.Fatalf("%d bytes of key: %v", len(key), err)
	}
	return key
}

var recoveryCode = regexp.MustCompile(`\b[0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){3}\b`)

// keepCodes keeps the recovery codes in every way that the page offers.
func (p *person) keepCodes(scripts bool) {
	p.t.Helper()
	p.codes = recoveryCode.FindAllString(p.Text("#codes"), -1)
	if len(p.codes) != 10 || len(slices.Compact(slices.Sorted(slices.Values(p.codes)))) != 10 {
		p.t.Fatalf("the page shows %d codes: %s", len(p.codes), p.codes)
	}
	p.look("recovery codes")
	same(p.t, "a copy button is there", p.shows("[data-copy]"), scripts)
	same(p.t, "a print button is there", p.shows("[data-print]"), scripts)
	if scripts {
		same(p.t, "copied", p.copied(), strings.Join(p.codes, "\n"))
		var printed bool
		p.Eval(`window.print = () => { window.printed = true }`, nil)
		p.Click("=Print")
		p.Eval(`window.printed === true`, &printed)
		same(p.t, "printed", printed, true)
	}
	file := p.downloaded("=Download")
	same(p.t, "codes in the file", strings.Join(recoveryCode.FindAllString(file, -1), " "), strings.Join(p.codes, " "))
	p.Click("=I have saved them")
	p.at("/profile")
	p.look("profile")
}

// addAddress takes the account's own address as a second factor.
func (p *person) addAddress() {
	p.t.Helper()
	p.Click("=Add an email address")
	p.look("profile, adding an address")
	same(p.t, "the address offered", p.value("#address"), ada)
	p.Click("=Send a code")
	p.at("/profile/factors/email")
	p.look("enrollment of an address")
	p.Fill("#code", p.site.LastCode(ada))
	p.Click("=Switch it on")
	p.at("/profile")
	p.look("profile, two factors")
}

// leave signs out. What the back button then shows opens nothing: the browser
// may keep a page in its memory that was left by a plain form.
func (p *person) leave() {
	p.t.Helper()
	p.Click("=Sign out")
	p.at("/login")
	p.look("sign-in")
	p.Back()
	p.Reload()
	p.at("/login")
}

// password gives the first step.
func (p *person) password() {
	p.t.Helper()
	p.Fill("#login", ada)
	p.Fill("#password", sitetest.Password)
	p.Click("=Sign in")
	p.at("/login/challenge")
}

func (p *person) enterWithApp() {
	p.t.Helper()
	p.password()
	p.look("challenge")
	p.Fill("#code", "123 45")
	p.Click("=Sign in")
	p.refused("code", "not right")
	p.look("challenge, refused")
	p.site.Advance(30e9)
	p.Fill("#code", p.site.Code(p.key))
	p.Click("=Sign in")
	p.at("/profile")
}

func (p *person) enterWithMail() {
	p.t.Helper()
	p.site.Mails()
	p.site.Advance(61e9)
	p.password()
	p.Click(`.choice[href*="factor=email"]`)
	p.look("challenge, mail")
	p.Click("=Send the code")
	p.look("challenge, mail sent")
	p.Fill("#code", p.site.LastCode(ada))
	p.Click("=Sign in")
	p.at("/profile")
}

func (p *person) enterWithRecovery() {
	p.t.Helper()
	p.password()
	p.Click(`.choice[href*="factor=recovery"]`)
	p.look("challenge, recovery code")
	p.Fill("#code", strings.ToLower(strings.ReplaceAll(p.codes[3], "-", " ")))
	p.Click("=Sign in")
	p.at("/profile")
	p.WaitText("9 of 10 left")
	for _, c := range p.Cookies() {
		if !c.HTTPOnly || c.SameSite != "Lax" || strings.HasPrefix(c.Name, "nightlatch_login") {
			p.t.Errorf("cookie %s: HttpOnly %v, SameSite %s", c.Name, c.HTTPOnly, c.SameSite)
		}
	}
	same(p.t, "second factors of the account", len(p.site.Account(ada).Kinds), 2)
	same(p.t, "status of the profile", p.Status(), http.StatusOK)
}
