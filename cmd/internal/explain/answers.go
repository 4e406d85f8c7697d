package explain

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"duosync/cmd/internal/past"
	"duosync/cmd/internal/report/explanation"
	"duosync/cmd/internal/report/phrase"
	dirsync "duosync/sync"
)

// person explains a person of the directory, or one that is ours.
func (e *explainer) person(ctx context.Context, id dirsync.SourceID, how string) (*explanation.Document, error) {
	e.doc.FoundBy = how
	d, err := e.x.Of(ctx, id)
	if err != nil {
		return nil, err
	}
	problems := []error{e.x.Run.Err, e.duoErr}
	where, err := e.whereabouts(ctx, d)
	problems = append(problems, err)
	e.entry(d, where)
	e.scope(d, where)
	e.fields(d)
	problems = append(problems, e.snapshot(ctx, d), e.duo(ctx, d), e.attention(ctx, d))
	e.next(d)
	problems = append(problems, e.holds(ctx, d), e.history(ctx, d))
	return e.conclude(problems...)
}

// stranger explains a Duo user whom neither the directory nor the state knows.
func (e *explainer) stranger(ctx context.Context) (*explanation.Document, error) {
	e.doc.FoundBy = ByDuoName
	if e.account.ID == e.asked.text {
		e.doc.FoundBy = ByDuoID
	}
	e.doc.Duo.Standing = explanation.DuoNotOurs
	statuses, err := e.groupStatuses(ctx, []dirsync.Account{*e.account})
	e.doc.Duo.User = e.duoUser(e.account, nil, statuses)
	e.doc.Next.Because(explanation.Stranger)
	d := &dirsync.Decision{}
	problems := []error{e.x.Run.Err, err, e.holds(ctx, d), e.history(ctx, d)}
	if !e.x.Run.Complete {
		e.doc.Entry = &explanation.Entry{Found: explanation.FoundUnknown, Attributes: map[string][]string{}, Groups: []string{}}
		e.doc.Next.Because(explanation.Unreadable)
	}
	return e.conclude(problems...)
}

func (e *explainer) several() (*explanation.Document, error) {
	slices.SortFunc(e.doc.Matches, func(a, b explanation.Match) int { return strings.Compare(string(a.SourceID), string(b.SourceID)) })
	err := dirsync.WithHint(fmt.Errorf("%d people are meant by %s", len(e.doc.Matches), dirsync.Quote(e.asked.text)), "Ask for one of them by its directory id.")
	e.doc.Error = phrase.Error(err)
	return e.doc, err
}

// nobody says where was looked.
func (e *explainer) nobody(ctx context.Context) error {
	if err := errors.Join(e.x.Run.Err, e.duoErr); err != nil {
		return fmt.Errorf("%s was not found, but not everywhere could be looked: %w", dirsync.Quote(e.asked.text), err)
	}
	inDuo := "in Duo (by username, alias and user id)"
	if e.asked.dn != nil {
		inDuo = "not in Duo, which knows no DNs"
	}
	meant := past.MeantAmong(ctx, e.past.DB, e.asked.text, e.former)
	return dirsync.WithHint(fmt.Errorf("nobody is found by %s", dirsync.Quote(e.asked.text)), meant+fmt.Sprintf(
		"Looked in the directory (%s that ldap.users gives, by id, DN, username, alias and mail), in the state, and %s. "+
			"An entry that ldap.users leaves out is found by its directory id only.", phrase.Quantity(e.x.Run.Read.Read, "entry", "entries"), inDuo))
}

// outsider explains an entry that ldap.users leaves out and that is not ours; err
// is why it could not be looked for.
func (e *explainer) outsider(id dirsync.SourceID, where dirsync.Whereabouts, err error) (*explanation.Document, error) {
	if err != nil {
		return nil, err
	}
	e.doc.FoundBy = ByID
	d := &dirsync.Decision{ID: id}
	e.entry(d, &where)
	e.scope(d, &where)
	e.doc.Duo.Standing = explanation.DuoNone
	e.next(d)
	return e.conclude(e.x.Run.Err, e.duoErr)
}

// conclude gives the explanation together with what could not be found out.
func (e *explainer) conclude(problems ...error) (*explanation.Document, error) {
	var texts []string
	problems = slices.DeleteFunc(problems, func(err error) bool {
		if err == nil || slices.Contains(texts, err.Error()) {
			return true
		}
		texts = append(texts, err.Error())
		return false
	})
	err := errors.Join(problems...)
	if len(problems) == 1 {
		err = problems[0]
	}
	e.doc.Error = phrase.Error(err)
	for i := range e.doc.Next.Operations {
		e.hideChanges(&e.doc.Next.Operations[i])
	}
	for i := range e.doc.History {
		e.hideChanges(&e.doc.History[i].Operation)
	}
	return e.doc, err
}
