package store

import (
	"strings"

	"github.com/uptrace/bun"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
)

type accountRow struct {
	bun.BaseModel     `bun:"table:accounts,alias:a"`
	ID                string `bun:",pk"`
	Login             string
	LoginKey          string
	Name              string
	Email             string
	EmailVerifiedAt   stamp
	Role              string
	Origin            string
	Password          string
	PasswordChangedAt stamp
	Preferred         string
	CreatedAt         stamp
	LastLoginAt       stamp
	DisabledAt        stamp
	Status            string // its standing
	Kinds             string
	RecoveryLeft      int
	OffKinds          string
	MustEnrollAt      stamp
	Reached           int // steps it took: see Reach
}

// accountFollows are the columns that have statements of their own: saving an
// account leaves them as they are.
var accountFollows = []string{"kinds", "recovery_left", "off_kinds", "must_enroll_at", "reached"}

func fromAccount(a identity.Account) *accountRow {
	return &accountRow{ID: a.ID, Login: a.Login, LoginKey: a.Key, Name: a.Name, Email: a.Email,
		EmailVerifiedAt: at(a.EmailVerified), Role: string(a.Role), Origin: a.Origin, Password: string(a.Password),
		PasswordChangedAt: at(a.PasswordChanged), Preferred: a.Preferred, CreatedAt: at(a.Created),
		LastLoginAt: at(a.LastLogin), DisabledAt: at(a.Disabled), Status: string(a.Standing)}
}

func (r *accountRow) account() identity.Account {
	a := identity.Account{ID: r.ID, Login: r.Login, Key: r.LoginKey, Name: identity.Shown(r.Name), Email: r.Email,
		EmailVerified: r.EmailVerifiedAt.Time(), Role: identity.Role(r.Role), Origin: r.Origin,
		Password: identity.Hidden(r.Password), PasswordChanged: r.PasswordChangedAt.Time(), Preferred: r.Preferred,
		Created: r.CreatedAt.Time(), LastLogin: r.LastLoginAt.Time(), Disabled: r.DisabledAt.Time(),
		Standing: identity.Status(r.Status), RecoveryLeft: r.RecoveryLeft, MustEnroll: r.MustEnrollAt.Time()}
	a.Kinds, a.Off = kinds(r.Kinds), kinds(r.OffKinds)
	return a
}

// kinds reads a list of kinds as it is kept.
func kinds(kept string) (list []factors.Kind) {
	for k := range strings.SplitSeq(kept, ",") {
		if k != "" {
			list = append(list, factors.Kind(k))
		}
	}
	return list
}

type credentialRow struct {
	bun.BaseModel `bun:"table:credentials"`
	ID            string `bun:",pk"`
	AccountID     string
	Kind          string
	Name          string
	Secret        []byte
	Address       string
	Hash          string
	Batch         string
	Counter       int64
	Drift         int64
	Version       int64
	CreatedAt     stamp
	LastUsedAt    stamp
	UsedAt        stamp
	Accepted      string `bun:",scanonly"` // of its row of steps
}

func (r *credentialRow) credential() factors.Credential {
	return factors.Credential{ID: r.ID, AccountID: r.AccountID, Kind: factors.Kind(r.Kind), Name: r.Name,
		Address: r.Address, Hash: r.Hash, Batch: r.Batch, Counter: r.Counter, Steps: readSteps(r.Accepted), Drift: r.Drift, Version: r.Version,
		Created: r.CreatedAt.Time(), LastUsed: r.LastUsedAt.Time(), Used: r.UsedAt.Time()}
}

// credentialSeal binds a secret to its row and to its owner: moved to another
// account it does not open.
func credentialSeal(accountID, id string) string { return "credentials/" + accountID + "/" + id }

type pendingRow struct {
	bun.BaseModel `bun:"table:pendings"`
	ID            string `bun:",pk"`
	TokenHash     string
	AccountID     string
	Next          string
	Address       string
	Shown         string
	Browser       string
	Known         bool
	Told          bool
	CreatedAt     stamp
	ExpiresAt     stamp
}

