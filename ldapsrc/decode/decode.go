// Package decode makes of an LDAP entry what it says of a person or a group: the id, the
// attributes that were asked for, whether a lock is on, and when it was changed.
package decode

import (
	"context"
	"time"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/dn"
	"duosync/ldapsrc/schema"
	dirsync "duosync/sync"
)

// Decoder decodes the entries of a kind of directory.
type Decoder struct {
	ID        IDAttribute
	Kind      *schema.Kind
	Requested Requested
	Now       func() time.Time // where nobody says as of when people are decoded
}

// Person decodes a person's entry as of a time, by which locks and accounts have ended or
// not. It keeps no part of the entry but its strings.
func (d *Decoder) Person(entry *ldap.Entry, at time.Time) (dirsync.Person, error) {
	attrs := d.Requested.of(entry)
	id, err := d.ID.of(entry.DN, attrs)
	if err != nil {
		return dirsync.Person{}, err
	}
	verdict := d.Kind.Judge(attrs, at)
	return dirsync.Person{ID: id, DN: entry.DN, Attrs: attrs,
		Standing: verdict.Standing, Unsure: verdict.Unsure, Term: verdict.Term, At: at}, nil
}

// At is the time as of which people are decoded: that of the context, else the clock's.
func (d *Decoder) At(ctx context.Context) time.Time {
	if at, ok := dirsync.AsOfIn(ctx); ok {
		return at
	}
	return d.Now()
}

// IDOf gives the id of an entry of any kind.
func (d *Decoder) IDOf(entry *ldap.Entry) (dirsync.SourceID, error) {
	return d.ID.of(entry.DN, d.Requested.of(entry))
}

// StampAttributes are those to ask for in order to tell an entry's stamp.
func (d *Decoder) StampAttributes() []string {
	var names []string
	for _, stamp := range d.Kind.Stamps {
		names = append(names, stamp.Attributes...)
	}
	return names
}

// Stamp gives an entry's stamp, or "". It begins with its kind.
func (d *Decoder) Stamp(entry *ldap.Entry) string {
	for _, stamp := range d.Kind.Stamps {
		for _, name := range stamp.Attributes {
			if values := dn.Values(entry, name); len(values) > 0 {
				return stamp.Kind + " " + values[0]
			}
		}
	}
	return ""
}
