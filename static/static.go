// Package static serves the style sheets, scripts and icons of Nightlatch.
//
// Every file is served under a name with a hash of its content, so that
// browsers may keep it for ever and still get a changed one at once.
package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed app.css app.js favicon.svg vendor/*.css vendor/*.js
var builtin embed.FS

// urlPrefix is the path under which the files are served.
const urlPrefix = "/static/"

// types are the content types of the files served here. The operating system's
// own list is not used, because it differs between machines.
var types = map[string]string{
	".css":   "text/css; charset=utf-8",
	".js":    "text/javascript; charset=utf-8",
	".svg":   "image/svg+xml",
	".png":   "image/png",
	".ico":   "image/x-icon",
	".woff2": "font/woff2",
}

// Static holds the files in memory, plain and compressed.
type Static struct {
	paths map[string]string // app.css -> /static/app.0123456789ab.css
	files map[string]file   // by that path
}

type file struct {
	kind         string
	plain, small []byte // small is nil where compressing gains nothing
}

// New reads the built-in files and then those of overrides, a folder whose
// static/NAME replaces the built-in NAME or adds to it. Overrides may be nil.
// A file of an unknown kind is an error that names it.
func New(overrides fs.FS) (*Static, error) {
	s := &Static{paths: map[string]string{}, files: map[string]file{}}
	if err := s.add(builtin); err != nil {
		return nil, err
	}
	if overrides == nil {
		return s, nil
	}
	if _, err := fs.Stat(overrides, "static"); err != nil {
		return s, nil
	}
	sub, err := fs.Sub(overrides, "static")
	if err != nil {
		return nil, err
	}
	return s, s.add(sub)
}

// add takes in every file of a tree; a name that is already known is replaced.
func (s *Static) add(tree fs.FS) error {
	return fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		ext := path.Ext(name)
		kind, ok := types[ext]
		if !ok {
			return fmt.Errorf("static/%s is of a kind that is not served", name)
		}
		content, err := fs.ReadFile(tree, name)
		if err != nil {
			return fmt.Errorf("static/%s cannot be read: %w", name, err)
		}
		sum := sha256.Sum256(content)
		hashed := urlPrefix + strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:6]) + ext
		delete(s.files, s.paths[name])
		s.paths[name] = hashed
		s.files[hashed] = file{kind, content, compress(content)}
		return nil
	})
}

// compress returns the gzip form, or nil when that is not smaller.
func compress(content []byte) []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is a valid one
	z.Write(content)                                      // a buffer takes everything
	z.Close()
	if b.Len() >= len(content) {
		return nil
	}
	return b.Bytes()
}

// Path gives the address of a file: "app.css" is "/static/app.<hash>.css". It
// is empty for a file that does not exist.
func (s *Static) Path(name string) string { return s.paths[name] }

// Content gives a file with its content type, for an address without a hash in
// it. Both are empty for a file that does not exist.
func (s *Static) Content(name string) (kind string, content []byte) {
	f := s.files[s.paths[name]]
	return f.kind, f.plain
}

// ServeHTTP answers with the file, marked as never changing, or with 404.
func (s *Static) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, ok := s.files[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
		return
	}
	body := f.plain
	if f.small != nil {
		h.Set("Vary", "Accept-Encoding")
		if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			h.Set("Content-Encoding", "gzip")
			body = f.small
		}
	}
	h.Set("Content-Type", f.kind)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "public, max-age=31536000, immutable") // a year; the name changes with the content
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodGet {
		w.Write(body)
	}
}
