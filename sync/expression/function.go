package expression

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	dirsync "duosync/sync"
)

// function is a function that expressions can call. Its arguments come in the
// form of what takes says: string, int or []string, and others as they are.
type function struct {
	name     string
	takes    []valueKind
	optional int  // how many of the last arguments may be left out
	more     bool // the last argument may be repeated
	gives    valueKind
	call     func(a []any) (any, error)
}

// functions lists all functions, apart from attr, in_group and now, which are
// resolved when the expression is read, from operators that are called, and from
// those that go through a list with a condition, which are the language's own.
func functions() []function {
	return append(timeFunctions(), []function{
		{name: "lower", takes: []valueKind{kindText}, gives: kindText, call: textOf(inCase(strings.ToLower))},
		{name: "upper", takes: []valueKind{kindText}, gives: kindText, call: textOf(inCase(strings.ToUpper))},
		{name: "trim", takes: []valueKind{kindText, kindText}, optional: 1, gives: kindText, call: callTrim},
		{name: "trimPrefix", takes: []valueKind{kindText, kindText}, gives: kindText, call: textsOf(strings.TrimPrefix)},
		{name: "trimSuffix", takes: []valueKind{kindText, kindText}, gives: kindText, call: textsOf(strings.TrimSuffix)},
		{name: "hasPrefix", takes: []valueKind{kindText, kindText}, gives: kindFlag, call: textsOf(strings.HasPrefix)},
		{name: "hasSuffix", takes: []valueKind{kindText, kindText}, gives: kindFlag, call: textsOf(strings.HasSuffix)},
		{name: "left", takes: []valueKind{kindText, kindNumber}, gives: kindText, call: callLeft},
		{name: "replace", takes: []valueKind{kindText, kindText, kindText, kindNumber}, optional: 1, gives: kindText, call: callReplace},
		{name: "split", takes: []valueKind{kindText, kindText, kindNumber}, optional: 1, gives: kindList, call: callSplit},
		{name: "strip_domain", takes: []valueKind{kindText}, gives: kindText, call: textOf(stripDomain)},
		{name: "domain", takes: []valueKind{kindText}, gives: kindText, call: textOf(domainOf)},
		{name: "toBase64", takes: []valueKind{kindText}, gives: kindText, call: textOf(toBase64)},
		{name: "string", takes: []valueKind{kindAny}, gives: kindText, call: callString},
		{name: "int", takes: []valueKind{kindAny}, gives: kindNumber, call: callInt},
		{name: "bitand", takes: []valueKind{kindNumber, kindNumber}, gives: kindNumber, call: callBitand},
		{name: "len", takes: []valueKind{kindEither}, gives: kindNumber, call: callLen},

		{name: "first", takes: []valueKind{kindList}, gives: kindText, call: listOf(func(items []string) any { return itemAt(items, 0) })},
		{name: "last", takes: []valueKind{kindList}, gives: kindText, call: listOf(func(items []string) any { return itemAt(items, -1) })},
		{name: "get", takes: []valueKind{kindList, kindNumber}, gives: kindText, call: callGet},
		{name: "take", takes: []valueKind{kindList, kindNumber}, gives: kindList, call: callTake},
		{name: "join", takes: []valueKind{kindList, kindText}, optional: 1, gives: kindText, call: callJoin},
		{name: "sort", takes: []valueKind{kindList, kindText}, optional: 1, gives: kindList, call: callSort},
		{name: "uniq", takes: []valueKind{kindList}, gives: kindList, call: listOf(func(items []string) any { return distinct(items) })},
		{name: "reverse", takes: []valueKind{kindList}, gives: kindList, call: listOf(reverse)},
		{name: "flatten", takes: []valueKind{kindList}, gives: kindList, call: listOf(func(items []string) any { return items })},
		{name: "values", takes: []valueKind{kindItems}, gives: kindList, call: listOf(func(items []string) any { return items })},
		{name: "concat", takes: []valueKind{kindItems}, more: true, gives: kindList, call: callConcat},
	}...)
}

// The most that a value may grow to, so that no entry and no expression fills the
// memory.
const (
	mostText  = 1 << 20 // bytes
	mostItems = 1 << 17
)

var (
	errTextTooLong = errors.New("the text grows beyond 1 MiB")
	errListTooLong = errors.New("the list grows beyond 131072 values")
)

func textOf(f func(string) string) func([]any) (any, error) {
	return func(a []any) (any, error) { return f(a[0].(string)), nil }
}

func textsOf[T any](f func(a, b string) T) func([]any) (any, error) {
	return func(a []any) (any, error) { return f(a[0].(string), a[1].(string)), nil }
}

func listOf(f func([]string) any) func([]any) (any, error) {
	return func(a []any) (any, error) { return f(a[0].([]string)), nil }
}

// inCase leaves a value that is not UTF-8 as it is, for what reads it to refuse:
// Go would put U+FFFD for each bad byte, and make text of it.
func inCase(f func(string) string) func(string) string {
	return func(s string) string {
		if !utf8.ValidString(s) {
			return s
		}
		return f(s)
	}
}

func callTrim(a []any) (any, error) {
	if len(a) == 2 {
		return strings.Trim(a[0].(string), a[1].(string)), nil
	}
	return strings.TrimSpace(a[0].(string)), nil
}

// callLeft gives the first n characters.
func callLeft(a []any) (any, error) {
	s, n := a[0].(string), a[1].(int)
	for i := range s {
		if n <= 0 {
			return s[:i], nil
		}
		n--
	}
	return s, nil
}

