package ldapsim

import (
	"cmp"
	"slices"
	"strings"

	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

const done = ber.Tag(ldap.ApplicationSearchResultDone)

// search answers a search, or one page of it, faults included.
func (c *client) search(m message) error {
	r, err := parseSearch(m.op)
	if err != nil {
		return c.result(m, done, fail(ldap.LDAPResultProtocolError, "malformed search"))
	}
	if r.base == "" && r.scope == ldap.ScopeBaseObject {
		return c.rootDSE(m, r)
	}
	if !c.admitted() {
		return c.result(m, done, errNotBound())
	}
	at, paged := place{page: 1}, false
	faults := c.server.currentFaults()
	if m.paging != nil && !faults.IgnorePaging {
		if at, err = parseCookie(m.paging.cookie); err != nil {
			return c.result(m, done, fail(ldap.LDAPResultUnwillingToPerform, "%w", err))
		}
		if m.paging.size == 0 && m.paging.cookie != "" {
			return c.result(m, done, nil, &ldap.ControlPaging{}) // the client gives the search up
		}
		paged = m.paging.size > 0
	}
	page := &page{client: c, message: m, request: r, faults: faults, place: at, paged: paged}
	return page.answer()
}

// page is the answer to one search request.
type page struct {
	*client
	message message
	request searchRequest
	faults  Faults
	place   place
	paged   bool
}

func (p *page) answer() error {
	if p.faults.BeforePage != nil {
		p.faults.BeforePage(p.place.page)
	}
	switch p.place.page {
	case p.faults.DropOnPage:
		return errDrop
	case p.faults.StallOnPage:
		return nil
	}
	if err := p.refusal(); err != nil {
		return p.result(p.message, done, err)
	}
	for dn, url := range p.faults.Elsewhere {
		if p.isOneOf([]string{dn}) {
			return p.send(p.message, referralResult(url))
		}
	}
	if p.faults.ReferralResult != "" {
		return p.send(p.message, referralResult(p.faults.ReferralResult))
	}
	entries, more, err := p.entries()
	if err != nil {
		return p.result(p.message, done, err)
	}
	if p.server.opts.Catalog && p.message.domainScope && p.request.scope == ldap.ScopeWholeSubtree {
		entries = nil
	}
	entries, limit := p.limited(entries, more)
	for _, e := range entries {
		if err := p.entry(e); err != nil {
			return err
		}
	}
	if p.faults.Referral != "" && !p.message.domainScope {
		reference := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationSearchResultReference, nil, "")
		reference.AppendChild(octets(p.faults.Referral))
		if err := p.send(p.message, reference); err != nil {
			return err
		}
	}
	if p.faults.NeverDone {
		return nil
	}
	if !p.paged || p.faults.LosePagingOnPage == p.place.page {
		return p.result(p.message, done, limit)
	}
	control := &ldap.ControlPaging{}
	if more || p.faults.EmptyPages && p.place.page > 1 {
		p.place.page++
		control.Cookie = []byte(p.place.cookie())
	}
	return p.result(p.message, done, limit, control)
}

// isOneOf reports whether the search's base is one of these DNs.
func (p *page) isOneOf(dns []string) bool {
	base, _, err := p.server.parseDN(p.request.base)
	return err == nil && slices.ContainsFunc(dns, func(dn string) bool {
		other, _, err := p.server.parseDN(dn)
		return err == nil && slices.Equal(base, other)
	})
}

// refusal is an answer without entries.
func (p *page) refusal() error {
	if p.isOneOf(p.faults.Gone) {
		return fail(ldap.LDAPResultNoSuchObject, "")
	}
	if p.isOneOf(p.faults.Denied) {
		return fail(ldap.LDAPResultInsufficientAccessRights, "")
	}
	if p.faults.FailOnPage == p.place.page {
		return fail(p.faults.FailCode, "fault")
	}
	return nil
}

// entries finds the entries of this page, and whether there are more.
func (p *page) entries() ([]*entry, bool, error) {
	if p.faults.EmptyPages && p.place.page > 1 {
		return nil, true, nil
	}
	most := 0
	if p.paged {
		most = p.message.paging.size
	}
	for _, limit := range []int{int(p.request.sizeLimit), p.server.opts.SizeLimit} {
		if !p.paged && limit > 0 && (most == 0 || limit < most) {
			most = limit
		}
	}
	if limit := p.faults.MaxPageSize; limit > 0 && (most == 0 || limit < most) {
		most = limit
	}
	match, err := compiler{blind: p.faults.BlindFilter, unsearchable: p.faults.Unsearchable, tree: &p.server.tree}.compile(p.request.filter, 0)
	if err != nil {
		return nil, false, fail(ldap.LDAPResultInappropriateMatching, "%w", err)
	}
	return p.server.match(p.request.base, p.request.scope, match, p.place.after, most)
}

