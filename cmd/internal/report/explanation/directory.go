package explanation

import (
	"maps"
	"slices"

	"duosync/cmd/internal/report/form"
	"duosync/cmd/internal/report/phrase"
	dirsync "duosync/sync"
)

// Where an entry was found.
const (
	FoundInBase    = "base"      // below ldap.users.base_dns, by the filter
	FoundElsewhere = "elsewhere" // under the suffix
	FoundNowhere   = "nowhere"
	FoundUnknown   = "unknown" // the directory could not be read
)

// Entry is a person in the directory. Attributes and Groups are those that count.
type Entry struct {
	Found      string              `json:"found"`
	Directory  string              `json:"directory,omitempty"` // the name of one of several
	SourceID   dirsync.SourceID    `json:"source_id"`
	DN         string              `json:"dn"`
	Server     string              `json:"server"`
	Base       string              `json:"base"`
	Standing   dirsync.Standing    `json:"standing"`
	Term       string              `json:"term,omitempty"` // why it is disabled, where it is the time alone
	Attributes map[string][]string `json:"attributes"`
	Groups     []string            `json:"groups"`
}

// ScopeStand says whether the rules select the person: Rule is the key that
// decided, Item the part of its value, Reason both in words.
type ScopeStand struct {
	In     bool   `json:"in"`
	Rule   string `json:"rule"`
	Item   string `json:"item"`
	Reason string `json:"reason"`
}

// words say where the entry is; nil: nowhere, and its id is not known.
func (e *Entry) words() string {
	if e == nil {
		return "nowhere: no entry has this name, mail or id"
	}
	switch e.Found {
	case FoundInBase:
		return "found, " + e.stands()
	case FoundElsewhere:
		return "outside ldap.users (base, scope or filter): " + e.DN
	case FoundUnknown:
		return "not known: it could not be read whole"
	}
	return "nowhere: the id " + string(e.SourceID) + " is gone"
}

// stands says whether the person may log in, and where it is the time that says no, which.
func (e *Entry) stands() string {
	if e.Term != "" {
		return string(e.Standing) + ": " + e.Term
	}
	return string(e.Standing)
}

func (e *Entry) block() form.Block {
	b := form.Block{Title: "directory"}
	if e == nil || e.Found == FoundNowhere || e.Found == FoundUnknown {
		return b
	}
	l := &form.List{Columns: []string{"what", "value"}, Lead: 1}
	add := func(what, text string) {
		if text != "" {
			l.Add(form.Row{Cells: []string{what, text}})
		}
	}
	add("directory", e.Directory)
	add("DN", e.DN)
	add("id", string(e.SourceID))
	add("below", e.Base)
	add("server", e.Server)
	add("status", e.stands())
	for _, attribute := range slices.Sorted(maps.Keys(e.Attributes)) {
		values := e.Attributes[attribute]
		if slices.Equal(values, []string{string(e.SourceID)}) {
			continue // it stands above
		}
		add(attribute, Values{Items: values, List: len(values) > 1}.words())
	}
	if len(e.Groups) > 0 {
		add("groups", phrase.List(e.Groups))
	}
	b.List = l
	return b
}
