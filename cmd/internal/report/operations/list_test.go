package operations_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"duosync/cmd/internal/report/operations"
	dirsync "duosync/sync"
)

// TestCollect: however many there are, they come back as they were, each time, all of them
// or those of one action; and one who looks at some only is not given more.
func TestCollect(t *testing.T) {
	actions := []dirsync.Action{dirsync.Create, dirsync.Update, dirsync.Disable}
	for _, n := range []int{0, 1, 10_000, 10_001, 11_234} {
		var all []operations.Operation
		for i := range n {
			o := operations.Operation{Action: actions[i%3], Username: fmt.Sprint("user", i), SourceID: dirsync.SourceID(fmt.Sprint("id", i)), Result: "applied", Changes: []dirsync.Change{}}
			switch i % 5 {
			case 1:
				o.Reason, o.Error, o.User = "gone", strings.Repeat("é", i%300), "DU1"
			case 2:
				o.Changes = []dirsync.Change{{Field: "status", Before: "active", After: ""}, {Field: "", Before: "", After: strings.Repeat("x", i%500)}}
			}
			all = append(all, o)
		}
		list, err := operations.Collect(func(add func(*operations.Operation) error) error {
			for i := range all {
				o := all[i]
				if err := add(&o); err != nil {
					return err
				}
				o.Username = "changed since"
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, action := range []dirsync.Action{"", dirsync.Update, "none"} {
			want := slices.DeleteFunc(slices.Clone(all), func(o operations.Operation) bool { return action != "" && o.Action != action })
			for range 2 {
				got := []operations.Operation{}
				for o := range list.Of(action) {
					got = append(got, *o)
					o.Username = "changed by who looks"
				}
				if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(operations.Operation{}), cmpopts.EquateEmpty()); diff != "" {
					t.Fatalf("%d, %q: (-want +got)\n%.2000s", n, action, diff)
				}
			}
		}
		seen := 0
		for range list.All() {
			if seen++; seen == n-1 {
				break
			}
		}
		if seen != max(n-1, min(n, 1)) {
			t.Errorf("%d: %d are given to one who stops", n, seen)
		}
	}
}

func TestCollectFails(t *testing.T) {
	failed := errors.New("no more")
	if _, err := operations.Collect(func(func(*operations.Operation) error) error { return failed }); !errors.Is(err, failed) {
		t.Errorf("got %v", err)
	}
}
