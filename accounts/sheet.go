package accounts

import (
	"encoding/csv"
	"net/mail"
	"strings"

	"nightlatch.example/nightlatch/identity"
)

// separators are what parts the cells of a file, in the order in which they are
// taken when a file does not say.
var separators = []rune{',', ';', '\t', '|'}

// sheetLine is a line of a file as it stands there.
type sheetLine struct {
	number int // from 1
	text   string
}

// sheetLines parts a file into its lines, whatever ends them, without the empty
// ones, and finds what parts the cells: the file may say so in its first line.
func sheetLines(text string) (lines []sheetLine, separator rune) {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.TrimPrefix(text, "\ufeff"))
	for i, line := range strings.Split(text, "\n") {
		if strings.TrimSpace(line) != "" {
			lines = append(lines, sheetLine{i + 1, line})
		}
	}
	if len(lines) > 0 {
		said := []rune(strings.Trim(strings.TrimRight(lines[0].text, " "), `"`))
		if len(said) == 5 && strings.EqualFold(string(said[:4]), "sep=") {
			return lines[1:], said[4]
		}
	}
	return lines, commonest(lines)
}

// looked is how many lines are looked at for what parts cells.
const looked = 50

// commonest is the separator that stands in most lines outside quotes, and of
// two such the one that stands there more often.
func commonest(lines []sheetLine) rune {
	best, most, often := separators[0], 0, 0
	for _, c := range separators {
		with, all := 0, 0
		for _, l := range lines[:min(len(lines), looked)] {
			n := outside(l.text, c)
			if all += n; n > 0 {
				with++
			}
		}
		if with > most || with == most && all > often {
			best, most, often = c, with, all
		}
	}
	return best
}

// outside counts a character outside quotes.
func outside(line string, c rune) (n int) {
	quoted := false
	for _, r := range line {
		switch {
		case r == '"':
			quoted = !quoted
		case r == c && !quoted:
			n++
		}
	}
	return n
}

// cells reads one line by itself, so that a quote left open spoils only its own.
func cells(line string, separator rune) ([]string, error) {
	r := csv.NewReader(strings.NewReader(line))
	r.FieldsPerRecord, r.TrimLeadingSpace, r.Comma = -1, separator != '\t', separator
	record, err := r.Read()
	for i, cell := range record {
		record[i] = strings.ToValidUTF8(identity.Trim(plainCell(cell)), "")
	}
	return record, err
}

// address takes an address out of what mail programs write around it: mailto:,
// angle brackets, and a name before them.
func address(cell string) (name, bare string) {
	if len(cell) > 7 && strings.EqualFold(cell[:7], "mailto:") {
		cell = identity.Trim(cell[7:])
	}
	if !strings.HasSuffix(cell, ">") {
		return "", cell
	}
	if a, err := mail.ParseAddress(cell); err == nil {
		return a.Name, a.Address
	}
	return "", cell
}
