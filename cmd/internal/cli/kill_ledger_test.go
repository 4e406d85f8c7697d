package cli

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	"duosync/duo/duosim"
)

// ledger lists the calls that changed something in Duo, each as it was sent. A call
// that asks for what is there already changes nothing.
type ledger struct {
	mu      sync.Mutex
	last    duosim.Snapshot
	entries []duosim.Call
}

func (l *ledger) note(c duosim.Call, now duosim.Snapshot) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !reflect.DeepEqual(l.last, now) {
		l.entries = append(l.entries, c)
	}
	l.last = now
}

func (l *ledger) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.entries)
}

// since gives the calls after the first n, as text.
func (l *ledger) since(n int) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	texts := make([]string, 0, len(l.entries)-n)
	for _, c := range l.entries[n:] {
		text := c.Method + " " + strings.TrimPrefix(c.Path, "/admin/v1")
		for _, name := range slices.Sorted(maps.Keys(c.Params)) {
			text += fmt.Sprintf(" %s=%q", name, c.Params[name])
		}
		texts = append(texts, text)
	}
	return texts
}

// twice lists the calls after the first n that had their effect more than once.
func (l *ledger) twice(n int) []string {
	texts := l.since(n)
	slices.Sort(texts)
	var twice []string
	for i := 1; i < len(texts); i++ {
		if texts[i] == texts[i-1] {
			twice = append(twice, texts[i])
		}
	}
	return twice
}

// made counts what was made by POSTs to a path, by the value of a parameter.
func (l *ledger) made(path, param string) map[string]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	made := map[string]int{}
	for _, c := range l.entries {
		if c.Method == "POST" && c.Path == "/admin/v1/"+path {
			made[c.Params[param]]++
		}
	}
	return made
}
