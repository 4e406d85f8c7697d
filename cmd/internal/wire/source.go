package wire

import (
	"slices"

	"github.com/sirupsen/logrus"

	"duosync/cmd/internal/config"
	"duosync/ldapsrc"
	"duosync/ldapsrc/conn"
	"duosync/ldapsrc/membership"
	dirsync "duosync/sync"
	"duosync/sync/decide"
	"duosync/sync/expression"
	"duosync/sync/mapping"
)

// NewSource makes the directory of a configuration, which is asked for what the rules
// need.
func NewSource(cfg *config.Config, rules *decide.Rules, log *logrus.Logger) (*ldapsrc.Source, error) {
	c := cfg.LDAP
	return ldapsrc.New(ldapsrc.Options{
		Servers: conn.Servers{
			URLs: c.URLs, StartTLS: c.StartTLS, CAFile: c.CAFile, ServerName: c.ServerName,
			ClientCertFile: c.ClientCertFile, ClientKeyFile: c.ClientKeyFile,
			BindDN: c.BindDN, BindPassword: c.BindPassword.Reveal(), AllowPlaintext: c.AllowPlaintext,
			Timeout: c.Timeout, PageSize: c.PageSize, ReferralHosts: c.ReferralHosts, Log: log,
		},
		Users:  ldapsrc.Users{Bases: c.Users.Bases, Filter: c.Users.Filter, Scope: ldapsrc.Scope(c.Users.Scope), IDAttribute: c.Users.IDAttribute},
		Groups: groups(cfg, rules), Attributes: attributes(rules), Preset: c.Preset, Expires: c.ExpiresAttribute,
	})
}

// ReadMore has more attributes read than the mapping needs.
func (p *Parts) ReadMore(attributes ...string) error {
	wider := p.Rules
	wider.Aliases = slices.Clone(p.Rules.Aliases)
	for _, name := range attributes {
		e, err := expression.Parse(name)
		if err != nil {
			return err
		}
		wider.Aliases = append(wider.Aliases, e)
	}
	more, err := NewSource(p.Config, &wider, p.Log)
	if err != nil {
		return err
	}
	err = p.Source.Close()
	p.Source = more
	return err
}

// attributes lists the LDAP attributes that the expressions read, each once.
func attributes(rules *decide.Rules) []string {
	var all []string
	for _, e := range rules.Expressions() {
		all = append(all, e.Attributes()...)
	}
	if rules.MemberOf != "" {
		all = append(all, rules.MemberOf) // for the guards to see whether it is lost
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// asksForGroups reports whether the rules need groups.
func asksForGroups(rules *mapping.Rules) bool {
	return len(rules.ScopeGroups()) > 0 || rules.Groups.Mirror != nil
}

// groups asks for the groups that the scope or an expression names, and for those
// that are mirrored; for none, none is read.
func groups(cfg *config.Config, rules *decide.Rules) membership.Groups {
	c := cfg.LDAP.Groups
	g := membership.Groups{Bases: c.Bases, Filter: c.Filter, NameAttribute: c.NameAttribute, MemberAttributes: c.MemberAttribute, MemberOf: c.MemberOf, Nested: c.Nested}
	named, mirrored := rules.ScopeGroups(), rules.Groups.Mirror
	if asksForGroups(&rules.Rules) {
		g.Want = func(name string) bool {
			return mirrored != nil && mirrored(name) || slices.ContainsFunc(named, func(n string) bool { return dirsync.SameGroup(n, name) })
		}
	}
	return g
}
