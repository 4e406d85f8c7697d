package ldapsrc

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/dn"
	dirsync "duosync/sync"
)

// maxHops bounds a chain of referrals, so that a loop ends.
const maxHops = 5

// follow continues a search where a referral points to, if that host may be
// followed. A referral that is not followed hides people, so it is an error.
func (s *Source) follow(ctx context.Context, text string, q query, visit func(*ldap.Entry) error) error {
	e, next, err := parseReferral(text, q)
	if err != nil {
		return fmt.Errorf("search below %q: %w", q.base, err)
	}
	if !s.mayFollow(e) {
		return dirsync.WithHint(
			fmt.Errorf("search below %q: a part of it is elsewhere: referral to %q", q.base, text),
			fmt.Sprintf("add %s to ldap.referral_hosts (the bind password is then sent there, too), or narrow ldap.users.base_dns", visible(e.host)))
	}
	if next.hops > maxHops {
		return dirsync.WithHint(fmt.Errorf("search below %q: referral to %q: more than %d referrals in a chain", q.base, text, maxHops),
			"the servers' referrals may go round in a circle")
	}
	s.opts.Log.Debugf("ldap: following the referral to %s", text)
	c, err := s.open(ctx, e)
	if err != nil {
		return fmt.Errorf("referral to %q: %w", text, err)
	}
	defer c.close()
	return s.search(ctx, c, next, visit)
}

// relevant leaves aside the continuations of a search that lead to no people:
// from a domain's root, Active Directory always sends some to the other naming
// contexts of the forest, which lie below that root by name only. Others, such as
// those to child domains, stay.
func (s *Source) relevant(urls []string, q query) []string {
	if len(s.kind.Aside) == 0 {
		return urls
	}
	from, err := dn.Parse(q.base)
	if err != nil {
		return urls
	}
	root := from.Root()
	return slices.DeleteFunc(urls, func(text string) bool {
		u, err := url.Parse(text)
		if err != nil {
			return false
		}
		to, err := dn.Parse(strings.TrimPrefix(u.Path, "/"))
		return err == nil && slices.Contains(s.kind.Aside, to.ChildOf(root))
	})
}

// mayFollow reports whether e is one of the configured referral hosts.
func (s *Source) mayFollow(e endpoint) bool {
	for _, host := range s.opts.ReferralHosts {
		if strings.EqualFold(host, e.host) || strings.EqualFold(host, e.addr) {
			return true
		}
	}
	return false
}

// parseReferral reads an LDAP URL, ldap://host:port/dn?attributes?scope?filter
// (RFC 4516). What it leaves out stays as it was (RFC 4511, 4.5.3).
func parseReferral(text string, q query) (endpoint, query, error) {
	u, err := url.Parse(text)
	if err != nil {
		return endpoint{}, query{}, fmt.Errorf("referral %q: %w", text, err)
	}
	e, err := parseEndpoint(u.Scheme + "://" + u.Host)
	if err != nil {
		return endpoint{}, query{}, fmt.Errorf("referral %q can't be followed: %w", text, err)
	}
	next := q
	next.hops++
	if base := strings.TrimPrefix(u.Path, "/"); base != "" {
		next.base = base
	}
	parts := strings.SplitN(u.RawQuery, "?", 4)
	if len(parts) > 1 && parts[1] != "" {
		scopes := map[string]int{"base": ldap.ScopeBaseObject, "one": ldap.ScopeSingleLevel, "sub": ldap.ScopeWholeSubtree}
		scope, ok := scopes[strings.ToLower(parts[1])]
		if !ok {
			return endpoint{}, query{}, fmt.Errorf("referral %q has an unknown scope", text)
		}
		next.scope = scope
	}
	if len(parts) > 2 && parts[2] != "" {
		filter, err := url.PathUnescape(parts[2])
		if err != nil {
			return endpoint{}, query{}, fmt.Errorf("referral %q: %w", text, err)
		}
		next.filter = "(&" + q.filter + filter + ")"
	}
	return e, next, nil
}

// referralsOf returns the URL in a search's result when that is a referral (code
// 10): the whole base is elsewhere. Any of its URLs would do; the first is
// taken.
func referralsOf(err error) []string {
	var answer *ldap.Error
	if !errors.As(err, &answer) || answer.ResultCode != ldap.LDAPResultReferral || answer.Packet == nil {
		return nil
	}
	if len(answer.Packet.Children) < 2 {
		return nil
	}
	for _, part := range answer.Packet.Children[1].Children {
		// referral [3] SEQUENCE OF URI (RFC 4511, 4.1.10).
		if part.Tag == 3 && len(part.Children) > 0 && part.ClassType == ber.ClassContext {
			return []string{part.Children[0].Data.String()}
		}
	}
	return nil
}
