package api

import (
	"strings"
	"testing"
	"time"
)

// The vectors A to D: A and B are the constants of Duo's own Go client's tests,
// C and D agree with Duo's Python client.
func TestSignature(t *testing.T) {
	const (
		skey  = "Zh5eGmUq9zpfQnyUIu5OL9iWoMMv5ZNmk3zLJ4Ep"
		users = "/admin/v1/users"
	)
	when := time.Date(2012, 8, 21, 17, 29, 18, 0, time.UTC)
	tests := map[string]struct {
		version int
		message message
		want    string
	}{
		"A: form parameters": {
			version: 2,
			message: message{
				method: "POST", path: "/accounts/v1/account/list",
				params: canonical(map[string]string{"username": "root", "realname": "First Last"}),
			},
			want: "1bffb8924348f7db7da9e7d7d749ded93aafd02d8e904960da7b96c57510220185a64a2827ee8f24ac5d30802a9ee97e59de44b304b18242f0d596d15a8122af",
		},
		"B: parameters and a JSON body": {
			version: 5,
			message: message{
				method: "post", path: "/accounts/v1/account/list",
				params: canonical(map[string]string{"realname": "First Last"}),
				body:   []byte(`{"txid":"f22b1678-252a-4070-b176-0ca2be7319fd"}`),
			},
			want: "78f4327f831173cc78d0907e913e3c5a28fe72dd4545a342586bb67181f2ba393d20911e870362f6faba3dc6f7e9db5e93aed2f3bfc110c6dadaff4dc6179e0b",
		},
		"C: a JSON body beyond ASCII": {
			version: 5,
			message: message{method: "POST", path: users, body: []byte(`{"realname":"Zoë Ångström","username":"zoe"}`)},
			want:    "fa01872e0cbe779aa7a5158d23d7e049186f1ae1c5e0c471fde1bc2db67a7d5e3a6cbed92c55004dc5c837c17765f8e1028fb553fdf59511df58021239846e4b",
		},
		"D: a query": {
			version: 5,
			message: message{method: "GET", path: users, params: canonical(map[string]string{"offset": "0", "limit": "300"})},
			want:    "9b956dd93adf3adbfa7eaeb68108d9d73d3a5bb166b4d9b47648c313bd79463ca06e09cccb744fd9b08c746232c207eda527ac5df982e093fa138bacac576ca1",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			m := test.message
			m.date, m.host = signatureDate(when), "api-XXXXXXXX.duosecurity.com"
			if m.date != "Tue, 21 Aug 2012 17:29:18 -0000" {
				t.Fatalf("date %q", m.date)
			}
			if got := (&signer{version: test.version, secret: skey}).sign(m); got != test.want {
				t.Errorf("got %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestHeaderHash(t *testing.T) {
	if got := hashHeaders(map[string]string{"X-Duo-Header-1": "header_value_1"}); !strings.HasPrefix(got, "630b4bfe7e9abd03da2eee8f") {
		t.Errorf("one header: %s", got)
	}
	if got := hashHeaders(nil); !strings.HasPrefix(got, "cf83e1357eefb8bd") || !strings.HasSuffix(got, "a538327af927da3e") {
		t.Errorf("no header: %s", got)
	}
}

func TestCanonical(t *testing.T) {
	tests := map[string]struct {
		params map[string]string
		want   string
	}{
		"nothing":              {nil, ""},
		"space, star, tilde":   {map[string]string{"a": "x y*~"}, "a=x%20y%2A~"},
		"upper-case hex":       {map[string]string{"a": "/?&=+"}, "a=%2F%3F%26%3D%2B"},
		"UTF-8 byte by byte":   {map[string]string{"a": "ë"}, "a=%C3%AB"},
		"sorted by key":        {map[string]string{"b": "1", "a": "2", "A": "3"}, "A=3&a=2&b=1"},
		"an empty value stays": {map[string]string{"email": ""}, "email="},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := canonical(test.params); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
