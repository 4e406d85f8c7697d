package report

import (
	"fmt"
	"io"
	"strings"

	dirsync "duosync/sync"
)

// Drift tells where Duo differs from what was left there.
type Drift struct {
	Differences []Difference `json:"differences"`
	Warnings    []string     `json:"warnings"`

	users, groups int // that were compared
}

// Difference is one of them. Ours and Duo are lists where the field is one.
type Difference struct {
	Username string           `json:"username"`
	SourceID dirsync.SourceID `json:"source_id"`
	User     string           `json:"duo_user_id"`
	Field    string           `json:"field"`
	Ours     any              `json:"ours"`
	Duo      any              `json:"duo"`

	ours, duo string
}

// DriftOf gives the report of what was found.
func DriftOf(found *dirsync.Drifted) *Drift {
	d := &Drift{Differences: []Difference{}, Warnings: append([]string{}, found.Warnings...), users: found.Users, groups: found.Groups}
	for _, x := range found.Differences {
		d.Differences = append(d.Differences, Difference{Username: x.Username, SourceID: x.Source, User: x.User, Field: x.Field,
			Ours: listOrText(x.Field, x.Ours), Duo: listOrText(x.Field, x.Duo), ours: x.Ours, duo: x.Duo})
	}
	return d
}

func listOrText(field, value string) any {
	if dirsync.IsList(field) {
		return append([]string{}, dirsync.Items(value)...)
	}
	return value
}

// Differs reports whether there is a difference.
func (d *Drift) Differs() bool { return len(d.Differences) > 0 }

// Write renders the list. Only the table is ever coloured.
func (d *Drift) Write(w io.Writer, format Format, colour bool) error {
	return write(w, d, format, colour)
}

func (d *Drift) encode() ([]byte, error) { return encode(d) }

func (d *Drift) page() *page {
	p := &page{title: "Drift: Duo holds what was left there", tone: good}
	compared := plural(d.users, "user")
	if d.groups > 0 {
		compared += " and " + plural(d.groups, "group")
	}
	p.facts = []fact{{"compared", compared + " of duosync's own; nothing was changed"}}
	if d.Differs() {
		p.title, p.tone = fmt.Sprintf("Drift: %s from what was left in Duo", plural(len(d.Differences), "difference")), change
		p.blocks = append(p.blocks, d.blocks()...)
	}
	if len(d.Warnings) > 0 {
		b := block{title: "warnings"}
		for _, text := range d.Warnings {
			b.say(item, plain, text)
		}
		p.blocks = append(p.blocks, b)
	}
	return p
}

func (d *Drift) blocks() []block {
	l := &list{columns: []string{"user or group", "field", "left there", "in Duo now"}, lead: 2}
	for i := range d.Differences {
		x := &d.Differences[i]
		ours, duo := fieldValue(x.Field, x.ours), fieldValue(x.Field, x.duo)
		l.rows = append(l.rows, row{tone: x.tone(), cells: []string{name(x.Username, x.SourceID), x.Field, ours, duo}, flow: []string{x.words(ours, duo)}})
	}
	var advice block
	advice.say(prose, plain, "What a run would do about them, and what it would leave as it is, tells")
	advice.say(command, strong, "duosync sync --refresh --dry-run")
	return []block{{title: "differences", list: l}, advice}
}

// tone marks what may let somebody in, or take somebody away.
func (d *Difference) tone() tone {
	switch d.Field {
	case dirsync.DriftUser, dirsync.DriftHolder, dirsync.DriftGroup, dirsync.DriftGroupStatus, dirsync.FieldStatus:
		return bad
	}
	return change
}

func (d *Difference) words(ours, duo string) string {
	switch d.Field {
	case dirsync.DriftUser:
		return "deleted in Duo"
	case dirsync.DriftSynced:
		return "taken over by Duo's own directory sync"
	case dirsync.DriftHolder:
		return fmt.Sprintf("the name was %s's, and now another user has it: %s", ours, duo)
	case dirsync.DriftGroup:
		if d.duo == dirsync.DriftDeleted {
			return "deleted in Duo"
		}
		return "renamed in Duo to " + duo
	}
	to := "→"
	if rightToLeft(d.ours) || rightToLeft(d.duo) {
		to = "becomes"
	}
	return strings.Join([]string{ours, to, duo}, " ")
}

// sheet has a row for each difference.
func (d *Drift) sheet() *sheet {
	s := &sheet{header: []string{"username", "source_id", "duo_user_id", "field", "ours", "duo"}}
	for _, x := range d.Differences {
		ours, duo := x.ours, x.duo
		if dirsync.IsList(x.Field) {
			ours, duo = cellOfList(ours), cellOfList(duo)
		}
		s.add(x.Username, string(x.SourceID), x.User, x.Field, ours, duo)
	}
	return s
}
