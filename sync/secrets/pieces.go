package secrets

import (
	"encoding/base64"
	"maps"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// reading makes of a view what is compared, in one of three ways.
type reading int

const (
	// exact folds case, and takes blanks, and the + that stands for one in a URL, together.
	exact reading = iota
	// loose also leaves blanks, quotes, backslashes and marks over letters out: what
	// quoting and breaking lines adds, and what other forms of Unicode change.
	loose
	// apart leaves all but letters and digits out: what stands between the characters of a
	// secret may be anything.
	apart
)

// form is a text as it is compared.
type form struct {
	text  []byte
	at    []int // where in text each character begins, and where the last one ends
	spans [][2]int
}

func (f *form) count() int { return len(f.spans) }

func (f *form) add(r rune, from, to int) {
	f.at = append(f.at, len(f.text))
	f.text = utf8.AppendRune(f.text, r)
	f.spans = append(f.spans, [2]int{from, to})
}

// run gives n characters from a place on.
func (f *form) run(i, n int) []byte {
	end := len(f.text)
	if i+n < len(f.at) {
		end = f.at[i+n]
	}
	return f.text[f.at[i]:end]
}

// read makes a form. A byte that is no UTF-8 is the character that it is in Latin-1.
func (how reading) read(v view) *form {
	f := &form{}
	text := v.String()
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		if r == utf8.RuneError && n == 1 {
			r = rune(text[i])
		}
		how.fold(f, r, v[i].from, v[i+n-1].to)
		i += n
	}
	return f
}

func (how reading) fold(f *form, r rune, from, to int) {
	switch {
	case unicode.IsSpace(r) || r == '+':
		if last := len(f.text) - 1; how == exact && (last < 0 || f.text[last] != ' ') {
			f.add(' ', from, to)
		}
	case !unicode.IsPrint(r):
	case how == exact:
		f.add(lower(r), from, to)
	case r == '"' || r == '\'' || r == '\\', how == apart && r < utf8.RuneSelf && !isAlphanumeric(byte(r)):
	case r < utf8.RuneSelf:
		f.add(lower(r), from, to)
	default:
		for _, part := range decomposed(r) {
			if !unicode.Is(unicode.Mn, part) {
				f.add(lower(part), from, to)
			}
		}
	}
}

// decomposed gives what a character is made of, in any of its forms.
func decomposed(r rune) string {
	text := string(r)
	if norm.NFKD.IsNormalString(text) {
		return text
	}
	return norm.NFKD.String(text)
}

func lower(r rune) rune { return unicode.ToLower(unicode.ToUpper(r)) }

// pieces are what of secrets is hidden.
type pieces struct {
	// known, by how a text is read and by the number of characters.
	known [apart + 1]map[int]map[string]bool
}

// newPieces gives those of p, which may be nil, to learn further ones.
func newPieces(p *pieces) *pieces {
	next := &pieces{}
	for how := range next.known {
		next.known[how] = make(map[int]map[string]bool)
		if p != nil {
			for n, known := range p.known[how] {
				next.known[how][n] = maps.Clone(known)
			}
		}
	}
	return next
}

// none reports whether there is nothing to hide.
func (p *pieces) none() bool { return p == nil || len(p.known[exact]) == 0 && len(p.known[loose]) == 0 }

// learn has the pieces of a secret hidden. A part of it that looks like an escape is
// known both as it is and as what it stands for: it can't be told which of the escapes in
// a text are the secret's own.
func (p *pieces) learn(secret string) {
	v := plain(secret)
	for range rounds + 1 {
		p.learnForm(v)
		p.learnForm(plain(misread(v.String())))
		v = v.unescaped(usual)
	}
	// Case can be lost in base64 as well, where nothing can be decoded any more.
	for before := range 3 {
		whole := append(make([]byte, before), secret...)
		from, to := (before*8+5)/6, len(whole)*8/6 // the digits that nothing around it changes
		if digits := base64.RawStdEncoding.EncodeToString(whole)[from:to]; len(digits) >= piece {
			p.learnForm(plain(digits))
		}
	}
}

// misread gives what becomes of UTF-8 that is taken for Latin-1.
func misread(text string) string {
	var runes []rune
	for i := range len(text) {
		runes = append(runes, rune(text[i]))
	}
	return string(runes)
}

func (p *pieces) learnForm(v view) {
	for how := range p.known {
		f := reading(how).read(v)
		n := min(piece, f.count())
		if n < shortest || reading(how) == apart && n < piece { // so few letters are in many a word
			continue
		}
		if p.known[how][n] == nil {
			p.known[how][n] = make(map[string]bool)
		}
		for i := range f.count() - n + 1 {
			p.known[how][n][string(f.run(i, n))] = true
		}
	}
}

// find marks where in the text of a view pieces stand.
func (p *pieces) find(v view, hidden []bool) {
	for how, byLength := range p.known {
		if len(byLength) == 0 {
			continue
		}
		f := reading(how).read(v)
		for n, known := range byLength {
			for i := range max(0, f.count()-n+1) {
				if !known[string(f.run(i, n))] {
					continue
				}
				for at := f.spans[i][0]; at < f.spans[i+n-1][1]; at++ {
					hidden[at] = true
				}
			}
		}
	}
}
