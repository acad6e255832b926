package accounts

import (
	"context"
	"encoding/csv"
	"errors"
	"strings"

	"nightlatch.example/nightlatch/login"
)

// columns are where the fields of a line stand in a file without a heading. A
// heading names its columns, in any order; others are not looked at.
var columns = map[string]int{"login": 0, "name": 1, "role": 2, "email": 3}

// heading reads the first line of a file; ok is false when it names no columns.
func heading(record []string) (map[string]int, bool) {
	found := map[string]int{}
	for i, x := range record {
		name := strings.ToLower(strings.TrimSpace(x))
		if _, known := columns[name]; known {
			found[name] = i
		}
	}
	_, ok := found["login"]
	return found, ok
}

// readLines parses each line on its own, so that an unclosed quote spoils only
// that line.
func (s *Service) readLines(ctx context.Context, adminID, text string) ([]Line, error) {
	text = strings.TrimPrefix(text, "\ufeff")
	var lines []Line
	seen, separator, first, places := map[string]bool{}, comma(text), true, columns
	for i, raw := range strings.Split(text, "\n") {
		if raw = strings.TrimRight(raw, "\r"); strings.TrimSpace(raw) == "" {
			continue
		}
		r := csv.NewReader(strings.NewReader(raw))
		r.FieldsPerRecord, r.TrimLeadingSpace, r.Comma = -1, true, separator
		record, err := r.Read()
		if first {
			first = false
			if named, ok := heading(record); ok && err == nil {
				places = named
				continue
			}
		}
		l := Line{Number: i + 1, Role: login.Member}
		if len(lines) == MaxLines {
			l.Fate = "Too many lines. Import this line and the rest separately."
			return append(lines, l), nil
		}
		if err != nil {
			l.Fate = "This line cannot be read: a quote is missing or out of place."
		} else if err := s.readLine(ctx, adminID, &l, fields(record, places), seen); err != nil {
			return nil, err
		}
		lines = append(lines, l)
	}
	return lines, nil
}

// fields gives the cells of a line by the names of their columns.
func fields(record []string, places map[string]int) map[string]string {
	named := map[string]string{}
	for name, i := range places {
		if i < len(record) {
			named[name] = strings.ToValidUTF8(strings.TrimSpace(PlainCell(record[i])), "")
		}
	}
	return named
}

// readLine checks what can be checked before the account is made.
func (s *Service) readLine(ctx context.Context, adminID string, l *Line, field map[string]string, seen map[string]bool) error {
	l.Login, l.Name, l.Email = field["login"], field["name"], field["email"]
	switch strings.ToLower(field["role"]) {
	case "", "user":
	case "admin":
		l.Role = login.Admin
	default:
		l.Fate = "The role must be user or admin."
		return nil
	}
	a, err := s.prepare(Form{Login: l.Login, Name: l.Name, Email: l.Email, Role: l.Role})
	if err != nil {
		l.Fate = err.Error()
		return nil
	}
	if seen[a.Key] {
		l.Fate = "This login is already in the file."
		return nil
	}
	seen[a.Key] = true
	there, err := s.store.AccountByKey(ctx, a.Key)
	if errors.Is(err, login.ErrNotFound) {
		l.OK, l.Fate = true, "Will be created."
		return nil
	}
	if err != nil {
		return err
	}
	l.Fate = taken
	if there.Role != a.Role || !strings.EqualFold(there.Email, a.Email) {
		return nil
	}
	if _, open, err := s.openInvite(ctx, adminID, there); err != nil || !open {
		return err
	}
	l.OK, l.again, l.Fate = true, there.ID, "Created before and not used yet: a new link will be created."
	if there.Email != "" {
		l.Fate = "Created before. The invite was sent by email."
	}
	return nil
}

// comma tells which of the usual separators a file uses, by its first line.
func comma(text string) rune {
	first, _, _ := strings.Cut(text, "\n")
	for _, c := range []rune{';', '\t'} {
		if strings.ContainsRune(first, c) && !strings.ContainsRune(first, ',') {
			return c
		}
	}
	return ','
}
