package people

import (
	"bytes"

	dirsync "duosync/sync"
)

// Query asks for people; its zero value for all of them.
type Query struct {
	Text     string   // names, mails, ids, or parts of them; each word must be found
	Standing Standing // Anyhow: all
	Skip     int      // so many of those found are left out
	Most     int      // so many are given at most
}

// How well somebody fits: the best comes first.
const (
	exact    = iota // a line is just that
	begins          // the username begins so
	word            // a word begins so
	anywhere        // each word is somewhere
	fits            // how many there are
)

// Find gives the ids of those who fit, the best first, then by username, and how many there
// are in all.
func (s *Snapshot) Find(q Query) (ids []dirsync.SourceID, total int) {
	text := []byte(fold(q.Text))
	tokens := bytes.Fields(text)
	var found [fits][]uint32
	var counts [fits]int
	for _, i := range s.byName {
		r := s.records[i]
		if q.Standing == Unenrolled && !r.never || q.Standing != Anyhow && q.Standing != Unenrolled && r.standing != q.Standing {
			continue
		}
		fit := anywhere
		if len(tokens) > 0 {
			if fit = fitOf(s.searched(r), text, tokens); fit == fits {
				continue
			}
		}
		if counts[fit]++; len(found[fit]) < q.Skip+q.Most {
			found[fit] = append(found[fit], i)
		}
	}
	skip := q.Skip
	for fit := range found {
		total += counts[fit]
		for n, i := range found[fit] {
			if n >= skip && len(ids) < q.Most {
				ids = append(ids, s.id(s.records[i]))
			}
		}
		skip = max(0, skip-counts[fit])
	}
	return ids, total
}

// fitOf tells how well lines fit a text; fits where they do not.
func fitOf(lines, text []byte, tokens [][]byte) int {
	for _, token := range tokens {
		if !bytes.Contains(lines, token) {
			return fits
		}
	}
	best := anywhere
	for from := 0; ; {
		at := bytes.Index(lines[from:], text)
		if at < 0 {
			return best
		}
		at += from
		switch end := at + len(text); {
		case lines[at-1] == '\n' && lines[end] == '\n':
			return exact
		case lines[at-1] == '\n' && bytes.Count(lines[:at], []byte("\n")) == 1:
			best = min(best, begins)
		case !isWord(lines[at-1]):
			best = min(best, word)
		}
		from = at + 1
	}
}

// isWord reports whether a byte is a part of a word, as are all behind ASCII.
func isWord(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= '0' && b <= '9' || b >= 0x80
}
