package explain

import (
	"errors"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	dirsync "duosync/sync"
	"duosync/sync/decide"
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
	ByFormer   = "former username"
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
	for _, name := range loginAttributes() {
		a.logins = append(a.logins, strings.ToLower(name))
	}
	a.names.Own = map[string]*mapping.Rules{}
	for _, directory := range rules.Directories.Names() {
		own := rules.In(directory)
		names := mapping.Rules{Mapping: map[string]dirsync.Expression{}, Aliases: own.Aliases, LowerUsername: own.LowerUsername, Directories: own.Directories}
		username, mail := own.Mapping[dirsync.FieldUsername], own.Mapping[dirsync.FieldEmail]
		if username == nil {
			return nil, errors.New("sync.mapping.username is empty")
		}
		names.Mapping[dirsync.FieldUsername] = username
		a.logins = append(a.logins, username.Attributes()...)
		if mail != nil {
			names.Mapping[dirsync.FieldEmail] = mail
			a.mails = append(a.mails, mail.Attributes()...)
		}
		a.names.Own[directory] = &names
	}
	return a, nil
}

// match tells how a person of the directory is meant; "" where it is not.
func (a *asked) match(p *dirsync.Person) string {
	if _, within := p.ID.Split(); strings.EqualFold(string(p.ID), a.text) || p.Directory != "" && strings.EqualFold(string(within), a.text) {
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
