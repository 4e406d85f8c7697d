package secrets_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/url"
	"strings"
	"testing"
	"unicode"
	"unicode/utf16"

	"golang.org/x/text/unicode/norm"

	"duosync/sync/secrets"
)

const secret = "hüp-Kq7/p&ss+w<rd=1 %41\"x\\n;z9" // changes under every escape

func quoted(text string) string {
	b, _ := json.Marshal(text) // a string always can be
	return string(b[1 : len(b)-1])
}

// each escapes every single byte.
func each(format string) func(string) string {
	return func(text string) string {
		var b strings.Builder
		for i := range len(text) {
			_, _ = fmt.Fprintf(&b, format, text[i])
		}
		return b.String()
	}
}

// spread puts something after every few characters.
func spread(between string, n int) func(string) string {
	return func(text string) string {
		var b strings.Builder
		for i, r := range []rune(text) {
			if i > 0 && i%n == 0 {
				b.WriteString(between)
			}
			b.WriteRune(r)
		}
		return b.String()
	}
}

func utf16Of(text string) string {
	var b []byte
	for _, c := range utf16.Encode([]rune(text)) {
		b = append(b, byte(c), byte(c>>8))
	}
	return string(b)
}

func latin1(text string) string {
	var b []byte
	for _, r := range text {
		b = append(b, byte(r))
	}
	return string(b)
}

func misread(text string) string {
	var runes []rune
	for i := range len(text) {
		runes = append(runes, rune(text[i]))
	}
	return string(runes)
}

