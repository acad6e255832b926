package accounts

import (
	"context"
	"encoding/csv"
	"errors"
	"strings"

	"nightlatch.example/nightlatch/login"
)

// MaxLines is how many lines one import takes.
const MaxLines = 1000

// Line is one line of an import and what becomes of it.
type Line struct {
	Number      int // in the file, from 1
	Login, Name string
	Role        login.Role
	OK          bool   // it will be, or was, made
	Fate        string // in words
	Link        string // to hand over, where no mail can reach them
}

// Import makes an account of each line LOGIN, NAME, ROLE; a dry run only says
// what would become of each. A bad line never stops the good ones.
func (s *Service) Import(ctx context.Context, by *login.Visit, text string, dry bool, c login.Client) ([]Line, error) {
	lines, err := s.readLines(ctx, text)
	if err != nil || dry {
		return lines, err
	}
	for i := range lines {
		l := &lines[i]
		if !l.OK {
			continue
		}
		_, link, r, err := s.Invite(ctx, by, Form{Login: l.Login, Name: l.Name, Role: l.Role}, c)
		switch {
		case err != nil:
			return lines, err
		case !r.OK():
			l.OK, l.Fate = false, r.Text
		case login.LooksLikeEmail(l.Login):
			l.Fate = "Made. The invite is on its way by mail."
		default:
			l.Fate, l.Link = "Made. Hand over the link.", link
		}
	}
	return lines, nil
}

// readLines reads each line by itself, so that a quote left open spoils only
// its own.
func (s *Service) readLines(ctx context.Context, text string) ([]Line, error) {
	text = strings.TrimPrefix(text, "\ufeff")
	var lines []Line
	seen, separator, first := map[string]bool{}, comma(text), true
	for i, raw := range strings.Split(text, "\n") {
		if raw = strings.TrimRight(raw, "\r"); strings.TrimSpace(raw) == "" {
			continue
		}
		r := csv.NewReader(strings.NewReader(raw))
		r.FieldsPerRecord, r.TrimLeadingSpace, r.Comma = -1, true, separator
		record, err := r.Read()
		if heading := first && err == nil && strings.EqualFold(strings.TrimSpace(record[0]), "login"); heading {
			first = false
			continue
		}
		first = false
		l := Line{Number: i + 1, Role: login.Member}
		if len(lines) == MaxLines {
			l.Fate = "Too many lines. Import this one and what follows separately."
			return append(lines, l), nil
		}
		if err != nil {
			l.Fate = "This line cannot be read: a quote is missing or out of place."
		} else if err := s.readLine(ctx, &l, record, seen); err != nil {
			return nil, err
		}
		lines = append(lines, l)
	}
	return lines, nil
}

// readLine checks what can be checked before the account is made.
func (s *Service) readLine(ctx context.Context, l *Line, record []string, seen map[string]bool) error {
	field := func(i int) string {
		if i < len(record) {
			return strings.ToValidUTF8(strings.TrimSpace(record[i]), "")
		}
		return ""
	}
	l.Login, l.Name = field(0), field(1)
	switch strings.ToLower(field(2)) {
	case "", "user":
	case "admin":
		l.Role = login.Admin
	default:
		l.Fate = "The role must be user or admin."
		return nil
	}
	a, r := s.prepare(Form{Login: l.Login, Name: l.Name, Role: l.Role})
	if !r.OK() {
		l.Fate = r.Text
		return nil
	}
	if seen[a.Key] {
		l.Fate = "This login is in the file already."
		return nil
	}
	seen[a.Key] = true
	_, err := s.store.AccountByKey(ctx, a.Key)
	switch {
	case err == nil:
		l.Fate = "This login is taken."
	case errors.Is(err, login.ErrNotFound):
		l.OK, l.Fate, err = true, "Will be made.", nil
	}
	return err
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
