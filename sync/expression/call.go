package expression

import (
	"fmt"
	"reflect"
)

// check tells the type of what the function gives for arguments of some types, or
// what is wrong with them.
func (f function) check(args []reflect.Type) (reflect.Type, error) {
	if err := f.checkCount(len(args)); err != nil {
		return nil, err
	}
	for i, arg := range args {
		if wants, got := f.wants(i), kindOf(arg); !wants.takes(got) {
			return nil, f.refuse(i, wants, got)
		}
	}
	return f.gives.typeOf(), nil
}

// run calls the function, with arguments in the form in which it takes them.
func (f function) run(args ...any) (any, error) {
	for i, arg := range args {
		wants := f.wants(i)
		value, ok, err := wants.convert(arg)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, f.refuse(i, wants, kindOf(reflect.TypeOf(arg)))
		}
		args[i] = value
	}
	return limited(f.call(args))
}

// wants is the kind of the ith argument.
func (f function) wants(i int) valueKind { return f.takes[min(i, len(f.takes)-1)] }

func (f function) checkCount(n int) error {
	most := len(f.takes)
	least := most - f.optional
	switch {
	case f.more && n < least:
		return fmt.Errorf("%s takes at least %d argument, not %d", f.name, least, n)
	case n >= least && (n <= most || f.more):
		return nil
	case least < most:
		return fmt.Errorf("%s takes %d or %d arguments, not %d", f.name, least, most, n)
	case most == 1:
		return fmt.Errorf("%s takes one argument, not %d", f.name, n)
	}
	return fmt.Errorf("%s takes %d arguments, not %d", f.name, most, n)
}

func (f function) refuse(i int, wants, got valueKind) error {
	which := "the argument"
	if len(f.takes) > 1 {
		which = fmt.Sprintf("argument %d", i+1)
	}
	advice := ""
	switch {
	case wants == kindText && got == kindList:
		advice = "; first(…) or join(…) make text of a list"
	case wants == kindList && got == kindText:
		advice = "; values(…) makes a list of it"
	case wants == kindText && (got == kindNumber || got == kindTime || got == kindSpan):
		advice = "; string(…) makes text of it"
	case wants == kindNumber && got == kindText:
		advice = "; int(…) makes a number of it"
	}
	return fmt.Errorf("%s of %s must be %v, not %v%s", which, f.name, wants, got, advice)
}

func limited(value any, err error) (any, error) {
	if s, ok := value.(string); ok && len(s) > mostText {
		return nil, errTextTooLong
	}
	return value, err
}

// checkPlus is the check of what + calls.
func checkPlus(args []reflect.Type) (reflect.Type, error) {
	l, r := kindOf(args[0]), kindOf(args[1])
	if sum, ok := checkTimes(l, r); ok {
		return sum, nil
	}
	switch {
	case l == kindNumber && r == kindNumber && args[0] == args[1]:
		return args[0], nil
	case l == kindNumber && r == kindNumber:
		return reflect.TypeFor[float64](), nil
	case kindText.takes(l) && kindText.takes(r) && (l == kindText || r == kindText):
		return kindText.typeOf(), nil
	case kindNumber.takes(l) && kindNumber.takes(r):
		return kindAny.typeOf(), nil
	}
	return nil, fmt.Errorf("+ joins two texts or adds two numbers, and here are %v and %v", l, r)
}
