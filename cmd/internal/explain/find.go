package explain

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"duosync/cmd/internal/past"
	"duosync/cmd/internal/report/explanation"
	"duosync/cmd/internal/report/phrase"
	"duosync/cmd/internal/wire"
	dirsync "duosync/sync"
	"duosync/sync/decide"
	"duosync/sync/engine"
	"duosync/sync/mapping"
)

// How a user was recognized.
const (
	ByID       = "directory id"
	ByDN       = "DN"
	ByUsername = "username"
	ByAlias    = "alias"
	ByLogin    = "login name in the directory"
	ByMail     = "mail address"
	ByDuoID    = "Duo user id"
	ByDuoName  = "Duo username or alias"
	ByMemory   = "name or mail address in the state"
)

const mailAttribute = "mail"

// loginAttributes are those by which people know their own name, whatever is
// mapped: RFC 4519, and Active Directory's.
func loginAttributes() []string { return []string{"uid", "sAMAccountName", "userPrincipalName"} }

// asked is USER in the forms in which it may name somebody.
type asked struct {
	text   string
	folded string
	dn     *ldap.DN // nil: it is none
	// names are the rules for usernames, aliases and mail alone, which are quick.
	names  mapping.Rules
	logins []string // attributes, in lower case
	mails  []string
}

func newAsked(user string, rules *decide.Rules) (*asked, error) {
	a := &asked{text: strings.TrimSpace(user), folded: dirsync.FoldName(user), mails: []string{mailAttribute}}
	if strings.Contains(a.text, "=") {
		if dn, err := ldap.ParseDN(a.text); err == nil && len(dn.RDNs) > 0 {
			a.dn = dn
		}
	}
	a.names = mapping.Rules{Mapping: map[string]dirsync.Expression{}, Aliases: rules.Aliases, LowerUsername: rules.LowerUsername}
	username, mail := rules.Mapping[dirsync.FieldUsername], rules.Mapping[dirsync.FieldEmail]
	if username == nil {
		return nil, errors.New("sync.mapping.username is empty")
	}
	a.names.Mapping[dirsync.FieldUsername] = username
	a.logins = slices.Clone(username.Attributes())
	for _, name := range loginAttributes() {
		a.logins = append(a.logins, strings.ToLower(name))
	}
	if mail != nil {
		a.names.Mapping[dirsync.FieldEmail] = mail
		a.mails = append(a.mails, mail.Attributes()...)
	}
	return a, nil
}

// match tells how a person of the directory is meant; "" where it is not.
func (a *asked) match(p *dirsync.Person) string {
	if strings.EqualFold(string(p.ID), a.text) {
		return ByID
	}
	if a.dn != nil {
		if dn, err := ldap.ParseDN(p.DN); err == nil && dn.EqualFold(a.dn) {
			return ByDN
		}
	}
	fields, _, _ := a.names.Map(p)
	switch {
	case a.is(fields[dirsync.FieldUsername]):
		return ByUsername
	case slices.ContainsFunc(dirsync.Items(fields[dirsync.FieldAliases]), a.is):
		return ByAlias
	case a.is(fields[dirsync.FieldEmail]), a.in(p, a.mails):
		return ByMail
	case a.in(p, a.logins):
		return ByLogin
	}
	return ""
}

func (a *asked) is(value string) bool { return dirsync.FoldName(value) == a.folded }

func (a *asked) in(p *dirsync.Person, attributes []string) bool {
	return slices.ContainsFunc(attributes, func(name string) bool { return slices.ContainsFunc(p.Attrs[name], a.is) })
}

// remembers reports whether a link is meant by what it remembers of names and
// mail.
func (a *asked) remembers(l *dirsync.Link) bool {
	return slices.Contains(l.Answered.Names(), a.folded) || a.is(l.Asked[dirsync.FieldUsername]) ||
		slices.ContainsFunc(dirsync.Items(l.Asked[dirsync.FieldAliases]), a.is) ||
		a.is(l.Answered.Email) || a.is(l.Asked[dirsync.FieldEmail])
}

// looksLikeID reports whether USER has the form of an id in canonical form: some
// 32 hexadecimal digits with hyphens between.
func (a *asked) looksLikeID() bool {
	digits := strings.ReplaceAll(a.text, "-", "")
	return len(digits) == 32 && len(digits) < len(a.text) && strings.Trim(strings.ToLower(digits), "0123456789abcdef") == ""
}

// search looks for USER in Duo, then makes the dry run, which looks in the
// directory and the state.
func (e *explainer) search(ctx context.Context, observer dirsync.Observer) error {
	quest := engine.Quest{
		IDs:   []dirsync.SourceID{dirsync.SourceID(e.asked.text), dirsync.SourceID(strings.ToLower(e.asked.text))},
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
	}
	e.x = e.Engine(e.past.DB, observer).Explain(ctx, engine.Options{RunID: wire.NewRunID(e.past.At)}, quest)
	return ctx.Err()
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
		return e.person(ctx, links[0].ID, e.howLinked(links[0]))
	case e.account != nil:
		return e.stranger(ctx)
	}
	if e.asked.looksLikeID() && e.x.Run.Complete {
		id := dirsync.SourceID(strings.ToLower(e.asked.text))
		found, err := e.Source.Lookup(ctx, []dirsync.SourceID{id})
		if err != nil || found[id].Present {
			return e.outsider(id, found[id], err)
		}
	}
	return nil, e.nobody()
}

func (e *explainer) howLinked(l *dirsync.Link) string {
	switch {
	case strings.EqualFold(string(l.ID), e.asked.text):
		return ByID
	case l.User == e.asked.text:
		return ByDuoID
	case e.account != nil && e.account.ID == l.User:
		return ByDuoName
	}
	return ByMemory
}

func (e *explainer) several() (*explanation.Document, error) {
	slices.SortFunc(e.doc.Matches, func(a, b explanation.Match) int { return strings.Compare(string(a.SourceID), string(b.SourceID)) })
	err := dirsync.WithHint(fmt.Errorf("%d people are meant by %s", len(e.doc.Matches), dirsync.Quote(e.asked.text)), "Ask for one of them by its directory id.")
	e.doc.Error = phrase.Error(err)
	return e.doc, err
}

// nobody says where was looked.
func (e *explainer) nobody() error {
	if err := errors.Join(e.x.Run.Err, e.duoErr); err != nil {
		return fmt.Errorf("%s was not found, but not everywhere could be looked: %w", dirsync.Quote(e.asked.text), err)
	}
	inDuo := "in Duo (by username, alias and user id)"
	if e.asked.dn != nil {
		inDuo = "not in Duo, which knows no DNs"
	}
	return dirsync.WithHint(fmt.Errorf("nobody is found by %s", dirsync.Quote(e.asked.text)), fmt.Sprintf(
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
