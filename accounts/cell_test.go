package accounts

import (
	"encoding/csv"
	"strings"
	"testing"
)

// startsFormula splits a line as a spreadsheet of some country would, and says
// whether a part would be taken for a formula.
func startsFormula(line string) bool {
	for _, part := range strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(";,|\t\r\n", r) }) {
		part = strings.TrimLeft(part, " \u00a0\"")
		for _, start := range []string{"=", "+", "-", "@", "＝", "＋", "－", "＠"} {
			if strings.HasPrefix(part, start) {
				return true
			}
		}
	}
	return false
}

// What starts a formula does not, at the start of a cell or behind what parts
// cells elsewhere, and comes back as it was.
func TestCellStartsNoFormulaInAnyCountry(t *testing.T) {
	for text, want := range map[string]string{
		"Ada": "Ada", "": "", "a-b; c": "a-b; c", "O'Brien": "O'Brien", "2026-11-23T12:00:05Z": "2026-11-23T12:00:05Z",
		"=1+1": "'=1+1", "-2": "'-2", "@x": "'@x", "\t=1": "'\t'=1", "\r=1": "'\r'=1", " \u00a0+1": "' \u00a0+1",
		"Ada;=1": "Ada;'=1", "Ada; =1": "Ada;' =1", "a\t@b": "a\t'@b", "a|-b,+c": "a|'-b,'+c", `a;"=1"`: `a;'"=1"`, "＝1;＠": "'＝1;'＠",
		"'=1": "''=1", "''=1": "'''=1", "x;'=1": "x;''=1",
	} {
		got := Cell(text)
		if got != want {
			t.Errorf("%q became %q, not %q", text, got, want)
		}
		if back := plainCell(got); back != text {
			t.Errorf("%q came back as %q", text, back)
		}
	}
}

// A cell comes back from a sheet as it was, and starts no formula.
func FuzzCell(f *testing.F) {
	for _, x := range []string{"=1+1", " \u00a0+1", "\t@x", "a,\"b\"\r\nc", "＝1", "'=1", "", "\x00=1", "a;=1", "a;'=1;\"+", "\xff;=\xfe"} {
		f.Add(x)
	}
	f.Fuzz(func(t *testing.T, x string) {
		got := Cell(x)
		if back := plainCell(got); back != x {
			t.Errorf("%q became %q, which came back as %q", x, got, back)
		}
		if startsFormula(got) {
			t.Errorf("%q starts a formula", got)
		}
		var b strings.Builder
		w := csv.NewWriter(&b)
		_ = w.Write([]string{"a", got})
		w.Flush()
		if startsFormula(b.String()) {
			t.Errorf("the line %q starts a formula", b.String())
		}
		rows, err := csv.NewReader(strings.NewReader(b.String())).ReadAll()
		if err != nil || len(rows) != 1 || len(rows[0]) != 2 || rows[0][1] != strings.ReplaceAll(got, "\r\n", "\n") {
			t.Errorf("%q came back as %q, %v", got, rows, err)
		}
	})
}
