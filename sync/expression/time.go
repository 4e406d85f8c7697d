package expression

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/expr-lang/expr/ast"

	dirsync "duosync/sync"
	"duosync/sync/moment"
)

// A time is a time.Time, and a length of time a time.Duration: the language compares and
// subtracts them by itself.

// timeFunctions are those of functions that give times. now is resolved when the expression
// is read.
func timeFunctions() []function {
	return []function{
		{name: "time", takes: []valueKind{kindText, kindText}, optional: 1, gives: kindTime, call: callTime},
		{name: "duration", takes: []valueKind{kindText}, gives: kindSpan, call: func(a []any) (any, error) { return moment.ParseDuration(a[0].(string)) }},
	}
}

// younger are functions that came when attributes of these names could be in use already:
// such a name is a function only where it is called.
func younger() []string { return []string{"now", "time", "duration"} }

func callTime(a []any) (any, error) {
	form := moment.Any
	if len(a) == 2 {
		form = moment.Form(a[1].(string))
	}
	return moment.Read(a[0].(string), form)
}

var errNoTime = errors.New("it is not known what time it is")

// now makes a node the time as of which the person was read.
func (b *builder) now(node *ast.Node, n *ast.CallNode) {
	if len(n.Arguments) > 0 {
		b.fail(n, "now takes no arguments, not %d", len(n.Arguments))
		return
	}
	b.replaceFallible(node, "now", kindTime, func() (any, error) {
		if at := b.e.person.At; !at.IsZero() {
			return at, nil
		}
		return nil, errNoTime
	})
}

// timeOf makes time(attribute) the earliest of all its values, in the form that the
// attribute has. It reports whether that is what is called.
func (b *builder) timeOf(node *ast.Node, n *ast.CallNode) bool {
	if len(n.Arguments) == 0 || len(n.Arguments) > 2 {
		return false
	}
	form := moment.Any
	if len(n.Arguments) == 2 {
		text, ok := n.Arguments[1].(*ast.StringNode)
		if !ok {
			b.fail(n, `the form of a time is a word in quotes: %s`, formWords())
			return true
		}
		if form = moment.Form(text.Value); !slices.Contains(moment.Forms(), form) {
			b.fail(text, "there is no form %s of a time; there are %s", dirsync.Quote(text.Value), formWords())
			return true
		}
	}
	attribute, reads := b.reads[n.Arguments[0]]
	if !reads {
		return false
	}
	if form == moment.Any {
		form = moment.FormOf(attribute)
	}
	b.replaceFallible(node, fmt.Sprintf("time of %s as %s", attribute, form), kindTime, func() (any, error) {
		at, _, err := moment.Earliest(b.e.person.Attrs[attribute], form)
		return at, err
	})
	return true
}

func formWords() string {
	words := ""
	for i, form := range moment.Forms() {
		if i > 0 {
			words += ", "
		}
		words += `"` + string(form) + `"`
	}
	return words
}

// duration looks at a length of time that is known before any entry is.
func (b *builder) duration(n *ast.CallNode) {
	text, ok := stringAlone(n.Arguments)
	if !ok {
		return
	}
	if _, err := moment.ParseDuration(text); err != nil {
		b.fail(n.Arguments[0], "%v", err)
	}
}

// replaceFallible is replace with an f that can fail for a person.
func (b *builder) replaceFallible(node *ast.Node, name string, gives valueKind, f func() (any, error)) {
	b.define(name,
		func([]reflect.Type) (reflect.Type, error) { return gives.typeOf(), nil },
		func(...any) (any, error) { return f() })
	b.call(node, name)
}

// checkTimes is checkPlus for operands one of which is a time or a length of time. ok is
// false where none is.
func checkTimes(l, r valueKind) (sum reflect.Type, ok bool) {
	isTime := func(k valueKind) bool { return k == kindTime || k == kindSpan }
	switch {
	case l == kindTime && r == kindSpan, l == kindSpan && r == kindTime:
		return kindTime.typeOf(), true
	case l == kindSpan && r == kindSpan:
		return kindSpan.typeOf(), true
	case isTime(l) && r == kindAny, l == kindAny && isTime(r):
		return kindAny.typeOf(), true
	}
	return nil, false
}

// plusTimes adds a length of time. ok is false where that is not what is asked for.
func plusTimes(l, r any) (sum any, ok bool) {
	span, isSpan := r.(time.Duration)
	if !isSpan {
		l, r = r, l
		if span, isSpan = r.(time.Duration); !isSpan {
			return nil, false
		}
	}
	switch l := l.(type) {
	case time.Time:
		return l.Add(span), true
	case time.Duration:
		return addSpans(l, span), true
	}
	return nil, false
}

// addSpans adds two lengths of time; a sum that can't be counted is the longest that can.
func addSpans(a, b time.Duration) time.Duration {
	sum := a + b
	switch {
	case a > 0 && b > 0 && sum < 0:
		return 1<<63 - 1
	case a < 0 && b < 0 && sum >= 0:
		return -1 << 63
	}
	return sum
}

// timeText gives a time, or a length of it, as text: RFC 3339 in UTC, to the second, and ""
// for never.
func timeText(value any) (s string, ok bool) {
	switch v := value.(type) {
	case time.Time:
		if moment.IsNever(v) {
			return "", true
		}
		return v.UTC().Format(time.RFC3339), true
	case time.Duration:
		return v.String(), true
	}
	return "", false
}