// match finds up to most entries (0: all) that come after a place in the order.
func (t *tree) match(base string, scope int64, match filter, after int64, most int) (found []*entry, more bool, err error) {
	path, _, err := t.parseDN(base)
	if err != nil {
		return nil, false, fail(ldap.LDAPResultInvalidDNSyntax, "%q is no DN", base)
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	if t.byKey[key(path)] == nil {
		return nil, false, fail(ldap.LDAPResultNoSuchObject, "no entry %s", base)
	}
	start, _ := slices.BinarySearchFunc(t.entries, after+1, func(e *entry, seq int64) int { return cmp.Compare(e.seq, seq) })
	for _, e := range t.entries[start:] {
		if !inScope(e.path, path, scope) || match(e) != isTrue {
			continue
		}
		if most > 0 && len(found) == most {
			return found, true, nil
		}
		found = append(found, e)
	}
	return found, false, nil
}

func inScope(path, base []string, scope int64) bool {
	switch scope {
	case ldap.ScopeBaseObject:
		return slices.Equal(path, base)
	case ldap.ScopeSingleLevel:
		return len(path) == len(base)+1 && isBelow(path, base)
	}
	return isBelow(path, base)
}

// limited cuts the entries where a limit says so, and gives the code for it.
func (p *page) limited(entries []*entry, more bool) ([]*entry, error) {
	if total := p.faults.PagedTotal; p.paged && total > 0 && p.place.sent+len(entries) > total {
		return entries[:max(0, total-p.place.sent)], fail(ldap.LDAPResultSizeLimitExceeded, "")
	}
	if p.faults.TimeLimitOnPage == p.place.page {
		return entries[:len(entries)/2], fail(ldap.LDAPResultTimeLimitExceeded, "")
	}
	if !p.paged && more {
		return entries, fail(ldap.LDAPResultSizeLimitExceeded, "")
	}
	return entries, nil
}

// entry sends one entry, or drops the connection where that is due.
func (p *page) entry(e *entry) error {
	op := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationSearchResultEntry, nil, "")
	op.AppendChild(octets(e.dn))
	op.AppendChild(p.request.encoded(p.request.ranged(e.attrs, p.faults)))
	data := encode(p.message, op)
	if p.faults.DropAfter > 0 && p.place.sent == p.faults.DropAfter {
		if p.faults.TearEntry {
			_, _ = p.out.Write(data[:len(data)/2])
		}
		_ = p.out.Flush()
		return errDrop
	}
	p.place.sent++
	p.place.after = e.seq
	_, err := p.out.Write(data)
	return err
}

// chosen are the attributes that a search asks for (RFC 4511, 4.5.1.8).
func (r searchRequest) chosen(attrs []attr) []attr {
	var out []attr
	for _, a := range attrs {
		if r.selects(a.name) {
			out = append(out, a)
		}
	}
	return out
}

// encoded makes a PartialAttributeList.
func (r searchRequest) encoded(attrs []attr) *ber.Packet {
	list := ber.NewSequence("")
	for _, a := range attrs {
		values := ber.Encode(ber.ClassUniversal, ber.TypeConstructed, ber.TagSet, nil, "")
		if !r.typesOnly {
			for _, value := range a.values {
				values.AppendChild(octets(value))
			}
		}
		item := ber.NewSequence("")
		item.AppendChild(octets(a.name))
		item.AppendChild(values)
		list.AppendChild(item)
	}
	return list
}

func (r searchRequest) selects(name string) bool {
	if len(r.attrs) == 0 {
		return !operational(name)
	}
	for _, asked := range r.attrs {
		if asked == "*" && !operational(name) || asked == "+" && operational(name) || covers(asked, name) {
			return true
		}
	}
	return false
}

// controls are those that the directory offers.
func (c *client) controls() []string {
	if c.server.opts.DomainScope {
		return []string{ldap.ControlTypePaging, domainScopeOID}
	}
	return []string{ldap.ControlTypePaging}
}

// rootDSE answers what the server is (RFC 4512, 5.1). Anyone may ask.
func (c *client) rootDSE(m message, r searchRequest) error {
	attrs := []attr{
		{"objectClass", []string{"top"}},
		{"namingContexts", c.server.opts.Suffixes},
		{"supportedControl", c.controls()},
		{"supportedLDAPVersion", []string{"3"}},
		{"vendorName", []string{cmp.Or(c.server.opts.Vendor, "duosync directory simulator")}},
	}
	for name, values := range c.server.currentRootDSE() {
		attrs = slices.DeleteFunc(attrs, func(a attr) bool { return strings.EqualFold(a.name, name) })
		attrs = append(attrs, attr{name, values})
	}
	if c.server.opts.TLS != nil {
		attrs = append(attrs, attr{"supportedExtension", []string{startTLSOID}})
	}
	if len(r.attrs) > 0 && slices.ContainsFunc(r.attrs, func(a string) bool { return strings.TrimSpace(a) == "+" }) {
		r.attrs = nil
	}
	op := ber.Encode(ber.ClassApplication, ber.TypeConstructed, ldap.ApplicationSearchResultEntry, nil, "")
	op.AppendChild(octets(""))
	op.AppendChild(r.encoded(r.chosen(attrs)))
	if err := c.send(m, op); err != nil {
		return err
	}
	return c.result(m, done, nil)
}

// referralResult is the end of a search that is elsewhere (RFC 4511, 4.1.10).
func referralResult(url string) *ber.Packet {
	op := resultPacket(done, fail(ldap.LDAPResultReferral, ""))
	uris := ber.Encode(ber.ClassContext, ber.TypeConstructed, 3, nil, "")
	uris.AppendChild(octets(url))
	op.AppendChild(uris)
	return op
}
