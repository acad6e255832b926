package browser

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"nightlatch.example/nightlatch/internal/chrome"
)

// demo starts the program with its demo, as a process of its own, and gives what it printed.
func demo(t *testing.T) (url, login, password, code string) {
	t.Helper()
	port := freePort(t)
	url = fmt.Sprintf("http://localhost:%d", port)
	cmd := exec.Command(os.Args[0], asProgram, "demo", "--addr", fmt.Sprintf("127.0.0.1:%d", port), "--url", url, "--log", "warn")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var complaints strings.Builder
	cmd.Stderr = &complaints
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	said := regexp.MustCompile(`^  (login|password|recovery code) +(\S+)$`)
	got := map[string]string{}
	for lines := bufio.NewScanner(out); len(got) < 3 && lines.Scan(); {
		if m := said.FindStringSubmatch(lines.Text()); m != nil {
			got[m[1]] = m[2]
		}
	}
	if len(got) < 3 {
		t.Fatalf("the demo did not say how to sign in: %s", complaints.String())
	}
	return url, got["login"], got["password"], got["recovery code"]
}

// The demo shows a newcomer full pages: who is enrolled, one account, the
// policy, the log.
func TestDemo(t *testing.T) {
	t.Parallel()
	url, login, password, code := demo(t)
	p := &person{Browser: chrome.New(t, chrome.Options{Width: 1200, Height: 900}), t: t}
	folder := t.TempDir()
	if *screenshots {
		folder = "../docs"
	}
	p.Go(url + "/login")
	p.Fill("#login", login)
	p.Fill("#password", password)
	p.Click("=Sign in")
	p.Click(`.choice[href*="factor=recovery"]`)
	p.Fill("#code", code)
	p.Click("=Sign in")
	p.WaitText("Two-factor on")
	for _, page := range []struct{ path, words, picture string }{
		{"/admin", "200", "admin"},
		{"/admin?status=locked", "example.com", ""},
		{"/admin/policy", "Everyone", "admin-policy"},
		{"/admin/audit", "example.com", "admin-audit"},
		{"/admin/mail", "example.com", ""},
	} {
		p.Go(url + page.path)
		p.WaitText(page.words)
		p.look(page.path)
		if page.picture != "" {
			p.Screenshot(filepath.Join(folder, page.picture+".png"))
		}
	}
}
