package dn

import (
	"strings"
	"testing"
	"unicode"

	"github.com/go-ldap/ldap/v3"
)

// The same entry's DN as OpenLDAP, ApacheDS and a person with a keyboard write it.
func TestEqualDNs(t *testing.T) {
	t.Parallel()
	for _, same := range [][]string{
		{
			`cn=Smith\2C J. \22Q\22 \5C \3C17\3E\3B #\2B\3D,ou=Users,dc=WSO2,dc=ORG`,
			`cn=Smith\, J. \"Q\" \\ \<17\>\; #\+\=,ou=Users,dc=WSO2,dc=ORG`,
			`CN = smith\, j.  \"q\" \\ \<17\>\; \#\+\= , OU=users;DC=wso2 , dc=org`,
		},
		{"uid=a,ou=Users,dc=x", "UID=A,OU=users,DC=X", "userid=a , ou = Users, domainComponent=x", `uid=\61,ou=Users,dc=x`, "uid=#040161,ou=Users,dc=x"},
		{"cn=Jan  van   Dyk,dc=x", "commonName=jan van dyk,dc=x"},
		{`cn=Zoë Σ,dc=x`, `CN=zoË\20ς,DC=X`, `cn=zo\C3\AB σ,dc=x`},
		{"cn=a+uid=b,dc=x", "UID=b + cn=A,dc=x"},
		{"cn=Jos\u00e9,dc=x", "cn=Jose\u0301,dc=x", `cn=Jose\CC\81,dc=x`, "CN=JOS\u00c9 ,dc=x"}, // composed or not
		{"cn=\u212bngstr\u00f6m \u2126,dc=x", "cn=\u00e5ngstro\u0308m \u03c9,dc=x"},             // signs that are letters
		{"cn=\uff21\uff22\u3000c\u00a0d,dc=x", "cn=ab c d,dc=x"},                                // full width, and other blanks
		{"cn=\ud55c\uae00,dc=x", "cn=\u1112\u1161\u11ab\u1100\u1173\u11af,dc=x"},                // Hangul
		{`cn=\ a\ ,dc=x`, `cn=a,dc=x`},                                                          // RFC 4518, 2.6.1: outer spaces count for nothing
		{"", " "},
	} {
		want, err := folded(same[0])
		if err != nil {
			t.Fatalf("%s: %v", same[0], err)
		}
		for _, other := range same[1:] {
			if got, err := folded(other); err != nil || got != want {
				t.Errorf("%s and\n%s are told apart: %s and\n%s (%v)", same[0], other, want, got, err)
			}
		}
	}
}

