package conn

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/advice"
	"duosync/ldapsrc/dn"
	dirsync "duosync/sync"
)

const (
	// maxFirst is how many entries of a search are remembered until it is known whether
	// the server ends it. No limit that is worth splitting for is higher: memory is 16
	// bytes for each.
	maxFirst = 50_000
	// maxTerms bounds the filters that are put together for one part, and maxParts the
	// searches that one search is taken apart into.
	maxTerms = 500
	maxParts = 20_000
)

// splitter reads in parts what a server does not give in one search. ApacheDS gives
// everyone but its administrator 1000 entries in all the pages of a search together,
// OpenLDAP as many as size.prtotal says (slapd.conf(5), limits).
//
// A part that is still too large is divided again, by a filter that half of the entries
// match which it showed before it was cut off. What matches and what does not are two
// parts (see divider), so nothing is assumed of letters, of alphabets or of how the
// server compares.
//
// Two parts can both be blind, though, for entries whose attribute they ask for may not
// be searched, and for all entries where the server knows no such filter. So the whole is
// believed only if it is proven:
//
//   - every entry that any search showed, also one that was cut off, came in a part that
//     was read to its end;
//   - and as many came as the server itself counts, where it counts them (ApacheDS); else
//     all were read twice, in parts made by two different attributes, and all that came
//     the first time came the second time, too.
//
// Else the limit is an error, as it is without parts.
type splitter struct {
	c     *Conn
	q     Query
	visit func(*ldap.Entry) error

	early   []dn.Digest // what the search gave before it was known that it would be cut off
	example *ldap.Entry
	known   map[dn.Digest]sight
	parts   int // searches, those that were cut off too
	urls    []string
}

// sight tells how an entry was seen.
type sight uint8

const (
	visited sight = 1 << iota
	// whole and wholeAgain: it came in a part that was read to its end, of the first and
	// of the second way to take the search apart.
	whole
	wholeAgain
)

// errUnsplit is why a search can't be read in parts.
type errUnsplit struct{ text string }

func (e *errUnsplit) Error() string { return e.text }

// first notes an entry of the search that may yet be cut off, and visits it.
func (s *splitter) first(entry *ldap.Entry) error {
	if len(s.q.Split) > 0 && len(s.early) <= maxFirst {
		s.early = append(s.early, dn.DigestOf(entry.DN))
		if s.example == nil {
			s.example = entry
		}
	}
	return s.visit(entry)
}

// inParts reads what the search did not give, and proves that it is whole.
func (s *splitter) inParts(ctx context.Context, cut *cutOffError) (referrals []string, err error) {
	if len(s.early) > maxFirst {
		return nil, cut
	}
	s.known = make(map[dn.Digest]sight, 2*cut.got)
	for _, d := range s.early {
		s.known[d] |= visited
	}
	s.early = nil
	for _, entry := range cut.last {
		s.known[dn.DigestOf(entry.DN)] |= 0
		if s.example == nil {
			s.example = entry
		}
	}
	s.urls = cut.referrals
	if s.example == nil {
		return nil, cut
	}
	if err = s.proven(ctx); err == nil {
		s.c.cutAt, s.c.parts = max(s.c.cutAt, cut.got), s.c.parts+s.parts
		s.c.Debugf("ldap: %d entries below %q in %d parts, since the server gives %d a search", len(s.known), s.q.Base, s.parts, cut.got)
		return s.urls, nil
	}
	var unsplit *errUnsplit
	if !errors.As(err, &unsplit) {
		return nil, err
	}
	return nil, dirsync.WithHint(fmt.Errorf("%w; nor can it be read in parts: %w", cut, err), dirsync.Hint(cut))
}

// proven reads everything in parts, until it is proven that it is everything.
func (s *splitter) proven(ctx context.Context) error {
	var (
		failures []string
		as       = whole
	)
	before, err := s.below(ctx)
	if err != nil {
		return err
	}
	for _, d := range dividers(s.q, []*ldap.Entry{s.example}) {
		err := s.pass(ctx, d, as)
		var unsplit *errUnsplit
		if errors.As(err, &unsplit) {
			failures = append(failures, "by "+d.attribute+" "+unsplit.text)
			continue
		}
		if err != nil {
			return err
		}
		counted, missing, err := s.count(ctx, before)
		switch {
		case err != nil:
			return err
		case counted && missing == 0:
			return nil
		case as == wholeAgain && counted && missing > 0:
			return &errUnsplit{fmt.Sprintf("the server counts %d entries more than it gives", missing)}
		case as == wholeAgain:
			return nil
		}
		as = wholeAgain
	}
	if as == wholeAgain {
		failures = append(failures, "once is not enough to know that nothing is hidden")
	}
	return &errUnsplit{strings.Join(failures, "; ")}
}

