// Package ldapsrc reads people from an LDAP directory, whole or not at all. It
// implements [dirsync.Source].
//
// Groups are read before people, and only where somebody asks about them. What a read
// does not show is looked at again, by Lookup, LookupGroups, Stamps and StillMembers, on
// the very server that was read.
//
// The rooms within: conn speaks with the servers, framed reads entries off the wire, advice says
// what can be done about a server, dn compares names, decode makes people of entries, membership
// tells their groups, schema knows the kinds of directory, and several makes one source of many.
package ldapsrc

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/conn"
	"duosync/ldapsrc/decode"
	"duosync/ldapsrc/dn"
	"duosync/ldapsrc/membership"
	"duosync/ldapsrc/schema"
	dirsync "duosync/sync"
)

// Source is a directory that is read over LDAP. Its methods may be called from
// several goroutines. The connection of the last complete read is kept: Lookup,
// LookupGroups and Stamps ask over it, one at a time.
type Source struct {
	users   Users
	bases   []dn.DN // of the people
	scope   int
	decoder decode.Decoder
	named   named
	hidden  []string // attributes that are read of people and not given on
	groups  *membership.Reader
	session *conn.Session
	follows bool // referrals, to some hosts

	mu   sync.Mutex
	seen memory
}

// memory is what the last complete read leaves for the lookups after it.
type memory struct {
	samples   [][]dirsync.SourceID   // by base: some ids that were read; nil before a read
	namesakes map[dn.Digest]struct{} // folded names that several people bore
}

var _ dirsync.Source = (*Source)(nil)

// New checks the options and makes a source of them. It reads the certificate
// files but does not connect.
func New(opts Options) (*Source, error) {
	kind, known := schema.Of(opts.Preset)
	ends := namedOf(opts.Expires, &kind)
	kind = kind.Expiring(opts.Expires)
	opts.Users.Filter = cmp.Or(strings.TrimSpace(opts.Users.Filter), kind.Users.Filter)
	opts.Users.IDAttribute = cmp.Or(opts.Users.IDAttribute, kind.Users.IDAttribute)
	opts.Users.Scope = cmp.Or(opts.Users.Scope, ScopeSub)
	if opts.Now == nil {
		opts.Now = time.Now
	}
	dialer, err := conn.NewDialer(opts.Servers, &kind)
	if err != nil {
		return nil, err
	}
	s := &Source{users: opts.Users, named: ends, decoder: decode.Decoder{ID: decode.NewIDAttribute(opts.Users.IDAttribute, &kind), Kind: &kind, Now: opts.Now}, follows: len(opts.ReferralHosts) > 0}
	if err := s.checkUsers(); err != nil {
		return nil, err
	}
	if !known {
		return nil, dirsync.WithHint(fmt.Errorf("LDAP preset %q is unknown", opts.Preset),
			fmt.Sprintf("set ldap.preset to one of %v", schema.Presets()))
	}
	if err := s.request(opts.Attributes); err != nil {
		return nil, err
	}
	if s.groups, err = membership.NewReader(opts.Groups, &s.decoder, s.bases); err != nil {
		return nil, err
	}
	for _, name := range s.groups.PersonAttributes() {
		if s.decoder.Requested.Add(name) {
			s.hidden = append(s.hidden, strings.ToLower(name))
		}
	}
	s.session = conn.NewSession(dialer, s.bases)
	return s, nil
}

func (s *Source) checkUsers() error {
	if len(s.users.Bases) == 0 {
		return dirsync.WithHint(errors.New("no base DN for users is given"), "set ldap.users.base_dns")
	}
	for _, text := range s.users.Bases {
		base, err := dn.Parse(text)
		if err != nil {
			return dirsync.WithHint(err, "check ldap.users.base_dns")
		}
		if slices.ContainsFunc(s.bases, func(other dn.DN) bool { return other.Folded == base.Folded }) {
			return dirsync.WithHint(fmt.Errorf("base DN %q is given twice", text), "remove one from ldap.users.base_dns")
		}
		s.bases = append(s.bases, base)
	}
	if err := conn.CheckFilter("ldap.users.filter", s.users.Filter); err != nil {
		return err
	}
	scopes := map[Scope]int{
		ScopeSub: ldap.ScopeWholeSubtree, ScopeOne: ldap.ScopeSingleLevel, ScopeBase: ldap.ScopeBaseObject,
	}
	var ok bool
	if s.scope, ok = scopes[s.users.Scope]; !ok {
		return dirsync.WithHint(fmt.Errorf("LDAP scope %q is unknown", s.users.Scope), "set ldap.users.scope to sub, one or base")
	}
	return nil
}

// request has attributes of people asked for, the kind's own among them.
func (s *Source) request(attributes []string) error {
	kind := s.decoder.Kind
	for _, name := range slices.Concat([]string{s.users.IDAttribute}, kind.Status, kind.Beside, attributes) {
		if !dirsync.ValidAttribute(name) {
			return dirsync.WithHint(fmt.Errorf("%q is no name of an LDAP attribute", name), "check the mapping, ldap.users.id_attribute and ldap.expires_attribute")
		}
		s.decoder.Requested.Add(name)
	}
	return nil
}

// Close ends what is under way, and the connection. Later calls fail. It always
// returns nil.
func (s *Source) Close() error {
	s.session.Close()
	return nil
}

// withoutHidden gives people to visit without what was read for their groups alone.
func (s *Source) withoutHidden(visit func(dirsync.Person) error) func(dirsync.Person) error {
	return func(p dirsync.Person) error {
		for _, name := range s.hidden {
			delete(p.Attrs, name)
		}
		return visit(p)
	}
}

// baseName is how a person's base is told: where there is one only, it is not.
func (s *Source) baseName(at int) string {
	if len(s.bases) < 2 {
		return ""
	}
	return s.bases[at].Folded
}

// remember keeps what the lookups after a read need of it.
func (s *Source) remember(seen memory) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = seen
}

// remembered is what the last complete read left.
func (s *Source) remembered() memory {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen
}
