package chrome

import (
	"bytes"
	"fmt"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skip2/go-qrcode"
)

const secret = "otpauth://totp/Nightlatch:ada@example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Nightlatch"

// front is a page with a little of everything that the harness has to cope with.
const front = `<!doctype html><html lang="en"><head><title>Door</title><link rel="icon" href="data:,">
<script src="/app.js"></script><style nonce="n">
body { color: #111; background: #fff } p.dark { display: none }
@media (prefers-color-scheme: dark) { body { color: #fff; background: #000 } p.dark { display: block } }
</style></head><body><main><h1>The door</h1><p id="js">no script</p><p class="dark">It is dark.</p>
<form method="post" action="/in"><label>Name <input name="name" value="old"></label>
<label>Kind <select name="kind"><option value="a">A</option><option value="b">B</option></select></label>
<label>Day <input type="date" name="day"></label><label><input type="checkbox" name="trust"> Trust</label>
<button>Sign in</button></form>
<button id="soon" type="button">Fetch</button> <button id="away" type="button">Go away</button>
<button id="ask" type="button">Ask</button> <button disabled>Never</button>
<p id="answer"></p><a href="/file.txt">Download</a> <a href="#end">Jump</a>
<img src="/qr.png" alt="QR code" width="256" height="256"></main></body></html>`

const script = `addEventListener("DOMContentLoaded", () => {
  const on = (id, what) => document.getElementById(id).addEventListener("click", what);
  const answer = document.getElementById("answer");
  document.getElementById("js").textContent = "script runs";
  on("soon", async () => { answer.textContent = await (await fetch("/part", {method: "POST"})).text(); });
  on("away", async () => { location.href = await (await fetch("/part", {method: "POST"})).text(); });
  on("ask", () => { answer.textContent = confirm("Sure?") ? "sure" : "unsure"; });
});`

// door serves the front page at http://localhost:PORT.
func door(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	page := func(w http.ResponseWriter, status int, body string) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'nonce-n'; img-src 'self' data:; connect-src 'self'; form-action 'self'")
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "seen", Value: "1", HttpOnly: true})
		page(w, 200, front)
	})
	mux.HandleFunc("GET /app.js", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		fmt.Fprint(w, script)
	})
	mux.HandleFunc("POST /in", func(w http.ResponseWriter, r *http.Request) {
		page(w, 422, fmt.Sprintf(`<h1>Hello</h1><input name="name"><p>%s, %s, %s, trust %s`,
			r.FormValue("name"), r.FormValue("kind"), r.FormValue("day"), r.FormValue("trust")))
	})
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("POST /part", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "/bad") })
	mux.HandleFunc("GET /bad", func(w http.ResponseWriter, r *http.Request) {
		page(w, 200, `<script>alert(1)</script><img src="/lost.png"><p style="color:#ccc">Pale <img alt="" src="/qr.png" width="3000" height="9">`)
	})
	mux.HandleFunc("GET /file.txt", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Disposition", "attachment")
		fmt.Fprint(w, "codes")
	})
	mux.HandleFunc("GET /qr.png", func(w http.ResponseWriter, r *http.Request) {
		png, err := qrcode.Encode(secret, qrcode.Medium, 256)
		if err != nil {
			t.Error(err)
		}
		w.Write(png)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
}

func same[T comparable](t *testing.T, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestFormWithAndWithoutScripts(t *testing.T) {
	t.Parallel()
	for name, noJS := range map[string]bool{"scripts": false, "no scripts": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := New(t, Options{NoJS: noJS})
			b.Go(door(t) + "/")
			same(t, b.Text("#js"), map[bool]string{false: "script runs", true: "no script"}[noJS])
			same(t, b.Status(), 200)
			b.Fill("[name=name]", "Ada")
			b.Fill("[name=kind]", "b")
			b.Fill("[name=day]", "2026-11-23")
			b.Click("[name=trust]")
			b.Click("=Sign in")
			same(t, b.Exists("form"), false) // at once: the click has waited
			b.WaitText("Ada, b,  2026-11-23, trust on")
			same(t, b.Status(), 422)
			b.Back()
			same(t, b.Text("h1"), "The door")
			same(t, b.Status(), 200)
			b.Fill("[name=name]", "")
			b.Press("Tab")
			b.Press("Shift+Tab")
			b.Press("Bo")
			b.Press("Enter")
			b.WaitText("Bo, ")
			if errs := b.ConsoleErrors(); len(errs) > 0 {
				t.Errorf("console: %q", errs)
			}
		})
	}
}

