package explain

import (
	"context"
	"slices"

	"duosync/cmd/internal/past"
	"duosync/cmd/internal/report"
	"duosync/cmd/internal/report/explanation"
	"duosync/cmd/internal/wire"
	dirsync "duosync/sync"
	"duosync/sync/engine"
)

// explainer finds all out about one user.
type explainer struct {
	*wire.Parts
	past  *past.Moment
	asked *asked
	x     *engine.Explanation
	// former are those who once had USER as their username.
	former []past.Former
	doc    *explanation.Document

	// account is the Duo user who has USER as a name or id; nil: nobody.
	account *dirsync.Account
	duoErr  error // why Duo could not be asked for USER
	// liveUser is the user that is the person's, as Duo holds it now; nil: there is none,
	// or Duo was not asked.
	liveUser *dirsync.Account
}

// traces are what a user leaves in a report.
type traces struct {
	id             dirsync.SourceID
	user, username string
}

func (e *explainer) traces(d *dirsync.Decision) traces {
	t := traces{id: d.ID}
	switch {
	case d.Link != nil:
		t.user, t.username = d.Link.User, d.Link.Answered.Username
	case e.doc.Duo.User != nil:
		t.user, t.username = e.doc.Duo.User.ID, e.doc.Duo.User.Username
	}
	for _, f := range e.doc.Fields {
		if f.Field == dirsync.FieldUsername {
			t.username = f.After.Text()
		}
	}
	return t
}

// of reports whether an operation was one on the user.
func (t traces) of(o *report.Operation) bool {
	return t.id != "" && o.SourceID == t.id || t.user != "" && o.User == t.user ||
		t.username != "" && dirsync.FoldName(o.Username) == dirsync.FoldName(t.username)
}

// mark gives the mark that keeps the user disabled, or one that was lifted and did until then:
// the next run deals with that; nil: there is none.
func (e *explainer) mark(ctx context.Context, d *dirsync.Decision) (*dirsync.Mark, error) {
	marks, err := e.past.Marks(ctx)
	if err != nil {
		return nil, err
	}
	t := e.traces(d)
	for i := range marks {
		m := &marks[i]
		if m.User == t.user || t.id != "" && m.Source == t.id || t.username != "" && dirsync.FoldName(m.Username) == dirsync.FoldName(t.username) {
			return m, nil
		}
	}
	return nil, nil
}

// hides reports whether a field is made of an attribute that nobody should see.
func (e *explainer) hides(field string) bool {
	return slices.ContainsFunc(wire.Mappings(&e.Rules), func(m wire.Mapped) bool { return m.Field == field && wire.Secret(m.From.Attributes()...) })
}

func hide(v explanation.Values) explanation.Values {
	if len(v.Items) > 0 {
		v.Items = []string{wire.Hidden}
	}
	return v
}

func (e *explainer) hideChanges(o *report.Operation) {
	for i, c := range o.Changes {
		if e.hides(c.Field) {
			o.Changes[i].Before, o.Changes[i].After = wire.Hidden, wire.Hidden
		}
	}
}

// shownField gives a field's value, hidden where it must be.
func (e *explainer) shownField(field, value string) explanation.Values {
	v := explanation.FieldValues(field, value)
	if e.hides(field) {
		return hide(v)
	}
	return v
}
