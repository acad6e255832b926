package sim

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

func init() {
	AddRule(Rule{Name: "a row for each act", Source: "ASVS 5.0 16.3.1, CONTRACT §2",
		Sentence: "Each change of an account has its row in the audit log, with the right actor.", Check: acted})
	AddRule(Rule{Name: "the audit log is whole", Source: "CONTRACT §7, ASVS 5.0 16.4.2", Every: 100,
		Sentence: "The chain of the audit log verifies, and its end is the one that the keys name.", Check: func(w *World) error {
			if len(w.mendings) > 0 || w.same("events", "SELECT max(seq) FROM events") {
				return nil
			}
			state, err := w.Processes[0].Site.Rooms().Store.VerifyEvents(context.Background(), "")
			if err == nil && (state.Broken != 0 || state.Fault != "") {
				err = fmt.Errorf("row %d: %s", state.Broken, state.Fault)
			}
			return err
		}})
}

// rowsOf are the kinds of event of which one must tell of a change of a field.
var rowsOf = map[Field][]string{
	FieldExists: {"account.created", "account.deleted", "account.invited"}, FieldName: {"name.changed", "account.accepted"},
	FieldEmail:    {"email.changed", "email.change-undone", "email.corrected", "factor.added"},
	FieldProved:   {"email.verified", "email.changed", "email.change-undone", "email.corrected", "password.reset", "account.accepted", "factor.added"},
	FieldRole:     {"role.changed"},
	FieldDisabled: {"account.disabled", "account.enabled"},
	FieldStanding: {"account.accepted", "account.secured", "password.reset"},
	FieldPassword: {"password.changed", "password.reset", "account.accepted", "account.secured"},
	FieldFactors:  {"factor.added", "factor.removed", "factor.renamed", "factors.reset", "two-factor.off"},
	FieldRecovery: {"recovery.made", "factor.removed", "factors.reset", "two-factor.off"},
	FieldSpent:    {"recovery.used", "recovery.made", "factor.removed", "factors.reset", "two-factor.off"},
}

// acted looks for the row of each change, and for who it says did it.
func acted(w *World) error {
	for _, c := range w.Changes() {
		kinds := rowsOf[c.Field]
		at := slices.IndexFunc(w.Events(), func(e Event) bool { return e.Account == c.ID && slices.Contains(kinds, e.Kind) })
		if len(kinds) > 0 && at < 0 {
			return fmt.Errorf("%s of %s changed, and the audit log has none of %s", c.Field, w.called(c.ID), strings.Join(kinds, ", "))
		}
	}
	for _, d := range w.Ledger.Deeds() {
		if err := w.signed(d); err != nil {
			return err
		}
	}
	return nil
}

// rowOf are the events that a form must leave, by the last part of its path; "admin" is whose
// rows name the admin.
var rowOf = map[string]string{"reset": "factors.reset", "disable": "account.disabled", "enable": "account.enabled", "end-sessions": "sessions.ended-by-admin",
	"unlock": "account.unlocked", "role": "role.changed", "email": "email.corrected", "delete": "account.deleted", "password": "password.reset-started",
	"invite": "account.invited"}

// signed holds the actor of an admin's row against whose session it was.
func (w *World) signed(d deed) error {
	rest, ok := strings.CutPrefix(d.path, "/admin/users/")
	id, what, _ := strings.Cut(rest, "/")
	if !ok || !d.sure || d.old || d.by == nil || rowOf[what] == "" || !strings.Contains(d.to, "said=did-"+what) {
		return nil
	}
	admin := w.idOf(d.by.Account)
	for _, e := range w.Events() {
		if e.Account != id || e.Kind != rowOf[what] {
			continue
		}
		if e.Actor != "admin" || e.ActorID != admin {
			return fmt.Errorf("%s says that %q %s did it, and it was %s", e.Kind, e.Actor, w.called(e.ActorID), d.by.Account)
		}
		if e.Reason != strings.TrimSpace(d.field("reason")) {
			return fmt.Errorf("%s has the reason %q, and the form said %q", e.Kind, e.Reason, d.field("reason"))
		}
		return nil
	}
	if (what == "disable" || what == "enable") && !slices.ContainsFunc(w.Changes(), func(c Change) bool { return c.ID == id }) {
		return nil // it was so before
	}
	return fmt.Errorf("%s did %q to %s, and the audit log has no row of it", d.by.Account, what, w.called(id))
}
