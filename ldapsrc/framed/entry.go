package framed

import (
	ber "github.com/go-asn1-ber/asn1-ber"
	"github.com/go-ldap/ldap/v3"
)

// page holds the entries of a search.
type page struct {
	entries []*ldap.Entry

	// Of the entry that is being decoded.

	text   []byte // the DN and the values, one after another
	ends   []int  // where in text each of these ends
	counts []attribute
	more   bool // there are elements that are not read here

	// What entries are made of, many at once.

	values     slab[string]
	attributes slab[ldap.EntryAttribute]
	pointers   slab[*ldap.EntryAttribute]
	made       slab[ldap.Entry]
}

// slab gives parts of memory that is allocated in larger pieces.
type slab[T any] []T

// perSlab is how much is allocated at once: for some ten entries, so that whoever keeps one
// of them keeps little more. One less than a power of two leaves room for what the runtime
// puts in front.
const perSlab = 63

// take gives n of the zero value.
func (s *slab[T]) take(n int) []T {
	if n == 0 || n > perSlab/2 {
		return make([]T, n)
	}
	if len(*s) < n {
		*s = make([]T, perSlab)
	}
	part := (*s)[:n:n]
	*s = (*s)[n:]
	return part
}

// attribute is one of an entry's, and how many values it has.
type attribute struct {
	name   string
	values int
}

// add decodes a message that holds a SearchResultEntry (RFC 4511, 4.5.2). The entry keeps
// no part of message: all its texts are parts of one of its own. What the standard may add
// at the end of a sequence is left aside (RFC 4511, 4).
func (p *page) add(message []byte, names *names) error {
	_, _, content, err := open(message)
	if err != nil {
		return err
	}
	entry, content, err := take(content, opEntry)
	if err != nil {
		return err
	}
	p.text, p.ends, p.counts = p.text[:0], p.ends[:0], p.counts[:0]
	p.more = len(content) > 0 // controls
	dn, entry, err := take(entry, tagOctets)
	if err != nil {
		return err
	}
	p.note(dn)
	attributes, entry, err := take(entry, tagSequence)
	if err != nil {
		return err
	}
	p.more = p.more || len(entry) > 0
	for len(attributes) > 0 {
		var one []byte
		if one, attributes, err = take(attributes, tagSequence); err != nil {
			return err
		}
		if err := p.attribute(one, names); err != nil {
			return err
		}
	}
	if p.more { // go-ldap's own reader checks them
		if _, err := ber.DecodePacketErr(message); err != nil {
			return errMore // not as it is: an end of the message is none of the connection
		}
	}
	p.entries = append(p.entries, p.entry())
	return nil
}

// attribute decodes a PartialAttribute (RFC 4511, 4.1.7).
func (p *page) attribute(content []byte, names *names) error {
	name, content, err := take(content, tagOctets)
	if err != nil {
		return err
	}
	values, content, err := take(content, tagSet)
	if err != nil {
		return err
	}
	n := 0
	for ; len(values) > 0; n++ {
		var value []byte
		if value, values, err = take(values, tagOctets); err != nil {
			return err
		}
		p.note(value)
	}
	p.counts = append(p.counts, attribute{names.of(len(p.counts), name), n})
	p.more = p.more || len(content) > 0
	return nil
}

func (p *page) note(text []byte) {
	p.text = append(p.text, text...)
	p.ends = append(p.ends, len(p.text))
}

// entry makes an entry of what was noted.
func (p *page) entry() *ldap.Entry {
	text, first := string(p.text), p.ends[0]
	values := p.values.take(len(p.ends) - 1)
	begin := first
	for i, end := range p.ends[1:] {
		values[i], begin = text[begin:end], end
	}
	e := &p.made.take(1)[0]
	e.DN, e.Attributes = text[:first], p.pointers.take(len(p.counts))
	attributes := p.attributes.take(len(p.counts))
	for i, a := range p.counts {
		attributes[i].Name, attributes[i].Values = a.name, values[:a.values:a.values]
		values = values[a.values:]
		e.Attributes[i] = &attributes[i]
	}
	return e
}

// names are the names of attributes that came, each as one string.
type names struct {
	all map[string]string
	// order are those of the last entry: most entries have the same in the same order.
	order []string
}

// maxNames bounds what a server can have remembered.
const maxNames = 1000

// of gives the name of an entry's attribute, by its place in the entry.
func (n *names) of(place int, name []byte) string {
	if place < len(n.order) && n.order[place] == string(name) {
		return n.order[place]
	}
	text, known := n.all[string(name)]
	if !known {
		text = string(name)
		if len(n.all) < maxNames {
			n.all[text] = text
		}
	}
	switch {
	case place < len(n.order):
		n.order[place] = text
	case place < maxNames:
		n.order = append(n.order, text)
	}
	return text
}
