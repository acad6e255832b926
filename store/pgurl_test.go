package store

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A mistake in an address has a sentence that fits it, and quotes nothing: any
// part of it may be the password.
func TestMistakesInPostgresAddresses(t *testing.T) {
	t.Parallel()
	text := filepath.Join(t.TempDir(), "hunter2")
	if err := os.WriteFile(text, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]error{
		"postgres://nl:hunter2@SECRET/x@db/nl":                errPGEscape,
		"postgres://nl:hun/ter2@db/nl":                        errPGEscape,
		"postgres://nl:12/hunter2@db/nl":                      errPGEscape,
		"postgres://nl:12?hunter2@db/nl":                      errPGEscape,
		"postgres://nl:12#hunter2@db/nl":                      errPGEscape,
		"postgres://nl:hunter2#@db/nl":                        errPGEscape,
		"postgres://nl:hunter2@SECRET@db/nl":                  errPGEscape,
		"postgres://nl:@hunter2@db/nl":                        errPGEscape,
		"postgres://nl:hunter2%zz@db/nl":                      errPGEscape,
		"postgres://nl:hunter2%@db/nl":                        errPGEscape,
		"postgres://nl:pass@db/nl?sslmode=hunter2@x":          errPGEscape,
		"postgres://nl:hunter2":                               errPGPort,
		"postgres://nl:pass@db:hunter2/nl":                    errPGPort,
		"postgres://nl:pass@db:0/nl":                          errPGPort,
		"postgres://nl:pass@db:/nl":                           errPGPort,
		"postgres://nl:pass@db,other:hunter2/nl":              errPGPort,
		"postgres://nl:pass@db hunter2/nl":                    errPGName,
		"postgres://nl:pass@hunter2!/nl":                      errPGName,
		"postgres://nl:pass@db,/nl":                           errPGName,
		"postgres://nl:pass@/nl?host=hunter2!":                errPGName,
		"postgres:///hunter2":                                 errPGHost,
		"postgres://nl:hunter2@/nl":                           errPGHost,
		"postgres://":                                         errPGHost,
		"postgres://nl:pass@db/nl/hunter2":                    errPGForm,
		"mysql://nl:hunter2@db/nl":                            errPGForm,
		"host=db password=hunter2":                            errPGForm,
		"postgres://db/nl?sslmode=hunter2":                    errPGMode,
		"postgres://db/nl?sslmode=VERIFY-FULL":                errPGMode,
		"postgres://db/nl?sslmode=require&sslrootcert=system": errPGSystem,
		"postgres://db/nl?sslmode=verify-ca":                  errPGRoot,
		"postgres://db/nl?target_session_attrs=hunter2":       errPGAttrs,
		"postgres://db/nl?sslmode=verify-full&sslmode=allow":  errPGTwice,
		"postgres://db/nl?channel_binding=require":            errPGBinding,
		"postgres://db/nl?connect_timeout=hunter2":            errPGTimeout,
		"postgres://db/nl?options=-c%20hunter2":               errPGOptions,
		"postgres://db/nl?a%20b=hunter2":                      errPGQuery,
		"postgres://db/nl?a=%zzhunter2":                       errPGQuery,
		"postgres://db/nl?sslcert=hunter2":                    errPGPair,
	} {
		if err := CheckURL(address); err != want {
			t.Errorf("%s: %v instead of %v", address, err, want)
		}
	}
	for query, want := range map[string]string{
		"sslmode=verify-full&sslrootcert=/lost/hunter2": "has an sslrootcert that names a file which cannot be read: no such file or directory",
		"sslmode=verify-ca&sslrootcert=" + text:         "has an sslrootcert that names a file without a certificate (in PEM)",
		"sslcert=/lost/hunter2&sslkey=" + text:          "has an sslcert that names a file which cannot be read: no such file or directory",
		"sslcert=" + text + "&sslkey=" + text:           "has an sslcert and sslkey that do not hold a certificate and its key (in PEM)",
	} {
		if err := CheckURL("postgres://nl@db/nl?" + query); err == nil || err.Error() != want {
			t.Errorf("%s: %v", query, err)
		}
	}
}

func TestPostgresAddressesThatAreGood(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"postgres://nl:p%40ss%2Fw%23%3F%25@db/nl":                               "db:5432 tls; db:5432 plain",
		"postgresql://nl@db:6432/nl?sslmode=disable":                            "db:6432 plain",
		"postgres://nl@db/nl?sslmode=allow":                                     "db:5432 plain; db:5432 tls",
		"postgres://nl@db/nl?sslmode=require":                                   "db:5432 tls",
		"postgres://nl@db/nl?sslmode=verify-full&sslrootcert=system":            "db:5432 tls",
		"postgres://nl@db/nl?sslrootcert=system":                                "db:5432 tls",
		"postgres://nl@one:1,two:2/nl?sslmode=disable&target_session_attrs=any": "one:1 plain; two:2 plain",
		"postgres://nl@[2001:db8::1]:6432/nl?sslmode=disable":                   "2001:db8::1:6432 plain",
		"postgres:///nl?host=/run/postgresql&user=nl":                           "/run/postgresql:5432 plain",
		"postgres://nl@/nl?host=/run/postgresql&port=6432":                      "/run/postgresql:6432 plain",
		"postgres://nl@%2Frun%2Fpostgresql/nl":                                  "/run/postgresql:5432 plain",
		"postgres://nl:a:b@my_host-1.example/nl?sslmode=disable&search_path=x":  "my_host-1.example:5432 plain",
	} {
		conf, _, err := readPostgres(address)
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		var got []string
		for _, w := range append([]*way{{Host: conf.Host, Port: conf.Port, TLSConfig: conf.TLSConfig}}, conf.Fallbacks...) {
			got = append(got, shown(w))
		}
		if strings.Join(got, "; ") != want || conf.Database != "nl" {
			t.Errorf("%s: %s, %q", address, got, conf.Database)
		}
	}
	conf, _, err := readPostgres("postgres://nl:p%40ss%2Fw%23%3F%25@db/nl?gssencmode=disable&search_path=x")
	if err != nil || conf.Password != "p@ss/w#?%" || len(conf.RuntimeParams) != 1 {
		t.Errorf("%+v, %v", conf, err)
	}
}
