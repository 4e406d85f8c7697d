package explain

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"duosync/cmd/internal/past"
	"duosync/cmd/internal/report/explanation"
	"duosync/cmd/internal/wire"
	dirsync "duosync/sync"
	"duosync/sync/engine"
	"duosync/sync/printed"
)

// search looks for USER in Duo, then makes the dry run, which looks in the
// directory and the state.
func (e *explainer) search(ctx context.Context, observer dirsync.Observer) error {
	quest := engine.Quest{
		IDs:   e.ids(),
		Match: func(p *dirsync.Person) bool { return e.asked.match(p) != "" },
		Else:  e.remembered,
	}
	if e.asked.dn == nil {
		e.account, e.duoErr = wire.FindUser(ctx, e.Client, e.asked.text)
	}
	if wire.IsUserID(e.asked.text) {
		quest.Users = append(quest.Users, e.asked.text)
	}
	if e.account != nil {
		quest.Users = append(quest.Users, e.account.ID)
	} else if e.duoErr == nil && e.asked.dn == nil { // nobody has the name, but somebody may have had it
		former, err := past.FormerOf(ctx, e.past.DB, e.asked.text)
		if err != nil {
			return err
		}
		for _, f := range former {
			quest.IDs = append(quest.IDs, f.ID)
		}
		e.former = former
	}
	e.x = e.Engine(e.past.DB, observer, nil).Explain(ctx, engine.Options{RunID: wire.NewRunID(e.past.At)}, quest)
	return ctx.Err()
}

// ids are those that USER may stand for.
func (e *explainer) ids() []dirsync.SourceID {
	all := []dirsync.SourceID{dirsync.SourceID(e.asked.text), dirsync.SourceID(strings.ToLower(e.asked.text))}
	for _, directory := range e.Rules.Directories.Names() {
		if directory != "" {
			all = append(all, dirsync.IDIn(directory, dirsync.SourceID(e.asked.text)), dirsync.IDIn(directory, dirsync.SourceID(strings.ToLower(e.asked.text))))
		}
	}
	return all
}

// remembered looks through the whole state for people who are neither in the
// directory nor in Duo under this name.
func (e *explainer) remembered(ctx context.Context) ([]dirsync.SourceID, error) {
	var ids []dirsync.SourceID
	err := past.EachLink(ctx, e.past.DB, past.Everybody, func(l *dirsync.Link) {
		if e.asked.remembers(l) {
			ids = append(ids, l.ID)
		}
	})
	return ids, err
}

// answer explains the one who is meant. The directory's word comes first: who is
// there under the name is meant, not who was once, nor who has it in Duo.
func (e *explainer) answer(ctx context.Context) (*explanation.Document, error) {
	people := e.x.Matched
	if exact := slices.DeleteFunc(slices.Clone(people), func(p dirsync.Person) bool {
		how := e.asked.match(&p)
		return how != ByID && how != ByDN
	}); len(exact) > 0 {
		people = exact
	}
	people = e.whoCounts(people)
	switch links := e.x.Links; {
	case len(people) > 1:
		for i := range people {
			fields, _, _ := e.asked.names.Map(&people[i])
			e.doc.Matches = append(e.doc.Matches, explanation.Match{SourceID: people[i].ID, Username: fields[dirsync.FieldUsername],
				DN: people[i].DN, FoundBy: e.asked.match(&people[i])})
		}
		return e.several()
	case len(people) == 1:
		return e.person(ctx, people[0].ID, e.asked.match(&people[0]))
	case len(links) > 1:
		for _, l := range links {
			e.doc.Matches = append(e.doc.Matches, explanation.Match{SourceID: l.ID, User: l.User, Username: l.Answered.Username, FoundBy: e.howLinked(l)})
		}
		return e.several()
	case len(links) == 1:
		how := e.howLinked(links[0])
		for _, f := range e.former {
			if how == ByFormer && f.ID == links[0].ID {
				e.doc.Warnings = append(e.doc.Warnings, fmt.Sprintf("%s was the username until the run %s", dirsync.Quote(e.asked.text), f.Run))
			}
		}
		return e.person(ctx, links[0].ID, how)
	case e.account != nil:
		return e.stranger(ctx)
	}
	if e.asked.looksLikeID() && e.x.Run.Complete {
		for _, directory := range e.Rules.Directories.Names() {
			id := dirsync.IDIn(directory, dirsync.SourceID(strings.ToLower(e.asked.text)))
			found, err := e.Source.Lookup(ctx, []dirsync.SourceID{id})
			if err != nil || found[id].Present {
				return e.outsider(id, found[id], err)
			}
		}
	}
	return nil, e.nobody(ctx)
}

// whoCounts gives of several people the one whose name of an earlier directory counts, where
// all others are shadowed, and tells of these.
func (e *explainer) whoCounts(people []dirsync.Person) []dirsync.Person {
	shadowed := map[dirsync.SourceID]bool{}
	for _, s := range e.x.Run.Shadowed {
		shadowed[s.Source] = true
	}
	counts := slices.DeleteFunc(slices.Clone(people), func(p dirsync.Person) bool { return shadowed[p.ID] })
	if len(people) < 2 || len(counts) != 1 {
		return people
	}
	for i := range people {
		if p := &people[i]; shadowed[p.ID] {
			e.doc.Warnings = append(e.doc.Warnings, fmt.Sprintf("%s (%s) has the name in a later directory, and does not count; `%s` explains that one", p.ID, p.DN, printed.Command(e.Flags, "explain", string(p.ID))))
		}
	}
	return counts
}

func (e *explainer) howLinked(l *dirsync.Link) string {
	switch {
	case slices.ContainsFunc(e.ids(), func(id dirsync.SourceID) bool { return strings.EqualFold(string(l.ID), string(id)) }):
		return ByID
	case l.User == e.asked.text:
		return ByDuoID
	case e.account != nil && e.account.ID == l.User:
		return ByDuoName
	case slices.ContainsFunc(e.former, func(f past.Former) bool { return f.ID == l.ID }):
		return ByFormer
	}
	return ByMemory
}
