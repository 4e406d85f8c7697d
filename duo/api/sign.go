package api

import (
	"crypto/hmac"
	"crypto/sha512"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"time"
)

// Versions of Duo's request signature. Duo tells them apart by itself.
const (
	signatureForm = 2 // form body, parameters in the signature
	signatureJSON = 5 // JSON body, its hash in the signature
)

// dateLayout is RFC 2822 with a numeric zone, for times in UTC. Duo signs over
// the raw text; no client of its own ever sent a zone by name.
const dateLayout = "Mon, 02 Jan 2006 15:04:05 -0000"

func signatureDate(t time.Time) string { return t.UTC().Format(dateLayout) }

// signer has the keys of an application, and signs with them.
type signer struct {
	version     int // of the signature
	integration string
	secret      string
}

// message is what a signature covers.
type message struct {
	date   string // the Date header, as sent
	method string
	host   string // without a port
	path   string
	// params are the canonical parameters: of the query, and in version 2 of
	// the form body.
	params string
	body   []byte // version 5 only
	// headers are the X-Duo-… headers by name; version 5 only. We send none.
	headers map[string]string
}

// sign returns the lower-case hex HMAC-SHA512 of m, the password of Duo's
// HTTP Basic authentication.
func (s *signer) sign(m message) string {
	lines := []string{
		m.date,
		strings.ToUpper(m.method),
		strings.ToLower(m.host),
		m.path,
		m.params,
	}
	if s.version == signatureJSON {
		lines = append(lines, hexSHA512(m.body), hashHeaders(m.headers))
	}
	mac := hmac.New(sha512.New, []byte(s.secret))
	mac.Write([]byte(strings.Join(lines, "\n")))
	return hex.EncodeToString(mac.Sum(nil))
}

// hashHeaders digests name, value, name, value… joined by NUL, in the order of
// the lower-cased names.
func hashHeaders(headers map[string]string) string {
	lower := make(map[string]string, len(headers))
	for name, value := range headers {
		lower[strings.ToLower(name)] = value
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(lower)) {
		parts = append(parts, name, lower[name])
	}
	return hexSHA512([]byte(strings.Join(parts, "\x00")))
}

func hexSHA512(data []byte) string {
	sum := sha512.Sum512(data)
	return hex.EncodeToString(sum[:])
}

// canonical encodes parameters as Duo signs them: key=value joined by &, sorted
// by encoded key. The same text goes over the wire.
func canonical(params map[string]string) string {
	pairs := make([]string, 0, len(params))
	for key, value := range params {
		pairs = append(pairs, escape(key)+"="+escape(value))
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

// escape percent-encodes every byte except RFC 3986's unreserved ones. Unlike
// url.QueryEscape it writes a space as %20 and leaves ~ alone.
func escape(text string) string {
	const upperhex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(text) {
		c := text[i]
		if unreserved(c) {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(upperhex[c>>4])
		b.WriteByte(upperhex[c&15])
	}
	return b.String()
}

func unreserved(c byte) bool {
	return 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' ||
		c == '-' || c == '_' || c == '.' || c == '~'
}