// pass reads everything in parts made by one attribute.
func (s *splitter) pass(ctx context.Context, by divider, as sight) error {
	if err := s.part(ctx, by, as, nil); err != nil {
		return err
	}
	lost := 0
	for _, seen := range s.known {
		if seen&as == 0 {
			lost++
		}
	}
	if lost > 0 {
		return &errUnsplit{fmt.Sprintf("%d entries that had come do not come again", lost)}
	}
	return nil
}

// part reads the entries that match all terms, in smaller parts where the server ends
// the search.
func (s *splitter) part(ctx context.Context, by divider, as sight, terms []string) error {
	if s.parts++; s.parts > maxParts || len(terms) > maxTerms {
		return &errUnsplit{fmt.Sprintf("it takes more than %d searches", s.parts-1)}
	}
	q := s.q
	if len(terms) > 0 {
		q.Filter = "(&" + q.Filter + strings.Join(terms, "") + ")"
	}
	var (
		here   []dn.Digest
		sample [][]string
	)
	note := func(entry *ldap.Entry) dn.Digest {
		d := dn.DigestOf(entry.DN)
		s.known[d] |= 0
		here = append(here, d)
		sample = append(sample, by.values(entry))
		return d
	}
	referrals, err := s.c.pages(ctx, q, func(entry *ldap.Entry) error {
		d := note(entry)
		if s.known[d]&visited != 0 {
			return nil
		}
		s.known[d] |= visited
		return s.visit(entry)
	})
	var cut *cutOffError
	switch code, answered := advice.Code(err); {
	case errors.As(err, &cut):
		s.urls = append(s.urls, cut.referrals...)
		for _, entry := range cut.last {
			note(entry)
		}
	case answered && len(terms) > 0 && !advice.IsBusy(code):
		return &errUnsplit{"the server refuses: " + err.Error()}
	case err != nil:
		return err
	default:
		for _, d := range here {
			s.known[d] |= as
		}
		s.urls = append(s.urls, referrals...)
		return nil
	}
	term, ok := by.divide(sample)
	if !ok || slices.Contains(terms, term) || slices.Contains(terms, "(!"+term+")") {
		return &errUnsplit{fmt.Sprintf("%d entries are not to be told apart", len(sample))}
	}
	if err := s.part(ctx, by, as, slices.Concat(terms, []string{term})); err != nil {
		return err
	}
	return s.part(ctx, by, as, slices.Concat(terms, []string{"(!" + term + ")"}))
}

// uncounted stands for a number that the server does not tell.
const uncounted = -1

// below gives how many entries the server itself counts in the scope of the search
// (nbSubordinates and nbChildren, which ApacheDS keeps), or uncounted.
func (s *splitter) below(ctx context.Context) (int, error) {
	attribute, base := "nbSubordinates", 1
	switch s.q.Scope {
	case ldap.ScopeWholeSubtree:
	case ldap.ScopeSingleLevel:
		attribute, base = "nbChildren", 0
	default:
		return uncounted, nil
	}
	entry, err := s.c.ifShown(ctx, s.q.Base, attribute)
	if err != nil || entry == nil {
		return uncounted, err
	}
	n, err := strconv.Atoi(entry.GetEqualFoldAttributeValue(attribute))
	if err != nil {
		return uncounted, nil //nolint:nilerr // a server that does not count says nothing
	}
	return n + base, nil
}

// count compares what came with what the server counts: those that match the filter and
// those that do not are all there are. Where it does not count, counted otherwise before
// (whoever left would make up for somebody hidden), or gives fewer of those that do not
// match than there are, counted is false.
func (s *splitter) count(ctx context.Context, before int) (counted bool, missing int, err error) {
	all, err := s.below(ctx)
	if err != nil || all == uncounted || all != before {
		return false, 0, err
	}
	others, q := 0, s.q
	q.Filter, q.Attrs = "(!"+q.Filter+")", []string{"objectClass"}
	_, err = s.c.pages(ctx, q, func(*ldap.Entry) error {
		others++
		return nil
	})
	if _, answered := advice.Code(err); answered {
		return false, 0, nil
	}
	return err == nil, all - others - len(s.known), err
}
