package explain

import (
	"context"

	"duosync/cmd/internal/report/explanation"
	"duosync/cmd/internal/report/phrase"
	dirsync "duosync/sync"
)

// snapshot tells what the state knows.
func (e *explainer) snapshot(ctx context.Context, d *dirsync.Decision) error {
	l := d.Link
	if l == nil {
		return nil
	}
	s := &explanation.Snapshot{SourceID: l.ID, User: l.User, Origin: l.Origin, Asked: map[string]explanation.Values{}, Answered: e.duoUser(&l.Answered, l, nil),
		LetGo: l.LetGo, DisabledByHand: l.ByHand, Phones: []string{}, Groups: []string{}, Unfinished: append([]string{}, l.Unfinished...), Mail: l.Mail}
	if l.Origin == dirsync.Created {
		s.Since = phrase.Stamp(l.Answered.Created)
	}
	for field, asked := range l.Asked {
		s.Asked[field] = e.shownField(field, asked)
	}
	if m := l.Missing; m != nil {
		s.Missing = &explanation.MissingStand{Why: m.Why, Since: phrase.Stamp(m.Since), Step: m.Step, At: phrase.Stamp(m.At)}
	}
	for _, phone := range l.Phones {
		s.Phones = append(s.Phones, phone.Number)
	}
	for _, id := range l.Joined {
		name := id
		for _, g := range l.Answered.Groups {
			if g.ID == id {
				name = g.Name
			}
		}
		s.Groups = append(s.Groups, name)
	}
	e.doc.Snapshot = s
	meta, err := e.past.Meta(ctx)
	if every := e.Rules.RefreshEvery; err == nil && !meta.Refreshed.IsZero() {
		s.Refreshed = phrase.Stamp(meta.Refreshed)
		if every > 0 {
			s.RefreshDue = phrase.Stamp(meta.Refreshed.Add(every))
		}
	}
	return err
}
