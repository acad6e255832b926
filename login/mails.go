package login

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
