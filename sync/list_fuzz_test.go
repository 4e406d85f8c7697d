package dirsync_test

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	dirsync "duosync/sync"
)

// FuzzChange holds that a change of any field reads back as it was written. JSON
// is Unicode: bytes that are not are replaced, once.
func FuzzChange(f *testing.F) {
	f.Add("email", "a@b", "c@d")
	f.Add("aliases", "a\nb", "")
	f.Add("phones", "+15551234567;ext=12", "\n")
	f.Add("groups", "z\na\na", "<b>&\u2028\x00")
	f.Add("GROUPS", "\"", "\\")
	f.Add("", "\xff", "\xff\n\xfe")
	f.Fuzz(func(t *testing.T, field, before, after string) {
		change := dirsync.Change{Field: field, Before: before, After: after}
		again := writtenAndRead(t, change)
		if utf8.ValidString(field) && utf8.ValidString(before) && utf8.ValidString(after) {
			if again != change {
				t.Fatalf("%+q reads back as %+q", change, again)
			}
			return
		}
		if third := writtenAndRead(t, again); third != again {
			t.Fatalf("%+q reads back as %+q", again, third)
		}
	})
}

// FuzzReadChange holds that any bytes are refused, or are a change that can be
// kept.
func FuzzReadChange(f *testing.F) {
	for _, text := range []string{
		`{"field":"email","before":"a","after":"b"}`, `{"field":"groups","before":["b","a"],"after":["c\nd"]}`, `{"field":"groups","before":null,"after":[]}`,
		`{"field":"groups","before":"a","after":[1]}`, `{"field":"email"}`, `{"FIELD":"notes","before":null,"after":"\ud800"}`, `null`, `[]`, `{"field":7}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var change dirsync.Change
		if err := json.Unmarshal(data, &change); err != nil {
			return
		}
		if again := writtenAndRead(t, change); again != change {
			t.Fatalf("%s is read as %+q, which reads back as %+q", data, change, again)
		}
	})
}

func writtenAndRead(t *testing.T, change dirsync.Change) dirsync.Change {
	t.Helper()
	data, err := json.Marshal(change)
	if err != nil {
		t.Fatal(err)
	}
	var again dirsync.Change
	if err := json.Unmarshal(data, &again); err != nil {
		t.Fatalf("%s: %v", data, err)
	}
	return again
}
