package config

import (
	"errors"
	"reflect"
	"regexp"
	"strings"

	dirsync "duosync/sync"
)

// part is a section or key whose values other than the default are not built
// yet.
type part struct{ path, why string }

func unbuiltParts() []part {
	const (
		groups = "this version does not mirror groups"
		phones = "this version does not write phones"
		notify = "this version posts and mails nothing"
	)
	return []part{
		{"sync.mapping.aliases", "this version does not write aliases"},
		{"sync.mapping.phones", phones},
		{"sync.allow_bypass", "in this version the directory can never set bypass"},
		{"sync.normalize.phone_region", phones},
		{"sync.phones", phones},
		{"sync.groups", groups},
		{"sync.limits.max_group_loss", groups},
		{"enroll", "this version does not send enrollment mails"},
		{"notify.webhook_url", notify},
		{"notify.email", notify},
		{"notify.on", notify},
	}
}

func notBuilt(why, hint string) error {
	return dirsync.WithHint(errors.New("not built yet: "+why), hint)
}

// refuseUnbuilt reports values that this version would have to ignore. Defaults
// pass, the preset's and the plain ones.
func (r *reader) refuseUnbuilt(c *Config) {
	given, plain := reflect.ValueOf(c).Elem(), reflect.ValueOf(new(Default())).Elem()
	byPreset := plain
	if p, ok := presetOf(c.LDAP.Preset); ok {
		preset := Default()
		preset.LDAP = p.ldap
		byPreset = reflect.ValueOf(&preset).Elem()
	}
	for _, p := range unbuiltParts() {
		for _, path := range leavesBelow(p.path) {
			if !sameAt(path, given, plain) && !sameAt(path, given, byPreset) {
				r.check(path, notBuilt(p.why, "leave the key out, or write its default"))
			}
		}
	}
	r.refuseUnbuiltDSN(c.State.DSN.Reveal())
	r.refuseUnbuiltMapping(&c.Sync.Mapping)
	for _, name := range driftFieldsNotBuilt() {
		if word, ok := c.Sync.Drift.Fields[name]; ok && word != "enforce" {
			r.check("sync.drift."+name, notBuilt("this version does not write "+name, "leave the key out"))
		}
	}
}

func (r *reader) refuseUnbuiltDSN(dsn string) {
	scheme, _, _ := strings.Cut(strings.ToLower(dsn), "://")
	if scheme == "postgres" || scheme == "postgresql" {
		r.check("state.dsn", notBuilt("this version keeps its state in a SQLite file", "give the name of a file, such as duosync.db"))
	}
}

// attribute is an LDAP attribute description (RFC 4512, 2.5): a name or an OID,
// and options. Some servers allow an underscore in names, so it does.
var attribute = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9_-]*|[0-9]+(\.[0-9]+)+)(;[A-Za-z0-9-]+)*$`)

func (r *reader) refuseUnbuiltMapping(m *Mapping) {
	for _, f := range m.attributes() {
		if f.attribute != "" && !attribute.MatchString(f.attribute) {
			r.check("sync.mapping."+f.name, notBuilt("in this version a field takes the name of one LDAP attribute, no expression", ""))
		}
	}
	if m.Status != "" && m.Status != "preset" {
		r.check("sync.mapping.status", notBuilt("in this version the status comes from the preset",
			`write preset, or "" for a status that is not ours`))
	}
}

// mapped is a Duo field and the LDAP attribute that fills it.
type mapped struct{ name, attribute string }

func (m *Mapping) attributes() []mapped {
	return []mapped{
		{dirsync.FieldUsername, m.Username}, {dirsync.FieldRealname, m.Realname},
		{dirsync.FieldFirstname, m.Firstname}, {dirsync.FieldLastname, m.Lastname},
		{dirsync.FieldEmail, m.Email}, {dirsync.FieldNotes, m.Notes},
	}
}

// leavesBelow gives the key paths in the section at path, or path itself.
func leavesBelow(path string) []string {
	var paths []string
	for _, leaf := range allLeaves() {
		if leaf == path || strings.HasPrefix(leaf, path+".") {
			paths = append(paths, leaf)
		}
	}
	return paths
}

func sameAt(path string, a, b reflect.Value) bool {
	return reflect.DeepEqual(lookup(a, path).Interface(), lookup(b, path).Interface())
}
