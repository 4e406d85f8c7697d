package explain

import (
	"context"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/report/explanation"
	"duosync/cmd/internal/wire"
	dirsync "duosync/sync"
)

// whereabouts looks for a person of ours who was not in the read.
func (e *explainer) whereabouts(ctx context.Context, d *dirsync.Decision) (*dirsync.Whereabouts, error) {
	if _, configured := e.Rules.Directories.Get(e.Rules.Directories.Of(d.ID)); d.Person != nil || d.Seen != nil || !e.x.Run.Complete || !configured {
		return d.Seen, nil
	}
	found, err := e.Source.Lookup(ctx, []dirsync.SourceID{d.ID})
	if err != nil {
		return nil, err
	}
	where := found[d.ID]
	return &where, nil
}

func (e *explainer) entry(d *dirsync.Decision, where *dirsync.Whereabouts) {
	entry := &explanation.Entry{Found: explanation.FoundUnknown, SourceID: d.ID, Attributes: map[string][]string{}, Groups: []string{}}
	e.doc.Entry = entry
	switch {
	case d.Person != nil:
		entry.Found, entry.DN, entry.Standing = explanation.FoundInBase, d.Person.DN, d.Person.Standing
		if d.Person.Term != nil {
			entry.Term = d.Person.Term.Words()
		}
		entry.Directory = d.Person.Directory
		entry.Server, entry.Base = e.server(d.Person.Directory), baseOf(e.single(d.Person.Directory).LDAP.Users.Bases, d.Person.DN)
		entry.Groups = append(entry.Groups, d.Person.Groups...)
		for name, values := range d.Person.Attrs {
			if wire.Secret(name) {
				values = []string{wire.Hidden}
			}
			entry.Attributes[name] = values
		}
	case where == nil:
	case where.Present:
		entry.Found, entry.DN, entry.Server = explanation.FoundElsewhere, where.DN, e.server(e.Rules.Directories.Of(d.ID))
		entry.Directory = e.Rules.Directories.Of(d.ID)
	default:
		entry.Found = explanation.FoundNowhere
	}
}

// standing says how a person is locked: by whom, or since when.
func standing(p *dirsync.Person) string {
	if p.Term != nil {
		return p.Term.Words()
	}
	return string(p.Standing)
}

// server gives the URL that answered for a directory.
func (e *explainer) server(directory string) string {
	if info := e.x.Run.Read.Of(directory); info != nil {
		return info.Server
	}
	return ""
}

// single gives the configuration of a directory.
func (e *explainer) single(directory string) *config.Single {
	singles := e.Config.Each()
	for i := range singles {
		if singles[i].Name == directory {
			return &singles[i]
		}
	}
	return &singles[0]
}

// baseOf gives the base that holds an entry, the longest of several.
func baseOf(bases []string, dn string) string {
	best := ""
	entry, err := ldap.ParseDN(dn)
	if err != nil {
		return best
	}
	for _, text := range bases {
		base, err := ldap.ParseDN(text)
		if err == nil && len(text) > len(best) && (base.EqualFold(entry) || base.AncestorOfFold(entry)) {
			best = text
		}
	}
	return best
}

// scope says which rule puts the person in or out.
func (e *explainer) scope(d *dirsync.Decision, where *dirsync.Whereabouts) {
	s := &e.doc.Scope
	if d.Person == nil {
		e.scopeOfAbsent(d, where)
		return
	}
	fields, _, _ := e.Rules.Map(d.Person)
	name := dirsync.FoldName(fields[dirsync.FieldUsername])
	verdict := e.Rules.Judge(d.Person)
	groups := strings.Join(verdict.Groups, ", ")
	switch {
	case verdict.Excluded && groups != "":
		s.At(explanation.ExcludedByGroup, groups, groups)
	case verdict.Excluded:
		item := e.excludedBy(name, d.Person.DN)
		s.At(explanation.ExcludedByName, item, item)
	case !verdict.In:
		s.At(explanation.InNoGroup, "", strings.Join(e.Rules.IncludeGroups, ", "))
	case d.Skipped == dirsync.SkippedProtected:
		s.At(explanation.InButProtected, name)
	case groups != "":
		s.At(explanation.InByGroup, groups, groups)
	default:
		s.At(explanation.InAsAll, "")
	}
	if d.Skipped == dirsync.SkippedLocked {
		s.Reason += "; " + standing(d.Person) + " there and not in Duo"
	}
}

// scopeOfAbsent does that for somebody who was not in the read: where is nil where that
// is not known.
func (e *explainer) scopeOfAbsent(d *dirsync.Decision, where *dirsync.Whereabouts) {
	s := &e.doc.Scope
	asked, dn := "", ""
	if d.Link != nil {
		asked = dirsync.FoldName(d.Link.Asked[dirsync.FieldUsername])
	}
	if where != nil {
		dn = where.DN
	}
	switch {
	case asked != "" && e.Rules.Exclude(asked, dn):
		s.At(explanation.LeftAlone, e.excludedBy(asked, dn))
	case where == nil:
	case where.Present:
		s.At(explanation.NotGiven, "")
	default:
		s.At(explanation.NotThere, "")
	}
}

// excludedBy gives the item of exclude_users that matches.
func (e *explainer) excludedBy(name, dn string) string {
	for _, item := range e.Config.Sync.Scope.ExcludeUsers {
		exclude, err := config.Exclusions([]string{item})
		if err == nil && exclude(name, dn) {
			return item
		}
	}
	return ""
}

// fields follows each field of a person through the mapping. What Duo holds is
// filled in later.
func (e *explainer) fields(d *dirsync.Decision) {
	if d.Person == nil {
		return
	}
	for _, t := range e.Rules.Trace(d.Person) {
		f := explanation.FieldStep{Field: t.Field, Before: explanation.ValueOf(""), After: explanation.FieldValues(t.Field, t.After), From: []string{}, Once: t.Once,
			Warnings: append([]string{}, t.Warnings...)}
		f.Before = explanation.Values{List: dirsync.IsList(t.Field), Items: t.Before}
		if t.Problem != "" {
			f.Warnings = append(f.Warnings, t.Problem)
		}
		for _, from := range t.From {
			f.From = append(f.From, from.String())
		}
		switch {
		case len(t.From) > 0:
		case t.Field == dirsync.FieldGroups:
			f.From = []string{"groups"}
		default:
			f.From = []string{"preset " + string(e.single(d.Person.Directory).LDAP.Preset)}
		}
		if d.Link != nil {
			if asked, ours := d.Link.Asked[t.Field]; ours {
				v := explanation.FieldValues(t.Field, asked)
				f.Asked = &v
			}
		}
		if e.hides(t.Field) {
			f.Before, f.After, f.Warnings = hide(f.Before), hide(f.After), []string{}
			if f.Asked != nil {
				*f.Asked = hide(*f.Asked)
			}
		}
		e.doc.Fields = append(e.doc.Fields, f)
	}
}
