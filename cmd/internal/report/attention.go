package report

import (
	"slices"
	"strings"

	"duosync/cmd/internal/report/form"
	"duosync/cmd/internal/report/phrase"
	dirsync "duosync/sync"
)

// Attention is a person, or a group, that is not as the directory asks for and stays so
// until a human acts. SourceID is "" for a group, Remedy "" where no command settles it.
type Attention struct {
	Username string           `json:"username"`
	SourceID dirsync.SourceID `json:"source_id"`
	Reason   string           `json:"reason"`
	Remedy   string           `json:"remedy"`
	Since    string           `json:"since"` // start of the first run that found it so
}

// AttentionOf gives what needs a human in its form in a report.
func AttentionOf(found []dirsync.Attention) []Attention {
	all := make([]Attention, len(found))
	for i, a := range found {
		all[i] = Attention{Username: a.Username, SourceID: a.Source, Reason: a.Reason, Remedy: a.Remedy, Since: phrase.Stamp(a.Since)}
	}
	return all
}

// NeedsAttention says how many people and groups need a human; "" for none.
func NeedsAttention(all []Attention) string {
	people, groups := 0, 0
	for i := range all {
		if all[i].SourceID == "" {
			groups++
		} else {
			people++
		}
	}
	verb := " need attention"
	if len(all) == 1 {
		verb = " needs attention"
	}
	switch {
	case people == 0 && groups == 0:
		return ""
	case groups == 0:
		return phrase.People(people) + verb
	case people == 0:
		return phrase.Plural(groups, "group") + verb
	}
	return phrase.People(people) + " and " + phrase.Plural(groups, "group") + verb
}

// But adds to a good verdict what does not go with it.
func But(verdict string, others ...string) string {
	others = slices.DeleteFunc(others, func(text string) bool { return text == "" })
	switch n := len(others); n {
	case 0:
		return verdict
	case 1:
		return verdict + ", but " + others[0]
	default:
		return verdict + ", but " + strings.Join(others[:n-1], ", ") + " and " + others[n-1]
	}
}

// AttentionBlock lists who needs a human, with the reason and the command that settles
// it.
func AttentionBlock(all []Attention) form.Block {
	l := &form.List{Columns: []string{"user", "reason", "since (UTC)"}, Lead: 1, Commands: "what settles it"}
	for _, a := range all {
		l.Add(form.Row{Tone: form.Conflict, About: string(a.SourceID), Cells: []string{phrase.Name(a.Username, a.SourceID), a.Reason, phrase.Minute(a.Since)},
			Flow: []string{a.Reason, "(since " + phrase.Minute(a.Since) + " UTC)"}, Command: a.Remedy})
	}
	return form.Block{Title: "attention", List: l, First: 2}
}
