package secrets_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"unicode"

	"duosync/sync/secrets"
)

// joined writes every single byte, with something between them.
func joined(format, between string) func(string) string {
	return func(text string) string {
		var bytes []string
		for i := range len(text) {
			bytes = append(bytes, fmt.Sprintf(format, text[i]))
		}
		return strings.Join(bytes, between)
	}
}

// lists are ways in which a server can say what it was sent, piece by piece.
var lists = map[string]func(string) string{
	"hexadecimal, colons":    joined("%02x", ":"),
	"hexadecimal, dashes":    joined("%02X", "-"),
	"hexadecimal, dots":      joined("%02x", "."),
	"hexadecimal, commas":    joined("%02x", ", "),
	"hexadecimal of C":       joined("0x%02x", ", "),
	"hexadecimal, short":     joined("0x%X", ","),
	"hexadecimal, by two":    func(s string) string { return spread("-", 4)(hex.EncodeToString([]byte(s))) },
	"hexadecimal, by four":   func(s string) string { return spread("_", 8)(hex.EncodeToString([]byte(s))) },
	"hexadecimal in JSON":    func(s string) string { return quoted(joined("%02x", `","`)(s)) },
	"hexadecimal in a URL":   func(s string) string { return url.QueryEscape(joined("%02x", ":")(s)) },
	"hexadecimal, arrows":    joined("%02x", "=>"),
	"bytes of a program":     joined(`\x%02x`, ""),
	"bytes, apart":           joined(`\x%02x`, " "),
	"bytes, dashes":          joined(`\x%02X`, "-"),
	"a URL's bytes":          joined("%%%02x", ""),
	"a URL's bytes, colons":  joined("%%%02x", ":"),
	"decimal":                joined("%d", " "),
	"decimal, commas":        joined("%d", ","),
	"decimal, filled up":     joined("%03d", " "),
	"octal":                  joined(`\%03o`, ""),
	"octal, apart":           joined("%03o", " "),
	"binary":                 joined("%08b", " "),
	"base64, apart":          func(s string) string { return spread(" ", 4)(base64.StdEncoding.EncodeToString([]byte(s))) },
	"base64, colons":         func(s string) string { return spread(":", 1)(base64.StdEncoding.EncodeToString([]byte(s))) },
	"base64 of colons":       func(s string) string { return base64.StdEncoding.EncodeToString([]byte(joined("%02x", ":")(s))) },
	"characters, colons":     spread(":", 1),
	"characters, dashes":     spread("-", 1),
	"characters in a list":   spread(", ", 1),
	"characters in quotes":   spread(`","`, 1),
	"characters by pairs":    spread("/", 2),
	"characters, for a URL":  func(s string) string { return url.QueryEscape(spread(":", 1)(s)) },
	"characters and a shell": spread("' '", 1),
}

// TestLists has all of a secret, its beginning and its end come back in each way: no letter
// and no digit of it stays, and nothing else goes.
func TestLists(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{secret, "hunter2-hunter3", "Zh5eGmUq9zpfQnyUIu5OL9iWoMMv5ZNm", "!correct%horse&battery!"} {
		h := secrets.New("another one", secret)
		runes := []rune(secret)
		for name, echo := range lists {
			for part, text := range map[string]string{"all": secret, "the first 14": string(runes[:14]), "the last 14": string(runes[len(runes)-14:])} {
				const before, after = "You sent: »", "«. Go away!" // which no reading leaves out
				got := h.Hide(before + echo(text) + after)
				rest, begun := strings.CutPrefix(got, before)
				rest, ended := strings.CutSuffix(rest, after)
				left := strings.Map(func(r rune) rune {
					if unicode.IsLetter(r) || unicode.IsDigit(r) {
						return r
					}
					return -1
				}, strings.ReplaceAll(rest, secrets.Mark, ""))
				if !begun || !ended || !strings.Contains(rest, secrets.Mark) || len(left) > 8 {
					t.Errorf("%s, %s: %q is shown as %q", name, part, echo(text), got)
				}
			}
			if glued := h.Hide("zzzz" + echo(secret) + "zzzz"); !strings.Contains(glued, secrets.Mark) || len(glued) > 60 {
				t.Errorf("%s between words: %q is shown as %q", name, echo(secret), glued)
			}
		}
	}
}

// TestOrdinaryLists stay: numbers, addresses, digests and words that are kept apart.
func TestOrdinaryLists(t *testing.T) {
	t.Parallel()
	h := secrets.New(secret, "hunter2-hunter3", "correct horse battery")
	for _, text := range []string{
		"fe80::1ff:fe23:4567:890a", "01:23:45:67:89:ab:cd:ef", "7f8b1c5e-3f6a-4d2b-9c1e-0a1b2c3d4e5f", "[1 2 3 4 5 6 7 8 9 10]", "a-b-c-d-e-f-g-h-i-j", "192.168.0.1, 10.0.0.1",
		"2026-03-31T12:00:00.000+02:00", "c,o,r,r,e,c", "x-x-x-x-x-x-x-x", "- - - - - - -", "1.2.840.113556.1.4.1339",
	} {
		if got := h.Hide(text); got != text {
			t.Errorf("%q is shown as %q", text, got)
		}
	}
}
