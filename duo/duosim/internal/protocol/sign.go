package protocol

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha512"
	"encoding/hex"
	"hash"
	"net"
	"net/http"
	"net/mail"
	"slices"
	"strings"
	"time"
)

// maxSkew is how far a request's date may be from Duo's clock.
const maxSkew = 5 * time.Minute

// Verify finds the key, of those by integration key, that signed the request. Duo
// tells the versions of the signature apart by trying.
func (q *Request) Verify(keys map[string]Key) (Key, *Refusal) {
	integration, signature, ok := q.BasicAuth()
	ok = ok && integration != "" && signature != ""
	if !ok {
		return Key{}, Refuse(noCredentials, "")
	}
	key, ok := keys[integration]
	if !ok {
		return Key{}, Refuse(unknownKey, "")
	}
	date := q.Header.Get("Date")
	if date == "" {
		date = q.Header.Get("X-Duo-Date")
	}
	if date == "" {
		return Key{}, Refuse(noTimestamp, "")
	}
	at, err := mail.ParseDate(date)
	if err != nil || at.Sub(q.Arrived).Abs() > maxSkew {
		return Key{}, Refuse(badTimestamp, "")
	}
	if !q.signedBy(key.Secret, date, signature) {
		return Key{}, Refuse(badSignature, "")
	}
	return key, nil
}

// signedBy tries each form of what clients sign.
func (q *Request) signedBy(secret, date, signature string) bool {
	headers, clear := headerHash(q.Header)
	for _, host := range signedHosts(q.Host) {
		head := []string{date, strings.ToUpper(q.Method), host, q.URL.EscapedPath()}
		if q.isForm() || len(q.body) == 0 { // version 2 does not cover any other body
			params := canonical(slices.Concat(q.query, q.form))
			text := strings.Join(append(slices.Clip(head), params), "\n")
			if matches(sha1.New, secret, text, signature) || matches(sha512.New, secret, text, signature) {
				return true
			}
		}
		if clear {
			text := strings.Join(append(slices.Clip(head), canonical(q.query), sha512Hex(q.body), headers), "\n")
			if matches(sha512.New, secret, text, signature) {
				return true
			}
		}
	}
	return false
}

func matches(digest func() hash.Hash, secret, text, signature string) bool {
	mac := hmac.New(digest, []byte(secret))
	mac.Write([]byte(text))
	return hmac.Equal([]byte(hex.EncodeToString(mac.Sum(nil))), []byte(signature))
}

func sha512Hex(data []byte) string {
	sum := sha512.Sum512(data)
	return hex.EncodeToString(sum[:])
}

// headerHash digests the X-Duo-* headers as version 5 signs them. A header that
// comes twice can't be signed.
func headerHash(header http.Header) (digest string, clear bool) {
	var names []string
	for name, values := range header {
		if !strings.HasPrefix(strings.ToLower(name), "x-duo-") {
			continue
		}
		if len(values) != 1 || strings.Contains(values[0], "\x00") {
			return "", false
		}
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
	parts := make([]string, 0, 2*len(names))
	for _, name := range names {
		parts = append(parts, strings.ToLower(name), header[name][0])
	}
	return sha512Hex([]byte(strings.Join(parts, "\x00"))), true
}

// signedHosts gives the forms of a Host header that clients sign: Duo's Python
// client the host alone, its Go client with the port, where there is one.
func signedHosts(host string) []string {
	host = strings.ToLower(host)
	hosts := []string{host}
	if name, _, err := net.SplitHostPort(host); err == nil {
		hosts = append(hosts, name)
		if strings.Contains(name, ":") {
			hosts = append(hosts, "["+name+"]")
		}
	}
	return hosts
}
