package store

import "testing"

// A damaged key file is refused in words, never with a panic; what is taken
// seals and opens.
func FuzzParseRing(f *testing.F) {
	f.Add([]byte(`{}`))
	f.Add([]byte(`{"sealing":{"primaryKeyId":1,"key":[]},"hashing":null}`))
	f.Add([]byte("\x00\xff"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if ring, err := parseRing(text); err == nil && ring == nil {
			t.Error("neither keys nor an error")
		}
	})
}
