package identity

import "time"

// MailKind names the template of a mail. The words are kept with mails that wait.
type MailKind string

// The kinds of mail.
const (
	MailCode             MailKind = "code"
	MailFactorAdded      MailKind = "factor-added"
	MailFactorRemoved    MailKind = "factor-removed"
	MailFactorOff        MailKind = "factor-off"
	MailFactorFailures   MailKind = "factor-failures"
	MailTwoFactorOff     MailKind = "two-factor-off"
	MailRecoveryMade     MailKind = "recovery-made"
	MailRecoveryUsed     MailKind = "recovery-used"
	MailPasswordChanged  MailKind = "password-changed"
	MailEmailChanged     MailKind = "email-changed"
	MailEmailChangeAsked MailKind = "email-change-asked"
	MailEmailChange      MailKind = "email-change"
	MailEmailVerify      MailKind = "email-verify"
	MailPasswordReset    MailKind = "password-reset"
	MailInvite           MailKind = "invite"
	MailRegister         MailKind = "register"
	MailRegisterTaken    MailKind = "register-taken"
	MailNewBrowser       MailKind = "new-browser"
	MailNewBrowsers      MailKind = "new-browsers"
	MailAdminReset       MailKind = "admin-reset"
	MailAdminPassword    MailKind = "admin-password"
	MailAdminChange      MailKind = "admin-change"
	MailRestored         MailKind = "restored"
	MailSecondStepFailed MailKind = "second-step-failed"
	MailPolicyReminder   MailKind = "policy-reminder"
)

// Mail is a message to be sent, written in the transaction that causes it.
type Mail struct {
	ID            string // empty: one is drawn
	Template      MailKind
	To, AccountID string
	Data          map[string]string // sealed at rest
	Created       time.Time
	Expires       time.Time // zero: never
}

// CodeMail begins the id of a mail with a code; the id of the code's ceremony
// follows. Without that ceremony the code is void and the mail is not sent.
const CodeMail = "code-"

// MailState is how far a mail has come.
type MailState struct {
	Sent    bool // the mail server took it
	Refused bool // it was refused for good
	Tried   bool // at least one try went wrong
	Expired bool // nobody took it in time
}
