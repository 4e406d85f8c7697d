package mapping

import (
	"fmt"
	"strings"

	dirsync "duosync/sync"
	"duosync/sync/phonenumber"
)

func (r *Rules) desireAliases(p *dirsync.Person, d *Desired) {
	if len(r.Aliases) == 0 {
		return
	}
	var aliases []string
	seen := map[string]bool{d.Name(): true}
	for _, from := range r.Aliases {
		values, err := from.Values(p)
		if err != nil {
			d.fault(dirsync.FieldAliases, err)
			return
		}
		for _, value := range values {
			alias, err := r.username(value)
			switch {
			case strings.TrimSpace(value) == "", err == nil && seen[dirsync.FoldName(alias)]:
				continue
			case err != nil:
				d.warn("an alias was left out: %v", err)
				continue
			case r.Protect[dirsync.FoldName(alias)]: // whoever has it could log in by it
				d.warn("the alias %s was left out: it is in sync.scope.protect", dirsync.Quote(alias))
				continue
			}
			seen[dirsync.FoldName(alias)] = true
			aliases = append(aliases, alias)
		}
	}
	if len(aliases) > dirsync.MaxAliases {
		d.warn("%d aliases were left out, for Duo holds %d: %s", len(aliases)-dirsync.MaxAliases, dirsync.MaxAliases, strings.Join(aliases[dirsync.MaxAliases:], ", "))
		aliases = aliases[:dirsync.MaxAliases]
	}
	d.Fields[dirsync.FieldAliases] = dirsync.ListOf(aliases)
}

func (r *Rules) desirePhones(p *dirsync.Person, d *Desired) {
	if len(r.Phones.From) == 0 {
		return
	}
	seen := map[string]bool{}
	texts := []string{}
	for _, from := range r.Phones.From {
		values, err := from.Number.Values(p)
		if err != nil {
			d.fault(dirsync.FieldPhones, err)
			d.Phones, d.UnreadPhones = nil, nil
			return
		}
		for _, value := range values {
			if strings.TrimSpace(dirsync.Visible(value)) == "" {
				continue
			}
			number, extension, err := phonenumber.Parse(value, r.Phones.Region)
			if err != nil {
				d.warn("a phone %v", err)
				d.UnreadPhones = append(d.UnreadPhones, fmt.Sprintf("a phone %v", err))
				continue
			}
			phone := Phone{Number: number, Extension: extension, Kind: from.Type}
			if text := phone.Text(); !seen[text] {
				seen[text] = true
				texts = append(texts, text)
				d.Phones = append(d.Phones, phone)
			}
		}
	}
	if r.Phones.Always {
		d.Fields[dirsync.FieldPhones] = dirsync.ListOf(texts)
	}
}

func (r *Rules) desireGroups(p *dirsync.Person, d *Desired) {
	if r.Groups.Mirror == nil {
		return
	}
	var names []string
	seen := map[string]bool{}
	for _, group := range p.Groups {
		if !r.Mirrors(p.Directory, group) {
			continue
		}
		if name, _ := r.MirrorOf(p.Directory, group); !seen[dirsync.FoldName(name)] {
			seen[dirsync.FoldName(name)] = true
			names = append(names, name)
		}
	}
	d.Fields[dirsync.FieldGroups] = dirsync.ListOf(names)
}
