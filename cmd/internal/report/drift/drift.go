// Package drift is the report of duosync drift: where Duo differs from what was left there.
package drift

import (
	"fmt"
	"io"
	"strings"

	"duosync/cmd/internal/report"
	"duosync/cmd/internal/report/form"
	"duosync/cmd/internal/report/phrase"
	dirsync "duosync/sync"
	"duosync/sync/printed"
)

// Document tells where Duo differs from what was left there.
type Document struct {
	Differences []Difference `json:"differences"`
	// Attention are those who wait for a human, as the last run over all found them.
	Attention []report.Attention `json:"attention"`
	Warnings  []string           `json:"warnings"`

	users, groups int    // that were compared
	flags         string // of commands
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

// Of gives the report of what was found, beside those who were known to wait for a
// human. flags end the commands, see [printed.Command].
func Of(found *dirsync.Drifted, standing []dirsync.Attention, flags string) *Document {
	d := &Document{Differences: []Difference{}, Attention: report.AttentionOf(standing), Warnings: append([]string{}, found.Warnings...), users: found.Users, groups: found.Groups, flags: flags}
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
func (d *Document) Differs() bool { return len(d.Differences) > 0 }

// Write renders the list. Only the table is ever coloured.
func (d *Document) Write(out io.Writer, format form.Format, look form.Look) error {
	return form.Write(out, d, format, look)
}

// Page lists the differences.
func (d *Document) Page() *form.Page {
	needs := report.NeedsAttention(d.Attention)
	p := &form.Page{Title: report.But("Drift: Duo holds what was left there", needs), Tone: form.Good}
	if needs != "" {
		p.Tone = form.Change
	}
	compared := phrase.Plural(d.users, "user")
	if d.groups > 0 {
		compared += " and " + phrase.Plural(d.groups, "group")
	}
	p.Fact("compared", compared+" of duosync's own; nothing was changed")
	if d.Differs() {
		p.Title, p.Tone = report.Then(fmt.Sprintf("Drift: %s from what was left in Duo", phrase.Plural(len(d.Differences), "difference")), needs), form.Change
		p.Add(d.blocks()...)
		p.Summary = p.Title
	}
	p.Add(report.AttentionBlock(d.Attention), form.Items("warnings", d.Warnings))
	return p
}

func (d *Document) blocks() []form.Block {
	l := &form.List{Columns: []string{"user or group", "field", "left there", "in Duo now"}, Lead: 2}
	for i := range d.Differences {
		x := &d.Differences[i]
		ours, duo := phrase.Field(x.Field, x.ours), phrase.Field(x.Field, x.duo)
		l.Add(form.Row{Tone: x.tone(), Cells: []string{phrase.Name(x.Username, x.SourceID), x.Field, ours, duo}, Flow: []string{x.words(ours, duo)}})
	}
	var advice form.Block
	advice.Say(form.Plain, "What a run would do about them, and what it would leave as it is, tells")
	advice.Command(printed.Command(d.flags, "sync", "--refresh", "--dry-run"))
	return []form.Block{{Title: "differences", List: l}, advice}
}

// tone marks what may let somebody in, or take somebody away.
func (d *Difference) tone() form.Tone {
	switch d.Field {
	case dirsync.DriftUser, dirsync.DriftHolder, dirsync.DriftGroup, dirsync.DriftGroupStatus, dirsync.FieldStatus:
		return form.Bad
	}
	return form.Change
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
	return strings.Join([]string{ours, phrase.Becomes(d.ours, d.duo), duo}, " ")
}

// Sheet has a row for each difference, then one for each who needs attention.
func (d *Document) Sheet() *form.Sheet {
	s := form.NewSheet("username", "source_id", "duo_user_id", "field", "ours", "duo", "reason", "remedy", "since")
	for _, x := range d.Differences {
		ours, duo := x.ours, x.duo
		if dirsync.IsList(x.Field) {
			ours, duo = phrase.Cell(dirsync.Items(ours)), phrase.Cell(dirsync.Items(duo))
		}
		s.Add(x.Username, string(x.SourceID), x.User, x.Field, ours, duo, "", "", "")
	}
	for _, a := range d.Attention {
		s.Add(a.Username, string(a.SourceID), "", "attention", "", "", a.Reason, a.Remedy, a.Since)
	}
	return s
}
