package sim

import (
	"encoding/base32"
	"strings"

	"nightlatch.example/nightlatch/factors"
)

// shown writes down what a page shows: the secret of an app, or recovery codes.
func (l *Ledger) shown(x *Exchange) {
	t := l.Session(x.Browser)
	if x.Page == nil || x.Page.Status != 200 || t == nil {
		return
	}
	if m := secretShown.FindStringSubmatch(x.Page.Body); m != nil {
		secret, _ := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(m[1])
		l.pendingApps[t.Account] = append(l.pendingApps[t.Account], secret)
	}
	if strings.HasPrefix(x.Path, "/profile/factors/recovery") {
		l.sheet(t.Account, codeShown.FindAllString(x.Page.Body, -1))
	}
}

// sheet writes down recovery codes that were shown. A new set voids the old.
func (l *Ledger) sheet(name string, codes []string) {
	a := l.Account(name)
	if len(codes) == 0 {
		return
	}
	for _, c := range a.Live() {
		if _, ok := c.Codes[bare(codes[0])]; ok {
			return
		}
	}
	fresh := &Cred{Kind: factors.KindRecovery, Codes: map[string]bool{}, Places: map[string]string{}}
	for _, code := range codes {
		fresh.Codes[bare(code)] = false
	}
	for _, c := range a.Live() {
		c.Gone = c.Gone || c.Kind == factors.KindRecovery
	}
	a.Creds = append(a.Creds, fresh)
}
