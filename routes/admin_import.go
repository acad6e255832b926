package routes

import (
	"io"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/views"
)

// importPage shows the form for an import.
func (w *web) importPage(c *gin.Context) error {
	return w.showOr(c, nil, "Import", func(string) views.Screen { return views.AdminImport{Max: accounts.MaxLines} })
}

// tryImport shows what would happen to each line. With do=1 it runs the import,
// which requires a fresh confirmation.
func (w *web) tryImport(c *gin.Context) error {
	f, err := form(c, "do")
	if err != nil {
		return err
	}
	text, err := importText(c)
	if err != nil {
		return err
	}
	s := views.AdminImport{CSV: text, Max: accounts.MaxLines, Done: f["do"] == "1"}
	if strings.TrimSpace(text) == "" {
		return w.showOr(c, &identity.Refusal{Why: identity.Bad, Text: "Choose a file, or paste its lines."}, "Import", func(alert string) views.Screen {
			return views.AdminImport{Max: accounts.MaxLines, Alert: alert}
		})
	}
	v := visit(c)
	if s.Done && !v.Fresh {
		return w.toConfirm(c)
	}
	// A thousand lines on a slow disk may take longer than a page.
	_ = http.NewResponseController(c.Writer).SetWriteDeadline(time.Now().Add(2 * formTime)) // a recorder in tests has none
	lines, err := w.Accounts.Import(c.Request.Context(), v, text, !s.Done, w.client(c))
	if err == nil && len(lines) == 0 {
		err = identity.Refuse(identity.Bad, "There is no account in this file: it has only the names of its columns.")
	}
	if refused := identity.Refused(err); refused != nil {
		return w.showOr(c, refused, "Import", func(alert string) views.Screen {
			return views.AdminImport{CSV: text, Max: accounts.MaxLines, Alert: alert}
		})
	}
	if err != nil && len(lines) == 0 {
		return err
	}
	for _, l := range lines {
		s.Lines = append(s.Lines, views.ImportLine{Number: l.Number, Login: l.Login, Name: l.Name, Email: l.Email, Role: string(l.Role), Fate: l.Fate, Link: l.Link, OK: l.OK})
		if l.OK {
			s.Good++
		}
	}
	if err != nil { // accounts made so far stay, and their links are shown only here
		w.Log.Error("import stopped", "id", c.GetString(idKey), "made", s.Good, "error", err)
		s.Alert = "The import stopped before the end. Import the same file again: it continues where this one stopped, and creates new links where the old ones were not used."
		return w.render(c, w.faultStatus(c, err), s, views.Frame{Title: "Import", Area: "admin", Wide: true})
	}
	return w.showOr(c, nil, "Import", func(string) views.Screen { return s })
}

// importText is the content of the file, or the pasted lines.
func importText(c *gin.Context) (string, error) {
	text := c.Request.PostForm.Get("csv")
	if m := c.Request.MultipartForm; m != nil && len(m.File["file"]) > 0 && m.File["file"][0].Size > 0 {
		file, err := m.File["file"][0].Open()
		if err != nil {
			return "", err
		}
		defer file.Close()
		raw, err := io.ReadAll(io.LimitReader(file, maxBody))
		if err != nil {
			return "", err
		}
		text = string(raw)
	}
	if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
		return "", status{422, "This file is not UTF-8 text. Save it as “CSV UTF-8” and try again."}
	}
	return text, nil
}
