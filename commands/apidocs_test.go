package commands_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The commands of docs/api.md work as they stand there, in the order in which they
// stand there, with a token that the command line made.
func TestTheExamplesOfTheAPI(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Fatal("the examples of docs/api.md need curl: apt-get install curl")
	}
	text, err := os.ReadFile(filepath.Join("..", "docs", "api.md"))
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile(`(?m)^    curl (?:.*\\\n)*.*$`).FindAllString(string(text), -1)
	if len(examples) < 2 || strings.Count(string(text), "curl ") != len(examples) {
		t.Fatalf("%d examples", len(examples))
	}
	dir := t.TempDir()
	newAccount(t, dir, nil, "ada")
	s := start(t, dir, nil)
	token := strings.TrimSpace(must(t, dir, nil, "", "token", "add", "docs", "--scope", "accounts:read,accounts:write"))
	id := ""
	for _, example := range examples {
		cmd := exec.CommandContext(context.Background(), "sh", "-c", strings.Replace(strings.TrimSpace(example), "curl ", "curl -sS --fail-with-body ", 1))
		cmd.Env = append(os.Environ(), "TOKEN="+token, "URL="+s.url, "ID="+id, "no_proxy=*")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", example, err, out)
		}
		var got struct {
			Items  []struct{ ID, Login string }
			Status string
		}
		if err := json.Unmarshal(out, &got); err != nil {
			t.Fatalf("%s: %v\n%s", example, err, out)
		}
		for _, x := range got.Items {
			if x.Login == "ada" {
				id = x.ID
			}
		}
		if strings.Contains(example, "/disable") && got.Status != "disabled" {
			t.Errorf("%s: %s", example, out)
		}
	}
}
