package ldapsim

// Faults make the directory misbehave. Each zero value is a directory in good
// health. They apply to searches with a base DN, so not to the root DSE. A page
// is counted from 1 within its paged search; an unpaged search is page 1.
type Faults struct {
	// BindCode is the LDAP result code that every bind gets, if not 0.
	BindCode uint16
	// DropAfter closes the connection once a search has sent this many entries,
	// its earlier pages included; TearEntry sends half of the next one first.
	DropAfter int
	TearEntry bool
	// DropOnPage closes the connection when this page is asked for.
	DropOnPage int
	// StallOnPage gives no answer at all to this page.
	StallOnPage int
	// NeverDone sends entries, but no end of the search.
	NeverDone bool
	// PagedTotal is the most entries that a paged search gives in all: code 4
	// after them (as OpenLDAP's size.prtotal, or ApacheDS' maxSizeLimit).
	PagedTotal int
	// TimeLimitOnPage answers this page with code 3 after half its entries.
	TimeLimitOnPage int
	// FailOnPage answers this page with FailCode and no entries.
	FailOnPage int
	FailCode   uint16
	// Referral is a URL that every search sends as a continuation (RFC 4511,
	// 4.5.3).
	Referral string
	// ReferralResult is a URL that every search is sent to (code 10).
	ReferralResult string
	// Gone are base DNs that are answered with code 32, Denied with code 50.
	Gone   []string
	Denied []string
	// Elsewhere are URLs, by the base DN of searches that are sent there (code 10).
	Elsewhere map[string]string
	// MaxPageSize is the most entries of a page, whatever is asked for, and of a search
	// that is not paged: code 4 after them (Active Directory's policy; MS-ADTS,
	// 3.1.1.3.4.6).
	MaxPageSize int
	// IgnorePaging answers everything at once, without a paging control.
	IgnorePaging bool
	// LosePagingOnPage leaves the paging control out of this page's end.
	LosePagingOnPage int
	// EmptyPages sends, from page 2 on, pages without entries that say there is
	// more, for ever.
	EmptyPages bool
	// BlindFilter makes equality with this attribute match nothing, as it is
	// where an account may read it but not search by it.
	BlindFilter string
	// Unsearchable are DNs by the name of an attribute: of the entries there and below
	// no filter on it says whether they match (RFC 4511, 4.5.1.7: Undefined), as it is
	// where the account may not search it, or where the attribute has no such
	// matching rule.
	Unsearchable map[string]string
	// RangeLimit is the most values of an attribute that one entry is sent with,
	// if not 0. With more of them it comes empty, and beside it as
	// name;range=0-N with the first ones; the others are had by asking for
	// name;range=N-* (Active Directory's MaxValRange; MS-ADTS, 3.1.1.3.1.3.3).
	RangeLimit int
	// LoseRangeFrom leaves a range of values out that is asked for from this
	// value on, or from a later one; ShiftRanges sends each such range from so
	// many values later; EmptyRanges sends it with no values.
	LoseRangeFrom int
	ShiftRanges   int
	EmptyRanges   bool
	// BeforePage is called before a page is put together. It may change the
	// directory.
	BeforePage func(page int)
}
