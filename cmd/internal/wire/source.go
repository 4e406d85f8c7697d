package wire

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/sirupsen/logrus"

	"duosync/cmd/internal/config"
	"duosync/ldapsrc"
	"duosync/ldapsrc/conn"
	"duosync/ldapsrc/membership"
	"duosync/ldapsrc/several"
	dirsync "duosync/sync"
	"duosync/sync/decide"
	"duosync/sync/mapping"
)

// A Source is what a run reads, and closes in the end.
type Source interface {
	dirsync.Source
	Close() error
}

// joined are several directories as one source.
type joined struct {
	several.Source
	each []*ldapsrc.Source
}

// Close implements [Source].
func (j *joined) Close() error {
	var all error
	for _, source := range j.each {
		all = errors.Join(all, source.Close())
	}
	return all
}

// NewSources makes the directories of a configuration, as one: the only one as it is. They are
// asked for what the rules need, and for more attributes.
func NewSources(cfg *config.Config, rules *decide.Rules, log *logrus.Logger, more ...string) (Source, error) {
	all := &joined{}
	singles := cfg.Each()
	for i := range singles {
		source, err := NewSource(&singles[i], rules, log, more...)
		if err != nil {
			if singles[i].Name != "" {
				err = fmt.Errorf("the directory %s: %w", singles[i].Name, err)
			}
			return nil, errors.Join(err, all.Close())
		}
		all.each = append(all.each, source)
		all.Source = append(all.Source, several.Directory{Name: singles[i].Name, Source: source})
	}
	if !rules.Directories.Named() {
		return all.each[0], nil
	}
	return all, nil
}

// NewSource makes one directory of a configuration. Its source knows nothing of its name.
func NewSource(cfg *config.Single, rules *decide.Rules, log *logrus.Logger, more ...string) (*ldapsrc.Source, error) {
	c := cfg.LDAP
	own := rules.In(cfg.Name)
	return ldapsrc.New(ldapsrc.Options{
		Servers: conn.Servers{
			URLs: c.URLs, StartTLS: c.StartTLS, CAFile: c.CAFile, ServerName: c.ServerName,
			ClientCertFile: c.ClientCertFile, ClientKeyFile: c.ClientKeyFile,
			BindDN: c.BindDN, BindPassword: c.BindPassword.Reveal(), AllowPlaintext: c.AllowPlaintext,
			Timeout: c.Timeout, PageSize: c.PageSize, ReferralHosts: c.ReferralHosts, Log: log,
		},
		Users:  ldapsrc.Users{Bases: c.Users.Bases, Filter: c.Users.Filter, Scope: ldapsrc.Scope(c.Users.Scope), IDAttribute: c.Users.IDAttribute},
		Groups: groups(cfg, own), Attributes: append(attributes(own), more...), Preset: c.Preset, Expires: c.ExpiresAttribute,
	})
}

// ReadMore has more attributes read than the mapping needs.
func (p *Parts) ReadMore(attributes ...string) error {
	more, err := NewSources(p.Config, &p.Rules, p.Log, attributes...)
	if err != nil {
		return err
	}
	err = p.Source.Close()
	p.Source = more
	return err
}

// attributes lists the LDAP attributes that the expressions read, each once.
func attributes(rules *mapping.Rules) []string {
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
	return len(rules.NamedGroups()) > 0 || rules.Groups.Mirror != nil
}

// groups asks for the groups that the scope or an expression names, and for those
// that are mirrored; for none, none is read.
func groups(cfg *config.Single, rules *mapping.Rules) membership.Groups {
	c := cfg.LDAP.Groups
	g := membership.Groups{Bases: c.Bases, Filter: c.Filter, NameAttribute: c.NameAttribute, MemberAttributes: c.MemberAttribute, MemberOf: c.MemberOf, Nested: c.Nested}
	named := rules.NamedGroups()
	if asksForGroups(rules) {
		g.Want = func(name string) bool {
			return rules.Mirrors(cfg.Name, name) || slices.ContainsFunc(named, func(n mapping.NamedGroup) bool { return n.Is(rules.Directories, cfg.Name, name) })
		}
	}
	return g
}

// EntryOf asks the directory, or each of several, which person has a DN; "": nobody.
func EntryOf(ctx context.Context, loaded *config.Loaded, log *logrus.Logger, dn string) (dirsync.SourceID, error) {
	rules, err := Rules(&loaded.Config)
	if err != nil {
		return "", err
	}
	var problems []error
	singles := loaded.Config.Each()
	for i := range singles {
		source, err := NewSource(&singles[i], &rules, log)
		if err != nil {
			return "", err
		}
		id, err := source.IDAt(ctx, dn)
		if err = errors.Join(err, source.Close()); err != nil {
			problems = append(problems, err)
		} else if id != "" {
			return dirsync.IDIn(singles[i].Name, id), nil
		}
	}
	return "", errors.Join(problems...)
}
