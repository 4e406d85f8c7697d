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

// Start returns a configuration to start from for a kind of directory: live are the few keys
// that must be edited, which it names; all else stands as a remark with the value that is in
// force, the preset's own or the default. edit are those keys.
func Start(preset string) (text []byte, edit []string, err error) { return start(preset, false) }

// StartForUnits returns one as the units of a package need it: the secrets come from files in
// the folder CREDENTIALS_DIRECTORY, and the state is where they keep it.
func StartForUnits(preset string) (text []byte, edit []string, err error) { return start(preset, true) }

func start(preset string, units bool) (text []byte, edit []string, err error) {
	name := schema.Preset(preset)
	p, ok := presetOf(name)
	if !ok {
		hint := "Choose one of " + strings.Join(Presets(), ", ") + "."
		if near := dirsync.Nearest(preset, Presets()); near != "" {
			hint = "Did you mean " + near + "? " + hint
		}
		return nil, nil, dirsync.WithHint(fmt.Errorf("there is no preset %s", dirsync.Quote(preset)), hint)
	}
	s := starter{preset: reflect.ValueOf(p.config), filled: map[string]bool{}, samples: samplesOf(name), units: units}
	for _, path := range p.keys {
		value := strict.Lookup(s.preset, path)
		s.filled[path] = value.Kind() != reflect.Slice || value.Len() > 0
	}
	_, body, _ := strings.Cut(example, "\n\n") // its head is about all keys
	var out strings.Builder
	for line := range strings.Lines(body) {
		out.WriteString(s.line(line))
	}
	secrets := startFromEnvironment
	if units {
		secrets = startFromFiles
	}
	return []byte(startHead(name, s.edit, secrets) + "\n" + out.String()), s.edit, nil
}

// What a start says of its secrets.
const (
	startFromEnvironment = `# Secrets come from the environment: LDAP_PASSWORD, DUO_INTEGRATION_KEY, DUO_SECRET_KEY;
# or from files: write the key with _file at its end, such as secret_key_file: /run/secrets/duo.`
	startFromFiles = `# Secrets come from files in /etc/duosync/credentials, ldap-password and duo-secret-key. The units
# hand them over; by hand, run duosync as the account duosync with CREDENTIALS_DIRECTORY set to that
# folder. For another kind of directory: duosync config init --units --preset NAME FILE`
)

// startHead says what is to be done with a start.
func startHead(name schema.Preset, edit []string, secrets string) string {
	return fmt.Sprintf(`# Configuration of duosync, for a directory of the kind %s.
#
# To be edited, each marked (1): %s.
# And ldap.ca_file, where the directory's certificate is of an authority of your own.
%s
#
# Live are also the preset and state.dsn. Every other key stands as a remark with the value that
# is in force, which the preset fills in or is the default. To change one, uncomment its line.
# ${NAME} in a value is the environment variable NAME; $${ stands for the two characters
# themselves. Between brackets and braces, ${NAME} needs quotes. A relative path starts at the
# folder of this file. Durations: 30s, 15m, 720h, 30d. Try it: `+"`duosync check`"+`.
#
# "not in this version" marks keys that take nothing but their default yet.
`, name, strings.Join(edit, ", "), secrets)
}

// Presets lists the words that ldap.preset takes.
func Presets() []string { return schema.Preset("").Words() }

// What a start leaves to be edited, but for what a preset has of its own.
const (
	startBind    = "ldap.bind_dn"
	startPreset  = "ldap.preset"
	startURLs    = "ldap.urls"
	startBases   = "ldap.users.base_dns"
	startHost    = "duo.host"
	startLDAP    = "ldap.bind_password"
	startDuoKey  = "duo.integration_key"
	startDuoPass = "duo.secret_key"
	startState   = "state.dsn" // by it a state is found whatever else is wrong with the file
)

// samplesOf are values for the keys that a preset leaves open, and for the servers, which
// are hardly ever on the machine itself; as a file holds them.
func samplesOf(name schema.Preset) map[string]string {
	const bind = startBind
	samples := map[string]string{startPreset: string(name)}
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
	units   bool              // see StartForUnits
	within  []string          // the sections that the line is in
	edit    []string          // what is to be edited, as far as it was seen
}

// keyLine is a line of the example that holds a key: its indent, name, value and remark.
var keyLine = regexp.MustCompile(`^( *)([a-z0-9_]+):(?: +(.*?))?( *# .*)?\n$`)

// line gives a line of the example as it is to be.
func (s *starter) line(line string) string {
	m := keyLine.FindStringSubmatch(line)
	if m == nil {
		return line
	}
	indent, key, value, remark := m[1], m[2], m[3], strings.TrimLeft(m[4], " ")
	s.within = append(s.within[:len(indent)/2], key)
	path := strings.Join(s.within, ".")
	if value == "" {
		return line // the heading of a section: an empty one is as none
	}
	switch sample := s.samples[path]; {
	case sample != "":
		value = sample
	case s.filled[path]:
		value = strict.Text(strict.Lookup(s.preset, path), Secret.String)
	}
	switch path {
	case startURLs, startBases, startBind, startHost:
		if path == startBases && s.filled[path] {
			return startLine(indent+"# ", key, value, strings.TrimPrefix(remark, "# (1) "))
		}
		s.edit = append(s.edit, path)
		if path == startBind && s.samples[path] != "" {
			remark, _, _ = strings.Cut(remark, "; default: empty. It must see all users") // which is about WSO2's store
		}
		return startLine(indent, key, value, remark)
	case startPreset:
		return startLine(indent, key, value, remark+". What it fills in stands as a remark here")
	case startLDAP, startDuoKey, startDuoPass, startState:
		if s.units {
			return s.unitLine(indent, key, path, remark)
		}
		return startLine(indent, key, value, strings.Replace(remark, "(1) ", "", 1))
	}
	if s.samples[path] != "" {
		remark += "; needed there" // where groups are asked for
	}
	return startLine(indent+"# ", key, value, remark)
}

// unitLine gives a line of what the units supply, and of the key that stands in the
// configuration where no environment has it.
func (s *starter) unitLine(indent, key, path, remark string) string {
	switch path {
	case startLDAP:
		return startLine(indent, strict.Twin(key), "${CREDENTIALS_DIRECTORY}/ldap-password", "# its password")
	case startDuoPass:
		return startLine(indent, strict.Twin(key), "${CREDENTIALS_DIRECTORY}/duo-secret-key", "")
	case startDuoKey:
		s.edit = append(s.edit, path)
		return startLine(indent, key, "DIXXXXXXXXXXXXXXXXXX", "# (1) Integration key. No default")
	default:
		return startLine(indent, key, "/var/lib/duosync/duosync.db", remark)
	}
}

// remarkColumn is where the remarks of the example begin, where the value leaves the room.
const remarkColumn = 33

func startLine(before, key, value, remark string) string {
	if remark != "" && !strings.HasPrefix(remark, "# ") {
		remark = "# " + remark
	}
	return strings.TrimRight(fmt.Sprintf("%-*s %s", remarkColumn, before+key+": "+value, remark), " ") + "\n"
}

//go:embed example.yaml
var example string

// Example returns a commented configuration with every key and its default, and the few
// that need a value. It is the same text as
// config.example.yaml, the one beside the sources.
func Example() []byte { return []byte(example) }