func fromPending(p identity.Pending) *pendingRow {
	return &pendingRow{ID: p.ID, TokenHash: p.TokenHash, AccountID: p.AccountID, Next: p.Next, Address: p.Address,
		Shown: p.Shown, Browser: p.Browser, Known: p.Known, Told: p.Told, CreatedAt: at(p.Created), ExpiresAt: at(p.Expires)}
}

func (r *pendingRow) pending() identity.Pending {
	return identity.Pending{ID: r.ID, TokenHash: r.TokenHash, AccountID: r.AccountID, Next: r.Next, Address: r.Address,
		Shown: r.Shown, Browser: r.Browser, Known: r.Known, Told: r.Told, Created: r.CreatedAt.Time(), Expires: r.ExpiresAt.Time()}
}

type ceremonyRow struct {
	bun.BaseModel `bun:"table:ceremonies"`
	ID            string `bun:",pk"`
	AccountID     string
	Purpose       string
	Subject       string
	Kind          string
	State         []byte
	Tries         int
	CreatedAt     stamp
	ExpiresAt     stamp
}

func ceremonySeal(accountID, id string) string { return "ceremonies/" + accountID + "/" + id }

// noteSeal is the same: notes lay with the ceremonies once, and a way up or down
// moves them as they are sealed.
func noteSeal(accountID, id string) string { return ceremonySeal(accountID, id) }

type sessionRow struct {
	bun.BaseModel `bun:"table:sessions,alias:s"`
	ID            string `bun:",pk"`
	TokenHash     string
	AccountID     string
	Level         int
	Factor        string
	Trusted       bool
	Address       string
	Browser       string
	Warning       string
	CreatedAt     stamp
	LastSeenAt    stamp
	ConfirmedAt   stamp
}

func fromSession(s identity.Session) *sessionRow {
	return &sessionRow{ID: s.ID, TokenHash: s.TokenHash, AccountID: s.AccountID, Level: s.Level, Factor: string(s.Factor), Trusted: s.Trusted,
		Address: s.Address, Browser: s.Browser, Warning: s.Warning, CreatedAt: at(s.Created), LastSeenAt: at(s.LastSeen),
		ConfirmedAt: at(s.Confirm)}
}

func (r *sessionRow) session() identity.Session {
	return identity.Session{ID: r.ID, TokenHash: r.TokenHash, AccountID: r.AccountID, Level: r.Level,
		Factor: factors.Kind(r.Factor), Trusted: r.Trusted, Address: r.Address, Browser: r.Browser, Warning: r.Warning,
		Created: r.CreatedAt.Time(), LastSeen: r.LastSeenAt.Time(), Confirm: r.ConfirmedAt.Time()}
}

type browserRow struct {
	bun.BaseModel `bun:"table:browsers"`
	ID            string `bun:",pk"`
	TokenHash     string
	AccountID     string
	Trusted       bool
	Address       string
	Browser       string
	CreatedAt     stamp
	LastUsedAt    stamp
	UntilAt       stamp
}

func (r *browserRow) browser() identity.Browser {
	return identity.Browser{ID: r.ID, TokenHash: r.TokenHash, AccountID: r.AccountID, Trusted: r.Trusted, Address: r.Address,
		Browser: r.Browser, Created: r.CreatedAt.Time(), LastUsed: r.LastUsedAt.Time(), Until: r.UntilAt.Time()}
}

type linkRow struct {
	bun.BaseModel `bun:"table:links"`
	TokenHash     string `bun:",pk"`
	AccountID     string
	Purpose       identity.LinkPurpose
	Data          string
	CreatedAt     stamp
	ExpiresAt     stamp
}

func (r *linkRow) link() identity.Link {
	return identity.Link{TokenHash: r.TokenHash, AccountID: r.AccountID, Purpose: r.Purpose, Data: r.Data,
		Created: r.CreatedAt.Time(), Expires: r.ExpiresAt.Time()}
}
