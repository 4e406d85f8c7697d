package config

import (
	_ "embed"
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"duosync/cmd/internal/config/strict"
	"duosync/ldapsrc/schema"
	dirsync "duosync/sync"
)

// Start returns the text of [Example] for a kind of directory: what its preset fills in
// stands as a remark, and what it leaves open has a value of such a directory to start from.
func Start(preset string) ([]byte, error) {
	name := schema.Preset(preset)
	p, ok := presetOf(name)
	if !ok {
		hint := "Choose one of " + strings.Join(Presets(), ", ") + "."
		if near := dirsync.Nearest(preset, Presets()); near != "" {
			hint = "Did you mean " + near + "? " + hint
		}
		return nil, dirsync.WithHint(fmt.Errorf("there is no preset %s", dirsync.Quote(preset)), hint)
	}
	s := starter{preset: reflect.ValueOf(p.config), filled: map[string]bool{}, samples: samplesOf(name)}
	for _, path := range p.keys {
		value := strict.Lookup(s.preset, path)
		s.filled[path] = s.samples[path] == "" && (value.Kind() != reflect.Slice || value.Len() > 0)
	}
	lines := strings.SplitAfter(example, "\n")
	var out strings.Builder
	for at, line := range lines {
		out.WriteString(s.line(line, lines[at+1:]))
	}
	return []byte(out.String()), nil
}

// Presets lists the words that ldap.preset takes.
func Presets() []string { return schema.Preset("").Words() }

// samplesOf are values for the keys that a preset leaves open, and for the servers, which
// are hardly ever on the machine itself; as a file holds them.
func samplesOf(name schema.Preset) map[string]string {
	const bind = "ldap.bind_dn"
	samples := map[string]string{"ldap.preset": string(name)}
	if name == schema.WSO2IS {
		return samples // the example is about it
	}
	samples["ldap.urls"] = `["ldaps://ldap.example.org"]`
	samples[bind] = "cn=duosync,ou=services,dc=example,dc=org"
	samples["ldap.users.base_dns"] = `["ou=people,dc=example,dc=org"]`
	samples["ldap.groups.base_dns"] = `["ou=groups,dc=example,dc=org"]`
	switch name {
	case schema.ActiveDirectory:
		samples["ldap.urls"], samples[bind] = `["srv+ldaps://example.org"]`, "duosync@example.org"
		samples["ldap.users.base_dns"], samples["ldap.groups.base_dns"] = `["dc=example,dc=org"]`, `["dc=example,dc=org"]`
	case schema.FreeIPA:
		samples["ldap.urls"], samples[bind] = `["ldaps://ipa.example.org"]`, "uid=duosync,cn=sysaccounts,cn=etc,dc=example,dc=org"
		samples["ldap.users.base_dns"], samples["ldap.groups.base_dns"] = `["cn=users,cn=accounts,dc=example,dc=org"]`, `["cn=groups,cn=accounts,dc=example,dc=org"]`
	case schema.EDirectory:
		samples[bind] = "cn=duosync,ou=services,o=example"
		samples["ldap.users.base_dns"], samples["ldap.groups.base_dns"] = `["ou=people,o=example"]`, `["ou=groups,o=example"]`
	}
	return samples
}

// starter goes through the lines of the example.
type starter struct {
	preset  reflect.Value
	filled  map[string]bool   // by key path
	samples map[string]string // by key path
	within  []string          // the sections that the line is in
}

// keyLine is a line of the example that holds a key: its indent, name, value and remark.
var keyLine = regexp.MustCompile(`^( *)([a-z0-9_]+):(?: +(.*?))?( *# .*)?\n$`)

// line gives a line of the example as it is to be, before those that follow it.
func (s *starter) line(line string, following []string) string {
	m := keyLine.FindStringSubmatch(line)
	if m == nil {
		return line
	}
	indent, key, remark := m[1], m[2], strings.TrimLeft(m[4], " ")
	s.within = append(s.within[:len(indent)/2], key)
	path := strings.Join(s.within, ".")
	if path == "ldap.bind_dn" && s.samples[path] != "" {
		remark, _, _ = strings.Cut(remark, " It must see all users") // which is about WSO2's store
	}
	if path == "ldap.preset" {
		remark += ". What it fills in stands as a remark here"
	}
	switch {
	case s.samples[path] != "":
		return fmt.Sprintf("%s%-*s %s\n", indent, remarkColumn-len(indent), key+": "+s.samples[path], remark)
	case s.filled[path]:
		value := strict.Text(strict.Lookup(s.preset, path), Secret.String)
		return fmt.Sprintf("%s%-*s %s\n", indent, remarkColumn-len(indent), "# "+key+": "+value, remark)
	case m[3] == "" && s.empty(path, len(indent), following):
		return strings.TrimRight(fmt.Sprintf("%s%-*s %s", indent, remarkColumn-len(indent), "# "+key+":", remark), " ") + "\n"
	}
	return line
}

// remarkColumn is where the remarks of the example begin, where the value leaves the room.
const remarkColumn = 33

// empty reports whether every key of a section is filled in.
func (s *starter) empty(path string, indent int, following []string) bool {
	keys := 0
	for _, line := range following {
		m := keyLine.FindStringSubmatch(line)
		if m == nil || len(m[1]) <= indent {
			break
		}
		if !s.filled[path+"."+m[2]] {
			return false
		}
		keys++
	}
	return keys > 0
}

//go:embed example.yaml
var example string

// Example returns a commented configuration to start from: every key with its
// default, and the few that need a value. It is the same text as
// config.example.yaml, the one beside the sources.
func Example() []byte { return []byte(example) }
