package wiring

import (
	"errors"
	"os"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What can be wrong with a value before it is read. The sentences quote nothing of
// it, since it may hold a secret.
var (
	errControl = errors.New("holds a control character, such as the carriage return of a file with Windows line ends: remove it")
	errUnseen  = errors.New("holds a character that cannot be seen: type the value again")
	errBlank   = errors.New("begins or ends with a blank: remove it")
	errQuoted  = errors.New("begins or ends with a quote, which is not part of the value: remove it, because env files of Docker and systemd treat quotes differently")
)

// Unclean says what is in a value that nobody meant to write: a control
// character, or a blank or quote around it. In words for people, a quote may
// stand at one end, and joiners between letters; nothing turns them round.
func Unclean(value string, words bool) error {
	first, _ := utf8.DecodeRuneInString(value)
	last, _ := utf8.DecodeLastRuneInString(value)
	switch {
	case strings.ContainsFunc(value, control):
		return errControl
	case !words && strings.ContainsFunc(value, unseen), strings.ContainsFunc(value, turning):
		return errUnseen
	case blank(first) || blank(last):
		return errBlank
	case words && len(value) > 1 && first == last && strings.ContainsRune(`"'`+"`", first),
		words && (value == `"` || value == `'`),
		!words && (quote(first) || quote(last)):
		return errQuoted
	}
	return nil
}

func control(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp) }
func unseen(r rune) bool  { return unicode.Is(unicode.Cf, r) }
func turning(r rune) bool { return unicode.Is(unicode.Bidi_Control, r) }
func blank(r rune) bool   { return unicode.IsSpace(r) || r == '\ufeff' || r == '\u200b' || r == '\u3164' }
func quote(r rune) bool {
	return strings.ContainsRune("\"'`", r) || unicode.In(r, unicode.Pi, unicode.Pf) || r == '„' || r == '‚'
}

// Clean checks every text in a struct of options before any of them is read.
// The error names the first variable that is unclean.
func Clean(options any) error {
	v := reflect.ValueOf(options)
	for _, field := range reflect.VisibleFields(v.Type()) {
		name := field.Tag.Get("env")
		if name == "" || field.Type.Kind() != reflect.String {
			continue
		}
		if err := Unclean(v.FieldByIndex(field.Index).String(), name == "NIGHTLATCH_NAME" || name == "NIGHTLATCH_MAIL_FROM"); err != nil {
			return BadValue(name, "%v", err)
		}
	}
	return nil
}

// path reads the name of a file or folder. Nothing in it is expanded, and it is
// not a URL. after is what stands before it in the value, such as "sqlite:".
func (r *reader) path(name, after, value string) string {
	path := strings.TrimPrefix(value, after)
	bad := func(what string) { r.bad(name, "must be %sPATH, %s", after, what) }
	switch err := Unclean(path, false); {
	case err != nil:
		bad("and its path " + err.Error())
	case path == "" && after != "":
		bad("and names no file or folder")
	case strings.HasPrefix(path, "//"), strings.HasPrefix(path, "file:"), strings.Contains(path, "://"):
		bad("such as " + after + "/srv/nightlatch/…, and not a URL")
	case path == "~" || strings.HasPrefix(path, "~/"), strings.Contains(path, "$"):
		bad("and ~ and $ mean nothing in it: write the whole path")
	}
	return path
}

// sqlite reads sqlite:PATH.
func (r *reader) sqlite(value string) string {
	const name = "NIGHTLATCH_DATABASE"
	path := r.path(name, "sqlite:", value)
	switch {
	case strings.HasPrefix(path, ":"):
		r.bad(name, "must be sqlite:PATH, the path of a file: a database in memory would lose every account with the process")
	case strings.ContainsAny(path, "?#"):
		r.bad(name, "must be sqlite:PATH, without options after ? or #")
	case strings.HasSuffix(path, "/"), path == ".", path == "..":
		r.bad(name, "must be sqlite:PATH, the path of a file, but this is a folder")
	default:
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			r.bad(name, "must be sqlite:PATH, the path of a file, but this is a folder")
		}
	}
	return value
}
