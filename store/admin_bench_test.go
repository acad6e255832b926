package store_test

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"github.com/uptrace/bun/driver/sqliteshim"

	"nightlatch.example/nightlatch/directory"
	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/pgtest"
	"nightlatch.example/nightlatch/internal/sitetest"
	"nightlatch.example/nightlatch/store"
)

var million = flag.Int("accounts", 10_000, "how many accounts BenchmarkAdmin loads")

// adminPages are what an admin may ask of the list. Each must answer within
// 50 ms with 1,000,000 accounts.
var adminPages = []string{"/admin", "/admin?status=active", "/admin?status=active&sort=-last", "/admin?status=missing&role=user&sort=created",
	"/admin?status=required", "/admin?status=never&sort=-created", "/admin?factor=emailonly&role=admin", "/admin?factor=low&sort=last", "/admin?role=user&sort=-login",
	"/admin?q=byron", "/admin?q=byron77", "/admin?q=ada.byron1", "/admin?q=a&status=locked", "/admin?q=example&role=admin&factor=totp&sort=-last", "/admin?q=zzz",
	"/admin?sort=-last&after=1700000000000000,A", "/admin/policy?who=everyone", "/admin/adoption.svg", "/admin/audit?q=nothing"}

// BenchmarkAdmin asks for every page and filter of the list, on both databases:
//
//	go test ./store -run '^$' -bench Admin -benchtime 20x -accounts 1000000
func BenchmarkAdmin(b *testing.B) {
	for _, name := range []string{"sqlite", "postgres"} {
		b.Run(name, func(b *testing.B) {
			s := sitetest.New(b, func(c *sitetest.Config) {
				if c.Login.ConfirmTTL = 24 * time.Hour; name == "postgres" {
					c.Database = pgtest.DSN(b)
				}
			})
			boss := s.Admin("boss")
			load(b, s, *million)
			for _, page := range adminPages {
				b.Run(strings.ReplaceAll(page, "/", "."), func(b *testing.B) {
					for b.Loop() {
						boss.Get(page).WantStatus(b, http.StatusOK)
					}
				})
			}
		})
	}
}

type loadedAccount struct {
	bun.BaseModel `bun:"table:accounts"`

	ID, Login, LoginKey, Name, Email              string
	EmailVerifiedAt, PasswordChangedAt, CreatedAt int64
	LastLoginAt, DisabledAt                       int64
	Role, Origin, Password, Preferred, Kinds      string
	Status, OffKinds                              string
	RecoveryLeft                                  int
}

type loadedEntry struct {
	bun.BaseModel `bun:"table:directory"`

	AccountID              string
	Bucket                 int
	LoginKey               string
	CreatedAt, LastLoginAt int64
	Searched               string
}

type loadedWord struct {
	bun.BaseModel `bun:"table:words"`

	AccountID string
	Word      []byte
}

// lateIndexes are made when everything is loaded, which is quicker.
var lateIndexes = []string{"directory_login ON directory (login_key, account_id)", "directory_created ON directory (created_at, account_id)",
	"directory_last ON directory (last_login_at, account_id)", "directory_bucket_login ON directory (bucket, login_key, account_id)",
	"directory_bucket_created ON directory (bucket, created_at, account_id)", "directory_bucket_last ON directory (bucket, last_login_at, account_id)",
	"words_word ON words (word, account_id)", "accounts_role ON accounts (role, id)"}

// loadPage is how many accounts one statement loads.
const loadPage = 1000

