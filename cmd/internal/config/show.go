package config

import (
	"bytes"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Show renders the effective configuration as YAML, each value with its origin
// as a comment. Secrets are hidden; everything else reads back as it is.
func Show(l *Loaded) []byte { return show(l, Secret.String) }

// show prints secrets by what secret makes of them.
func show(l *Loaded, secret func(Secret) string) []byte {
	p := printer{loaded: l, secret: secret}
	p.section("", reflect.ValueOf(l.Config), 0)
	return p.out.Bytes()
}

type printer struct {
	loaded *Loaded
	secret func(Secret) string
	out    bytes.Buffer
}

// commentColumn is where the origins begin, where the value leaves the room.
const commentColumn = 48

func (p *printer) section(path string, v reflect.Value, depth int) {
	indent := strings.Repeat("  ", depth)
	for _, f := range fieldsOf(v.Type()) {
		at := join(path, f.name)
		if isSection(f.typ) {
			fmt.Fprintf(&p.out, "%s%s:\n", indent, f.name)
			p.section(at, v.Field(f.index), depth+1)
			continue
		}
		line := indent + f.name + ": " + p.value(v.Field(f.index))
		fmt.Fprintf(&p.out, "%-*s # %s\n", commentColumn, line, p.loaded.source(at))
	}
}

// value gives v on one line.
func (p *printer) value(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case Secret:
		return p.text(p.secret(x))
	case Drift:
		if x.Fields == nil {
			return p.text(x.Otherwise)
		}
		return p.pairs(x.Fields)
	case map[string]string:
		return p.pairs(x)
	case time.Duration:
		return durationText(x)
	case fmt.Stringer: // Limit, Rate
		return x.String()
	case PhoneMapping:
		return p.pairs(map[string]string{"number": x.Number, "type": x.Type})
	case string:
		return p.text(x)
	}
	if v.Kind() == reflect.Slice {
		items := make([]string, v.Len())
		for i := range items {
			items[i] = p.value(v.Index(i))
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	return fmt.Sprint(v.Interface())
}

func (p *printer) pairs(m map[string]string) string {
	var items []string
	for _, key := range slices.Sorted(maps.Keys(m)) {
		items = append(items, quoteKey(key)+": "+p.text(m[key]))
	}
	return "{" + strings.Join(items, ", ") + "}"
}

// bareText is what YAML reads as text without quotes, anywhere; bareWord leaves
// out the words that it reads as something else.
var (
	bareText = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9_./:-]*[A-Za-z0-9_/]|[A-Za-z]|/[A-Za-z0-9_./-]*|<secret>)$`)
	notText  = regexp.MustCompile(`^(?i:true|false|yes|no|on|off|null|y|n|\.?inf|\.?nan)$`)
)

// text writes a string so that it reads back as the same string.
func (p *printer) text(s string) string {
	return quoteKey(unexpand(s))
}

func quoteKey(s string) string {
	if bareText.MatchString(s) && !notText.MatchString(s) {
		return s
	}
	return strconv.Quote(s) // all of Go's escapes are YAML's, too
}

// durationText is d as people write it: 1m, not 1m0s.
func durationText(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
