package config

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"duosync/cmd/internal/config/strict"
	"duosync/ldapsrc/schema"
	dirsync "duosync/sync"
)

// Single is the configuration as it holds for one directory: its LDAP and Sync.Mapping are
// those of the directory, and Directories is empty.
type Single struct {
	Name string // "" for that of section ldap
	Config
	// OwnMapping: sync.mapping does not hold as it is.
	OwnMapping bool
}

// Each gives the configuration for each directory, in order of precedence: of the one of
// section ldap where there are no others.
func (c *Config) Each() []Single {
	if len(c.Directories) == 0 {
		return []Single{{Config: *c}}
	}
	all := make([]Single, len(c.Directories))
	for i := range c.Directories {
		d := &c.Directories[i]
		one := Single{Name: d.Name, Config: *c, OwnMapping: !reflect.DeepEqual(d.Mapping, c.Sync.Mapping)}
		one.Directories, one.LDAP, one.Sync.Mapping = nil, d.LDAP, d.Mapping
		all[i] = one
	}
	return all
}

// Names lists the names of the directories, in order of precedence; none where there is that
// of section ldap only.
func (c *Config) Names() []string {
	var names []string
	for i := range c.Directories {
		names = append(names, c.Directories[i].Name)
	}
	return names
}

const directoriesPath = "directories"

// leaves gives the path of every single value of the configuration, those of the directories
// included.
func (c *Config) leaves() []string {
	paths := allLeaves()
	for i := range c.Directories {
		paths = append(slices.Clip(paths), directoryLeaves(strict.Item(directoriesPath, i))...)
	}
	return paths
}

// directoryLeaves gives the paths below a directory.
func directoryLeaves(at string) []string {
	paths := strict.Leaves(reflect.TypeFor[Directory]())
	for i := range paths {
		paths[i] = strict.Join(at, paths[i])
	}
	return paths
}

// fillDirectories sets what the file left out of each directory: to the values of its preset,
// and of its mapping to those of sync.mapping.
func fillDirectories(doc *strict.Document, c *Config) {
	to, common := reflect.ValueOf(c).Elem(), reflect.ValueOf(c.Sync).FieldByName("Mapping")
	for i := range c.Directories {
		at := strict.Item(directoriesPath, i)
		if c.Directories[i].Preset == "" && !doc.Written(at+".preset") {
			c.Directories[i].Preset = schema.WSO2IS
		}
		p, known := presetOf(c.Directories[i].Preset)
		if !known {
			continue
		}
		usual := reflect.ValueOf(p.config.LDAP)
		for _, path := range strict.Leaves(reflect.TypeFor[LDAP]()) {
			if doc.Written(at+"."+path) || path == "preset" {
				continue
			}
			strict.Lookup(to, at+"."+path).Set(strict.Lookup(usual, path))
			if slices.Contains(p.keys, "ldap."+path) {
				doc.Supply(at+"."+path, "preset "+string(p.config.LDAP.Preset))
			}
		}
		for _, path := range strict.Leaves(reflect.TypeFor[Mapping]()) {
			leaf := at + ".mapping." + path
			if doc.Written(leaf) {
				continue
			}
			strict.Lookup(to, leaf).Set(strict.Lookup(common, path))
			doc.Supply(leaf, "sync.mapping")
		}
		if username := "sync.mapping.username"; !doc.Written(username) && !doc.Written(at+".mapping.username") {
			c.Directories[i].Mapping.Username = p.config.Sync.Mapping.Username
			doc.Supply(at+".mapping.username", "preset "+string(p.config.LDAP.Preset))
		}
	}
}

// validateDirectories checks each directory, and what holds between them.
func (v *validator) validateDirectories(c *Config) {
	if len(c.Directories) == 0 {
		v.validateLDAP("ldap", &c.LDAP)
		return
	}
	if v.Written("ldap") {
		v.Check("ldap", dirsync.WithHint(errors.New("is given beside directories"), "move its keys into an item of directories, with a name"))
	}
	for i := range c.Directories {
		at, d := strict.Item(directoriesPath, i), &c.Directories[i]
		v.validateName(at+".name", d.Name, c.Directories[:i])
		v.validateLDAP(at, &d.LDAP)
		v.validateMapping(at+".mapping", &d.Mapping)
		for j := range c.Directories[:i] {
			v.validateApart(at, &c.Directories[j], d)
		}
	}
}

func (v *validator) validateName(at, name string, before []Directory) {
	switch {
	case name == "":
		v.Check(at, dirsync.WithHint(errors.New("is missing"), "give the directory a name of a-z, 0-9 and hyphens, such as staff"))
	case !dirsync.ValidDirectory(name):
		v.Check(at, dirsync.WithHint(errors.New("must be of a-z, 0-9 and hyphens"), "such as staff or campus-2"))
	case slices.ContainsFunc(before, func(d Directory) bool { return d.Name == name }):
		v.Check(at, dirsync.WithHint(errors.New("is the name of two directories"), "give each a name of its own"))
	}
}

// validateApart refuses one directory under two names: each of its people would be there
// twice.
func (v *validator) validateApart(at string, a, b *Directory) {
	shared := func(x, y []string) bool {
		return slices.ContainsFunc(x, func(one string) bool {
			return slices.ContainsFunc(y, func(other string) bool { return strings.EqualFold(one, other) })
		})
	}
	if !shared(a.Users.Bases, b.Users.Bases) || a.Name == b.Name {
		return
	}
	if shared(a.URLs, b.URLs) && a.Users.Filter == b.Users.Filter {
		v.Check(at+".users.base_dns", dirsync.WithHint(fmt.Errorf("has a base that %s has, too, on the same server and with the same filter", a.Name),
			"remove one of the two, or tell their people apart by users.filter"))
		return
	}
	v.Warn("%s.users.base_dns: %s has the same base; where that is the same directory, its people are there twice, and those of %s count", at, a.Name, a.Name)
}
