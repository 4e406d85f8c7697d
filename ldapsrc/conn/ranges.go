package conn

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-ldap/ldap/v3"

	dirsync "duosync/sync"
)

// valueRange is an attribute of which a server sends a part of the values, as
// Active Directory does with more than 1500 (MS-ADTS, 3.1.1.3.1.3.3). It comes as
// name;range=first-last, counted from 0.
type valueRange struct {
	name  string // without the range
	first int
	last  int
	ends  bool // there are no values after these: range=first-*
}

// parseRange reads the name of an attribute that came. Without a range in it,
// ok is false; a range that can't be read is an error.
func parseRange(name string) (r valueRange, ok bool, err error) {
	if !strings.Contains(name, ";") {
		return valueRange{}, false, nil
	}
	parts := strings.Split(name, ";")
	kept := parts[:1]
	text := ""
	for _, option := range parts[1:] {
		if len(option) >= len("range=") && strings.EqualFold(option[:len("range=")], "range=") {
			text, ok = option[len("range="):], true
		} else {
			kept = append(kept, option)
		}
	}
	if !ok {
		return valueRange{}, false, nil
	}
	from, to, _ := strings.Cut(text, "-")
	r.name = strings.Join(kept, ";")
	r.first, err = index(from)
	if r.ends = to == "*"; err == nil && !r.ends {
		r.last, err = index(to)
	}
	if err != nil {
		return valueRange{}, true, fmt.Errorf("the range of values in %q can't be read", name)
	}
	return r, true, nil
}

func index(digits string) (int, error) {
	n, err := strconv.ParseUint(digits, 10, 31)
	return int(n), err //nolint:gosec // 31 bits
}

// Complete fetches the values of an entry that the server kept back, so that
// each attribute is there under its own name with all its values. Most entries
// need nothing.
//
// The parts are read one after another. Where values are taken away meanwhile,
// those behind them move up, and one of them may be missed.
func (c *Conn) Complete(ctx context.Context, entry *ldap.Entry) error {
	for i, a := range entry.Attributes {
		part, ok, err := parseRange(a.Name)
		if err == nil && ok {
			var values []string
			if values, err = c.allValues(ctx, entry, part, a.Values); err == nil {
				entry.Attributes[i] = &ldap.EntryAttribute{Name: part.name, Values: values}
			}
		}
		if err != nil {
			return fmt.Errorf("entry %q: %w", entry.DN, err)
		}
	}
	return nil
}

// allValues reads on from the first part of an attribute's values to their end.
// An answer that does not follow on from what is there is an error.
func (c *Conn) allValues(ctx context.Context, entry *ldap.Entry, part valueRange, values []string) ([]string, error) {
	for _, a := range entry.Attributes {
		if strings.EqualFold(a.Name, part.name) && len(a.Values) > 0 {
			return nil, broken("%s came both whole and in part", visible(part.name))
		}
	}
	if err := part.check(0, len(values)); err != nil {
		return nil, err
	}
	for !part.ends {
		asked := fmt.Sprintf("%s;range=%d-*", part.name, len(values))
		next, more, err := c.readRange(ctx, entry.DN, asked, part.name)
		if err != nil {
			return nil, err
		}
		if err := next.check(len(values), len(more)); err != nil {
			return nil, err
		}
		values, part = append(values, more...), next
	}
	return values, nil
}

// readRange asks for one part of an attribute's values.
func (c *Conn) readRange(ctx context.Context, dn, asked, name string) (valueRange, []string, error) {
	entry, err := c.Again(ctx, dn, asked)
	if err != nil {
		return valueRange{}, nil, err
	}
	for _, a := range entry.Attributes {
		part, ok, err := parseRange(a.Name)
		if err != nil {
			return valueRange{}, nil, err
		}
		if ok && strings.EqualFold(part.name, name) {
			return part, a.Values, nil
		}
	}
	return valueRange{}, nil, broken("the answer to %s lacks it", visible(asked))
}

// check reports whether n values that came under r are those from first on.
func (r valueRange) check(first, n int) error {
	switch {
	case r.first != first:
		return broken("the values of %s from %d on were expected, those from %d on came", visible(r.name), first, r.first)
	case n == 0:
		return broken("the values of %s from %d on came empty", visible(r.name), first)
	case !r.ends && r.last-r.first+1 != n:
		return broken("values %d to %d of %s were announced, %d came", r.first, r.last, visible(r.name), n)
	}
	return nil
}

// broken is an error about values that came in parts.
func broken(format string, args ...any) error {
	return dirsync.WithHint(fmt.Errorf(format, args...),
		"the entry may have been changed while it was read: run again. If it stays so, the server is out of order")
}
