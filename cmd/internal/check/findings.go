package check

import (
	"fmt"
	"slices"
	"strings"

	dirsync "duosync/sync"
)

// findings are checks in their order.
type findings struct{ checks []Check }

func (f *findings) ok(name, detail string, args ...any) { f.note(name, "", detail, args...) }

// note is a check that passed with something worth knowing.
func (f *findings) note(name, hint, detail string, args ...any) {
	f.checks = append(f.checks, Check{Name: name, OK: true, Detail: fmt.Sprintf(detail, args...), Hint: hint})
}

// fail is a check that failed. What to do is the error's own advice, else
// otherwise.
func (f *findings) fail(name string, err error, otherwise string) {
	hint := dirsync.Hint(err)
	if hint == "" {
		hint = otherwise
	}
	f.checks = append(f.checks, Check{Name: name, Detail: strings.ReplaceAll(err.Error(), "\n", "; "), Hint: hint})
}

// skip tells of checks that could not be made since another one failed.
func (f *findings) skip(failed string, names ...string) {
	for _, name := range names {
		f.checks = append(f.checks, Check{
			Name: name, Detail: "not checked: " + failed + " comes first", Hint: "put that right and check again", Skipped: true,
		})
	}
}

// skipAfter does that for all that follow the one that failed in an order.
func (f *findings) skipAfter(failed string, order []string) {
	f.skip(failed, order[slices.Index(order, failed)+1:]...)
}
