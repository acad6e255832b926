package password

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
)

var cheap = Cost{MemoryKiB: 64, Time: 1, Threads: 1}

func TestHasherHashAndVerify(t *testing.T) {
	h := NewHasher(cheap, 1, 1)
	stored, err := h.Hash("a fine long phrase")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(stored, "$argon2id$v=19$m=64,t=1,p=1$") {
		t.Errorf("stored = %q", stored)
	}
	if again, _ := h.Hash("a fine long phrase"); again == stored {
		t.Error("two hashes of one password are the same: no salt")
	}
	for password, want := range map[string]bool{"a fine long phrase": true, "a fine long phrasE": false, "": false} {
		ok, rehash, err := h.Verify(stored, password)
		if ok != want || rehash || err != nil {
			t.Errorf("Verify(%q) = %v, %v, %v", password, ok, rehash, err)
		}
	}
	if _, err := h.Hash("\xff\xfe12345678"); err == nil {
		t.Error("Hash took invalid UTF-8")
	}
}

func TestHasherNormalises(t *testing.T) {
	h := NewHasher(cheap, 1, 1)
	stored, _ := h.Hash("cafe\u0301 \ufb01ne pass")
	if ok, _, err := h.Verify(stored, "caf\u00e9 fine pass"); !ok || err != nil {
		t.Errorf("the same text typed on another keyboard: %v, %v", ok, err)
	}
}

func TestHasherRehash(t *testing.T) {
	old, _ := NewHasher(cheap, 1, 1).Hash("a fine long phrase")
	h := NewHasher(Cost{MemoryKiB: 128, Time: 1, Threads: 1}, 1, 1)
	if ok, rehash, err := h.Verify(old, "a fine long phrase"); !ok || !rehash || err != nil {
		t.Errorf("right password, old cost: %v, %v, %v", ok, rehash, err)
	}
	if ok, rehash, _ := h.Verify(old, "wrong"); ok || rehash {
		t.Errorf("wrong password, old cost: %v, %v", ok, rehash)
	}
}

// The test vector of the reference implementation (phc-winner-argon2, test.c).
func TestHasherKnownVector(t *testing.T) {
	const known = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	ok, rehash, err := NewHasher(DefaultCost, 1, 1).Verify(known, "password")
	if !ok || !rehash || err != nil {
		t.Errorf("Verify = %v, %v, %v", ok, rehash, err)
	}
}

func TestHasherDummy(t *testing.T) {
	h := NewHasher(cheap, 1, 1)
	ok, rehash, err := h.Verify(h.Dummy(), "password")
	if ok || rehash || err != nil {
		t.Errorf("Verify(Dummy) = %v, %v, %v", ok, rehash, err)
	}
	if h.Dummy() == NewHasher(cheap, 1, 1).Dummy() {
		t.Error("two hashers share a dummy")
	}
	if got := NewHasher(Cost{}, 0, 0); got.cost != DefaultCost || got.queue.free < 1 || got.queue.places != 64*got.queue.free {
		t.Errorf("defaults: %+v", got.cost)
	}
}

// OWASP Password Storage Cheat Sheet, argon2id: 19 MiB, two passes, one lane.
func TestDefaultCost(t *testing.T) {
	if want := (Cost{MemoryKiB: 19456, Time: 2, Threads: 1}); DefaultCost != want {
		t.Errorf("DefaultCost is %+v", DefaultCost)
	}
}

func TestVerifyRefusesBadHashes(t *testing.T) {
	salt, key := strings.Repeat("A", 22), strings.Repeat("A", 43)
	text := func(n int) string { return base64.RawStdEncoding.EncodeToString(make([]byte, n)) }
	bad := map[string]string{
		"empty":          "",
		"plain":          "password",
		"other kind":     "$argon2i$v=19$m=64,t=1,p=1$" + salt + "$" + key,
		"other version":  "$argon2id$v=16$m=64,t=1,p=1$" + salt + "$" + key,
		"no version":     "$argon2id$m=64,t=1,p=1$" + salt + "$" + key,
		"other order":    "$argon2id$v=19$t=1,m=64,p=1$" + salt + "$" + key,
		"leading zero":   "$argon2id$v=19$m=064,t=1,p=1$" + salt + "$" + key,
		"plus":           "$argon2id$v=19$m=+64,t=1,p=1$" + salt + "$" + key,
		"no time":        "$argon2id$v=19$m=64,t=0,p=1$" + salt + "$" + key,
		"no threads":     "$argon2id$v=19$m=64,t=1,p=0$" + salt + "$" + key,
		"threads 256":    "$argon2id$v=19$m=64,t=1,p=256$" + salt + "$" + key,
		"too few KiB":    "$argon2id$v=19$m=8,t=1,p=2$" + salt + "$" + key,
		"huge memory":    "$argon2id$v=19$m=262145,t=1,p=1$" + salt + "$" + key,
		"overflow":       "$argon2id$v=19$m=99999999999,t=1,p=1$" + salt + "$" + key,
		"huge time":      "$argon2id$v=19$m=64,t=17,p=1$" + salt + "$" + key,
		"many threads":   "$argon2id$v=19$m=256,t=1,p=17$" + salt + "$" + key,
		"short salt":     "$argon2id$v=19$m=64,t=1,p=1$" + text(7) + "$" + key,
		"long salt":      "$argon2id$v=19$m=64,t=1,p=1$" + text(65) + "$" + key,
		"short key":      "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$" + text(15),
		"long key":       "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$" + text(65),
		"no key":         "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$",
		"padding":        "$argon2id$v=19$m=64,t=1,p=1$" + salt + "==$" + key,
		"loose bits":     "$argon2id$v=19$m=64,t=1,p=1$" + salt[1:] + "B$" + key,
		"trailing":       "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$" + key + "\n",
		"another field":  "$argon2id$v=19$m=64,t=1,p=1,data=x$" + salt + "$" + key,
		"something more": "$argon2id$v=19$m=64,t=1,p=1$" + salt + "$" + key + "$x",
	}
	h := NewHasher(cheap, 1, 1)
	for name, stored := range bad {
		if ok, rehash, err := h.Verify(stored, "password"); ok || rehash || !errors.Is(err, errHash) {
			t.Errorf("%s: %v, %v, %v", name, ok, rehash, err)
		}
	}
	if _, err := parsePHC("$argon2id$v=19$m=64,t=1,p=1$" + salt + "$" + key); err != nil {
		t.Errorf("the sound one: %v", err)
	}
}

func TestNewHasherRefusesMadCost(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	NewHasher(Cost{MemoryKiB: 1 << 30, Time: 1, Threads: 1}, 1, 1)
}

func FuzzParsePHC(f *testing.F) {
	f.Add(NewHasher(cheap, 1, 1).Dummy())
	f.Add("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
	f.Add("$argon2id$v=19$m=0,t=0,p=0$$")
	f.Fuzz(func(t *testing.T, s string) {
		p, err := parsePHC(s)
		if err != nil {
			return
		}
		if p.String() != s {
			t.Errorf("read %q, wrote %q", s, p)
		}
		if !p.cost.sane() || len(p.salt) > maxPart || len(p.key) > maxPart {
			t.Errorf("took %+v", p)
		}
	})
}

func BenchmarkHash(b *testing.B) {
	h := NewHasher(DefaultCost, 1, 1)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.Hash("a fine long phrase"); err != nil {
			b.Fatal(err)
		}
	}
}
