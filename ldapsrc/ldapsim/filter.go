package ldapsim

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// filter tells whether an entry matches. An attribute that an entry lacks does
// not match, so its negation does.
type filter func(*entry) truth

// truth is what a filter says of an entry (RFC 4511, 4.5.1.7): only what is true
// matches, and the negation of what is undefined is undefined.
type truth int

const (
	isFalse   truth = -1
	undefined truth = 0
	isTrue    truth = 1
)

func truthOf(holds bool) truth {
	if holds {
		return isTrue
	}
	return isFalse
}

var errFilter = errors.New("malformed filter")

// maxFilterDepth bounds nesting, which is recursion here.
const maxFilterDepth = 50

// compiler makes filters of their encoding (RFC 4511, 4.5.1.7).
type compiler struct {
	blind        string            // see Faults.BlindFilter
	unsearchable map[string]string // see Faults.Unsearchable
	tree         *tree             // whose DNs are compared
}

// known makes of a filter about an attribute one that says nothing of entries where the
// attribute may not be searched.
func (c compiler) known(name string, match filter) filter {
	for attribute, dn := range c.unsearchable {
		below, _, err := c.tree.parseDN(dn)
		if err != nil || !strings.EqualFold(plainName(name), attribute) {
			continue
		}
		return func(e *entry) truth {
			if isBelow(e.path, below) {
				return undefined
			}
			return match(e)
		}
	}
	return match
}

func (c compiler) compile(p *ber.Packet, depth int) (filter, error) {
	if p.ClassType != ber.ClassContext || depth > maxFilterDepth {
		return nil, errFilter
	}
	switch p.Tag {
	case ldap.FilterAnd, ldap.FilterOr:
		parts := make([]filter, len(p.Children))
		for i, child := range p.Children {
			part, err := c.compile(child, depth+1)
			if err != nil {
				return nil, err
			}
			parts[i] = part
		}
		join, all := func(a, b truth) truth { return max(a, b) }, isFalse
		if p.Tag == ldap.FilterAnd {
			join, all = func(a, b truth) truth { return min(a, b) }, isTrue
		}
		return func(e *entry) truth {
			said := all
			for _, part := range parts {
				said = join(said, part(e))
			}
			return said
		}, nil
	case ldap.FilterNot:
		if len(p.Children) != 1 {
			return nil, errFilter
		}
		part, err := c.compile(p.Children[0], depth+1)
		if err != nil {
			return nil, err
		}
		return func(e *entry) truth { return -part(e) }, nil
	case ldap.FilterPresent:
		name := p.Data.String()
		return c.known(name, func(e *entry) truth { return truthOf(len(e.all(name)) > 0) }), nil
	case ldap.FilterSubstrings:
		match, err := compileSubstrings(p)
		if err != nil {
			return nil, err
		}
		return c.known(p.Children[0].Data.String(), match), nil
	case ldap.FilterEqualityMatch, ldap.FilterApproxMatch, ldap.FilterGreaterOrEqual, ldap.FilterLessOrEqual:
		match, err := c.comparison(p)
		if err != nil {
			return nil, err
		}
		return c.known(p.Children[0].Data.String(), match), nil
	}
	return nil, errors.New("this kind of filter is not known here")
}

func (c compiler) comparison(p *ber.Packet) (filter, error) {
	if len(p.Children) != 2 {
		return nil, errFilter
	}
	name, want := p.Children[0].Data.String(), fold(p.Children[1].Data.String())
	if name == "" || p.Tag == ldap.FilterEqualityMatch && strings.EqualFold(name, c.blind) {
		return func(*entry) truth { return isFalse }, nil
	}
	var holds func(order int) bool
	switch p.Tag {
	case ldap.FilterGreaterOrEqual:
		holds = func(order int) bool { return order >= 0 }
	case ldap.FilterLessOrEqual:
		holds = func(order int) bool { return order <= 0 }
	default:
		holds = func(order int) bool { return order == 0 }
		if dn, _, err := c.tree.parseDN(p.Children[1].Data.String()); err == nil && len(dn) > 0 && isDNAttribute(name) {
			return c.equalDN(name, key(dn)), nil
		}
	}
	return anyValue(name, func(value string) bool { return holds(compare(fold(value), want)) }), nil
}

// isDNAttribute tells the attributes whose values are DNs.
func isDNAttribute(name string) bool {
	switch strings.ToLower(plainName(name)) {
	case "member", "memberof", "uniquemember", "manager", "owner", "seealso":
		return true
	}
	return false
}

func (c compiler) equalDN(name, want string) filter {
	return anyValue(name, func(value string) bool {
		path, _, err := c.tree.parseDN(value)
		return err == nil && key(path) == want
	})
}

func anyValue(name string, matches func(string) bool) filter {
	return func(e *entry) truth { return truthOf(slices.ContainsFunc(e.all(name), matches)) }
}

// compare orders numbers as numbers, anything else as text.
func compare(a, b string) int {
	if x, err := strconv.ParseInt(a, 10, 64); err == nil {
		if y, err := strconv.ParseInt(b, 10, 64); err == nil {
			switch {
			case x < y:
				return -1
			case x > y:
				return 1
			}
			return 0
		}
	}
	return strings.Compare(a, b)
}

func compileSubstrings(p *ber.Packet) (filter, error) {
	if len(p.Children) != 2 || len(p.Children[1].Children) == 0 {
		return nil, errFilter
	}
	parts := p.Children[1].Children
	for i, part := range parts {
		first, last := i == 0, i == len(parts)-1
		if part.Tag > ldap.FilterSubstringsFinal ||
			part.Tag == ldap.FilterSubstringsInitial && !first || part.Tag == ldap.FilterSubstringsFinal && !last {
			return nil, errFilter
		}
	}
	return anyValue(p.Children[0].Data.String(), func(value string) bool {
		rest := fold(value)
		for _, part := range parts {
			want := strings.ToLower(part.Data.String())
			ok := false
			switch part.Tag {
			case ldap.FilterSubstringsInitial:
				rest, ok = strings.CutPrefix(rest, want)
			case ldap.FilterSubstringsAny:
				_, rest, ok = strings.Cut(rest, want)
			case ldap.FilterSubstringsFinal:
				ok = strings.HasSuffix(rest, want)
			}
			if !ok {
				return false
			}
		}
		return true
	}), nil
}
