// Package secrets keeps secrets out of text from outside.
//
// A server or a proxy may say in an error what it was sent: a part of a password, or all
// of it in another case, with line breaks in it, or escaped as URLs, JSON, HTML and
// headers do. A [Hider] knows the secrets that were sent, and takes every piece of them
// out, before the text is cut or shown: who cuts first keeps pieces that nobody can tell
// from other text.
//
// The text is read in several ways (views.go), as it stands and with each escape undone,
// and every way is compared with the pieces of the secrets (pieces.go). What is hidden
// is always a part of the text as it stands.
package secrets

import (
	"strings"
	"unicode"
)

// Mark stands where a secret was.
const Mark = "<secret>"

const (
	// piece is how many characters of a secret, in a row, are hidden wherever they
	// stand. Fewer are in many an ordinary word.
	piece = 8
	// shortest is the length in characters from which on a secret is hidden, whole
	// where it is shorter than a piece.
	shortest = 4
	// most bounds in bytes what is read of a text. What is behind is cut off: no message
	// is that long, and a server that means harm shall not keep us busy.
	most = 64 << 10
)

// Hider hides the secrets that it knows. The zero Hider knows none. It never changes, and
// prints as nothing that tells of them.
type Hider struct {
	// A pointer, so that whatever prints a struct with a Hider in it shows an address.
	pieces *pieces
}

// New gives a Hider of secrets, each as it is sent. Empty ones, and those that are
// [TooShort], are left aside.
func New(secrets ...string) Hider { return Hider{}.And(secrets...) }

// And gives a Hider that knows further secrets.
func (h Hider) And(secrets ...string) Hider {
	all := newPieces(h.pieces)
	for _, secret := range secrets {
		if !TooShort(secret) {
			all.learn(secret)
		}
	}
	return Hider{all}
}

// String tells nothing.
func (Hider) String() string { return "hider" }

// GoString tells nothing.
func (Hider) GoString() string { return "hider" }

// TooShort reports whether a secret has so few characters, blanks aside, that it is not
// hidden: it would take ordinary words apart.
func TooShort(secret string) bool {
	return loose.read(plain(secret)).count() < shortest
}

// Hide gives a text without any piece of a secret. What is longer than 64 KiB is cut.
func (h Hider) Hide(text string) string {
	cut := ""
	if len(text) > most {
		text, cut = text[:most], "…"
	}
	if h.pieces.none() {
		return text + cut
	}
	hidden := make([]bool, len(text))
	for _, v := range views(text) {
		h.pieces.find(v, hidden)
	}
	var b strings.Builder
	for i := range len(text) {
		switch {
		case !hidden[i]:
			b.WriteByte(text[i])
		case i == 0 || !hidden[i-1]:
			b.WriteString(Mark)
		}
	}
	return b.String() + cut
}

// Line gives a text without any piece of a secret, fit for one line of a terminal or of a
// report: what can't be seen is left out, and all after so many characters is cut; 0 cuts
// nothing.
func (h Hider) Line(text string, characters int) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(h.Hide(text), "?"))
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); characters > 0 && len(runes) > characters {
		text = string(runes[:characters]) + "…"
	}
	return text
}

// Error gives an error whose text has no piece of a secret in it. It wraps err, and is
// err itself where there is nothing to hide; nil stays nil.
func (h Hider) Error(err error) error {
	if err == nil || h.pieces.none() {
		return err
	}
	text := err.Error()
	if hidden := h.Hide(text); hidden != text {
		return &veiled{hidden, err}
	}
	return err
}

// veiled is an error that says what may be said of another one.
type veiled struct {
	text string
	err  error
}

func (e *veiled) Error() string { return e.text }
func (e *veiled) Unwrap() error { return e.err }
