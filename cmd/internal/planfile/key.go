package planfile

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
)

// Key signs plans, and makes the digests in them. It can't be turned back into the
// secret that it was derived from.
type Key struct{ signing, digesting []byte }

// NewKey derives a key from the Duo secret key.
func NewKey(secret string) (Key, error) {
	signing, err1 := hkdf.Key(sha256.New, []byte(secret), nil, "duosync plan v1", sha256.Size)
	digesting, err2 := hkdf.Key(sha256.New, []byte(secret), nil, "duosync plan v1 digests", sha256.Size)
	return Key{signing, digesting}, errors.Join(err1, err2)
}

// String hides the key.
func (Key) String() string { return "<key>" }

// GoString hides the key.
func (Key) GoString() string { return "<key>" }

// sign gives the signature of a content, in hexadecimal digits.
func (k Key) sign(content []byte) string {
	mac := hmac.New(sha256.New, k.signing)
	_, _ = mac.Write(content) // it never fails
	return hex.EncodeToString(mac.Sum(nil))
}

// digest gives a short text by which nobody without the key can find out, or try
// out, what the value was.
func (k Key) digest(value string) string {
	mac := hmac.New(sha256.New, k.digesting)
	_, _ = mac.Write([]byte(value)) // it never fails
	return hex.EncodeToString(mac.Sum(nil)[:6])
}
