package docs_test

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"duosync/cmd/internal/config"
	"duosync/duo/duosim"
)

// sections are the first words of keys of the configuration.
var sections = func() (all []string) {
	for f := range reflect.TypeFor[config.Config]().Fields() {
		all = append(all, f.Tag.Get("yaml"))
	}
	return all
}()

// TestKeys: each key of the configuration that a page names exists.
func TestKeys(t *testing.T) {
	known := map[string]bool{}
	for _, section := range sections {
		known[section] = true
	}
	keysOf(reflect.TypeFor[config.Config](), "", known)
	for field := range strings.FieldsSeq("username realname firstname lastname email notes status aliases phones groups") {
		known["sync.drift."+field] = true
	}
	for _, key := range []string{"calls", "retries", "expected_calls", "expected_seconds", "yaml"} { // of reports; a file
		known["duo."+key] = true
	}
	named := 0
	key := regexp.MustCompile(`^(` + strings.Join(sections, "|") + `)(\.[a-z_]+)+$`)
	for name, p := range readPages(t) {
		for _, l := range p.lines {
			for _, span := range spans(l.text) {
				span, _, _ = strings.Cut(span, ":")
				if !key.MatchString(span) {
					continue
				}
				named++
				if !known[span] {
					t.Errorf("%s:%d: there is no key %s", name, l.number, span)
				}
			}
		}
	}
	if named < 200 {
		t.Errorf("only %d keys were found", named)
	}
}

// keysOf notes the keys of a section and of those in it.
func keysOf(t reflect.Type, path string, known map[string]bool) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if f.Anonymous {
			keysOf(f.Type, path, known)
			continue
		}
		if name == "" {
			continue
		}
		name = strings.TrimPrefix(path+"."+name, ".")
		known[name], known[name+"_file"] = true, true
		inner := f.Type
		if inner.Kind() == reflect.Slice {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct && strings.HasSuffix(inner.PkgPath(), "/config") {
			keysOf(inner, name, known)
		}
	}
}

// TestExamples: each example in YAML is a configuration, or a part of one, that duosync
// takes; or faults that the simulator takes.
func TestExamples(t *testing.T) {
	configurations, faults := 0, 0
	for name, p := range readPages(t) {
		if name == "docs/configuration.md" { // the grammar, no example
			continue
		}
		for _, b := range p.blocks {
			if b.words[0] != "yaml" {
				continue
			}
			var keys map[string]yaml.Node
			if err := yaml.Unmarshal([]byte(b.text), &keys); err != nil {
				t.Errorf("%s:%d: %v", name, b.number, err)
				continue
			}
			if _, found := keys["faults"]; found {
				faults++
				file := filepath.Join(t.TempDir(), "faults.yaml")
				if err := os.WriteFile(file, []byte(b.text), 0o600); err != nil {
					t.Fatal(err)
				}
				if _, err := duosim.LoadFaults(file); err != nil {
					t.Errorf("%s:%d: %v", name, b.number, err)
				}
				continue
			}
			configurations++
			if _, err := parseExample(t, b.text, keys); err != nil {
				t.Errorf("%s:%d: %v\n%s", name, b.number, err, b.text)
			}
		}
	}
	if configurations < 25 || faults < 2 {
		t.Errorf("only %d configurations and %d files of faults were found", configurations, faults)
	}
}

// parseExample reads an example as a configuration, with what it leaves out.
func parseExample(t *testing.T, text string, keys map[string]yaml.Node) (*config.Loaded, error) {
	t.Helper()
	for key := range keys {
		if !slices.Contains(sections, key) { // a part of a section
			section := "sync:\n  mapping:\n"
			if _, found := reflect.TypeFor[config.Sync]().FieldByNameFunc(func(name string) bool { return strings.EqualFold(name, key) }); found && key != "mapping" && key != "phones" {
				section = "sync:\n"
			}
			text = section + indent(text, strings.Repeat(" ", strings.LastIndexByte(strings.TrimSuffix(section, "\n"), ' ')+1+2))
			keys = map[string]yaml.Node{"sync": {}}
			break
		}
	}
	dir := t.TempDir()
	for _, m := range regexp.MustCompile(`_file: (?:\$\{CREDENTIALS_DIRECTORY\}/)?([a-z/-]+)`).FindAllStringSubmatch(text, -1) {
		if path := filepath.Join(dir, m[1]); !filepath.IsAbs(m[1]) {
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte("a-secret-of-the-example"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	text = regexp.MustCompile(`webhook_url_file: /etc/.*`).ReplaceAllString(text, "webhook_url: https://hooks.example.org/a1b2")
	text = regexp.MustCompile(`smtp_url_file: /etc/.*`).ReplaceAllString(text, "smtp_url: smtp://mail.example.org:587")
	text = regexp.MustCompile(`secret_key_file: /etc/.*`).ReplaceAllString(text, "secret_key: Zh5eGmUq9zpfQnyUIu5OL9iWoMMv5ZNmk3zLJ4Ep")
	const host, keysOfDuo = "  host: api-1a2b3c4d.duosecurity.com\n", "  integration_key: DIWJ8X6AEYOR5OMC6TQ1\n  secret_key: Zh5eGmUq9zpfQnyUIu5OL9iWoMMv5ZNmk3zLJ4Ep\n"
	if _, found := keys["duo"]; !found {
		text += "\nduo:\n" + host + keysOfDuo
	} else if !strings.Contains(text, "\n  host:") {
		text = strings.Replace(text, "duo:\n", "duo:\n"+host+keysOfDuo, 1)
	}
	_, one := keys["ldap"]
	_, several := keys["directories"]
	if !one && !several {
		text += "\nldap: {groups: {base_dns: [\"ou=groups,dc=example,dc=org\"]}}\n"
	}
	return config.Parse(filepath.Join(dir, "config.yaml"), []byte(text), func(name string) (string, bool) {
		if name == "CREDENTIALS_DIRECTORY" {
			return dir, true
		}
		return "DIWJ8X6AEYOR5OMC6TQ1", true
	})
}

func indent(text, by string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		out.WriteString(by + line)
	}
	return out.String()
}
