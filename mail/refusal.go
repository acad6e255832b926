package mail

import (
	"errors"
	"fmt"
	"net/textproto"
	"regexp"
	"strconv"
	"strings"

	gomail "github.com/wneessen/go-mail"
)

// An error of a transport wraps one of these, so that the worker knows what to do.
var (
	// ErrRefused marks a refusal of the recipient, which trying again will not cure.
	ErrRefused = errors.New("refused for good")
	// errSite marks what an admin has to put right: the mail server cannot be
	// reached, or takes nothing from this site or this sender.
	errSite = errors.New("mail server and site do not agree")
)

// classify keeps the server's words and decides whom they are about. Every
// answer before the recipient was named is about this site. After that the
// answer itself decides, since servers such as Postfix wait until then to
// refuse a client or a sender (smtpd_delay_reject).
func classify(err error) error {
	text, _, _ := strings.Cut(err.Error(), ", affected ") // the library adds recipient and Message-ID
	text = plainWords(text)
	var sent *gomail.SendError
	if !errors.As(err, &sent) {
		return fmt.Errorf("%w: %s", errSite, text)
	}
	switch sent.Reason {
	case gomail.ErrSMTPRcptTo, gomail.ErrSMTPData, gomail.ErrSMTPDataClose:
		return verdict(sent.ErrorCode(), text)
	case gomail.ErrSMTPMailFrom, gomail.ErrGetSender, gomail.ErrConnCheck:
		return fmt.Errorf("%w: %s", errSite, text)
	}
	return errors.New(text)
}

// verdict judges an answer to RCPT or DATA. Only an answer of 500 and more is
// final (RFC 5321 §4.2.1). The library's IsTemp would call a dropped
// connection permanent.
func verdict(code int, text string) error {
	text = plainWords(text)
	switch {
	case aboutSite(code, text):
		return fmt.Errorf("%w: %s", errSite, text)
	case code >= 500:
		return fmt.Errorf("%w: %s", ErrRefused, text)
	}
	return errors.New(text)
}

var (
	quoted = regexp.MustCompile(`\b[45][0-9]{2} "(?:[^"\\]|\\.)*"`) // how the library writes an answer
	// enhanced is the code behind the first three digits, or as qmail has it: "(#5.7.1)".
	enhanced = regexp.MustCompile(`\b[45][0-9]{2}[ -]([245]\.[0-9]{1,3}\.[0-9]{1,3})\b|\(#([245]\.[0-9]{1,3}\.[0-9]{1,3})\)`)
	// siteWords are in the answers of servers that send no enhanced code: Exim's "relay
	// not permitted", "Sender verify failed", "HELO argument invalid", and
	// "Administrative prohibition" where its admin gave no words.
	siteWords = regexp.MustCompile(`(?i)\b(relay\w*|sender|helo|ehlo|auth|authenticat\w+|client host|sending limit|rate limit|blocked using|black ?list\w*|block ?list\w*|administrative prohibition)\b`)
)

// plainWords gives an answer as the server wrote it, on one line. The library
// quotes it and writes line ends as \r\n, so that siteWords would not find the
// words after them.
func plainWords(text string) string {
	return quoted.ReplaceAllStringFunc(text, func(answer string) string {
		code, words := answer[:4], answer[4:]
		if plain, err := strconv.Unquote(words); err == nil {
			words = plain
		}
		return code + strings.Join(strings.Fields(words), " ")
	})
}

// aboutSite says whether an answer blames this site: its name in EHLO, its
// address, its sender, its sign-in, its quota, or what it said (RFC 3463: X.7
// security and policy, X.5 protocol, X.1.7 and X.1.8 the sender's address, X.3
// the mail system; Gmail's 5.4.5 and Exchange's 5.2.252).
func aboutSite(code int, text string) bool {
	if code >= 500 && code <= 504 || code >= 530 && code <= 538 {
		return true
	}
	found := enhanced.FindStringSubmatch(text)
	if found == nil {
		return siteWords.MatchString(text)
	}
	_, status, _ := strings.Cut(found[1]+found[2], ".") // without the class: subject and detail
	subject, _, _ := strings.Cut(status, ".")
	switch status {
	case "4.5", "2.252", "1.7", "1.8":
		return true
	}
	if subject == "7" && code < 500 { // greylisting says 4.7.1 too
		return siteWords.MatchString(text)
	}
	return subject == "7" || subject == "5" || subject == "3"
}

// answerCode is the code of an SMTP answer; 0 when the error is none.
func answerCode(err error) int {
	var answer *textproto.Error
	if errors.As(err, &answer) {
		return answer.Code
	}
	code, _ := strconv.Atoi(err.Error()[:min(3, len(err.Error()))])
	return code
}
