package strict

import (
	"encoding"
	"errors"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	dirsync "duosync/sync"
)

// text gives a scalar's text with its variables replaced. typed tells whether
// the text came, in part, out of the environment, and so has no YAML type.
func (r *reader) text(path string, n *yaml.Node) (text string, typed, ok bool) {
	if n.Kind != yaml.ScalarNode {
		r.reportAt(path, n.Line, n.Column, "must be one value, not "+kindOf(n), "")
		return "", false, false
	}
	text, names, errs := expand(n.Value, r.opts.Env)
	for _, err := range errs {
		r.report(path, err)
	}
	if len(names) > 0 {
		r.marks[path] = mark{line: n.Line, column: n.Column, foreign: true}
		r.origins[path] = "env " + strings.Join(names, ", ")
	}
	return text, len(names) == 0, len(errs) == 0
}

// scalar reads one value into v. It never tells the value in a problem: that
// may be a secret in a wrong place.
func (r *reader) scalar(path string, n *yaml.Node, v reflect.Value, k Key) {
	text, typed, ok := r.text(path, n)
	if !ok {
		return
	}
	if err := checkSeen(text, typed && n.Style&yaml.DoubleQuotedStyle != 0); err != nil && k.Type != typeSecret {
		r.report(path, err)
		return
	}
	read := reflect.New(v.Type()).Elem()
	if err := set(read, text, n.Tag, typed); err != nil {
		r.report(path, err)
		return
	}
	if k.Words != nil && !slices.Contains(k.Words, fmt.Sprint(read.Interface())) {
		hint := ""
		if near := dirsync.Nearest(text, k.Words); near != "" {
			hint = "did you mean " + near + "?"
		}
		r.report(path, dirsync.WithHint(errors.New("must be "+oneOf(k.Words)), hint))
		return
	}
	if k.Is == isPath {
		read.SetString(r.Absolute(text))
	}
	v.Set(read)
	if form := r.opts.Forms[k.Is]; form != nil && text != "" {
		r.mistaken(path, n, text, form(text))
	}
	if k.Type == typeSecret {
		r.doubtSecret(path, text)
	}
	if k.Type == typeSecret && typed && r.opts.Secretive(path, text) {
		r.plain = true
	}
}

// mistaken reports what is wrong with a text, at its very character where that stands in
// the file as it is.
func (r *reader) mistaken(path string, n *yaml.Node, text string, m *Mistake) {
	if m == nil {
		return
	}
	column, msg := n.Column, m.What
	if m.Character > 0 && text == n.Value {
		column = r.columnOf(n, m.Character)
	}
	if !r.Foreign(path) {
		msg += ": " + m.Reason
	}
	r.reportAt(path, n.Line, column, msg, m.Hint)
}

// set parses text by v's type. tag is the type that YAML sees in it, which
// counts only where typed is set.
func set(v reflect.Value, text, tag string, typed bool) error {
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(text))
	}
	switch {
	case v.Type() == typeDuration:
		d, err := ParseDuration(text)
		if err != nil {
			return err
		}
		v.SetInt(int64(d))
	case v.Type() == typeSecret || v.Kind() == reflect.String:
		if typed && (tag == "!!int" || tag == "!!float" || tag == "!!bool") {
			return dirsync.WithHint(errors.New("must be text, not a number or true or false"), "put it in quotes")
		}
		if v.Type() == typeSecret {
			if text == hidden {
				return dirsync.WithHint(errors.New("is what `config show` prints in place of a secret"), "write the secret itself")
			}
			if err := checkSecret(text); err != nil {
				return err
			}
			v.Set(reflect.ValueOf(NewSecret(text)))
		} else {
			v.SetString(text)
		}
	case v.Kind() == reflect.Bool:
		yes := strings.EqualFold(text, "true")
		if typed && tag != "!!bool" || !yes && !strings.EqualFold(text, "false") {
			return dirsync.WithHint(errors.New("must be true or false"), "without quotes")
		}
		v.SetBool(yes)
	case v.Kind() == reflect.Int:
		i, err := parseInt(text)
		if typed && tag != "!!int" || err != nil {
			return dirsync.WithHint(errors.New("must be a whole number"), "digits only, without quotes")
		}
		v.SetInt(int64(i))
	default:
		return fmt.Errorf("has the unsupported type %s", v.Type())
	}
	return nil
}

// days begin a duration.
var days = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?)d(.*)$`)

// mostDays is what a duration has at most, in days.
const mostDays = int(math.MaxInt64 / (24 * time.Hour))

// ParseDuration reads a duration as [time.ParseDuration] does, and with days, of 24 hours,
// before all else: 30d, 1d12h.
func ParseDuration(text string) (time.Duration, error) {
	const example = "such as 30s, 15m, 720h or 30d"
	rest, whole := text, time.Duration(0)
	m := days.FindStringSubmatch(text)
	if m != nil {
		n, err := strconv.ParseFloat(m[1], 64)
		if err != nil || n >= float64(mostDays) {
			return 0, dirsync.WithHint(fmt.Errorf("must be a duration of fewer than %d days", mostDays), example)
		}
		whole = time.Duration(n * 24 * float64(time.Hour))
		if rest = m[2]; rest == "" {
			return whole, nil
		}
	}
	d, err := time.ParseDuration(rest)
	if err == nil && (m == nil || d >= 0 && whole+d >= whole) {
		return whole + d, nil
	}
	hint := example
	if _, err := parseInt(text); err == nil {
		hint = "it needs a unit, " + hint
	}
	return 0, dirsync.WithHint(errors.New("must be a duration"), hint)
}

// parseInt reads a whole decimal number. It refuses what YAML reads in more
// than one way, such as 010 and 1_000.
func parseInt(text string) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || strconv.Itoa(n) != text {
		return 0, errors.New("is not a whole number")
	}
	return n, nil
}
