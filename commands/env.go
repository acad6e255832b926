package commands

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"log/slog"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"nightlatch.example/nightlatch/internal/wiring"
)

const (
	prefix = "NIGHTLATCH_"
	inFile = "_FILE" // after the name of a secret: the file that holds it
	// most is how many bytes of such a file are read: no secret is longer, and
	// reading a device such as /dev/zero would never end.
	most = 64 << 10
)

// kubernetes are the names that Kubernetes gives every container for the
// services beside it, when one of them is called nightlatch or nightlatch-….
var kubernetes = regexp.MustCompile(`^NIGHTLATCH_(\w+_)?(SERVICE_\w+|PORT(_\w+)?)$`)

// variables are the fields of Flags with the name of the variable of each.
func variables() iter.Seq2[string, reflect.StructField] {
	return func(yield func(string, reflect.StructField) bool) {
		for _, field := range reflect.VisibleFields(reflect.TypeFor[Flags]()) {
			if name := field.Tag.Get("env"); name != "" && !yield(name, field) {
				return
			}
		}
	}
}

// secret says whether a value may hold a secret, so that it can be read from a
// file.
func secret(field reflect.StructField) bool { return field.Tag.Get("secret") != "" }

// readFiles takes values from the files that NAME_FILE names. A flag wins.
func (f *Flags) readFiles() error {
	for name, field := range variables() {
		path, named := os.LookupEnv(name + inFile)
		value := reflect.ValueOf(f).Elem().FieldByIndex(field.Index)
		switch {
		case !secret(field) || !named:
		case path == "": // as an env file makes it of a variable that is not set
			return fmt.Errorf("%s is empty: name a file, or remove it", name+inFile)
		case os.Getenv(name) != "":
			return fmt.Errorf("%s and %s are both set: keep one of them", name, name+inFile)
		case value.String() == "":
			text, err := readSecret(path)
			if err != nil {
				return fmt.Errorf("%s names a file that %w", name+inFile, err)
			}
			value.SetString(text)
		}
	}
	return nil
}

// readSecret reads a file, without the newline at its end. Its errors show
// neither the path nor the content: somebody who mixed up NAME and NAME_FILE
// wrote the secret in place of the path.
func readSecret(path string) (string, error) {
	file, err := os.Open(path)
	var text []byte
	if err == nil {
		defer file.Close()
		text, err = io.ReadAll(io.LimitReader(file, most+1))
	}
	var at *fs.PathError
	if errors.As(err, &at) {
		return "", fmt.Errorf("cannot be read: %w", at.Err)
	}
	value := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	switch {
	case err != nil:
		return "", errors.New("cannot be read")
	case value == "":
		return "", errors.New("is empty")
	case len(text) > most:
		return "", errors.New("is too long for a value")
	}
	if err := wiring.Unclean(value, false); err != nil {
		return "", fmt.Errorf("%w; one newline at the end is all that may follow the value", err)
	}
	return value, nil
}

// stranger is a variable that begins like ours but does not exist, and the
// existing one that is spelled most like it.
type stranger struct{ name, nearest string }

// strangers are the variables of an environment, given as NAME=VALUE, that
// begin like ours but do not exist. Their values are not looked at.
func strangers(environ []string) (list []stranger) {
	var known []string
	for name, field := range variables() {
		if known = append(known, name); secret(field) {
			known = append(known, name+inFile)
		}
	}
	for _, pair := range environ {
		name, _, _ := strings.Cut(pair, "=")
		if upper := strings.ToUpper(name); strings.HasPrefix(upper, prefix) && !slices.Contains(known, name) && !kubernetes.MatchString(name) {
			list = append(list, stranger{name, nearest(upper, known)})
		}
	}
	slices.SortFunc(list, func(a, b stranger) int { return strings.Compare(a.name, b.name) })
	return list
}

// warnStrangers logs the names that do nothing. Without the warning, a mistyped
// setting would silently keep its default.
func warnStrangers(log *slog.Logger) {
	for _, s := range strangers(os.Environ()) {
		log.Warn("this variable is not known and does nothing", "name", s.name, "nearest", s.nearest)
	}
}

// checkStrangers returns the same names as an error, for doctor.
func checkStrangers() error {
	var said []string
	for _, s := range strangers(os.Environ()) {
		said = append(said, fmt.Sprintf("%s is not known and does nothing (the nearest is %s)", s.name, s.nearest))
	}
	if said == nil {
		return nil
	}
	return errors.New(strings.Join(said, "; "))
}

// nearest is the known name with the fewest letters to change.
func nearest(name string, known []string) string {
	if base := strings.TrimSuffix(name, inFile); slices.Contains(known, base) {
		return base // a value that is never read from a file
	}
	return slices.MinFunc(known, func(a, b string) int { return distance(name, a) - distance(name, b) })
}

// distance is the Levenshtein distance: how many letters must be inserted,
// removed or changed.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0]++
		for j := range len(b) {
			change := before
			if a[i] != b[j] {
				change++
			}
			before = row[j+1]
			row[j+1] = min(row[j+1]+1, row[j]+1, change)
		}
	}
	return row[len(b)]
}
