package accounts

import (
	"strings"
	"unicode/utf8"
)

const (
	cellStarts = "=+-@\t\r\n＝＋－＠" // what makes a formula of a cell (OWASP, CSV injection)
	cellParts  = ";,|\t\r\n"      // what parts cells, in one country or another
	cellSkips  = " \u00a0\"'"     // what may stand before the start and does not hinder it
)

// Cell makes a text safe for a cell of a CSV file: an apostrophe stands before
// what some spreadsheet would take for a formula, at the start and, because
// spreadsheets elsewhere split at semicolons, behind every separator.
func Cell(text string) string {
	if !strings.ContainsAny(text, cellStarts) {
		return text
	}
	var b strings.Builder
	start := true
	for i, r := range text {
		if start && formula(text[i:]) {
			b.WriteByte('\'')
		}
		b.WriteString(at(text, i))
		start = strings.ContainsRune(cellParts, r)
	}
	return b.String()
}

// plainCell gives the text that Cell made safe.
func plainCell(cell string) string {
	var b strings.Builder
	start := true
	for i, r := range cell {
		if !start || r != '\'' || !formula(cell[i+1:]) {
			b.WriteString(at(cell, i))
		}
		start = strings.ContainsRune(cellParts, r)
	}
	return b.String()
}

// at is the character at a place, also where it is none of UTF-8.
func at(text string, i int) string {
	_, n := utf8.DecodeRuneInString(text[i:])
	return text[i : i+n]
}

// formula says whether a text would start a formula.
func formula(text string) bool {
	rest := strings.TrimLeft(text, cellSkips)
	return rest != "" && strings.Contains(cellStarts, at(rest, 0))
}
