package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func newKeys(t *testing.T) (*Keys, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys.json")
	keys, err := OpenKeys(path, true)
	if err != nil {
		t.Fatal(err)
	}
	return keys, path
}

// rotate adds a key, which seals at once where no database says otherwise.
func rotate(k *Keys) error {
	_, err := k.Add()
	return err
}

func mustSeal(t *testing.T, k *Keys, plain, row string) []byte {
	t.Helper()
	sealed, err := k.Seal([]byte(plain), row)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestSealIsBoundToItsRow(t *testing.T) {
	keys, _ := newKeys(t)
	sealed := mustSeal(t, keys, "a secret", "factors/1")
	if bytes.Contains(sealed, []byte("secret")) {
		t.Error("the sealed value can be read")
	}
	if got, err := keys.Open(sealed, "factors/1"); err != nil || string(got) != "a secret" {
		t.Errorf("own row: %q, %v", got, err)
	}
	if bytes.Equal(sealed, mustSeal(t, keys, "a secret", "factors/1")) {
		t.Error("sealing twice gives the same bytes")
	}
	changed := bytes.Clone(sealed)
	changed[len(changed)-1] ^= 1
	for name, c := range map[string]struct {
		sealed []byte
		row    string
	}{
		"other row": {sealed, "factors/2"}, "other table": {sealed, "outbox/1"}, "no row": {sealed, ""},
		"changed": {changed, "factors/1"}, "cut": {sealed[:9], "factors/1"}, "empty": {nil, "factors/1"},
	} {
		if got, err := keys.Open(c.sealed, c.row); !errors.Is(err, errSealed) || got != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if _, err := keys.Seal([]byte("x"), ""); err == nil {
		t.Error("sealed for no row")
	}
	if got, err := keys.Open(mustSeal(t, keys, "", "factors/1"), "factors/1"); err != nil || len(got) != 0 {
		t.Errorf("empty plaintext: %q, %v", got, err)
	}
}

func TestMAC(t *testing.T) {
	keys, path := newKeys(t)
	sum, err := keys.MAC([]byte("ceremony/1 123456"))
	if err != nil || len(sum) != 37 {
		t.Fatalf("%d bytes, %v", len(sum), err)
	}
	if err := keys.CheckMAC(sum, []byte("ceremony/1 123456")); err != nil {
		t.Error(err)
	}
	for _, data := range []string{"", "ceremony/1 123457", "ceremony/2 123456"} {
		if err := keys.CheckMAC(sum, []byte(data)); !errors.Is(err, errMAC) {
			t.Errorf("%q: %v", data, err)
		}
	}
	if err := keys.CheckMAC(nil, nil); !errors.Is(err, errMAC) {
		t.Errorf("empty: %v", err)
	}
	if err := rotate(keys); err != nil {
		t.Fatal(err)
	}
	again, err := OpenKeys(path, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.CheckMAC(sum, []byte("ceremony/1 123456")); err != nil {
		t.Errorf("after a rotation: %v", err)
	}
}

func TestRotateKeepsOldKeysForReading(t *testing.T) {
	keys, path := newKeys(t)
	old := mustSeal(t, keys, "old", "factors/1")
	first := keys.LeadID()
	if !keys.SealedWithLead(old) || keys.SealedWithLead(nil) || keys.SealedWithLead(old[:5]) {
		t.Error("SealedWithLead before the rotation")
	}
	if err := rotate(keys); err != nil {
		t.Fatal(err)
	}
	if keys.LeadID() == first || keys.SealedWithLead(old) {
		t.Error("the old key is still the primary one")
	}
	fresh := mustSeal(t, keys, "new", "factors/1")
	if !keys.SealedWithLead(fresh) {
		t.Error("sealed with an old key")
	}
	again, err := OpenKeys(path, false)
	if err != nil {
		t.Fatal(err)
	}
	for want, sealed := range map[string][]byte{"old": old, "new": fresh} {
		if got, err := again.Open(sealed, "factors/1"); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", want, got, err)
		}
	}
}

func TestARunningServerFollowsARotation(t *testing.T) {
	server, path := newKeys(t)
	command, err := OpenKeys(path, true)
	if err != nil {
		t.Fatal(err)
	}
	if server.LeadID() != command.LeadID() {
		t.Fatal("the second to open made keys of its own")
	}
	if err := rotate(command); err != nil {
		t.Fatal(err)
	}
	sealed := mustSeal(t, command, "new", "factors/1")
	sum, _ := command.MAC([]byte("data"))
	if got, err := server.Open(sealed, "factors/1"); err != nil || string(got) != "new" {
		t.Errorf("unknown key: %q, %v", got, err)
	}
	if err := server.CheckMAC(sum, []byte("data")); err != nil {
		t.Error(err)
	}
	if err := rotate(command); err != nil {
		t.Fatal(err)
	}
	if !command.SealedWithLead(mustSeal(t, server, "x", "factors/1")) {
		t.Error("the server seals with the old key after a rotation")
	}
	if err := rotate(server); err != nil {
		t.Fatal(err)
	}
	if err := command.Reload(); err != nil || command.LeadID() != server.LeadID() {
		t.Errorf("Reload: %v", err)
	}
	if got, err := command.Open(sealed, "factors/1"); err != nil || string(got) != "new" {
		t.Errorf("a key got lost between two that rotate: %q, %v", got, err)
	}
}

func TestALostFileDoesNotStopAServer(t *testing.T) {
	keys, path := newKeys(t)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	sealed := mustSeal(t, keys, "still here", "factors/1")
	if got, err := keys.Open(sealed, "factors/1"); err != nil || string(got) != "still here" {
		t.Errorf("%q, %v", got, err)
	}
	if err := keys.Reload(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Reload: %v", err)
	}
	if err := rotate(keys); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Rotate: %v", err)
	}
	if _, err := OpenKeys(path, false); !errors.Is(err, fs.ErrNotExist) || strings.Count(err.Error(), path) != 1 {
		t.Errorf("OpenKeys: %v", err)
	}
}

func TestKeysNeverPrintThemselves(t *testing.T) {
	keys, path := newKeys(t)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		AEAD struct {
			Key []struct{ KeyData struct{ Value string } }
		}
	}
	if err := json.Unmarshal(text, &file); err != nil || file.AEAD.Key[0].KeyData.Value == "" {
		t.Fatal("no key value in the file", err)
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "keys", keys)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "keys", keys)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		got := fmt.Sprintf(verb, keys)
		if got != "keys of "+path {
			t.Errorf("%s: %s", verb, got)
		}
		log.WriteString(got)
	}
	log.WriteString(fmt.Sprintf("%+v", struct{ Keys *Keys }{keys}))
	if strings.Contains(log.String(), file.AEAD.Key[0].KeyData.Value) {
		t.Error("a key was printed")
	}
}