func TestScriptedClicksAreWaitedFor(t *testing.T) {
	t.Parallel()
	b := New(t, Options{})
	url := door(t)
	b.Go(url + "/")
	b.Click("#soon")
	same(t, b.Text("#answer"), "/bad")
	b.Click("#ask")
	same(t, b.Text("#answer"), "sure")
	b.Click("=Jump")
	same(t, b.URL(), url+"/#end")
	b.Click("=Download")
	same(t, b.Text("h1"), "The door")
	b.Reload()
	same(t, b.Text("#answer"), "")
	b.Click("#away")
	same(t, b.URL(), url+"/bad")
}

func TestFaultsAreSeen(t *testing.T) {
	t.Parallel()
	b := New(t, Options{})
	url := door(t)
	b.Go(url + "/")
	same(t, len(b.Axe()), 0)
	same(t, b.HScroll(), false)
	b.Go(url + "/bad")
	same(t, b.HScroll(), true)
	if found := fmt.Sprint(b.Axe()); !strings.Contains(found, "image-alt (critical)") {
		t.Error("axe found only", found)
	}
	var nothing any
	b.Eval(`setTimeout(() => { throw new Error("broken") })`, &nothing)
	b.Eval(`console.error("said so")`, nil)
	b.settle()
	all := strings.Join(b.ConsoleErrors(), "\n")
	for _, want := range []string{"Content Security Policy", "/lost.png", "broken", "said so"} {
		if !strings.Contains(all, want) {
			t.Errorf("no %q among the console errors:\n%s", want, all)
		}
	}
}

// What was found faultless is not looked at again, and everything else is.
func TestAxeOnce(t *testing.T) {
	t.Parallel()
	b := New(t, Options{Width: 1001, Height: 800})
	url := door(t)
	for range 2 {
		b.Go(url + "/")
		same(t, len(b.AxeOnce()), 0)
		b.Eval(`document.querySelector("h1").textContent = "Another door"`, nil)
		_, known := faultless.Load(sight{b.o, b.must("shape", "", "").Text})
		same(t, known, true)
		b.Eval(`document.querySelector("img").removeAttribute("alt")`, nil)
		for range 2 {
			if found := fmt.Sprint(b.AxeOnce()); !strings.Contains(found, "image-alt (critical)") {
				t.Error("axe found only", found)
			}
		}
	}
}

func TestAxeWithoutScripts(t *testing.T) {
	t.Parallel()
	b := New(t, Options{NoJS: true})
	url := door(t)
	b.Go(url + "/bad")
	if len(b.Axe()) == 0 {
		t.Error("axe found nothing")
	}
	b.Go(url + "/")
	same(t, b.Text("#js"), "no script")
}

func TestCookies(t *testing.T) {
	t.Parallel()
	b := New(t, Options{})
	b.Go(door(t) + "/")
	cookies := b.Cookies()
	if len(cookies) != 1 || cookies[0].Name != "seen" || !cookies[0].HTTPOnly {
		t.Fatalf("cookies: %+v", cookies)
	}
	b.ClearCookies()
	same(t, len(b.Cookies()), 0)
}

func TestPicturesAndQR(t *testing.T) {
	t.Parallel()
	b := New(t, Options{Width: 390, Height: 300, Dark: true})
	b.Go(door(t) + "/")
	b.WaitText("It is dark.")
	dir := filepath.Join(t.TempDir(), "docs")
	b.Screenshot(filepath.Join(dir, "window.png"))
	b.FullScreenshot(filepath.Join(dir, "page.png"))
	window, whole := size(t, filepath.Join(dir, "window.png")), size(t, filepath.Join(dir, "page.png"))
	same(t, window, [2]int{390, 300})
	same(t, whole[0], 390)
	same(t, whole[1] > 300, true)
	for name, picture := range map[string][]byte{"element": b.Picture("img"), "page": read(t, filepath.Join(dir, "page.png"))} {
		if got, err := DecodeQR(picture); err != nil || got != secret {
			t.Errorf("from the %s: %q, %v", name, got, err)
		}
	}
}

func TestDecodeQRRefuses(t *testing.T) {
	t.Parallel()
	if got, err := DecodeQR([]byte("no picture")); err == nil {
		t.Error("read", got)
	}
	b := New(t, Options{})
	b.Go(door(t) + "/")
	if got, err := DecodeQR(b.Picture("h1")); err == nil {
		t.Error("read", got)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func size(t *testing.T, path string) [2]int {
	t.Helper()
	c, err := png.DecodeConfig(bytes.NewReader(read(t, path)))
	if err != nil {
		t.Fatal(err)
	}
	return [2]int{c.Width, c.Height}
}