// echoes are ways in which a server can say what it was sent.
var echoes = map[string]func(string) string{
	"as it is":            func(s string) string { return s },
	"upper case":          strings.ToUpper,
	"lower case":          strings.ToLower,
	"a query":             url.QueryEscape,
	"a path":              url.PathEscape,
	"a user":              func(s string) string { return url.UserPassword("", s).String()[1:] },
	"a query twice":       func(s string) string { return url.QueryEscape(url.QueryEscape(s)) },
	"a query, lower case": func(s string) string { return strings.ToLower(url.QueryEscape(s)) },
	"each byte for a URL": each("%%%02x"),
	"JSON":                quoted,
	"JSON in JSON":        func(s string) string { return quoted(quoted(s)) },
	"JSON with slashes":   func(s string) string { return strings.ReplaceAll(quoted(s), "/", `\/`) },
	"HTML":                html.EscapeString,
	"HTML of a URL":       func(s string) string { return html.EscapeString(url.QueryEscape(s)) },
	"HTML in JSON":        func(s string) string { return quoted(html.EscapeString(s)) },
	"HTML by numbers": func(s string) string {
		return fmt.Sprint(strings.Join(strings.Split(each("&#x%x;")(latin1(s)), ""), ""))
	},
	"Go":                      func(s string) string { return strings.Trim(fmt.Sprintf("%+q", s), `"`) },
	"Go twice":                func(s string) string { return fmt.Sprintf("%q", fmt.Sprintf("%q", s)) },
	"bytes of a program":      each(`\x%02x`),
	"LDAP":                    each(`\%02x`),
	"hexadecimal":             func(s string) string { return hex.EncodeToString([]byte(s)) },
	"hexadecimal, upper case": func(s string) string { return fmt.Sprintf("%X", s) },
	"hexadecimal, apart":      func(s string) string { return fmt.Sprintf("% x", s) },
	"base64":                  func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	"base64 for URLs":         func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) },
	"base64 in JSON": func(s string) string {
		return strings.ReplaceAll(base64.StdEncoding.EncodeToString([]byte(s)), "/", `\/`)
	},
	"base64 in a URL":      func(s string) string { return url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(s))) },
	"base64 of a URL":      func(s string) string { return base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(s))) },
	"base64 in lower case": func(s string) string { return strings.ToLower(base64.RawStdEncoding.EncodeToString([]byte(s))) },
	"base64 in lines":      func(s string) string { return spread("\r\n ", 5)(base64.StdEncoding.EncodeToString([]byte(s))) },
	"base64 of UTF-16":     func(s string) string { return base64.StdEncoding.EncodeToString([]byte(utf16Of(s))) },
	"UTF-16":               utf16Of,
	"Latin-1":              latin1,
	"read as Latin-1":      misread,
	"decomposed":           norm.NFD.String,
	"full width":           func(s string) string { return strings.ReplaceAll(s, "K", "Ｋ") },
	"in lines":             spread("\r\n\t", 3),
	"lines in JSON":        func(s string) string { return quoted(spread("\n", 6)(s)) },
	"lines of a mail": func(s string) string {
		return strings.ReplaceAll(strings.ReplaceAll(spread("\f", 6)(s), "=", "=3D"), "\f", "=\r\n")
	},
	"without blanks":   func(s string) string { return strings.ReplaceAll(s, " ", "") },
	"with more blanks": func(s string) string { return strings.ReplaceAll(s, " ", "  \t ") },
	"with blanks":      spread(" ", 1),
	"what nobody sees": spread("\u200b\x00", 2),
	"a shell's quotes": func(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" },
	"quotes doubled":   func(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` },
}

// TestEchoes has all of a secret, its beginning and its end come back in each way: nothing
// of it stays, and nothing else goes.
func TestEchoes(t *testing.T) {
	t.Parallel()
	h := secrets.New("another one", secret)
	runes := []rune(secret)
	for name, echo := range echoes {
		for part, text := range map[string]string{"all": secret, "the first 20": string(runes[:20]), "the last 20": string(runes[len(runes)-20:]), "8": string(runes[:8])} {
			const before, after = "You sent: [", "]. Go away!"
			got := h.Hide(before + echo(text) + after)
			rest, begun := strings.CutPrefix(got, before)
			rest, ended := strings.CutSuffix(rest, after)
			// A last digit of base64 may stay, that holds no whole character.
			left := strings.Trim(strings.NewReplacer(secrets.Mark, "", "%3D", "").Replace(rest), "\x00\t \"'\\=")
			if !begun || !ended || !strings.Contains(rest, secrets.Mark) || len(left) > 2 || len(left) > 0 && !strings.HasPrefix(name, "base64") {
				t.Errorf("%s, %s: %q is shown as %q", name, part, echo(text), got)
			}
			if line := h.Line(strings.Repeat("x", 192)+echo(text), 200); len(line) > 192+len(secrets.Mark)+3 || !strings.Contains(line, "<s") {
				t.Errorf("%s, %s: the line %q", name, part, line)
			}
		}
	}
}

// TestBasic is what a header of Basic authentication holds (RFC 7617), for users of any
// length: neither the password nor what is next to it.
func TestBasic(t *testing.T) {
	t.Parallel()
	h := secrets.New(secret)
	for n := range 7 {
		for _, header := range []string{
			"Basic " + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("u", n)+":"+secret)),
			"Basic " + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("u", n) + ":" + secret))[:28],
			"Authorization:Basic " + base64.URLEncoding.EncodeToString([]byte(strings.Repeat("u", n)+":"+secret+"?")),
		} {
			got := h.Hide(header)
			if !strings.HasPrefix(got, header[:6]) || !strings.Contains(got, secrets.Mark) {
				t.Errorf("%q is shown as %q", header, got)
			}
			for skip := range 4 {
				rest := got[strings.Index(got, "Basic ")+6:]
				rest, _, _ = strings.Cut(rest, "<")
				if b, _ := base64.RawStdEncoding.DecodeString(rest[min(skip, len(rest)):]); strings.Contains(string(b), secret[:4]) {
					t.Errorf("%q is shown as %q", header, got)
				}
			}
		}
	}
}

func TestShortSecrets(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ secret, text, want string }{
		{"a", "a bad password", "a bad password"},
		{"abc", "abc was sent", "abc was sent"},
		{"a b c", "a b c was sent", "a b c was sent"}, // three, blanks aside
		{"abcd", "abcd was sent, not abc", "<secret> was sent, not abc"},
		{"abcdefg", "ABCDEFG was sent, not abcdef", "<secret> was sent, not abcdef"},
		{"abcdefgh", "abcdefghabcdefgh", "<secret>"},
		{"äöüß", "you said %C3%A4%C3%B6%C3%BC%C3%9F.", "you said <secret>."},
		{"", "nothing", "nothing"},
	} {
		if got := secrets.New(c.secret).Hide(c.text); got != c.want {
			t.Errorf("%q in %q: %q, want %q", c.secret, c.text, got, c.want)
		}
		if short := secrets.TooShort(c.secret); short != !strings.Contains(c.want, "<secret>") {
			t.Errorf("%q is too short: %v", c.secret, short)
		}
	}
}

// TestOrdinaryWords stay, also beside a secret that is made of some of them.
func TestOrdinaryWords(t *testing.T) {
	t.Parallel()
	h := secrets.New(secret, "correct horse battery", "Zh5eGmUq9zpfQnyUIu5OL9iWoMMv5ZNmk3zLJ4Ep")
	for _, text := range []string{
		"", "a horse", "the right one", "invalid credentials (LDAP code 49): 80090308: LdapErr: DSID-0C090447, comment: AcceptSecurityContext error, data 52e, v4563",
		"dial tcp 127.0.0.1:389: connect: connection refused", "x509: certificate signed by unknown authority", "100% of \\u00zz &nosuch; =zz %",
		"GET /admin/v1/users: Duo answered 401/40103: Invalid signature in request credentials",
	} {
		if got := h.Hide(text); got != text {
			t.Errorf("%q is shown as %q", text, got)
		}
	}
	if got := h.Hide("correct hors, bat"); got != "<secret>, bat" {
		t.Errorf("a piece is shown as %q", got)
	}
}

func TestLine(t *testing.T) {
	t.Parallel()
	h := secrets.New(secret)
	for text, want := range map[string]string{
		" a\r\n\tb\x00c\u202e ": "a bc",
		"\xff":                  "?",
		strings.Repeat("x", 21): strings.Repeat("x", 20) + "…",
		strings.Repeat("ä", 20): strings.Repeat("ä", 20),
	} {
		if got := h.Line(text, 20); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
	long := strings.Repeat("x", 70_000)
	if got := h.Line(long, 0); len(got) > 70_000 || len(got) < 60_000 || !strings.HasSuffix(got, "x…") {
		t.Errorf("a long text has %d bytes", len(got))
	}
}

func TestError(t *testing.T) {
	t.Parallel()
	h := secrets.New(secret)
	if err := h.Error(nil); err != nil {
		t.Errorf("no error became %v", err)
	}
	if err := h.Error(io.EOF); !errors.Is(err, io.EOF) || err.Error() != "EOF" {
		t.Errorf("an error without a secret became %v", err)
	}
	err := h.Error(fmt.Errorf("you said %s: %w", secret, io.EOF))
	if err.Error() != "you said <secret>: EOF" || !errors.Is(err, io.EOF) {
		t.Errorf("%v", err)
	}
	more := secrets.Hider{}.And("another-secret")
	if got := more.Error(errors.New(secret + " and another-secret")).Error(); got != secret+" and <secret>" {
		t.Errorf("%q", got)
	}
	if got := h.And("another-secret").Error(errors.New(secret + " and another-secret")).Error(); got != "<secret> and <secret>" {
		t.Errorf("%q", got)
	}
	if err := (secrets.Hider{}).Error(io.EOF); !errors.Is(err, io.EOF) {
		t.Errorf("%v", err)
	}
}

// TestHiderTellsNothing prints one by itself, and within a struct that has it unexported.
func TestHiderTellsNothing(t *testing.T) {
	t.Parallel()
	h := secrets.New("planted-secret")
	holder := struct{ hidden secrets.Hider }{h}
	if text := fmt.Sprintf("%v %+v %#v %s %v %+v %#v", h, h, h, h, holder, &holder, holder); strings.Contains(text, "planted") {
		t.Error(text)
	}
}

// TestHugeText is one that a server means to keep us busy with.
func TestHugeText(t *testing.T) {
	t.Parallel()
	for _, part := range []string{"%25", "aZ", "\\", "&amp;", "= ", "\xff"} {
		if got := secrets.New(secret).Hide(strings.Repeat(part, 20<<20/len(part)) + secret); len(got) > 70_000 {
			t.Errorf("%q, many times, becomes %d bytes", part, len(got))
		}
	}
}

// FuzzHide has every piece of eight characters of any secret come back in each of the
// ways that escape each character by itself, after any text and before any.
func FuzzHide(f *testing.F) {
	f.Add("hunter2-hunter3", "you said ", " and no more")
	f.Add(secret, "a%", ";b")
	f.Add(`\u0041&amp;%2541&#x;`, `\`, "41")
	f.Add("aaaaaaaaaaaaaaaa", "a", "a")
	f.Add("=41=42=43=44", "&", "=\r\n")
	f.Fuzz(func(t *testing.T, secret, before, after string) {
		runes := []rune(secret)
		if len(secret)+len(before)+len(after) > 1000 || strings.ContainsFunc(secret, func(r rune) bool {
			return r > '~' || !unicode.IsPrint(r) || unicode.IsSpace(r) || r == '+'
		}) {
			return // what counts as a character there, TestEchoes says
		}
		h := secrets.New(secret)
		for name, echo := range map[string]func(string) string{
			"as it is": func(s string) string { return s }, "query": each("%%%02X"), "entities": each("&#%d;"), "bytes": each(`\x%02x`), "JSON": each(`\u%04x`),
			"upper case": strings.ToUpper,
		} {
			got := h.Hide(before + echo(secret) + after)
			for i := range len(runes) - 7 {
				if window := echo(string(runes[i : i+8])); strings.Contains(got, window) && !strings.Contains(before+secrets.Mark+after, window) {
					t.Fatalf("%s: %q shows in %q", name, window, got)
				}
			}
		}
		for skip := range 3 {
			text := base64.StdEncoding.EncodeToString([]byte(strings.Repeat(":", skip) + secret))
			got := h.Hide(text)
			for i := range len(runes) - 7 {
				for before := range 3 {
					inner := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("\x00", before) + secret[i:i+8]))[(before*8+5)/6 : (before+8)*8/6]
					if strings.Contains(got, inner) {
						t.Fatalf("base64 %q shows in %q", inner, got)
					}
				}
			}
		}
	})
}
