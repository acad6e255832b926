package routes

import (
	"encoding/csv"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/directory"
	"nightlatch.example/nightlatch/identity"
)

// sheet streams a CSV file whose cells cannot start a formula.
type sheet struct {
	out *csv.Writer
	c   *gin.Context
}

// sheetFlush is after how many rows a part of the file is sent.
const sheetFlush = 500

func newSheet(c *gin.Context, name string, heading ...string) *sheet {
	c.Header("Content-Type", "text/csv; charset=utf-8")
	c.Header("Content-Disposition", `attachment; filename="`+name+`"`)
	c.Status(http.StatusOK)
	_, _ = c.Writer.WriteString("\ufeff") // without it spreadsheets do not read the file as UTF-8
	s := &sheet{csv.NewWriter(c.Writer), c}
	_ = s.row(heading...) // an error comes again with the next row
	return s
}

func (s *sheet) row(cells ...string) error {
	for i, x := range cells {
		cells[i] = accounts.Cell(x)
	}
	return s.out.Write(cells)
}

// flush sends the rows so far, and allows a minute for the next part: a long
// file may take longer than a page.
func (s *sheet) flush() {
	_ = http.NewResponseController(s.c.Writer).SetWriteDeadline(time.Now().Add(time.Minute)) // a recorder in tests has none
	s.out.Flush()
	s.c.Writer.Flush()
}

func (s *sheet) end() error {
	s.out.Flush()
	return s.out.Error()
}

// when is a time in a sheet; empty for never.
func when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// enrollmentCSV is the list as a file, with exactly the rows of its filters.
func (w *web) enrollmentCSV(c *gin.Context) error {
	s := newSheet(c, "enrollment.csv", "login", "name", "email", "role", "status", "factors", "recovery_left", "created", "last_login")
	n := 0
	err := w.Accounts.Each(c.Request.Context(), w.filters(c), func(a identity.Account) error {
		var kinds []string
		for _, k := range a.Kinds {
			kinds = append(kinds, string(k))
		}
		if n++; n%sheetFlush == 0 {
			s.flush()
		}
		return s.row(a.Login, a.Name, a.Email, string(a.Role), string(directory.StatusOf(a)), strings.Join(kinds, " "), strconv.Itoa(a.RecoveryLeft),
			when(a.Created), when(a.LastLogin))
	})
	return w.ended(c, s, err)
}

// auditCSV is the audit log as a file.
func (w *web) auditCSV(c *gin.Context) error {
	s := newSheet(c, "audit.csv", "seq", "time", "event", "account", "actor", "level", "reason", "detail", "browser", "address")
	f := auditFilter(c)
	f.Limit = sheetFlush
	for {
		page, err := w.Accounts.Audit(c.Request.Context(), f)
		if err != nil {
			return w.ended(c, s, err)
		}
		for _, e := range page.Events {
			r := auditRow(e, page)
			if err := s.row(strconv.FormatInt(e.Number(), 10), when(e.At), string(e.Kind), r.Account, r.Actor, strconv.Itoa(e.Level), e.Reason, e.Detail,
				e.Browser, e.Address); err != nil {
				return w.ended(c, s, err)
			}
		}
		if f.Before = page.Next; f.Before == 0 {
			return w.ended(c, s, nil)
		}
		s.flush()
	}
}

// ended finishes a file. After an error it closes the connection, because a
// part of the file must not look like all of it.
func (w *web) ended(c *gin.Context, s *sheet, err error) error {
	if err == nil {
		err = s.end()
	}
	if err == nil || c.Request.Context().Err() != nil {
		return nil
	}
	w.Log.Error("a download was not finished", "id", c.GetString(idKey), "route", c.FullPath(), "error", err)
	panic(http.ErrAbortHandler)
}
