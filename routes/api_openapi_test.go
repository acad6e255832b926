package routes_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// described is the description as a site serves it, found valid.
func described(t *testing.T, s *sitetest.Site) *openapi3.T {
	t.Helper()
	p := s.Browser().Get("/api/v1/openapi.json").WantStatus(t, 200)
	doc, err := openapi3.NewLoader().LoadFromData([]byte(p.Body))
	if err == nil {
		err = doc.Validate(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// The description has the operations of the table, no more and no fewer.
func TestOpenAPIIsTheTable(t *testing.T) {
	t.Parallel()
	s := sitetest.New(t)
	var has, want []string
	for path, item := range described(t, s).Paths.Map() {
		for method := range item.Operations() {
			has = append(has, method+" /api/v1"+strings.ReplaceAll(path, "{id}", ":id"))
		}
	}
	for _, r := range table(s) {
		if strings.HasPrefix(r.pattern, "/api/v1/") {
			want = append(want, r.method+" "+r.pattern)
		}
	}
	slices.Sort(has)
	slices.Sort(want)
	if !slices.Equal(has, want) {
		t.Errorf("described %v\nin the table %v", has, want)
	}
}

// bodies are what each operation is called with.
var bodies = map[string]string{
	"inviteAccount": `{"login":"new@example.com","name":"N","groups":["ops"]}`, "setGroups": `{"groups":["staff"],"reason":"x"}`, "setPolicy": `{"who":"nobody","from":"2030-01-02","user_kinds":["totp"],"reason":"x"}`,
	"resetFactors": `{"reason":"x"}`, "unlockAccount": `{}`, "disableAccount": `{"reason":"x"}`, "enableAccount": `{"reason":"x"}`, "endSessions": `{"reason":"x"}`,
}

// Each operation, called as it is described, answers as described: with its
// scope, without it, and without a token. Its body is as described too.
func TestOpenAPIOperations(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.Admin("boss@example.com")
		s.Proven(ada, identity.Member)
		s.Browser().SignIn(ada).EnrollTOTP()
		id := s.Account(ada).ID
		doc := described(t, s)
		for _, path := range slices.Sorted(maps.Keys(doc.Paths.Map())) {
			for method, op := range doc.Paths.Value(path).Operations() {
				if len(*op.Security) == 0 {
					continue
				}
				scope := identity.Scope(op.Extensions["x-scope"].(string))
				others := slices.DeleteFunc(identity.Scopes(), func(x identity.Scope) bool { return x == scope })
				at, body := strings.ReplaceAll(path, "{id}", id), bodies[op.OperationID]
				if op.RequestBody != nil {
					fits(t, op.OperationID, op.RequestBody.Value.Content["application/json"].Schema.Value, body)
				}
				scopes := []identity.Scope{scope}
				if op.OperationID == "inviteAccount" {
					scopes = append(scopes, identity.GroupsWrite)
				}
				operated(t, op, holding(t, s, "nlt_none"), method, at, body, 401)
				operated(t, op, withToken(t, s, "not "+op.OperationID, others...), method, at, body, 403)
				want := 200
				if op.OperationID == "inviteAccount" {
					want = 201
				}
				p := withToken(t, s, op.OperationID, scopes...)
				operated(t, op, p, method, at, body, want)
				operated(t, op, p, method, at+"?nothing=1", body, 422)
				for _, x := range op.Parameters {
					if x.Value.In == "query" && x.Value.Name != "after" {
						operated(t, op, p, method, at+"?"+x.Value.Name+"="+examples[x.Value.Name], body, want)
					}
				}
			}
		}
	})
}

// examples are values of the parameters.
var examples = map[string]string{"q": "a", "status": "", "factor": "totp", "role": "user", "group": "ops", "limit": "1", "user": "ada", "event": "login"}

// operated calls an operation and holds the answer against the description.
func operated(t *testing.T, op *openapi3.Operation, p program, method, path, body string, want int) {
	t.Helper()
	p.Header.Set("Content-Type", "application/json")
	page := p.Do(method, "/api/v1"+path, strings.NewReader(body), false)
	if page.Status != want {
		t.Errorf("%s %s: %d instead of %d: %s", method, path, page.Status, want, page.Body)
		return
	}
	r := op.Responses.Value(strconv.Itoa(want))
	if r == nil || r.Value.Content[page.Header.Get("Content-Type")] == nil {
		t.Errorf("%s: %d as %s is not described", op.OperationID, want, page.Header.Get("Content-Type"))
		return
	}
	if want == http.StatusCreated && page.Header.Get("Location") == "" {
		t.Errorf("%s: no Location", op.OperationID)
	}
	fits(t, op.OperationID, r.Value.Content[page.Header.Get("Content-Type")].Schema.Value, page.Body)
}

func fits(t *testing.T, name string, schema *openapi3.Schema, text string) {
	t.Helper()
	var value any
	err := json.Unmarshal([]byte(text), &value)
	if err == nil {
		err = schema.VisitJSON(value)
	}
	if err != nil {
		t.Errorf("%s: %v in %s", name, err, text)
	}
}
