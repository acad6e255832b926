package commands_test

import (
	"bytes"
	"net"
	"net/http"
	netmail "net/mail"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"nightlatch.example/nightlatch/internal/sitetest"
)

// mailSite is a server whose mail goes to an Exim, with a person who signs in
// by mailed codes, one who waits for an invite, and an admin who looks.
type mailSite struct {
	t    *testing.T
	dir  string
	env  []string
	s    *server
	boss *visitor
	ada  *visitor
}

// everybody has a mailbox.
const everybody = "ada0 : ina : nightlatch"

func newMailSite(t *testing.T, m *exim, more ...string) *mailSite {
	t.Helper()
	x := &mailSite{t: t, dir: t.TempDir(), env: append([]string{"NIGHTLATCH_MAIL=smtp://" + m.address + "?tls=none", "NIGHTLATCH_CODE_COOLDOWN=0",
		"NIGHTLATCH_MAIL_FROM=Nightlatch <nightlatch@example.com>"}, more...)}
	mailable(t, x.dir, x.env, seed(t, x.dir, x.env, "ada", 1, false))
	must(t, x.dir, x.env, "", "user", "add", "ina", "--email", "ina@example.com")
	newAccount(t, x.dir, x.env, "root", "--admin")
	x.s = start(t, x.dir, x.env)
	x.boss = x.s.visitor()
	x.boss.password("root").want(t, "/profile")
	x.boss.post("/profile/factors/totp")
	x.boss.post("/profile/factors/totp/confirm", "code", code(x.boss.secret(), 0)).want(t, "/profile/factors/recovery?new=1")
	return x
}

// ask has a code and an invite mailed.
func (x *mailSite) ask() {
	x.t.Helper()
	x.ada = x.s.visitor()
	x.ada.password("ada0").want(x.t, "/login/challenge")
	if p := x.ada.post("/login/challenge/email/code"); p.status != http.StatusSeeOther {
		x.t.Fatalf("no code is sent: %d", p.status)
	}
	must(x.t, x.dir, x.env, "", "user", "invite", "ina")
}

// says waits until a page says something.
func (x *mailSite) says(v *visitor, path, text string) string {
	x.t.Helper()
	body := ""
	waitFor(x.t, func() bool {
		body = v.get(path).body
		return strings.Contains((&sitetest.Page{Body: body}).Text(), text)
	})
	return body
}

// arrived waits for the code and the invite, each once, and uses the code.
func (x *mailSite) arrived(m *exim) {
	x.t.Helper()
	waitFor(x.t, func() bool { return len(m.letters("ada0")) > 0 && len(m.letters("ina")) > 0 })
	found := mailedCode.FindStringSubmatch(m.letters("ada0")[0])
	if found == nil {
		x.t.Fatalf("no code in %s", m.letters("ada0")[0])
	}
	x.ada.post("/login/challenge/email", "code", found[1]).want(x.t, "/profile")
	if a, i := len(m.letters("ada0")), len(m.letters("ina")); a != 1 || i != 1 {
		x.t.Errorf("%d codes and %d invites came", a, i)
	}
}

// doctor runs the command and says whether it finds fault with the mail.
func (x *mailSite) doctor() (fault bool, out string) {
	r := run(x.t, x.dir, x.env, "", "doctor")
	if fault = strings.Contains(r.out, "fault  mail"); fault && r.code != 1 {
		x.t.Errorf("doctor ends with %d", r.code)
	}
	return fault, r.out
}

const challengeMail = "/login/challenge?factor=email"

// A real mail server with TLS and sign-in takes what we send: the name in EHLO
// is the site's, Message-ID is valid, and the mail reads as it was written.
func TestMailArrivesThroughARealServer(t *testing.T) {
	t.Parallel()
	m := newExim(t, rules{people: everybody})
	crt, key := certificate(t, m.dir, "localhost")
	signIn := rules{people: everybody, auth: "${if and{{eq{$auth2}{nightlatch}}{eq{$auth3}{se cret}}}}", rcpt: "  require authenticated = *",
		main: "tls_advertise_hosts = *\ntls_certificate = " + crt + "\ntls_privatekey = " + key + "\nauth_advertise_hosts = ${if eq{$tls_in_cipher}{}{}{*}}"}
	m.follow(signIn)
	_, port, _ := net.SplitHostPort(m.address)
	example := regexp.MustCompile("(?s)```sh\n(NIGHTLATCH_MAIL=.*?)\n```").FindStringSubmatch(string(readFile(t, "../docs/operating.md")))
	if example == nil {
		t.Fatal("the guide has no mail server")
	}
	env := strings.Split(strings.Replace(example[1], "mail.example.com:587", "localhost:"+port, 1), "\n")
	x := newMailSite(t, m, append(env, "SSL_CERT_FILE="+crt)...)
	x.ask()
	x.arrived(m)
	if fault, out := x.doctor(); fault {
		t.Errorf("doctor: %s", out)
	}
	x.s.stop()

	site := append(x.env, "NIGHTLATCH_URL=https://login.example.com:8443")
	start(t, x.dir, site)
	must(t, x.dir, site, "", "user", "invite", "ina")
	waitFor(t, func() bool { return len(m.letters("ina")) == 2 })
	for _, text := range m.letters("ina") {
		if !strings.Contains(text, "https://login.example.com:8443/invite/") {
			continue
		}
		letter, err := netmail.ReadMessage(bytes.NewReader([]byte(text)))
		if err != nil {
			t.Fatal(err)
		}
		if got := letter.Header.Get("Received"); !strings.Contains(got, "(helo=login.example.com)") || !strings.Contains(got, "esmtpsa") {
			t.Errorf("Received: %s", got)
		}
		if got := letter.Header.Get("Message-ID"); !regexp.MustCompile(`^<[^@<> ]+@login\.example\.com>$`).MatchString(got) {
			t.Errorf("Message-ID: %s", got)
		}
		if from, err := letter.Header.AddressList("From"); err != nil || from[0].Address != "nightlatch@example.com" {
			t.Errorf("From: %v %v", from, err)
		}
		return
	}
	t.Errorf("no invite names the site: %v", m.letters("ina"))
}