// load fills the database past the store, which would take an hour.
func load(b *testing.B, s *sitetest.Site, n int) {
	b.Helper()
	ctx := b.Context()
	var db *bun.DB
	if path, ok := strings.CutPrefix(s.Database, "sqlite:"); ok {
		pool, err := sql.Open(sqliteshim.ShimName, "file:"+path+"?_pragma=synchronous(OFF)&_pragma=busy_timeout(5000)&_pragma=cache_size(-200000)")
		if err != nil {
			b.Fatal(err)
		}
		pool.SetMaxOpenConns(1)
		db = bun.NewDB(pool, sqlitedialect.New())
	} else {
		db = bun.NewDB(pgtest.Connect(b, s.Database), pgdialect.New())
	}
	defer db.Close()
	run := func(statement string) {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			b.Fatal(err)
		}
	}
	for _, index := range lateIndexes {
		run("DROP INDEX " + strings.Fields(index)[0])
	}
	random, totals := rand.New(rand.NewPCG(1, 2)), map[int]int{}
	for at := 0; at < n; at += loadPage {
		var as []loadedAccount
		var es []loadedEntry
		var ws []loadedWord
		for i := range min(loadPage, n-at) {
			a := person(random, at+i, s.Now())
			bucket := int(directory.BucketOf(a, factors.Known()))
			totals[bucket]++
			var kinds []string
			for _, k := range a.Kinds {
				kinds = append(kinds, string(k))
			}
			as = append(as, loadedAccount{ID: a.ID, Login: a.Login, LoginKey: a.Login, Name: a.Name, Role: string(a.Role), Password: string(a.Password), Status: string(a.Standing),
				Kinds: strings.Join(kinds, ","), RecoveryLeft: a.RecoveryLeft, CreatedAt: micros(a.Created), LastLoginAt: micros(a.LastLogin), DisabledAt: micros(a.Disabled)})
			text := store.SearchText(a.Login, a.Name)
			es = append(es, loadedEntry{AccountID: a.ID, Bucket: bucket, LoginKey: a.Login, CreatedAt: micros(a.Created), LastLoginAt: micros(a.LastLogin), Searched: text})
			for _, w := range store.Words(text) {
				ws = append(ws, loadedWord{AccountID: a.ID, Word: w})
			}
		}
		err := db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
			for _, rows := range []any{&as, &es, &ws} {
				if _, err := tx.NewInsert().Model(rows).Exec(ctx); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	for bucket, n := range totals {
		run(fmt.Sprintf("INSERT INTO totals (bucket, shard, n) VALUES (%d, 99, %d)", bucket, n))
	}
	for _, index := range lateIndexes {
		run("CREATE INDEX " + index)
	}
	if db.Dialect().Name() == dialect.PG { // what the server does by itself after a while
		run("VACUUM ANALYZE")
	} else {
		run("ANALYZE")
	}
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// person makes up an account: most are plain users, some of each state there is.
func person(r *rand.Rand, i int, now time.Time) identity.Account {
	given := []string{"ada", "alan", "grace", "kurt", "emmy", "edsger", "barbara", "donald", "katherine", "tim"}[r.IntN(10)]
	family := []string{"byron", "mathison", "hopper", "goedel", "noether", "dijkstra", "liskov", "knuth", "johnson", "berners"}[r.IntN(10)]
	a := identity.Account{ID: identity.NewID(), Login: fmt.Sprintf("%s.%s%d@example.com", given, family, i), Name: given + " " + family, Role: identity.Member,
		Password: "x", Standing: identity.Active, Created: now.Add(-time.Duration(r.IntN(1000*24)) * time.Hour)}
	chance := func(percent int) bool { return r.IntN(100) < percent }
	if chance(1) {
		a.Role = identity.Admin
	}
	if chance(5) {
		a.Disabled = now
	}
	if chance(10) {
		a.Password, a.Standing = "", identity.Invited
	} else if chance(90) {
		a.LastLogin = now.Add(-time.Duration(r.IntN(300*24*60)) * time.Minute)
	}
	if chance(40) {
		a.Kinds = append(a.Kinds, factors.KindTOTP)
	}
	if chance(20) {
		a.Kinds = append(a.Kinds, factors.KindEmail)
	}
	if len(a.Kinds) > 0 {
		if a.RecoveryLeft = r.IntN(11); chance(1) {
			a.Off = a.Kinds[:1]
		}
	}
	return a
}
