package routes

import (
	"errors"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
)

// The sizes of what may be sent.
const (
	maxBody  = 64 << 10 // bytes of a form
	maxField = 8 << 10  // bytes of one field; a reason has 200 characters of up to 25
)

// form reads the named fields of a posted form. A field that is given twice, is
// not text or is far too long makes the form unreadable. Other fields are
// ignored.
func form(c *gin.Context, fields ...string) (map[string]string, error) {
	if err := read(c); err != nil {
		return nil, err
	}
	got := make(map[string]string, len(fields))
	for _, name := range fields {
		values := c.Request.PostForm[name]
		if len(values) > 1 || c.Request.PostForm.Has(name+"[]") {
			return nil, errForm
		}
		if len(values) == 1 {
			got[name] = values[0]
		}
		switch v := got[name]; {
		case len(v) <= maxField && isText(v):
		case name == "next": // leads nowhere, as any other that does not fit
			got[name] = ""
		default:
			return nil, errForm
		}
	}
	return got, nil
}

// read reads a posted form once. Calling it again gives the same result.
func read(c *gin.Context) error {
	const key = "unread"
	if _, done := c.Get(key); !done {
		c.Set(key, status{})
		if err := parse(c.Request); err != nil {
			c.Set(key, err)
		}
	}
	if err, _ := c.MustGet(key).(error); err != (status{}) {
		return err
	}
	return nil
}

func parse(r *http.Request) error {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if r.ContentLength == 0 && r.Header.Get("Content-Type") == "" {
		kind, err = "application/x-www-form-urlencoded", nil
	}
	switch {
	case err != nil:
		return errType
	case kind == "application/x-www-form-urlencoded":
		err = r.ParseForm()
	case kind == "multipart/form-data":
		err = r.ParseMultipartForm(maxBody)
	default:
		return errType
	}
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return errLarge
	}
	if err != nil {
		return errForm
	}
	return nil
}

// isText says whether every database can keep a text: it is UTF-8 without NUL.
func isText(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }
