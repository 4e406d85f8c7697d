package expression

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"time"
)

// valueKind is what a value is to those who write expressions.
type valueKind int

// The kinds. The last two are for arguments: items is a list, or one value for a
// list of one; either is a list or a text, whichever it is.
const (
	kindAny valueKind = iota // not known before an entry is there, or nil
	kindText
	kindNumber
	kindFlag // true or false
	kindList // of texts
	kindTime
	kindSpan // a length of time
	kindTable
	kindStrange // nothing that an expression can give or take
	kindItems
	kindEither
)

func (k valueKind) String() string {
	return [...]string{"any value", "text", "a number", "true or false", "a list", "a time", "a length of time", "a table", "no value", "a list or a value", "a list or text"}[k]
}

// wantsList reports whether an attribute in this place stands for all its values.
func (k valueKind) wantsList() bool { return k == kindList || k == kindItems || k == kindEither }

// takes reports whether an argument of kind a will do where k is wanted.
func (k valueKind) takes(a valueKind) bool {
	switch {
	case a == k, a == kindAny, k == kindAny && a != kindTable && a != kindStrange:
		return true
	case k == kindItems:
		return a == kindList || a == kindText || a == kindNumber
	case k == kindEither:
		return a == kindList || a == kindText
	}
	return false
}

// kindOf tells what values of a type are; nil is the type of nil.
func kindOf(t reflect.Type) valueKind {
	if t == nil {
		return kindAny
	}
	switch t {
	case kindTime.typeOf():
		return kindTime
	case kindSpan.typeOf():
		return kindSpan
	}
	switch t.Kind() {
	case reflect.Interface:
		return kindAny
	case reflect.String:
		return kindText
	case reflect.Int, reflect.Float64:
		return kindNumber
	case reflect.Bool:
		return kindFlag
	case reflect.Slice:
		return kindList
	case reflect.Map:
		return kindTable
	}
	return kindStrange
}

// typeOf is the type by which the checker knows a kind.
func (k valueKind) typeOf() reflect.Type {
	switch k {
	case kindText:
		return reflect.TypeFor[string]()
	case kindNumber:
		return reflect.TypeFor[int]()
	case kindFlag:
		return reflect.TypeFor[bool]()
	case kindList:
		return reflect.TypeFor[[]string]()
	case kindTime:
		return reflect.TypeFor[time.Time]()
	case kindSpan:
		return reflect.TypeFor[time.Duration]()
	}
	return reflect.TypeFor[any]()
}

// convert gives a value the form in which a function takes it: string, int or
// []string. ok is false when it is of another kind.
func (k valueKind) convert(value any) (converted any, ok bool, err error) {
	switch k {
	case kindText:
		if _, ok := value.(string); ok {
			return value, true, nil
		}
		s, ok := scalarText(value)
		return s, ok, nil
	case kindNumber:
		_, ok := value.(int)
		return value, ok, nil
	case kindList, kindItems:
		if _, ok := value.([]string); ok {
			return value, true, nil
		}
		all, err := appendItems(nil, value)
		return all, true, err
	}
	return value, true, nil
}

// scalarText gives a value as text; nil is "". ok is false for what is no single
// value.
func scalarText(value any) (s string, ok bool) {
	switch v := value.(type) {
	case nil:
		return "", true
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case int:
		return strconv.Itoa(v), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), !math.IsNaN(v) && !math.IsInf(v, 0)
	}
	return timeText(value)
}

// appendItems appends the texts that a value holds, one or a list. nil holds none.
func appendItems(all []string, value any) ([]string, error) {
	switch v := value.(type) {
	case nil:
		return all, nil
	case []string:
		if len(all)+len(v) > mostItems {
			return nil, errListTooLong
		}
		return append(all, v...), nil
	case []any:
		for _, item := range v {
			var err error
			if all, err = appendItems(all, item); err != nil {
				return nil, err
			}
		}
		return all, nil
	}
	s, ok := scalarText(value)
	switch {
	case ok && len(all) < mostItems:
		return append(all, s), nil
	case ok:
		return nil, errListTooLong
	case kindOf(reflect.TypeOf(value)) == kindNumber:
		return nil, errors.New("it gives no number that can be written; was it divided by zero?")
	}
	return nil, fmt.Errorf("it gives %v, where text or a list is wanted", kindOf(reflect.TypeOf(value)))
}
