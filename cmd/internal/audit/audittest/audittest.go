// Package audittest reads an audit file as a stranger does: it holds every line to the schema of
// OCSF, by an excerpt of it that was compiled from the schema's own files, and every number to
// the one before it. It shares no code with what writes the lines.
package audittest

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"time"
	"unicode"
)

//go:embed ocsf-1.8.0.json
var excerpt []byte

// schema is the excerpt: event classes, objects, and plain types.
type schema struct {
	Version string               `json:"version"`
	Classes map[string]structure `json:"classes"`
	Objects map[string]structure `json:"objects"`
	Types   map[string]struct {
		Type  string `json:"type"`
		Regex string `json:"regex"`
	} `json:"types"`
}

type structure struct {
	Caption      string               `json:"caption"`
	CategoryUID  float64              `json:"category_uid"`
	CategoryName string               `json:"category_name"`
	Attributes   map[string]attribute `json:"attributes"`
	Constraints  struct {
		AtLeastOne []string `json:"at_least_one"`
	} `json:"constraints"`
}

type attribute struct {
	Requirement string            `json:"requirement"`
	Type        string            `json:"type"`
	Array       bool              `json:"array"`
	Enum        map[string]string `json:"enum"`
	Sibling     string            `json:"sibling"`
	Deprecated  bool              `json:"deprecated"`
}

// Event gives what is wrong with a line that is to be an event, by the schema; nothing where
// it is one.
func Event(line []byte) (wrong []string) {
	var s schema
	if err := json.Unmarshal(excerpt, &s); err != nil {
		return []string{err.Error()}
	}
	var event map[string]any
	if err := json.Unmarshal(line, &event); err != nil {
		return []string{err.Error()}
	}
	number := func(key string) float64 { n, _ := event[key].(float64); return n }
	class, known := s.Classes[fmt.Sprint(number("class_uid"))]
	if !known {
		return []string{fmt.Sprintf("the class %v is none", event["class_uid"])}
	}
	v := &validation{schema: &s}
	// What the base class leaves open, the class itself fixes.
	for key, value := range map[string]any{"class_name": class.Caption, "category_uid": class.CategoryUID, "category_name": class.CategoryName} {
		if event[key] != value {
			v.say("%s is %v, want %v", key, event[key], value)
		}
	}
	if number("type_uid") != number("class_uid")*100+number("activity_id") {
		v.say("type_uid is %v for the activity %v", event["type_uid"], event["activity_id"])
	}
	fixed := maps.Clone(class.Attributes)
	for _, key := range []string{"class_uid", "category_uid"} {
		a := fixed[key]
		a.Enum, a.Sibling = nil, ""
		fixed[key] = a
	}
	activity := fixed["activity_id"]
	activity.Sibling = "activity_name"
	fixed["activity_id"] = activity
	class.Attributes = fixed
	v.object("", class, event)
	if m, ok := event["metadata"].(map[string]any); !ok || m["version"] != s.Version {
		v.say("metadata.version is not %s", s.Version)
	}
	if at := number("time"); at < 1e12 || at > 1e14 {
		v.say("time is %v, which is no time of now in milliseconds", event["time"])
	}
	return v.wrong
}

type validation struct {
	schema *schema
	wrong  []string
}

func (v *validation) say(format string, args ...any) {
	v.wrong = append(v.wrong, fmt.Sprintf(format, args...))
}

func (v *validation) object(path string, s structure, value map[string]any) {
	for _, key := range slices.Sorted(maps.Keys(s.Attributes)) {
		if _, there := value[key]; s.Attributes[key].Requirement == "required" && !there {
			v.say("%s%s is required", path, key)
		}
	}
	if one := s.Constraints.AtLeastOne; len(one) > 0 && !slices.ContainsFunc(one, func(key string) bool { _, there := value[key]; return there }) {
		v.say("%s has none of %v", path, one)
	}
	for _, key := range slices.Sorted(maps.Keys(value)) {
		a, known := s.Attributes[key]
		switch {
		case !known:
			v.say("%s%s is no attribute", path, key)
		case a.Deprecated:
			v.say("%s%s is deprecated", path, key)
		default:
			v.attribute(path+key, a, value[key], value)
		}
	}
}

func (v *validation) attribute(path string, a attribute, value any, beside map[string]any) {
	if a.Array {
		items, ok := value.([]any)
		if !ok {
			v.say("%s is no list", path)
		}
		a.Array = false
		for _, item := range items {
			v.attribute(path+"[]", a, item, beside)
		}
		return
	}
	if len(a.Enum) > 0 {
		n, ok := value.(float64)
		caption, known := a.Enum[strconv.FormatFloat(n, 'f', -1, 64)]
		if !ok || !known {
			v.say("%s: %v is none of %v", path, value, a.Enum)
		}
		if label, there := beside[a.Sibling]; a.Sibling != "" && n != 99 && there && label != caption {
			v.say("%s: %s is %v, want %s", path, a.Sibling, label, caption)
		}
		if label, _ := beside[a.Sibling].(string); n == 99 && label == "" {
			v.say("%s is 99, and %s does not say what", path, a.Sibling)
		}
	}
	if within, is := v.schema.Objects[a.Type]; is {
		object, ok := value.(map[string]any)
		if !ok {
			v.say("%s is no object", path)
		}
		v.object(path+".", within, object)
		return
	}
	v.plain(path, a.Type, value)
}

