package commands_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// Behind a proxy that changes Host, forms are known by their Origin, in which
// form ever NIGHTLATCH_URL was written; what is refused is logged with both.
func TestFormsBehindAProxyThatChangesHost(t *testing.T) {
	t.Parallel()
	for url, origin := range map[string]string{
		"https://login.example.com:443":      "https://login.example.com",
		"https://bücher.example":             "https://xn--bcher-kva.example",
		"https://[2001:db8:0:0:0:0:0:1]:443": "https://[2001:db8::1]",
		"https://Login.Example.com./":        "https://login.example.com",
	} {
		s := start(t, t.TempDir(), []string{"NIGHTLATCH_URL=" + url})
		post := func(from string) int {
			r, _ := http.NewRequest("POST", s.url+"/login", strings.NewReader("login=ada&password=wrong+horse"))
			r.Host = "backend:8080"
			r.Header = http.Header{"Origin": {from}, "Content-Type": {"application/x-www-form-urlencoded"}}
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
			return answer.StatusCode
		}
		if got := post(origin); got != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", url, got)
		}
		if got := post("https://elsewhere.example"); got != http.StatusForbidden {
			t.Errorf("%s: another site's form: %d", url, got)
		}
		s.stop()
		var told []map[string]string
		for _, l := range s.lines(&s.log) {
			var line map[string]string
			if strings.Contains(l, "another site") && json.Unmarshal([]byte(l), &line) == nil {
				told = append(told, line)
			}
		}
		if len(told) != 1 || told[0]["origin"] != "https://elsewhere.example" || told[0]["host"] != "backend:8080" || told[0]["url"] != origin {
			t.Errorf("%s: logged %v", url, told)
		}
	}
}
