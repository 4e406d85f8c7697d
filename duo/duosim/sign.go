package duosim

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

// message is a request as far as signatures go.
type message struct {
	method string
	hosts  []string // the forms that clients sign
	path   string   // as sent, still encoded
	header http.Header
	query  []pair
	form   []pair // of a form body
	body   []byte
	isForm bool
}

// verify finds the key that signed a request. Duo tells the versions of the
// signature apart by trying.
func verify(m *message, authorization string, keys map[string]Key, now time.Time) (Key, *refusal) {
	integration, signature, ok := basicAuth(authorization)
	if !ok {
		return Key{}, refuse(noCredentials, "")
	}
	key, ok := keys[integration]
	if !ok {
		return Key{}, refuse(unknownKey, "")
	}
	date := m.header.Get("Date")
	if date == "" {
		date = m.header.Get("X-Duo-Date")
	}
	if date == "" {
		return Key{}, refuse(noTimestamp, "")
	}
	at, err := mail.ParseDate(date)
	if err != nil || at.Sub(now).Abs() > maxSkew {
		return Key{}, refuse(badTimestamp, "")
	}
	if !m.signedBy(key.Secret, date, signature) {
		return Key{}, refuse(badSignature, "")
	}
	return key, nil
}

// basicAuth takes the Authorization header apart by the standard library's rules.
func basicAuth(authorization string) (user, password string, ok bool) {
	r := http.Request{Header: http.Header{"Authorization": {authorization}}}
	user, password, ok = r.BasicAuth()
	return user, password, ok && user != "" && password != ""
}

func (m *message) signedBy(secret, date, signature string) bool {
	headers, clear := headerHash(m.header)
	for _, host := range m.hosts {
		head := []string{date, m.method, host, m.path}
		if m.isForm || len(m.body) == 0 { // version 2 does not cover any other body
			params := canonical(slices.Concat(m.query, m.form))
			text := strings.Join(append(slices.Clip(head), params), "\n")
			if matches(sha1.New, secret, text, signature) || matches(sha512.New, secret, text, signature) {
				return true
			}
		}
		if clear {
			text := strings.Join(append(slices.Clip(head), canonical(m.query), sha512Hex(m.body), headers), "\n")
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