func TestDifferentDNs(t *testing.T) {
	t.Parallel()
	different := []string{
		"uid=a,dc=x", "uid=a,dc=y", "cn=a,dc=x", "uid=a+cn=b,dc=x", "uid=a,cn=b,dc=x", `uid=a\,cn=b,dc=x`, `uid=a\+cn=b,dc=x`,
		`uid=a\00,dc=x`, "uid=ab,dc=x", "uid=a b,dc=x", "uid=admin,dc=x", "uid=admın,dc=x", "cn=jose,dc=x", "cn=jos\u00e9,dc=x", "cn=jos\u00e8,dc=x", "uid=ADMİN,dc=x", `uid=a\5C\2Cdc=x`, "dc=x",
	}
	seen := make(map[string]string)
	for _, text := range different {
		key, err := folded(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if other, taken := seen[key]; taken {
			t.Errorf("%s and %s are taken for one: %s", text, other, key)
		}
		seen[key] = text
	}
	for _, text := range []string{"alice", "uid=a,b", "=a,dc=x", `uid=a\`, `uid="a,b",dc=x`, "uid=a,,dc=x", "uid=<a>"} {
		if key, err := folded(text); err == nil {
			t.Errorf("%s is taken for the DN %s", text, key)
		}
	}
}

func TestFoldRune(t *testing.T) {
	t.Parallel()
	for r := rune(0); r <= 0x1ffff; r++ { // beyond, no letter has a case
		folded := foldRune(r)
		if !strings.EqualFold(string(folded), string(r)) {
			t.Fatalf("%U is folded to another letter, %U", r, folded)
		}
		if other := unicode.SimpleFold(r); foldRune(other) != folded {
			t.Fatalf("%U and %U differ in case only, and are folded to %U and %U", r, other, folded, foldRune(other))
		}
	}
}

// Labels are equal where the texts are notations of one DN, and differ exactly where
// the DNs differ in anything but notation.
func FuzzExactDN(f *testing.F) {
	f.Add("cn=x,dc=y", `cn=x\20,dc=y`)
	f.Add("cn=x,dc=y", "CN = x , dc=y")
	f.Add("cn=Jos\u00e9,dc=y", "cn=Jose\u0301,dc=y")
	f.Add("cn=a+uid=b", "uid=b+cn=a")
	f.Fuzz(func(t *testing.T, a, b string) {
		one, _, err1 := LabelOf(a)
		two, _, err2 := LabelOf(b)
		if err1 != nil || err2 != nil {
			return
		}
		first, _ := ldap.ParseDN(a)
		second, _ := ldap.ParseDN(b)
		if same := exact(first) == exact(second); same != (one.Exact == two.Exact) {
			t.Fatalf("%q and %q: the same: %v, but labels %v and %v", a, b, same, one, two)
		}
		if one.Exact == two.Exact && one.Folded != two.Folded {
			t.Fatalf("%q and %q are the same exactly, and not folded", a, b)
		}
		if again, _, err := LabelOf(exact(first)); err != nil || again != one {
			t.Fatalf("%q: its exact form %q has another label (%v)", a, exact(first), err)
		}
	})
}

func TestBelow(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		inner, outer string
		want         bool
	}{
		{"uid=a,ou=users,dc=x", "ou=users,dc=x", true},
		{"ou=users,dc=x", "ou=users,dc=x", true},
		{`cn=a\,ou=users,dc=x`, "ou=users,dc=x", false},
		{`cn=a\\,ou=users,dc=x`, "ou=users,dc=x", true},
		{"xou=users,dc=x", "ou=users,dc=x", false},
		{"dc=x", "ou=users,dc=x", false},
		{"", "dc=x", false},
	} {
		if got := Below(tt.inner, tt.outer); got != tt.want {
			t.Errorf("%s below %s: %v", tt.inner, tt.outer, got)
		}
	}
}

// The short cut gives what the long way does, and a key is its own key.
func FuzzFolded(f *testing.F) {
	for _, text := range []string{"uid=a,ou=Users,dc=x", `cn=a\2Cb, dc=x`, "cn=a+uid=b,dc=x", "cn=", "=", "CN = A  b ,dc=x", "cn=é", "cn=\xff"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		key, err := folded(text)
		dn, parseErr := ldap.ParseDN(text)
		if (err == nil) != (parseErr == nil) {
			t.Fatalf("%q: %v, but parsed: %v", text, err, parseErr)
		}
		if err != nil {
			return
		}
		if long := fold(dn); long != key {
			t.Fatalf("%q: %q the short way, %q the long way", text, key, long)
		}
		if again, err := folded(key); err != nil || again != key {
			t.Fatalf("%q: key %q has the key %q, %v", text, key, again, err)
		}
	})
}

func TestWithoutUID(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"cn=x,dc=y":          "cn=x,dc=y",
		"cn=x,dc=y#'0101'B":  "cn=x,dc=y",
		"cn=x,dc=y#''B":      "cn=x,dc=y",
		"cn=x,dc=y#'02'B":    "cn=x,dc=y#'02'B",
		"cn=x#'1'B,dc=y":     "cn=x#'1'B,dc=y",
		"cn=a#'1'B#'0'B":     "cn=a#'1'B",
		"cn=x,dc=y'B":        "cn=x,dc=y'B",
		"cn=x,dc=y#'0101'BB": "cn=x,dc=y#'0101'BB",
	} {
		if got := WithoutUID(value); got != want {
			t.Errorf("%s: %s, want %s", value, got, want)
		}
	}
}

func BenchmarkLabelOf(b *testing.B) {
	for name, dn := range map[string]string{
		"plain":   "uid=user0000000,ou=Users,dc=WSO2,dc=ORG",
		"escaped": `CN=Smith\, John,OU=Users,DC=WSO2,DC=ORG`,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				key, err := folded(dn)
				if err != nil {
					b.Fatal(err)
				}
				DigestOf(key)
			}
		})
	}
}

func folded(text string) (string, error) {
	_, form, err := LabelOf(text)
	return form, err
}