func (v *validation) plain(path, kind string, value any) {
	t, known := v.schema.Types[kind]
	base := kind
	if known && t.Type != "" {
		base = t.Type
	}
	switch base {
	case "string_t":
		text, ok := value.(string)
		if !ok || text == "" {
			v.say("%s is no text", path)
		}
		if t.Regex != "" && !regexp.MustCompile(t.Regex).MatchString(text) {
			v.say("%s is no %s: %q", path, kind, text)
		}
	case "integer_t", "long_t":
		if n, ok := value.(float64); !ok || n != math.Trunc(n) {
			v.say("%s is no whole number", path)
		}
	case "boolean_t":
		if _, ok := value.(bool); !ok {
			v.say("%s is neither true nor false", path)
		}
	case "object", "json_t": // anything
	default:
		v.say("%s: the excerpt of the schema has no %s", path, kind)
	}
}

// Line is a line of an audit file, in either format.
type Line struct {
	Number  int64
	Time    int64 // in milliseconds
	Text    string
	Action  string
	Result  string
	By, Run string
	User    string // name
	UserID  string
	Group   string
	Changes []struct {
		Field         string `json:"field"`
		Before, After any
	}
}

// Read reads an audit file, each number once, and gives what is wrong with it: a line that is
// none, a character that is not seen, a number that is left out or stands for two things, and in
// the format ocsf what is no event.
func Read(ocsf bool, paths ...string) (lines []Line, wrong []string) {
	say := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	byNumber := map[int64]Line{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, []string{err.Error()}
		}
		if len(data) > 0 && data[len(data)-1] != '\n' {
			say("%s ends within a line", path)
		}
		for text := range bytes.Lines(data) {
			text = bytes.TrimSuffix(text, []byte("\n"))
			l, err := lineOf(ocsf, text)
			if err != nil {
				say("%v: %s", err, text)
				continue
			}
			if bytes.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
				say("a character that is not seen: %q", text)
			}
			if ocsf {
				for _, what := range Event(text) {
					say("line %d: %s", l.Number, what)
				}
			}
			if before, again := byNumber[l.Number]; again && before.Text != l.Text {
				say("the number %d stands for two things:\n%s\n%s", l.Number, before.Text, l.Text)
			}
			byNumber[l.Number] = l
		}
	}
	for _, number := range slices.Sorted(maps.Keys(byNumber)) {
		if number != int64(len(lines)+1) {
			say("the number after %d is %d", len(lines), number)
			return lines, wrong
		}
		if n := len(lines); n > 0 && byNumber[number].Time < lines[n-1].Time {
			say("the time of number %d is before that of the one before it", number)
		}
		lines = append(lines, byNumber[number])
	}
	return lines, wrong
}

func lineOf(ocsf bool, text []byte) (l Line, err error) {
	l.Text = string(text)
	if !ocsf {
		var p struct {
			Number                              int64
			Time                                time.Time
			Action, Result, By, Username, Group string
			RunID                               string `json:"run_id"`
			User                                string `json:"duo_user_id"`
			Changes                             []struct {
				Field         string `json:"field"`
				Before, After any
			}
		}
		err = json.Unmarshal(text, &p)
		l.Time = p.Time.UnixMilli()
		l.Number, l.Action, l.Result, l.By, l.Run, l.User, l.UserID, l.Group, l.Changes = p.Number, p.Action, p.Result, p.By, p.RunID, p.Username, p.User, p.Group, p.Changes
		return l, err
	}
	type named struct{ Name, UID string }
	var e struct {
		Time     int64
		Metadata struct {
			Sequence int64
			Run      string `json:"correlation_uid"`
		}
		Actor       struct{ User named }
		User, Group named
		Entity      struct{ User named }
		Unmapped    struct {
			Action, Result string
			Changes        []struct {
				Field         string `json:"field"`
				Before, After any
			}
		}
	}
	err = json.Unmarshal(text, &e)
	l.Time = e.Time
	l.Number, l.Action, l.Result, l.By, l.Run = e.Metadata.Sequence, e.Unmapped.Action, e.Unmapped.Result, e.Actor.User.Name, e.Metadata.Run
	if e.User == (named{}) {
		e.User = e.Entity.User
	}
	l.User, l.UserID, l.Group, l.Changes = e.User.Name, e.User.UID, e.Group.Name, e.Unmapped.Changes
	return l, err
}
