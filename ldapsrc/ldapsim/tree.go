package ldapsim

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-ldap/ldap/v3"
	"github.com/google/uuid"
)

// tree holds the entries in the order in which they were added.
type tree struct {
	now  func() time.Time
	tops []string // keys of the suffixes, which need no parent

	exactBlanks bool

	mu      sync.RWMutex
	seq     int64
	entries []*entry // by seq
	byKey   map[string]*entry
}

// parseDN is parseDN as the directory tells DNs apart.
func (t *tree) parseDN(text string) ([]string, *ldap.DN, error) {
	if t.exactBlanks {
		return normalise(text, strings.ToLower)
	}
	return parseDN(text)
}

// fail makes an LDAP error of a code.
func fail(code uint16, format string, args ...any) error {
	return ldap.NewError(code, fmt.Errorf(format, args...))
}

// Add adds an entry below an existing one, or a suffix. The attributes of its
// RDN are added where they are missing; entryUUID and the timestamps, too, unless
// they are given. The error is an *ldap.Error with the code that a client gets.
func (t *tree) Add(dn string, attributes Attributes) error {
	var attrs []attr
	for name, values := range attributes {
		attrs = append(attrs, attr{name: name, values: slices.Clone(values)})
	}
	slices.SortFunc(attrs, func(a, b attr) int { return strings.Compare(a.name, b.name) })
	return t.add(dn, attrs)
}

