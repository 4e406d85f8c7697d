package strict

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

// Show renders a section as YAML, each value with its origin, which source gives by
// key path, as a comment. Secrets are what secret makes of them, by their key path;
// everything else reads back as it is. Keys for which leave holds are left out.
func Show(section any, source func(path string) string, secret func(path string, s Secret) string, leave func(path string) bool) []byte {
	p := printer{source: source, secret: secret, leave: leave}
	p.section("", reflect.ValueOf(section), 0)
	return p.out.Bytes()
}

// Text gives a value on one line, as a file would hold it.
func Text(v reflect.Value, secret func(Secret) string) string {
	p := printer{secret: func(_ string, s Secret) string { return secret(s) }}
	return p.value("", v)
}

type printer struct {
	source func(path string) string
	secret func(path string, s Secret) string
	leave  func(path string) bool
	out    bytes.Buffer
}

// commentColumn is where the origins begin, where the value leaves the room.
const commentColumn = 48

func (p *printer) section(path string, v reflect.Value, depth int) {
	indent := strings.Repeat("  ", depth)
	for _, k := range Keys(v.Type()) {
		at := Join(path, k.Name)
		if p.leave != nil && p.leave(at) {
			continue
		}
		if IsSection(k.Type) {
			fmt.Fprintf(&p.out, "%s%s:\n", indent, k.Name)
			p.section(at, v.FieldByIndex(k.Index), depth+1)
			continue
		}
		if list := v.FieldByIndex(k.Index); IsSections(k.Type) && list.Len() > 0 {
			fmt.Fprintf(&p.out, "%s%s:\n", indent, k.Name)
			for i := range list.Len() {
				p.item(Item(at, i), list.Index(i), depth+1)
			}
			continue
		}
		line := indent + k.Name + ": " + p.value(at, v.FieldByIndex(k.Index))
		fmt.Fprintf(&p.out, "%-*s # %s\n", commentColumn, line, p.source(at))
	}
}

// item writes a section that is an item of a list.
func (p *printer) item(path string, v reflect.Value, depth int) {
	inner := printer{source: p.source, secret: p.secret, leave: p.leave}
	inner.section(path, v, depth+1)
	indent := strings.Repeat("  ", depth)
	fmt.Fprintf(&p.out, "%s- %s", indent, strings.TrimPrefix(inner.out.String(), indent+"  "))
}

// value gives v, of a key path, on one line.
func (p *printer) value(path string, v reflect.Value) string {
	switch x := v.Interface().(type) {
	case Secret:
		return p.text(p.secret(path, x))
	case map[string]string:
		return p.pairs(x)
	case time.Duration:
		return DurationText(x)
	case OneOrMore:
		if len(x) == 1 {
			return p.text(x[0])
		}
	case fmt.Stringer:
		return x.String()
	case string:
		return p.text(x)
	}
	switch {
	case implements(v.Type(), typeChoice):
		own := reflect.New(v.Type())
		own.Elem().Set(v)
		otherwise, byName := own.Interface().(Choice).Chosen()
		if byName == nil {
			return p.text(otherwise)
		}
		return p.pairs(byName)
	case IsSection(v.Type()): // an item of a list
		var items []string
		for _, k := range Keys(v.Type()) {
			items = append(items, k.Name+": "+p.value(Join(path, k.Name), v.FieldByIndex(k.Index)))
		}
		return "{" + strings.Join(items, ", ") + "}"
	case v.Kind() == reflect.Slice:
		items := make([]string, v.Len())
		for i := range items {
			items[i] = p.value(Item(path, i), v.Index(i))
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

// DurationText is d as people write it: 1m, not 1m0s.
func DurationText(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