func TestKeysTogether(t *testing.T) {
	keys, path := newKeys(t)
	other, err := OpenKeys(path, false)
	if err != nil {
		t.Fatal(err)
	}
	old := mustSeal(t, keys, "old", "factors/0")
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			row := fmt.Sprintf("factors/%d", i)
			for n := range 20 {
				if n == 5 && i < 3 {
					if err := rotate([]*Keys{keys, other}[i%2]); err != nil {
						t.Error(err)
					}
				}
				sealed, err := keys.Seal([]byte(row), row)
				if err != nil {
					t.Error(err)
				}
				if got, err := other.Open(sealed, row); err != nil || string(got) != row {
					t.Errorf("%q, %v", got, err)
				}
			}
		})
	}
	all.Wait()
	if got, err := other.Open(old, "factors/0"); err != nil || string(got) != "old" {
		t.Errorf("%q, %v", got, err)
	}
	if n := keys.latest().sealing.Len(); n != 4 {
		t.Errorf("%d keys after three rotations", n)
	}
}

func BenchmarkSeal(b *testing.B) {
	keys, err := OpenKeys(filepath.Join(b.TempDir(), "keys.json"), true)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := keys.Seal(make([]byte, 20), "factors/1"); err != nil {
			b.Fatal(err)
		}
	}
}
