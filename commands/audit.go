package commands

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"nightlatch.example/nightlatch/accounts"
)

type auditCmd struct {
	Verify auditVerifyCmd `cmd:"" help:"Check that no row of the audit log was changed or removed."`
	Accept auditAcceptCmd `cmd:"" help:"Accept what audit verify found: a new head is recorded, with an entry in the log."`
}

type auditVerifyCmd struct {
	Head string `placeholder:"HASH" help:"A head that an earlier audit verify printed: it must still be in the log."`
}

// Run checks the chain of the audit log. It prints the head to keep elsewhere,
// and since when heads are kept, also when something is wrong.
func (x auditVerifyCmd) Run(ctx context.Context, f *Flags, std Streams) error {
	if x.Head = strings.ToLower(x.Head); x.Head != "" && !isHead.MatchString(x.Head) {
		return errors.New("--head must be the 64 digits that audit verify printed")
	}
	b, err := f.open(ctx, std)
	if err != nil {
		return err
	}
	defer b.store.Close()
	found, err := b.accounts.VerifyAudit(ctx, x.Head)
	if err != nil {
		return err
	}
	if found.Broken == 0 {
		fmt.Fprintf(std.Out, "%d rows, each follows the one before\n%s\n", found.Rows, found.Since)
	}
	if found.Waiting > 0 {
		fmt.Fprintf(std.Out, "%d of the newest events are not chained yet: nothing but the keys holds them\n", found.Waiting)
	}
	if err := printHead(std, found); err != nil {
		return err
	}
	switch {
	case found.Broken > 0:
		return fmt.Errorf("the audit log is broken at row %d: it was changed, or one before it is missing", found.Broken)
	case found.Fault != "":
		return fmt.Errorf("the audit log is not intact: %s. Once you know why, record it with nightlatch audit accept --reason R", found.Fault)
	}
	return nil
}

func printHead(std Streams, s accounts.AuditState) error {
	if s.Head == "" {
		return nil
	}
	return printOnce(std, "the head", "Keep this head elsewhere, for audit verify --head: "+s.Head, "this prints it again: nightlatch audit verify")
}

// isHead is the form of a head: a SHA-256 in hexadecimal.
var isHead = regexp.MustCompile(`^[0-9a-f]{64}$`)

type auditAcceptCmd struct {
	Reason string `required:"" help:"The reason for the findings; it is recorded in the audit log."`
}

// Run accepts what audit verify found, and prints the new head.
func (x auditAcceptCmd) Run(ctx context.Context, f *Flags, std Streams) error {
	b, err := f.open(ctx, std)
	if err != nil {
		return err
	}
	defer b.store.Close()
	found, err := b.accounts.AcceptAudit(ctx, accounts.Terminal(x.Reason))
	if err != nil {
		return err
	}
	fmt.Fprintf(std.Out, "accepted: %s\n", found.Fault)
	if found, err = b.accounts.VerifyAudit(ctx, ""); err == nil {
		err = printHead(std, found)
	}
	return err
}