func callReplace(a []any) (any, error) {
	s, from, to, most := a[0].(string), a[1].(string), a[2].(string), -1
	if len(a) == 4 {
		most = a[3].(int)
	}
	n := strings.Count(s, from)
	if most >= 0 {
		n = min(n, most)
	}
	if len(to) > len(from) && n > (mostText-len(s))/(len(to)-len(from)) {
		return nil, errTextTooLong
	}
	return strings.Replace(s, from, to, most), nil
}

func callSplit(a []any) (any, error) {
	s, separator, most := a[0].(string), a[1].(string), -1
	if len(a) == 3 {
		most = a[2].(int)
	}
	if strings.Count(s, separator) >= mostItems {
		return nil, errListTooLong
	}
	return strings.SplitN(s, separator, most), nil
}

// stripDomain gives the user in DOMAIN\user or user@domain.
func stripDomain(s string) string {
	if _, user, ok := cutLast(s, `\`); ok {
		return user
	}
	user, _, _ := cutLast(s, "@")
	return user
}

// domainOf gives the domain in DOMAIN\user or user@domain, "" where there is none.
func domainOf(s string) string {
	if domain, _, ok := cutLast(s, `\`); ok {
		return domain
	}
	_, domain, _ := cutLast(s, "@")
	return domain
}

// cutLast cuts s around the last separator; without one, all of s is before it.
func cutLast(s, separator string) (before, after string, ok bool) {
	if i := strings.LastIndex(s, separator); i >= 0 {
		return s[:i], s[i+len(separator):], true
	}
	return s, "", false
}

func toBase64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func callString(a []any) (any, error) {
	if s, ok := scalarText(a[0]); ok {
		return s, nil
	}
	return nil, errors.New("string takes one value, no list: join(…) makes one value of a list")
}

func callInt(a []any) (any, error) {
	s, ok := scalarText(a[0])
	n, err := strconv.Atoi(strings.TrimSpace(s))
	if !ok || err != nil {
		return nil, fmt.Errorf("%s is no whole number", dirsync.Quote(s))
	}
	return n, nil
}

func callBitand(a []any) (any, error) { return a[0].(int) & a[1].(int), nil }

// callLen counts the values of a list or the characters of a text.
func callLen(a []any) (any, error) {
	if s, ok := scalarText(a[0]); ok {
		return len([]rune(s)), nil
	}
	items, err := appendItems(nil, a[0])
	return len(items), err
}

// itemAt gives the value at i, from the end where i is negative, "" where there is
// none.
func itemAt(items []string, i int) string {
	if i < 0 {
		i += len(items)
	}
	if i < 0 || i >= len(items) {
		return ""
	}
	return items[i]
}

func callGet(a []any) (any, error) { return itemAt(a[0].([]string), a[1].(int)), nil }

func callTake(a []any) (any, error) {
	items := a[0].([]string)
	return items[:min(max(a[1].(int), 0), len(items))], nil
}

func callJoin(a []any) (any, error) {
	items, separator := a[0].([]string), ""
	if len(a) == 2 {
		separator = a[1].(string)
	}
	size := 0
	for _, item := range items {
		if size += len(item) + len(separator); size > mostText {
			return nil, errTextTooLong
		}
	}
	return strings.Join(items, separator), nil
}

func callSort(a []any) (any, error) {
	items := slices.Clone(a[0].([]string))
	slices.Sort(items)
	switch {
	case len(a) == 1 || a[1] == "asc":
	case a[1] == "desc":
		slices.Reverse(items)
	default:
		return nil, fmt.Errorf(`sort knows the orders "asc" and "desc", not %s`, dirsync.Quote(a[1].(string)))
	}
	return items, nil
}

func reverse(items []string) any {
	items = slices.Clone(items)
	slices.Reverse(items)
	return items
}

func callConcat(a []any) (any, error) {
	var all []string
	for _, items := range a {
		if all = append(all, items.([]string)...); len(all) > mostItems {
			return nil, errListTooLong
		}
	}
	return all, nil
}

// cutFunction is what list[from:to] calls; a place below 0 counts from the end.
func cutFunction() function {
	return function{
		name: "[:]", takes: []valueKind{kindList, kindNumber, kindNumber}, optional: 1, gives: kindList,
		call: func(a []any) (any, error) {
			items := a[0].([]string)
			place := func(i int) int {
				if i < 0 {
					i += len(items)
				}
				return min(max(i, 0), len(items))
			}
			from, to := place(a[1].(int)), len(items)
			if len(a) == 3 {
				to = max(from, place(a[2].(int)))
			}
			return items[from:to], nil
		},
	}
}

// callPlus joins texts, and adds numbers and lengths of time.
func callPlus(a []any) (any, error) {
	switch l := a[0].(type) {
	case int:
		switch r := a[1].(type) {
		case int:
			return l + r, nil
		case float64:
			return float64(l) + r, nil
		}
	case float64:
		switch r := a[1].(type) {
		case int:
			return l + float64(r), nil
		case float64:
			return l + r, nil
		}
	}
	if sum, ok := plusTimes(a[0], a[1]); ok {
		return sum, nil
	}
	l, okL := scalarText(a[0])
	r, okR := scalarText(a[1])
	if !okL || !okR {
		return nil, errors.New("+ joins texts, no lists: concat(…) joins lists")
	}
	return l + r, nil
}
