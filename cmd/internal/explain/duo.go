package explain

import (
	"context"
	"errors"
	"slices"

	"duosync/cmd/internal/report/explanation"
	"duosync/cmd/internal/report/phrase"
	"duosync/duo/api"
	dirsync "duosync/sync"
)

// duo tells what Duo holds now: the user that is ours, and others who hold a name
// that the person wants.
func (e *explainer) duo(ctx context.Context, d *dirsync.Decision) error {
	if e.duoErr != nil {
		return e.duoErr
	}
	live, err := e.live(ctx, d.Link)
	if err != nil {
		return err
	}
	e.doc.Duo.Standing = explanation.DuoNone
	if live != nil {
		e.liveUser, e.doc.Duo.Standing = live, explanation.DuoOurs
	}
	var others []dirsync.Account
	if names := e.wanted(live); len(names) > 0 {
		if others, err = e.Target.Find(ctx, names); err != nil {
			return err
		}
	}
	statuses, err := e.groupStatuses(ctx, append(slices.Clone(others), deref(live)...))
	if err != nil {
		return err
	}
	if live != nil {
		mark, err := e.mark(ctx, d)
		if err != nil {
			return err
		}
		e.doc.Duo.User = e.duoUser(live, d.Link, statuses)
		e.compare(live, d.Link, mark != nil)
	}
	for i := range others {
		e.holder(&others[i], live, statuses)
	}
	return nil
}

func deref(a *dirsync.Account) []dirsync.Account {
	if a == nil {
		return nil
	}
	return []dirsync.Account{*a}
}

// live is the user of a link as Duo has it now; nil where it does not exist.
func (e *explainer) live(ctx context.Context, l *dirsync.Link) (*dirsync.Account, error) {
	switch {
	case l == nil:
		return nil, nil
	case e.account != nil && e.account.ID == l.User:
		return e.account, nil
	}
	found, err := e.Client.User(ctx, l.User)
	if errors.Is(err, api.ErrNotFound) {
		return nil, nil
	}
	return found, err
}

// wanted gives the names that the directory wants for the person, those aside that
// the person has in Duo.
func (e *explainer) wanted(live *dirsync.Account) []string {
	var names []string
	for _, f := range e.doc.Fields {
		if f.Field == dirsync.FieldUsername || f.Field == dirsync.FieldAliases {
			names = append(names, f.After.Items...)
		}
	}
	return slices.DeleteFunc(names, func(name string) bool {
		return live != nil && slices.Contains(live.Names(), dirsync.FoldName(name))
	})
}

// groupStatuses gives the status of each group of these users, by its id.
func (e *explainer) groupStatuses(ctx context.Context, users []dirsync.Account) (map[string]string, error) {
	if !slices.ContainsFunc(users, func(a dirsync.Account) bool { return len(a.Groups) > 0 }) {
		return nil, nil
	}
	groups, err := e.Target.Groups(ctx)
	if err != nil {
		return nil, err
	}
	statuses := make(map[string]string, len(groups))
	for _, g := range groups {
		statuses[g.ID] = g.Status
	}
	return statuses, nil
}

// duoUser gives a Duo user's form in the report; l tells what of it is ours.
func (e *explainer) duoUser(a *dirsync.Account, l *dirsync.Link, statuses map[string]string) *explanation.DuoUser {
	u := &explanation.DuoUser{ID: a.ID, Username: a.Username, Status: a.Status, LockoutReason: a.LockoutReason, Aliases: append([]string{}, e.shownField(dirsync.FieldAliases, a.Field(dirsync.FieldAliases)).Items...),
		Realname: e.shownField(dirsync.FieldRealname, a.Realname).Text(), Email: e.shownField(dirsync.FieldEmail, a.Email).Text(),
		Created: phrase.Stamp(a.Created), Enrolled: a.Enrolled, Directory: a.Synced, Groups: []explanation.DuoGroup{}, Phones: []explanation.DuoPhone{}}
	for _, g := range a.Groups {
		u.Groups = append(u.Groups, explanation.DuoGroup{Name: g.Name, Status: statuses[g.ID], Ours: l != nil && slices.Contains(l.Joined, g.ID)})
	}
	for i := range a.Phones {
		p := &a.Phones[i]
		ours := l != nil && slices.ContainsFunc(l.Phones, func(o dirsync.OwnPhone) bool { return o.ID == p.ID })
		u.Phones = append(u.Phones, explanation.DuoPhone{ID: p.ID, Number: p.Text(), Type: p.Type, Platform: p.Platform, Activated: p.Activated, Ours: ours})
	}
	return u
}

// compare fills in what Duo holds of each field, and what others have changed
// there since it last answered. Whom duosync disable marked it has disabled itself.
func (e *explainer) compare(live *dirsync.Account, l *dirsync.Link, marked bool) {
	for i := range e.doc.Fields {
		f := &e.doc.Fields[i]
		v := e.shownField(f.Field, live.Field(f.Field))
		f.Duo = &v
	}
	e.keptPhones()
	wanted := l.Asked[dirsync.FieldStatus]
	for _, f := range e.doc.Fields {
		if f.Field == dirsync.FieldStatus {
			wanted = f.After.Text()
		}
	}
	mayLogIn := !marked && wanted != dirsync.StatusDisabled && l.Asked[dirsync.FieldStatus] != dirsync.StatusDisabled && l.Missing == nil
	asFound := live.Status == dirsync.StatusActive || live.Status == dirsync.StatusBypass && (wanted == dirsync.StatusBypass || wanted == "")
	e.doc.Duo.ByOthers = mayLogIn && !asFound
	for _, field := range slices.Concat(dirsync.FieldNames, dirsync.ListFields) {
		_, ours := l.Asked[field]
		if field == dirsync.FieldStatus && marked {
			continue
		}
		if now, before := live.Field(field), l.Answered.Field(field); now != before && (ours || field == dirsync.FieldStatus) {
			e.doc.Duo.Changed = append(e.doc.Duo.Changed, explanation.FieldDiff{Field: field, Left: e.shownField(field, before), Duo: e.shownField(field, now)})
		}
	}
}

// keptPhones marks the phones that we made, and that stay though the directory has
// them no longer.
func (e *explainer) keptPhones() {
	for _, f := range e.doc.Fields {
		if f.Field != dirsync.FieldPhones || f.Once {
			continue
		}
		for i := range e.doc.Duo.User.Phones {
			p := &e.doc.Duo.User.Phones[i]
			p.Kept = p.Ours && p.Activated && !slices.Contains(f.After.Items, p.Number)
		}
	}
}

// holder tells of another user who holds a name that the person wants.
func (e *explainer) holder(a, live *dirsync.Account, statuses map[string]string) {
	reason := explanation.DuoNotOurs
	switch owner, ours := e.x.Owner(a.ID); {
	case ours:
		reason = "it belongs to another person, " + string(owner)
	case a.Synced:
		reason = explanation.ManagedByDuo
	}
	for _, name := range e.wanted(live) {
		if slices.Contains(a.Names(), dirsync.FoldName(name)) {
			e.doc.Duo.Holders = append(e.doc.Duo.Holders, explanation.Holder{Name: name, Reason: reason, User: e.duoUser(a, nil, statuses)})
		}
	}
}
