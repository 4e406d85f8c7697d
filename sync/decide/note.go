package decide

import (
	"slices"
	"strconv"
	"strings"

	dirsync "duosync/sync"
)

// butFor begins what of an operation was not done, in a note of one that was done otherwise.
const butFor = ", but for "

// NoteOf says what became of an operation, as the journal keeps it. [ReadNote] reads it.
func NoteOf(res *dirsync.Result) string {
	note := FateWords(res.Fate)
	switch {
	case res.Fate != dirsync.Done && res.Err != nil:
		return note + ": " + res.Err.Error()
	case res.Fate != dirsync.Done || len(res.Undone) == 0:
		return note
	}
	fields, texts := make([]string, len(res.Undone)), make([]string, len(res.Undone))
	for i, u := range res.Undone {
		fields[i], texts[i] = u.Field, u.Field+": "+FateWords(u.Fate)
		if u.Err != nil {
			texts[i] = u.Field + ": " + u.Err.Error()
		}
	}
	return note + butFor + strings.Join(slices.Compact(fields), ", ") + " (" + strings.Join(texts, "; ") + ")" + lackingOf(res)
}

// lackingOf says, for the audit, which memberships were not brought about, where the user was looked
// at since; else "".
func lackingOf(res *dirsync.Result) string {
	at := slices.IndexFunc(res.Undone, func(u dirsync.Undone) bool { return u.Field == dirsync.FieldGroups })
	if at < 0 || res.Undone[at].Fate == dirsync.Unknown || res.Account == nil || !res.Met || res.Op == nil {
		return ""
	}
	var lacking []string
	for i, m := range slices.Concat(res.Op.Leaves, res.Op.Joins) {
		in := slices.ContainsFunc(res.Account.Groups, func(g dirsync.Membership) bool {
			return g.ID == m.ID && m.ID != "" || m.ID == "" && dirsync.FoldName(g.Name) == dirsync.FoldName(m.Name)
		})
		if in == (i < len(res.Op.Leaves)) {
			lacking = append(lacking, strconv.Itoa(i))
		}
	}
	if lacking == nil {
		return ""
	}
	return dirsync.NoteLacking + strings.Join(lacking, ",")
}

// Note is what the journal says of an operation that is not open any more.
type Note struct {
	Fate   dirsync.Fate
	Undone []string // fields of a done one that were not, or not wholly, brought about
	Why    string   // it was not done, or not wholly; "" where nothing is known of that
	// Lacking are the memberships that were not brought about, by their places among leaves and
	// joins, in this order; nil: that is not known of each.
	Lacking []int
}

// ReadNote reads a note of [NoteOf]. What it does not know, it takes for the reason why an
// operation was not done.
func ReadNote(note string) Note {
	done := FateWords(dirsync.Done)
	if note == done {
		return Note{Fate: dirsync.Done}
	}
	if rest, is := strings.CutPrefix(note, done+butFor); is {
		rest, places, _ := strings.Cut(rest, dirsync.NoteLacking)
		fields, why, _ := strings.Cut(rest, " (")
		n := Note{Fate: dirsync.Done, Undone: strings.Split(fields, ", "), Why: strings.TrimSuffix(why, ")")}
		for text := range strings.SplitSeq(places, ",") {
			if place, err := strconv.Atoi(text); err == nil {
				n.Lacking = append(n.Lacking, place)
			}
		}
		return n
	}
	for _, fate := range []dirsync.Fate{dirsync.Refused, dirsync.Taken, dirsync.Vanished, dirsync.Unknown, dirsync.Failed} {
		words := FateWords(fate)
		if note == words {
			return Note{Fate: fate, Why: words}
		}
		if strings.HasPrefix(note, words+": ") {
			return Note{Fate: fate, Why: note}
		}
	}
	return Note{Fate: dirsync.Failed, Why: note}
}
