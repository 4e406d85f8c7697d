package dirsync_test

import (
	"strings"
	"testing"

	dirsync "duosync/sync"

	"pgregory.net/rapid"
)

func TestLimitText(t *testing.T) {
	for _, text := range []string{"off", "0", "5", "100000", "0%", "5%", "100%", "2.5%", "2.50%", "0.5%", "0.000001%", "99.999999%"} {
		var l dirsync.Limit
		if err := l.UnmarshalText([]byte(text)); err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if l.String() != text {
			t.Errorf("%s comes back as %s", text, l)
		}
		if l.IsPercent() != strings.HasSuffix(text, "%") {
			t.Errorf("%s: IsPercent is %t", text, l.IsPercent())
		}
	}
	for _, text := range []string{"", "Off", "-1", "+5", "05", "1e3", "5 %", "%", ".5%", "100.1%", "1.0000000%", "99999999999999999999", "99999999999999999999%", "1/2", "5%%", "NaN"} {
		l := dirsync.Limit{Count: 3}
		if err := l.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is taken for %v", text, l)
		} else if l.Count != 3 {
			t.Errorf("%q leaves %v", text, l)
		}
	}
}

func TestLimitIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		millionths := rapid.Int64Range(0, 100_000_000).Draw(t, "millionths of a percent")
		l := dirsync.Limit{Percent: dirsync.Ratio{Num: millionths, Den: 100_000_000}}
		var back dirsync.Limit
		if err := back.UnmarshalText([]byte(l.String())); err != nil || back != l {
			t.Fatalf("%v as %s comes back as %v, %v", l.Percent, l, back.Percent, err)
		}
	})
}

func TestLimitHolds(t *testing.T) {
	for _, test := range []struct {
		limit    string
		n, total int
		above    bool
		below    bool
	}{
		{"off", 1_000_000, 1, false, false},
		{"0", 0, 100, false, false},
		{"0", 1, 100, true, false},
		{"10", 10, 0, false, false},
		{"10", 9, 0, false, true},
		{"5%", 5, 100, false, false},
		{"5%", 6, 100, true, false},
		{"5%", 4, 100, false, true},
		{"5%", 1, 0, true, false},
		{"33.333333%", 1_000_000, 3_000_000, true, false},
		{"33.333334%", 1_000_000, 3_000_000, false, true},
		{"100%", 100_000_000, 100_000_000, false, false},
	} {
		var l dirsync.Limit
		if err := l.UnmarshalText([]byte(test.limit)); err != nil {
			t.Fatal(err)
		}
		if l.Above(test.n, test.total) != test.above || l.Below(test.n, test.total) != test.below {
			t.Errorf("%s: %d of %d is above %t, below %t", l, test.n, test.total, !test.above, !test.below)
		}
	}
}
