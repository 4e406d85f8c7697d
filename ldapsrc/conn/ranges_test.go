package conn

import (
	"fmt"
	"strings"
	"testing"
)

func TestParseRange(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		want valueRange
		ok   bool
		bad  bool
	}{
		{"member", valueRange{}, false, false},
		{"cn;lang-en", valueRange{}, false, false},
		{"rangefinder;x-range", valueRange{}, false, false},
		{"member;range=0-1499", valueRange{"member", 0, 1499, false}, true, false},
		{"Member;Range=1500-*", valueRange{"Member", 1500, 0, true}, true, false},
		{"userCertificate;binary;range=10-19", valueRange{"userCertificate;binary", 10, 19, false}, true, false},
		{"userCertificate;range=10-19;binary", valueRange{"userCertificate;binary", 10, 19, false}, true, false},
		{"member;range=", valueRange{}, true, true},
		{"member;range=0", valueRange{}, true, true},
		{"member;range=*-*", valueRange{}, true, true},
		{"member;range=0-", valueRange{}, true, true},
		{"member;range=-5-9", valueRange{}, true, true},
		{"member;range=0-99999999999999999999", valueRange{}, true, true},
	}
	for _, tt := range tests {
		got, ok, err := parseRange(tt.name)
		if ok != tt.ok || (err != nil) != tt.bad || err == nil && got != tt.want {
			t.Errorf("%s: %+v, %v, %v", tt.name, got, ok, err)
		}
	}
}

func FuzzParseRange(f *testing.F) {
	f.Add("member;range=0-1499")
	f.Add("member;binary;range=5-*")
	f.Fuzz(func(t *testing.T, name string) {
		r, ok, err := parseRange(name)
		if !ok || err != nil {
			return
		}
		if strings.Contains(r.name, ";range=") || r.first < 0 || r.last < 0 {
			t.Fatalf("%q: %+v", name, r)
		}
		end := "*"
		if !r.ends {
			end = fmt.Sprint(r.last)
		}
		again, _, err := parseRange(fmt.Sprintf("%s;range=%d-%s", r.name, r.first, end))
		if err != nil || again != r {
			t.Fatalf("%q: %+v, written and read again %+v, %v", name, r, again, err)
		}
	})
}
