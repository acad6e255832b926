package sitetest

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"nightlatch.example/nightlatch/identity"
)

// Letter is a mail as its reader gets it.
type Letter struct {
	To, Subject, Text, HTML string
	Header                  netmail.Header
}

// Mails sends what is due and gives all mails that came since the last call.
func (s *Site) Mails() (list []Letter) {
	s.T.Helper()
	for {
		n, err := s.worker.Once(s.T.Context())
		if err != nil {
			s.T.Fatal(err)
		}
		if n == 0 {
			break
		}
	}
	names, _ := filepath.Glob(filepath.Join(s.mailDir, "*.eml"))
	slices.Sort(names)
	for _, name := range names {
		if !s.read[name] {
			s.read[name] = true
			list = append(list, s.letter(name))
		}
	}
	return list
}

func (s *Site) letter(name string) Letter {
	s.T.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		s.T.Fatal(err)
	}
	return s.ReadLetter(raw)
}

// ReadLetter reads a mail as it was sent.
func (s *Site) ReadLetter(raw []byte) Letter {
	s.T.Helper()
	m, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		s.T.Fatal(err)
	}
	var dec mime.WordDecoder
	subject, _ := dec.DecodeHeader(m.Header.Get("Subject"))
	to, _ := netmail.ParseAddress(m.Header.Get("To"))
	l := Letter{Subject: subject, Header: m.Header}
	if to != nil {
		l.To = to.Address
	}
	_, params, _ := mime.ParseMediaType(m.Header.Get("Content-Type"))
	parts := multipart.NewReader(m.Body, params["boundary"])
	for {
		p, err := parts.NextRawPart()
		if err != nil {
			break
		}
		var r io.Reader = p
		switch strings.ToLower(p.Header.Get("Content-Transfer-Encoding")) {
		case "quoted-printable":
			r = quotedprintable.NewReader(p)
		case "base64":
			r = base64.NewDecoder(base64.StdEncoding, p)
		}
		text, _ := io.ReadAll(r)
		body := strings.ReplaceAll(string(text), "\r\n", "\n")
		if strings.HasPrefix(p.Header.Get("Content-Type"), "text/plain") {
			l.Text = body
		} else {
			l.HTML = body
		}
	}
	return l
}

var codeLine = regexp.MustCompile(`(?m)^(\d{6})$`)

// Code is the code of a code mail; empty when it has none.
func (l Letter) Code() string {
	if m := codeLine.FindStringSubmatch(l.Text); m != nil {
		return m[1]
	}
	return ""
}

var linkIn = regexp.MustCompile(`https?://\S+/(invite|password/reset|email/verify|email/stop|secure|enroll)/[A-Z0-9a-z]+`)

// Link is the one-time link of a mail, as a path; empty when it has none.
func (l Letter) Link() string {
	m := linkIn.FindString(l.Text)
	if i := strings.Index(m, "://"); i >= 0 {
		m = m[i+3:]
		return m[strings.IndexByte(m, '/'):]
	}
	return ""
}

// LastCode is the newest code that was mailed; to may be empty.
func (s *Site) LastCode(to string) (code string) {
	s.T.Helper()
	for _, l := range s.Mails() {
		if c := l.Code(); c != "" && (to == "" || l.To == to) {
			code = c
		}
	}
	if code == "" {
		s.T.Fatalf("no code was mailed to %q", to)
	}
	return code
}

// AccountOf is the account that the browser is signed in with.
func (b *Browser) AccountOf() identity.Account {
	b.T.Helper()
	v, err := b.Login.Visit(b.T.Context(), b.Cookie("nightlatch_session"))
	if err != nil || v == nil {
		b.T.Fatalf("the browser is not signed in: %v", err)
	}
	return v.Account
}
