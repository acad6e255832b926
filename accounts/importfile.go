package accounts

import (
	"context"
	"errors"
	"strings"

	"nightlatch.example/nightlatch/identity"
)

// readLines says what will happen to each line. A line that is not understood
// makes no account: it is shown unchanged, with what to do about it.
func (s *Service) readLines(ctx context.Context, adminID, text string) ([]Line, error) {
	file, separator := sheetLines(text)
	var lines []Line
	seen, places := map[string]bool{}, noHeading
	for i, raw := range file {
		record, err := cells(raw.text, separator)
		if named, ok := heading(record); i == 0 && ok && err == nil {
			places = named
			continue
		}
		l := Line{Number: raw.number, Role: identity.Member}
		if len(lines) == MaxLines {
			l.Fate = "Too many lines. Import this line and the rest separately."
			return append(lines, l), nil
		}
		if err != nil {
			l.Fate = "This line cannot be read: a quote is missing or out of place."
		} else if i == 0 && titled(record, file[1:min(len(file), looked)], separator) {
			l.Fate = "Not clear: “" + shortened(raw.text) + "”. It has no address, and the lines after it do." + nameColumns
		} else if field, unclear := places.fields(record); unclear != "" {
			l.Fate = "Not clear: “" + shortened(raw.text) + "”. " + unclear
		} else if err := s.readLine(ctx, adminID, &l, field, seen); err != nil {
			return nil, err
		}
		lines = append(lines, l)
	}
	return lines, nil
}

// mostShown is how many characters are shown of a line that is not understood.
const mostShown = 120

func shortened(line string) string {
	if cut := identity.Cut(line, mostShown); cut != line {
		return cut + "…"
	}
	return line
}

// nameColumns is what to do about a line that is not clear.
const nameColumns = " Name the columns in the first line: login, name, role, email, groups."

// fields gives the cells of a line by the names of their columns, or says why
// it is not clear which is which.
func (l layout) fields(record []string) (field map[string]string, unclear string) {
	if l.unclear != "" {
		return nil, l.unclear + nameColumns
	}
	for _, cell := range record[min(len(record), l.width):] {
		if cell != "" {
			return nil, "It has more fields than there are columns." + nameColumns
		}
	}
	field = map[string]string{}
	for column, i := range l.at {
		if i < len(record) {
			field[column] = record[i]
		}
	}
	var called string
	if called, field[columnLogin] = address(field[columnLogin]); called != "" && field[columnName] == "" {
		field[columnName] = called
	}
	if called, field[columnEmail] = address(field[columnEmail]); called != "" && field[columnName] == "" {
		field[columnName] = called
	}
	if field[columnName] == "" {
		field[columnName] = strings.TrimSpace(field[columnGiven] + " " + field[columnFamily])
	}
	if _, ok := l.at[columnLogin]; !ok {
		field[columnLogin] = field[columnEmail]
	}
	_, role := roles[plain(field[columnName])]
	_, bare := address(field[columnName])
	switch {
	case identity.LooksLikeEmail(bare):
		return nil, "The name is an email address." + nameColumns
	case role && field[columnName] != "" && field[columnRole] == "":
		return nil, "The name is a role." + nameColumns
	}
	return field, ""
}

// readLine checks what can be checked before the account is made.
func (s *Service) readLine(ctx context.Context, adminID string, l *Line, field map[string]string, seen map[string]bool) error {
	l.Login, l.Name, l.Email = field[columnLogin], field[columnName], field[columnEmail]
	l.Groups = identity.SplitGroups(strings.ReplaceAll(field[columnGroups], ";", ","))
	role, known := roles[plain(field[columnRole])]
	if role == "admin" {
		l.Role = identity.Admin
	}
	if !known {
		l.Fate = "The role must be user or admin."
		return nil
	}
	a, err := s.prepare(Form{Login: l.Login, Name: l.Name, Email: l.Email, Role: l.Role, Groups: l.Groups})
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
	if errors.Is(err, identity.ErrNotFound) {
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
