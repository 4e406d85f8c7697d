package dirsync_test

import (
	"math/big"
	"testing"

	dirsync "duosync/sync"
)

// FuzzLimit holds that a limit reads back as it is written, and says above and
// below as exact arithmetic does.
func FuzzLimit(f *testing.F) {
	for _, text := range []string{"off", "0", "20", "5%", "2.5%", "0.000001%", "100%", "100.000%", "0.0%", "-1", "05", "1e3", "٣%", "9223372036854775807"} {
		f.Add(text, 7, 100)
	}
	f.Fuzz(func(t *testing.T, text string, n, total int) {
		var limit dirsync.Limit
		if limit.UnmarshalText([]byte(text)) != nil {
			return
		}
		var again dirsync.Limit
		if err := again.UnmarshalText([]byte(limit.String())); err != nil || again != limit {
			t.Fatalf("%q is %+v, shown as %q, which is %+v, %v", text, limit, limit, again, err)
		}
		const most = 1 << 31 // persons
		if n, total = n&(most-1), total&(most-1); limit.Off {
			if limit.Above(n, total) || limit.Below(n, total) {
				t.Fatalf("%s limits %d of %d", limit, n, total)
			}
			return
		}
		bound := big.NewRat(int64(limit.Count), 1)
		if limit.IsPercent() {
			bound.Mul(big.NewRat(int64(total), 1), big.NewRat(limit.Percent.Num, limit.Percent.Den))
			if bound.Sign() < 0 || bound.Cmp(big.NewRat(int64(total), 1)) > 0 {
				t.Fatalf("%q is no part of a whole: %+v", text, limit)
			}
		}
		order := big.NewRat(int64(n), 1).Cmp(bound)
		if limit.Above(n, total) != (order > 0) || limit.Below(n, total) != (order < 0) {
			t.Fatalf("%s: %d of %d is above: %v, below: %v", limit, n, total, limit.Above(n, total), limit.Below(n, total))
		}
	})
}
