package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	dirsync "duosync/sync"
	"duosync/sync/engine"
)

// breaking is a directory with several servers, of which the first ones break off after so
// many people, and bear others than the last one does.
type breaking struct {
	dirsync.Source
	after []int
	reads *int
}

func (s breaking) Read(ctx context.Context, visit func(dirsync.Person) error) (dirsync.ReadInfo, error) {
	at := *s.reads
	if *s.reads++; at >= len(s.after) {
		return s.Source.Read(ctx, visit)
	}
	for i := range s.after[at] {
		name := fmt.Sprintf("ghost%d", i)
		if err := visit(dirsync.Person{ID: dirsync.SourceID(name), DN: "uid=" + name, Attrs: map[string][]string{"uid": {name}, "cn": {name}}}); err != nil {
			return dirsync.ReadInfo{}, err
		}
	}
	return dirsync.ReadInfo{}, fmt.Errorf("page 2: %w", &dirsync.ReadAgain{Server: fmt.Sprintf("ldap://dc%d", at), Err: errors.New("gone")})
}

// A read that a server broke off counts for nothing, in the plan and in explain.
func TestReadAgainForgets(t *testing.T) {
	t.Parallel()
	for _, after := range [][]int{{}, {0}, {3}, {2, 1}} {
		w := newWorld(t)
		w.step("directory", "1 anna\n2 bert")
		reads := 0
		e := w.engine()
		e.Source = breaking{Source: e.Source, after: after, reads: &reads}
		run := e.Run(t.Context(), engine.Options{RunID: "r"})
		if run.Err != nil || len(run.Operations) != 2 || run.Read.Read != 2 || len(w.store.links) != 2 || reads != len(after)+1 {
			t.Errorf("%v: %d operations of %d people, %d links, %d reads: %v", after, len(run.Operations), run.Read.Read, len(w.store.links), reads, run.Err)
		}
		if told := strings.Count(strings.Join(run.Warnings, "\n"), "broke off"); told != len(after) {
			t.Errorf("%v: %q", after, run.Warnings)
		}
		e.Source = breaking{Source: w.engine().Source, after: after, reads: new(int)}
		x := e.Explain(t.Context(), engine.Options{RunID: "x"}, engine.Quest{Match: func(*dirsync.Person) bool { return true }})
		if len(x.Matched) != 2 {
			t.Errorf("%v: explain met %+v", after, x.Matched)
		}
	}
}
