package planfile_test

import (
	"bytes"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"duosync/cmd/internal/planfile"
	dirsync "duosync/sync"
)

// sign makes a file around any content, signed as its description says.
func sign(t *testing.T, content []byte) []byte {
	key, err := hkdf.Key(sha256.New, []byte("secret"), nil, "duosync plan v1", 32)
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, key)
	mac.Write(content)
	return bytes.Join([][]byte{[]byte("{\n  \"duosync_plan\": 1,\n  \"signature\": \""), []byte(hex.EncodeToString(mac.Sum(nil))),
		[]byte("\",\n  \"plan\": "), content, []byte("\n}\n")}, nil)
}

// FuzzRead holds that of any file only one that was signed is read, that any
// content that was signed is read or refused with advice, and that what was read
// can be written again.
func FuzzRead(f *testing.F) {
	key := newKey(f, "secret")
	whole := seal(f, small(), key)
	f.Add(whole)
	for _, seed := range []string{
		`{"schema":1,"operations":[{"changes":[{"field":"aliases","after":["a"]}]}]}`, `{"schema":1,"operations":[null]}`,
		`{"schema":1,"redacted":true}`, `{"duosync_plan": 9, `, "",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if p, err := planfile.Read(data, key, binding); err == nil {
			// Nobody but the holder of the key makes such a file.
			if !bytes.Equal(data, whole) {
				t.Fatalf("read: %q", data)
			}
			if p.Redacted {
				t.Fatal("a redacted plan was read")
			}
		} else if dirsync.Hint(err) == "" {
			t.Fatalf("no advice: %v", err)
		}
		p, err := planfile.Read(sign(t, data), key, binding)
		if err != nil {
			if dirsync.Hint(err) == "" {
				t.Fatalf("signed, and no advice: %v", err)
			}
			return
		}
		if _, err := p.Seal(key); err != nil {
			t.Fatalf("read, and not written again: %v\n%q", err, data)
		}
		if _, err := planfile.Read(data, newKey(t, "other"), binding); err == nil {
			t.Fatal("another key reads it")
		}
	})
}
