package docs_test

import (
	"regexp"
	"testing"
)

// banned are words that the documentation does without, and what it says in their place.
var banned = []struct {
	word    *regexp.Regexp
	instead string
}{
	{regexp.MustCompile(`(?i)\blet go\b`), "released"},
	{regexp.MustCompile(`(?i)\bby other hands\b`), "by others"},
	{regexp.MustCompile(`(?i)\bpersons\b`), "people"},
	{regexp.MustCompile(`(?i)\bnobody's users?\b`), "unmanaged"},
	{regexp.MustCompile(`(?i)\b(simply|obviously|of course|please note|easily)\b`), "nothing: the reader sees whether it is"},
	{regexp.MustCompile(`(?i)\b(utilize|leverage|seamless(ly)?|robust|powerful|best-in-class)\b`), "what it does"},
	{regexp.MustCompile(`(?i)\b(in order to)\b`), "to"},
	{regexp.MustCompile(`(?i)\b(whitelist|blacklist|sanity check)\b`), "include, exclude, check"},
	{regexp.MustCompile(`(?i)\b(TODO|FIXME|TBD)\b`), "what is so"},
}

// TestWords: one word for one thing (docs/terms.md), and none that says nothing.
func TestWords(t *testing.T) {
	for name, p := range readPages(t) {
		for _, l := range p.lines {
			for _, b := range banned {
				if found := b.word.FindString(l.text); found != "" {
					t.Errorf("%s:%d: %q; say %s", name, l.number, found, b.instead)
				}
			}
		}
	}
}
