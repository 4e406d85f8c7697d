package ldapsrc

import (
	"context"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/conn"
	"duosync/ldapsrc/decode"
	"duosync/ldapsrc/dn"
	"duosync/ldapsrc/schema"
	dirsync "duosync/sync"
)

// standings tell, during one read, who may log in as of its time. Of a lockout the entry may
// say only when it began: how long it lasts stands in the person's password policy, which
// is looked at when somebody under it is locked out, and once.
type standings struct {
	decoder  *decode.Decoder
	at       time.Time
	conn     *conn.Conn
	kind     *schema.Lockout          // nil: entries say it themselves
	lengths  map[string]time.Duration // by the policy's folded DN; 0: without end, or not known
	standard *string                  // the DN of the policy of those who have none of their own; nil: not asked for yet
}

func (s *Source) newStandings(ctx context.Context, c *conn.Conn) *standings {
	return &standings{decoder: &s.decoder, at: s.decoder.At(ctx), conn: c, kind: s.decoder.Kind.Lockout, lengths: map[string]time.Duration{}}
}

// person decodes a person's entry.
func (s *standings) person(ctx context.Context, entry *ldap.Entry) (dirsync.Person, error) {
	p, err := s.decoder.Person(entry, s.at)
	if err == nil {
		err = s.settle(ctx, &p)
	}
	return p, err
}

// settle makes a person whose lockout is over one who is not locked out. Where the policy
// is not shown, or says nothing, the lockout lasts. The error is that of the connection.
func (s *standings) settle(ctx context.Context, p *dirsync.Person) error {
	if s.kind == nil || p.Standing != dirsync.LockedOut {
		return nil
	}
	policy := p.Value(strings.ToLower(s.kind.Policy))
	if policy == "" {
		var err error
		if policy, err = s.common(ctx); err != nil {
			return err
		}
	}
	length, err := s.length(ctx, policy)
	if err == nil && s.kind.Over(p.Attrs, length, p.At) {
		p.Standing = dirsync.Enabled
	}
	return err
}

// length is how long a lockout lasts under a policy; 0 where there is no end, or it is not
// known.
func (s *standings) length(ctx context.Context, policy string) (time.Duration, error) {
	at, err := dn.Parse(policy)
	if policy == "" || err != nil {
		return 0, nil //nolint:nilerr // no entry has such a DN
	}
	if length, known := s.lengths[at.Folded]; known {
		return length, nil
	}
	entries, err := s.conn.Shown(ctx, conn.Query{Base: policy, Filter: conn.AnyEntry, Attrs: []string{s.kind.Length}, Narrow: true})
	if err != nil {
		return 0, err
	}
	s.lengths[at.Folded] = 0
	if len(entries) == 1 {
		s.lengths[at.Folded] = schema.Seconds(dn.Values(entries[0], s.kind.Length))
	}
	return s.lengths[at.Folded], nil
}

// common is the DN of the policy of those who have none of their own, where the server's
// configuration is shown and names one and no other; else "".
func (s *standings) common(ctx context.Context) (string, error) {
	if s.standard != nil {
		return *s.standard, nil
	}
	entries, err := s.conn.Shown(ctx, conn.Query{Base: s.kind.Config, Scope: ldap.ScopeWholeSubtree, Filter: "(" + s.kind.Default + "=*)", Attrs: []string{s.kind.Default}, Narrow: true})
	if err != nil {
		return "", err
	}
	found, folded := "", map[string]bool{}
	for _, entry := range entries {
		for _, value := range dn.Values(entry, s.kind.Default) {
			found = value
			if at, err := dn.Parse(value); err == nil {
				value = at.Folded
			}
			folded[value] = true
		}
	}
	if len(folded) != 1 { // of several it is not known which is whose
		found = ""
	}
	s.standard = &found
	return found, nil
}