// What a real mail server has against the site itself, at whichever step and
// in whichever words, loses no mail: it is kept and tried again, red for admins
// and in doctor, and arrives once the server has changed its mind.
func TestARealServerThatDislikesTheSiteLosesNoMail(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rules rules
		words string
		env   string
	}{
		"the name in EHLO": {rules{helo: "  deny condition = ${if !match{$sender_helo_name}{\\\\.}}\n" +
			"       message = 504 5.5.2 <$sender_helo_name>: Helo command rejected: need fully-qualified hostname"}, "504 5.5.2 <localhost>", ""},
		"the name in EHLO, said at RCPT": {rules{rcpt: "  deny condition = ${if !match{$sender_helo_name}{\\\\.}}\n" +
			"       message = 504 5.5.2 <$sender_helo_name>: Helo command rejected: need fully-qualified hostname"}, "504 5.5.2 <localhost>", ""},
		"the sender":                     {rules{from: "  deny senders = nightlatch@example.com\n       message = 550 5.7.1 Sender not allowed"}, "550 5.7.1 Sender not allowed", ""},
		"a sender that it does not know": {rules{people: "ada0 : ina", rcpt: "  require verify = sender"}, "Sender verify failed", ""},
		"a policy without words":         {rules{rcpt: "  deny"}, "550 Administrative prohibition", ""},
		"relaying":                       {rules{rcpt: "  require message = relay not permitted\n          domains = example.org"}, "550 relay not permitted", ""},
		"a full disk":                    {rules{main: "check_spool_space = 900000G"}, "452", ""},
		"the password":                   {rules{main: "auth_advertise_hosts = *", auth: "no"}, "535", "NIGHTLATCH_MAIL=smtp://nightlatch:secret@%s?tls=none"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.rules.people == "" {
				c.rules.people = everybody
			}
			m := newExim(t, c.rules)
			var more []string
			if c.env != "" {
				more = append(more, strings.ReplaceAll(c.env, "%s", m.address))
			}
			x := newMailSite(t, m, more...)
			x.ask()
			x.says(x.boss, "/admin/mail", "No emails are being sent")
			x.says(x.boss, "/admin/mail", c.words)
			x.says(x.boss, "/admin/mail", "2 queued, 0 failed")
			x.says(x.ada, challengeMail, "could not be delivered yet")
			if fault, out := x.doctor(); !fault || !strings.Contains(out, c.words) {
				t.Errorf("doctor: %s", out)
			}
			m.follow(rules{people: everybody, main: "auth_advertise_hosts = *", auth: "yes"})
			x.arrived(m)
			waitFor(t, func() bool { // the mailbox has the mail before the site hears of it
				p := x.boss.get("/admin/mail")
				return p.status == http.StatusOK && !strings.Contains(p.body, "No emails are being sent")
			})
			if fault, out := x.doctor(); fault {
				t.Errorf("doctor: %s", out)
			}
		})
	}
}

var retryForm = regexp.MustCompile(`action="(/admin/mail/[^/"]+/retry)"`)

// A recipient whom the server does not know is no fault of the site: the code
// is given up and the page says so, the invite can be sent again.
func TestARealServerThatDoesNotKnowTheRecipient(t *testing.T) {
	t.Parallel()
	for words, rcpt := range map[string]string{
		"550 Unrouteable address": "",
		"550 5.1.1":               "  deny !local_parts = nightlatch\n       message = 550 5.1.1 <$local_part@$domain>: Recipient address rejected: User unknown",
	} {
		t.Run(words, func(t *testing.T) {
			t.Parallel()
			m := newExim(t, rules{people: "nightlatch", rcpt: rcpt})
			x := newMailSite(t, m)
			x.ask()
			x.says(x.ada, challengeMail, "could not be delivered")
			page := x.says(x.boss, "/admin/mail", "0 queued, 2 failed")
			if !strings.Contains(page, words) || strings.Contains(page, "No emails are being sent") {
				t.Errorf("the outbox: %s", page)
			}
			if fault, out := x.doctor(); fault {
				t.Errorf("doctor: %s", out)
			}
			again := retryForm.FindAllStringSubmatch(page, -1)
			if len(again) != 1 {
				t.Fatalf("%d mails can be sent again", len(again))
			}
			m.follow(rules{people: everybody})
			x.boss.post(again[0][1]).want(t, "/admin/mail?said=retried")
			if p := x.ada.post("/login/challenge/email/code"); p.status != http.StatusSeeOther {
				t.Fatalf("no other code: %d", p.status)
			}
			x.arrived(m)
		})
	}
}

// A code that was asked for while the server was down arrives when it is back.
func TestARealServerThatWasDownDeliversTheCode(t *testing.T) {
	t.Parallel()
	m := newExim(t, rules{people: everybody})
	x := newMailSite(t, m)
	m.close()
	x.ask()
	x.says(x.ada, challengeMail, "could not be delivered yet")
	x.says(x.boss, "/admin/mail", "No emails are being sent")
	m.open()
	x.arrived(m)
	if files, _ := filepath.Glob(filepath.Join(m.dir, "log", "panic*")); len(files) > 0 {
		t.Errorf("Exim itself has trouble: %v", files)
	}
}
