package conn

import (
	"slices"
	"testing"
)

func TestAttributeNames(t *testing.T) {
	for text, want := range map[string][]string{
		"( 0.9.2342.19200300.100.1.1 NAME ( 'uid' 'userid' ) DESC 'RFC4519: user identifier' EQUALITY caseIgnoreMatch )": {"0.9.2342.19200300.100.1.1", "uid", "userid"},
		"( 2.5.4.3 NAME 'cn' SUP name )":                    {"2.5.4.3", "cn"},
		"(2.5.4.4 NAME ('sn' 'surname'))":                   {"2.5.4.4", "sn", "surname"},
		"( nsRole-oid NAME 'nsRole' DESC 'Netscape NAME' )": {"nsRole-oid", "nsRole"},
		"( 1.2.3 DESC 'nameless' )":                         {""},
		"":                                                  {""},
	} {
		oid, names := attributeNames(text)
		if got := append([]string{oid}, names...); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
