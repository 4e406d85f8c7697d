package strict

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"

	dirsync "duosync/sync"
)

// byteOrderMark is U+FEFF in UTF-8. Editors and shells of Windows put one before a text.
const byteOrderMark = "\ufeff"

// bare takes off what is no part of a text that was read from a variable or a file: a byte
// order mark before it, and the newlines at its end.
func bare(text string) string {
	return strings.TrimRight(strings.TrimPrefix(text, byteOrderMark), "\r\n")
}

// decoded gives the text of a secret's file. UTF-16 is known by its byte order mark (RFC
// 2781, 3.2); without one it is an error. What is not UTF-8 else stays as it is: a secret may be
// any bytes.
func decoded(data []byte) (string, error) {
	switch form := unmarked(data); {
	case len(data) < 2:
	case utf16Order(data) != nil && len(data)%2 != 0:
		return "", dirsync.WithHint(errors.New("the file begins as UTF-16 text and ends in half of a character"), "write the secret into it anew, as UTF-8")
	case form != "" && utf16Order(data) == nil:
		return "", dirsync.WithHint(errors.New("the file is UTF-16 text"), "save it as UTF-8, as by iconv -f "+form+" -t UTF-8")
	}
	return bare(string(UTF8(data))), nil
}

// unmarked names the form of UTF-16 that a text of ASCII is in, every other byte being NUL;
// "" where it is in none.
func unmarked(data []byte) string {
	big, little := len(data)%2 == 0, len(data)%2 == 0
	for i, b := range data {
		big = big && (b == 0) == (i%2 == 0)
		little = little && (b == 0) == (i%2 == 1)
	}
	switch {
	case big:
		return "UTF-16BE"
	case little:
		return "UTF-16LE"
	}
	return ""
}

// checkSecret tells of characters that nobody can type into a secret and that come there
// by a copy: a server would count a login with them as one more wrong password.
func checkSecret(text string) error {
	for _, r := range text {
		switch {
		case r == '\n' || r == '\r':
			return dirsync.WithHint(errors.New("holds more than one line"), "give the secret and nothing else")
		case unicode.Is(unicode.Cc, r):
			return dirsync.WithHint(fmt.Errorf("holds a control character (%U)", r), "write the secret anew, without it")
		case unicode.Is(unicode.Cf, r), unseen(r) && !unicode.Is(unicode.Zs, r): // a passphrase may have any blank
			return dirsync.WithHint(fmt.Errorf("holds a character that nobody sees (%U)", r), "write the secret anew, by hand in place of a copy")
		}
	}
	return nil
}

var (
	assignment = regexp.MustCompile(`^[A-Z][A-Z0-9_]*(PASSWORD|PASSWD|SECRET|KEY|TOKEN|PASS)=.`)
	variable   = regexp.MustCompile(`^\$[A-Z][A-Z0-9_]+$|^%[A-Z][A-Z0-9_]+%$`)
)

// slipOfSecret says what a secret seems to have beside itself, which a server would count as
// a wrong one; "" where it looks like one. It may be so all the same.
func slipOfSecret(text string) string {
	const also = "which counts as part of it: take it away unless it is"
	switch n := len(text); {
	case n > 2 && text[0] == text[n-1] && strings.IndexByte("\"'`", text[0]) >= 0:
		return "begins and ends with a quote, " + also
	case assignment.MatchString(text):
		return "begins with the name of a variable and =, " + also
	case variable.MatchString(text):
		return "is the name of a variable as it stands: write ${NAME} for what the variable holds, unless that is meant"
	}
	return ""
}