func (t *tree) add(dn string, attrs []attr) error {
	path, parsed, err := t.parseDN(dn)
	if err != nil || len(path) == 0 {
		return fail(ldap.LDAPResultInvalidDNSyntax, "%q is no DN of an entry", dn)
	}
	e := &entry{dn: dn, path: path}
	for _, a := range attrs {
		e = e.with(a.name, append(slices.Clone(e.get(a.name)), a.values...))
	}
	for _, a := range parsed.RDNs[0].Attributes {
		e = e.including(a.Type, a.Value)
	}
	stamp := t.now().UTC().Format("20060102150405Z")
	for _, a := range []attr{{"entryUUID", []string{uuid.NewString()}}, {"createTimestamp", []string{stamp}}, {"modifyTimestamp", []string{stamp}}} {
		if e.get(a.name) == nil {
			e = e.with(a.name, a.values)
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byKey[key(path)] != nil {
		return fail(ldap.LDAPResultEntryAlreadyExists, "%s exists", dn)
	}
	if !t.hasParent(path) {
		return fail(ldap.LDAPResultNoSuchObject, "%s has no parent here", dn)
	}
	t.seq++
	e.seq = t.seq
	t.entries = append(t.entries, e)
	t.byKey[key(path)] = e
	return nil
}

func (t *tree) hasParent(path []string) bool {
	return slices.Contains(t.tops, key(path)) || t.byKey[key(path[:len(path)-1])] != nil
}

// including returns the entry with one more value, unless it is there already.
func (e *entry) including(name, value string) *entry {
	values := e.get(name)
	if slices.ContainsFunc(values, func(other string) bool { return fold(other) == fold(value) }) {
		return e
	}
	return e.with(name, append(slices.Clone(values), value))
}

// find returns the entry of a DN; the caller holds the lock.
func (t *tree) find(dn string) (*entry, error) {
	path, _, err := t.parseDN(dn)
	if err != nil {
		return nil, fail(ldap.LDAPResultInvalidDNSyntax, "%q is no DN", dn)
	}
	if e := t.byKey[key(path)]; e != nil {
		return e, nil
	}
	return nil, fail(ldap.LDAPResultNoSuchObject, "no entry %s", dn)
}

// put replaces an entry by its changed copy; the caller holds the lock.
func (t *tree) put(old, changed *entry) {
	i, _ := slices.BinarySearchFunc(t.entries, old.seq, func(e *entry, seq int64) int { return cmp.Compare(e.seq, seq) })
	t.entries[i] = changed
	delete(t.byKey, key(old.path))
	t.byKey[key(changed.path)] = changed
}

func (t *tree) stamped(e *entry) *entry {
	return e.with("modifyTimestamp", []string{t.now().UTC().Format("20060102150405Z")})
}

// Replace gives an attribute these values in place of what it has; none removes
// it. The error is an *ldap.Error.
func (t *tree) Replace(dn, name string, values ...string) error {
	return t.modify(dn, []change{{op: ldap.ReplaceAttribute, name: name, values: values}})
}

// change is one part of a modify request (RFC 4511, 4.6).
type change struct {
	op     int64
	name   string
	values []string
}

func (t *tree) modify(dn string, changes []change) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	old, err := t.find(dn)
	if err != nil {
		return err
	}
	e := old
	for _, c := range changes {
		switch c.op {
		case ldap.AddAttribute:
			for _, value := range c.values {
				if e.including(c.name, value) == e {
					return fail(ldap.LDAPResultAttributeOrValueExists, "%s has that value", c.name)
				}
				e = e.including(c.name, value)
			}
		case ldap.DeleteAttribute:
			left := slices.Clone(e.get(c.name))
			if left == nil {
				return fail(ldap.LDAPResultNoSuchAttribute, "no attribute %s", c.name)
			}
			if len(c.values) == 0 {
				left = nil
			}
			for _, value := range c.values {
				before := len(left)
				left = slices.DeleteFunc(left, func(other string) bool { return fold(other) == fold(value) })
				if len(left) == before {
					return fail(ldap.LDAPResultNoSuchAttribute, "%s has no such value", c.name)
				}
			}
			e = e.with(c.name, left)
		case ldap.ReplaceAttribute:
			e = e.with(c.name, slices.Clone(c.values))
		default:
			return fail(ldap.LDAPResultProtocolError, "unknown kind of change %d", c.op)
		}
	}
	t.put(old, t.stamped(e))
	return nil
}

// Delete deletes an entry that has no children. The error is an *ldap.Error.
func (t *tree) Delete(dn string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	e, err := t.find(dn)
	if err != nil {
		return err
	}
	if len(t.below(e.path)) > 1 {
		return fail(ldap.LDAPResultNotAllowedOnNonLeaf, "%s has children", dn)
	}
	delete(t.byKey, key(e.path))
	t.entries = slices.DeleteFunc(t.entries, func(other *entry) bool { return other == e })
	return nil
}

// below returns an entry and all its descendants; the caller holds the lock.
func (t *tree) below(path []string) []*entry {
	var all []*entry
	for _, e := range t.entries {
		if isBelow(e.path, path) {
			all = append(all, e)
		}
	}
	return all
}

// isBelow reports whether path is base or a descendant of it.
func isBelow(path, base []string) bool {
	return len(path) >= len(base) && slices.Equal(path[:len(base)], base)
}

// Rename gives an entry another RDN, such as "uid=new". The old RDN's value
// goes. The error is an *ldap.Error.
func (t *tree) Rename(dn, newRDN string) error { return t.modifyDN(dn, newRDN, true, "") }

// Move puts an entry, with all below it, under another parent. It keeps its RDN,
// its entryUUID and its place in the order of searches. The error is an
// *ldap.Error.
func (t *tree) Move(dn, newParent string) error {
	rdn, _ := splitDN(dn)
	return t.modifyDN(dn, rdn, false, newParent)
}

func (t *tree) modifyDN(dn, newRDN string, deleteOld bool, newParent string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	old, err := t.find(dn)
	if err != nil {
		return err
	}
	if newParent == "" {
		_, newParent = splitDN(old.dn)
	}
	newDN := newRDN
	if newParent != "" {
		newDN += "," + newParent
	}
	path, parsed, err := t.parseDN(newDN)
	if err != nil || len(path) == 0 {
		return fail(ldap.LDAPResultInvalidDNSyntax, "%q is no DN of an entry", newDN)
	}
	if other := t.byKey[key(path)]; other != nil && other != old {
		return fail(ldap.LDAPResultEntryAlreadyExists, "%s exists", newDN)
	}
	if !t.hasParent(path) {
		return fail(ldap.LDAPResultNoSuchObject, "no entry %s", newParent)
	}
	if len(path) > len(old.path) && isBelow(path, old.path) {
		return fail(ldap.LDAPResultUnwillingToPerform, "%s can't move below itself", dn)
	}
	moved := old
	if deleteOld {
		if moved, err = moved.withoutRDN(); err != nil {
			return err
		}
	}
	for _, a := range parsed.RDNs[0].Attributes {
		moved = moved.including(a.Type, a.Value)
	}
	for _, e := range t.below(old.path) {
		changed := *e
		if e == old {
			changed = *t.stamped(moved)
		}
		changed.dn = rebase(e.dn, len(e.path)-len(old.path), newDN)
		changed.path = append(slices.Clone(path), e.path[len(old.path):]...)
		t.put(e, &changed)
	}
	return nil
}

// withoutRDN returns the entry without the values of its RDN.
func (e *entry) withoutRDN() (*entry, error) {
	_, parsed, err := parseDN(e.dn)
	if err != nil {
		return nil, err
	}
	changed := e
	for _, a := range parsed.RDNs[0].Attributes {
		left := slices.DeleteFunc(slices.Clone(changed.get(a.Type)), func(v string) bool { return fold(v) == fold(a.Value) })
		changed = changed.with(a.Type, left)
	}
	return changed, nil
}

// rebase keeps the first n RDNs of a DN as they are written.
func rebase(dn string, n int, parent string) string {
	var rdns []string
	for range n {
		var rdn string
		rdn, dn = splitDN(dn)
		rdns = append(rdns, rdn)
	}
	return strings.Join(append(rdns, parent), ",")
}

// Entry returns a copy of an entry's attributes, operational ones included.
func (t *tree) Entry(dn string) (Attributes, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	e, err := t.find(dn)
	if err != nil {
		return nil, false
	}
	attributes := make(Attributes, len(e.attrs))
	for _, a := range e.attrs {
		attributes[a.name] = slices.Clone(a.values)
	}
	return attributes, true
}

// Len returns the number of entries.
func (t *tree) Len() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return len(t.entries)
}
