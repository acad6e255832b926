package browser

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"nightlatch.example/nightlatch/internal/chrome"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// example builds one of the example applications as its own module, starts it in an
// empty folder, and gives its address and the setup link that it printed.
func example(t *testing.T, name string) (base, setup string) {
	t.Helper()
	source, err := filepath.Abs("../examples/" + name)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	build := exec.Command("go", "build", "-o", filepath.Join(folder, "app"), ".")
	build.Dir = source
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	addr := fmt.Sprintf("localhost:%d", freePort(t))
	cmd := exec.Command(filepath.Join(folder, "app"))
	cmd.Dir, cmd.Env = folder, append(os.Environ(), "ADDR="+addr, "GIN_MODE=release")
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
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if _, link, ok := strings.Cut(lines.Text(), "Make the first admin here: "); ok {
			waitFor(t, addr)
			return "http://" + addr, link
		}
	}
	t.Fatalf("no setup link was printed: %s", complaints.String())
	return "", ""
}

// waitFor waits until somebody listens.
func waitFor(t *testing.T, addr string) {
	t.Helper()
	for range 600 {
		if c, err := net.Dial("tcp", addr); err == nil {
			_ = c.Close()
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("the example does not listen")
}

// Both examples: the pages of the application, the way to the sign-in and back, and
// the page that wants a second factor.
func TestTheExamplesInChromium(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"gin-app", "nethttp-app"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base, setup := example(t, name)
			b := chrome.New(t, chrome.Options{})
			at := func(want string) {
				t.Helper()
				if got := strings.TrimPrefix(b.URL(), base); got != want {
					t.Fatalf("at %s instead of %s:\n%s", got, want, b.Text("body"))
				}
			}
			b.Go(base + "/")
			at("/auth/login?next=%2F")
			b.Go(setup)
			b.Fill("#login", ada)
			b.Fill("#password", sitetest.Password)
			b.Click("=Create the account")
			at("/auth/profile/factors")
			b.Go(base + "/")
			b.WaitText("Hello " + ada)
			b.Click("=Reports")
			at("/auth/confirm?level=2&next=%2Freports")
			b.Go(base + "/auth/profile/factors")
			b.Click("=Authenticator app")
			at("/auth/profile/factors/totp")
			secret := strings.ReplaceAll(b.Text("#secret"), " ", "")
			code := func(at time.Time) string {
				text, err := totp.GenerateCode(secret, at)
				if err != nil {
					t.Fatal(err)
				}
				return text
			}
			now := time.Now()
			b.Fill("#code", code(now))
			b.Click("=Switch it on")
			at("/auth/profile/factors/recovery?new=1")
			b.Go(base + "/reports")
			b.WaitText("Proved with totp")

			b.Go(base + "/auth/logout")
			b.Click("=Sign out")
			at("/auth/login?said=signed-out")
			b.Go(base + "/reports")
			at("/auth/login?next=%2Freports")
			b.Fill("#login", ada)
			b.Fill("#password", sitetest.Password)
			b.Click("=Sign in")
			b.Fill("#code", code(now.Add(30*time.Second))) // the next one: that of the enrollment was used
			b.Click("=Sign in")
			at("/reports")
			b.WaitText("Proved with totp")
			if errs := b.ConsoleErrors(); len(errs) != 0 {
				t.Errorf("the console: %s", errs)
			}
		})
	}
}

// What the README shows is what the example is, and short.
func TestTheReadmeShowsTheExample(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("../examples/gin-app/main.go")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(readme), "## Add it to your app\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var shown strings.Builder
	for line := range strings.Lines(section) {
		if code, is := strings.CutPrefix(line, "    "); is {
			shown.WriteString("\t" + code)
		}
	}
	_, code, _ := strings.Cut(string(source), "func main() {\n")
	code, _, _ = strings.Cut(code, "\n}\n")
	if !ok || shown.String() != code+"\n" {
		t.Errorf("the README shows\n%s\nand the example is\n%s", shown.String(), code)
	}
	if n := strings.Count(section, "\n"); n >= 20 {
		t.Errorf("it takes %d lines", n)
	}
}
