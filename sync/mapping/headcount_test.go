package mapping_test

import (
	"fmt"
	"testing"

	dirsync "duosync/sync"
	"duosync/sync/mapping"
)

// Counted is right whether many people have the same groups or each has others, and is asked
// for at the end or in between.
func TestHeadcount(t *testing.T) {
	var h mapping.Headcount
	want := map[string]int{}
	for i := range 5000 {
		groups := []string{"Everybody", fmt.Sprint("Team ", i%7), fmt.Sprint("Room ", i%3000)}
		if i%11 == 0 {
			groups = groups[:1]
		}
		for _, group := range groups {
			want[dirsync.FoldName(group)]++
		}
		h.Count(&mapping.Desired{Fields: dirsync.Fields{dirsync.FieldGroups: dirsync.ListOf(groups)}})
		h.Count(&mapping.Desired{})
		if i == 2500 && h.In("everybody") != 2501 {
			t.Errorf("%d people in between, want 2501", h.In("everybody"))
		}
	}
	for group, people := range want {
		if got := h.In(group); got != people {
			t.Errorf("%d people in %s, want %d", got, group, people)
		}
	}
	if got := h.In("nobody's"); got != 0 {
		t.Errorf("%d people in a group of nobody", got)
	}
}
