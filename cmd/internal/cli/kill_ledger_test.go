package cli

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"duosync/duo/duosim"
)

// ledger lists what calls changed in Duo: for each object what was made, removed, set,
// joined or left, whichever call did it, and whatever else that call did.
type ledger struct {
	mu      sync.Mutex
	last    duosim.Snapshot
	entries []string
}

// note takes what Duo holds after a call. now is asked for one at a time.
func (l *ledger) note(now func() duosim.Snapshot) {
	l.mu.Lock()
	defer l.mu.Unlock()
	then := now()
	l.entries = append(l.entries, slices.Concat(
		differences("user", l.last.Users, then.Users), differences("group", l.last.Groups, then.Groups), differences("phone", l.last.Phones, then.Phones))...)
	for _, m := range then.Mails[len(l.last.Mails):] {
		l.entries = append(l.entries, "mail to "+m.To)
	}
	l.last = then
}

// differences tells what became of objects with an ID, field by field, of a list each item.
func differences[T any](kind string, before, after []T) []string {
	was := map[string]reflect.Value{}
	for i := range before {
		v := reflect.ValueOf(before[i])
		was[v.FieldByName("ID").String()] = v
	}
	var all []string
	for i := range after {
		v := reflect.ValueOf(after[i])
		id := v.FieldByName("ID").String()
		then, known := was[id]
		delete(was, id)
		if !known {
			all = append(all, made(kind, v))
			then = reflect.Zero(v.Type())
		}
		for f := range v.NumField() {
			name := v.Type().Field(f).Name
			if old, items := then.Field(f), v.Field(f); !reflect.DeepEqual(old.Interface(), items.Interface()) && name != "ID" {
				all = append(all, changes(fmt.Sprintf("%s %s %s", kind, id, name), old.Interface(), items.Interface())...)
			}
		}
	}
	for id := range was {
		all = append(all, "removed "+kind+" "+id)
	}
	return all
}

// made is the entry of an object that was made, with what people know it by.
func made(kind string, v reflect.Value) string {
	by := map[string]string{"user": "Realname", "group": "Name", "phone": "Number"}[kind]
	return fmt.Sprintf("made %s %s", kind, v.FieldByName(by).String())
}

func changes(where string, before, after any) []string {
	old, isList := before.([]string)
	if !isList {
		return []string{fmt.Sprintf("%s = %v", where, after)}
	}
	now, _ := after.([]string)
	var all []string
	for _, item := range now {
		if item != "" && !slices.Contains(old, item) {
			all = append(all, where+" + "+item)
		}
	}
	for _, item := range old {
		if item != "" && !slices.Contains(now, item) {
			all = append(all, where+" - "+item)
		}
	}
	return all
}

func (l *ledger) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.entries)
}

// since gives what came after the first n entries.
func (l *ledger) since(n int) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.entries[n:])
}

// twice lists what was done more than once after the first n entries.
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

// made counts what was made of a kind, by realname, name or number.
func (l *ledger) made(kind string) map[string]int {
	made := map[string]int{}
	for _, text := range l.since(0) {
		if name, is := strings.CutPrefix(text, "made "+kind+" "); is {
			made[name]++
		}
	}
	return made
}
