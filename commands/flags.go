package commands

// Flags are the configuration as it is written: each a flag and an environment
// variable. An empty one takes its default. Those that may hold a secret are also
// read from a file: see env.go.
type Flags struct {
	Addr           string `env:"NIGHTLATCH_ADDR" placeholder:"127.0.0.1:8080" help:"Listen address."`
	URL            string `env:"NIGHTLATCH_URL" name:"url" placeholder:"http://localhost:8080" help:"Public origin: links in mail, cookies, origin checks."`
	Name           string `env:"NIGHTLATCH_NAME" name:"brand" hidden:"" help:"The same as --name of serve; user add has a --name of its own."`
	Data           string `env:"NIGHTLATCH_DATA" placeholder:"data" help:"Folder of the embedded defaults."`
	Database       string `env:"NIGHTLATCH_DATABASE" secret:"true" placeholder:"sqlite:DATA/nightlatch.db" help:"sqlite:PATH or postgres://…"`
	Keys           string `env:"NIGHTLATCH_KEYS" placeholder:"DATA/keys.json" help:"Keyset file, for its owner only."`
	Mail           string `env:"NIGHTLATCH_MAIL" secret:"true" placeholder:"dir:DATA/mail" help:"dir:PATH, smtp://USER:PASS@HOST:PORT or smtps://…"`
	MailFrom       string `env:"NIGHTLATCH_MAIL_FROM" placeholder:"Nightlatch <nightlatch@localhost>" help:"Sender."`
	MailHelo       string `env:"NIGHTLATCH_MAIL_HELO" placeholder:"HOST" help:"Name in EHLO; default the host of NIGHTLATCH_URL."`
	Registration   string `env:"NIGHTLATCH_REGISTRATION" placeholder:"invite" help:"invite or open."`
	Views          string `env:"NIGHTLATCH_VIEWS" placeholder:"FOLDER" help:"Folder whose templates and static files replace the built-in ones by name."`
	TrustedProxies string `env:"NIGHTLATCH_TRUSTED_PROXIES" placeholder:"CIDR,…" help:"Proxies whose X-Forwarded-For is believed."`
	MetricsAddr    string `env:"NIGHTLATCH_METRICS_ADDR" placeholder:"HOST:PORT" help:"Separate listener for /metrics; empty is off."`
	Log            string `env:"NIGHTLATCH_LOG" placeholder:"info" help:"debug, info, warn or error."`
	LoginTTL       string `env:"NIGHTLATCH_LOGIN_TTL" name:"login-ttl" placeholder:"10m" help:"From the password to the last factor."`
	CodeTTL        string `env:"NIGHTLATCH_CODE_TTL" name:"code-ttl" placeholder:"5m" help:"Life of an emailed code, 10m at most."`
	CodeCooldown   string `env:"NIGHTLATCH_CODE_COOLDOWN" placeholder:"60s" help:"Between two codes to one account."`
	ConfirmTTL     string `env:"NIGHTLATCH_CONFIRM_TTL" name:"confirm-ttl" placeholder:"5m" help:"How long a confirmation lasts."`
	SessionIdle    string `env:"NIGHTLATCH_SESSION_IDLE" placeholder:"2h" help:"A session ends when unused for so long."`
	SessionMax     string `env:"NIGHTLATCH_SESSION_MAX" placeholder:"24h" help:"A session ends after so long."`
	TrustTTL       string `env:"NIGHTLATCH_TRUST_TTL" name:"trust-ttl" placeholder:"720h" help:"Trusted browsers; 0 switches them off."`
	LockAfter      string `env:"NIGHTLATCH_LOCK_AFTER" placeholder:"5" help:"Failures in a row before the first wait."`
	LockWait       string `env:"NIGHTLATCH_LOCK_WAIT" placeholder:"30s" help:"The first wait; it doubles."`
	LockDisable    string `env:"NIGHTLATCH_LOCK_DISABLE" placeholder:"50" help:"Failures in a row that switch a kind off."`
	Gallery        bool   `env:"NIGHTLATCH_GALLERY" hidden:"" help:"Show every screen at /_screens, for development."`
}
