package sim

import (
	"fmt"
	"strings"
)

func init() {
	AddRule(Rule{Name: "what was acknowledged is there", Source: "CONTRACT §13",
		Sentence: "What an answer said was done stands in the database.", Check: func(w *World) error {
			for _, d := range w.Ledger.Deeds() {
				if !d.sure || d.old || w.mixed() {
					continue
				}
				if what := w.missing(d); what != "" {
					return fmt.Errorf("%s was told that it worked: %s, %s", d.x.Browser.Name, longID.ReplaceAllString(d.path, "…"), what)
				}
			}
			return nil
		}})
}

// mixed says whether several forms were carried out in this step, beside sign-ins
// and step-ups: then the last may undo the first.
func (w *World) mixed() bool {
	n := 0
	for _, d := range w.Ledger.Deeds() {
		if d.path != "/confirm" && !strings.HasPrefix(d.path, "/login") {
			n++
		}
	}
	return n > 1
}

// missing says what is not as a deed must have left it; empty when all is.
func (w *World) missing(d deed) string {
	if rest, ok := strings.CutPrefix(d.path, "/admin/users/"); ok {
		id, what, _ := strings.Cut(rest, "/")
		if !strings.Contains(d.to, "said=did-"+what) {
			return ""
		}
		row, there := w.Rows()[id]
		return missingOf(row, there, what, d)
	}
	if d.by == nil || d.path == "/confirm" { // what a step-up let go is a deed of its own
		return ""
	}
	row, there := w.Rows()[w.idOf(d.by.Account)]
	if !there {
		return ""
	}
	switch {
	case d.to == "/profile?said=two-factor-off" && row.Fields[FieldFactors] != "":
		return "there are factors"
	case d.to == "/profile?said=name" && row.Fields[FieldName] != strings.TrimSpace(d.field("name")):
		return "the name is " + row.Fields[FieldName]
	case strings.Contains(d.to, "said=factor-removed") && row.Factors[strings.Split(d.path, "/")[3]] != "":
		return "the factor is there"
	case strings.Contains(d.to, "said=factor-first") && row.Fields[FieldPreferred] != strings.Split(d.path, "/")[3]:
		return "another one is preferred"
	case strings.Contains(d.to, "said=factor-renamed") && !strings.Contains(row.Factors[strings.Split(d.path, "/")[3]], strings.TrimSpace(d.field("name"))):
		return "it has the name " + row.Factors[strings.Split(d.path, "/")[3]]
	case strings.Contains(d.to, "said=factor-added") && row.Fields[FieldFactors] == "":
		return "there is no factor"
	}
	return ""
}

// missingOf is missing for what an admin did.
func missingOf(row Row, there bool, what string, d deed) string {
	switch {
	case what == "delete" && there:
		return "the account is there"
	case what == "delete" || !there:
		return ""
	case what == "reset" && row.Fields[FieldFactors]+row.Fields[FieldRecovery] != "":
		return "there are factors"
	case what == "disable" && row.Fields[FieldDisabled] == "":
		return "it is not disabled"
	case what == "enable" && row.Fields[FieldDisabled] != "":
		return "it is disabled"
	case what == "role" && row.Fields[FieldRole] != d.field("role"):
		return "the role is " + row.Fields[FieldRole]
	case what == "email" && !strings.EqualFold(row.Fields[FieldEmail], strings.TrimSpace(d.field("email"))):
		return "the address is " + row.Fields[FieldEmail]
	}
	return ""
}
