package mail

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// dirTransport writes each message to a file of its own. A file appears whole
// or not at all, is readable by its owner only, and names sort by time.
type dirTransport struct {
	path string
	now  func() time.Time
}

func openDir(path string, o TransportOptions) (*dirTransport, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("the mail folder cannot be created: %w", err)
	}
	return &dirTransport{path: path, now: o.Now}, nil
}

var notInNames = regexp.MustCompile(`[^A-Za-z0-9_-]+`)

// Send writes the message as an .eml file.
func (d *dirTransport) Send(_ context.Context, m *gomail.Msg) error {
	id, _, _ := strings.Cut(strings.TrimPrefix(m.GetMessageID(), "<"), "@")
	name := d.now().UTC().Format("20060102T150405.000000000Z") + "-" + notInNames.ReplaceAllString(id, "-") + ".eml"
	tmp, err := os.CreateTemp(d.path, ".part-*") // CreateTemp makes it 0600
	if err != nil {
		return err
	}
	_, err = m.WriteTo(tmp)
	if err = errors.Join(err, tmp.Sync(), tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), filepath.Join(d.path, name))
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return nil
}

// Check says whether files may be made in the folder.
func (d *dirTransport) Check(context.Context, string) (remark string, err error) {
	if err := mayWrite(d.path); err != nil {
		return "", fmt.Errorf("the mail folder %s cannot be written to: %w", d.path, err)
	}
	return "", nil
}
