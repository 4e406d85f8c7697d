package mapping

import (
	"fmt"
	"maps"
	"slices"

	dirsync "duosync/sync"
)

// Desired is what the directory wants for one person.
type Desired struct {
	ID dirsync.SourceID
	DN string
	// Directory is the name of the directory, see [dirsync.Person].
	Directory string
	Fields    dirsync.Fields
	// Problem tells why the person can't have a username; then nobody is created for them,
	// and a user who is there keeps the name.
	Problem string
	// Faults tell, by field, why what the directory has for it can't be carried over: that
	// field alone is left as it is.
	Faults   map[string]string
	Warnings []string
	// Choices are, by field with a single value, the values that would do as well: its
	// attribute has several.
	Choices map[string][]string
	// Phones are the phones that the directory wants, whether they are kept in
	// step (then they are among the fields) or given at create only.
	Phones []Phone
	// UnreadPhones tell of values for phones that are there and can't be read. While there
	// are any, nobody knows which numbers the directory has given up.
	UnreadPhones []string
	// Unsure tells why the status can't be told; it stays as it is then.
	Unsure *dirsync.Unsure
	// NoBypass: the configuration does not allow bypass, so that is no status to stay as it is.
	NoBypass bool
	// Term tells why the status is disabled where it is the time alone; else nil.
	Term *dirsync.Term
	Mark *dirsync.Mark // which forces the status
	Seen dirsync.Seen
}

// Phone is a phone that the directory wants for a person; Kind is mobile or landline.
type Phone struct{ Number, Extension, Kind string }

// Text names the phone, see [dirsync.PhoneText].
func (w *Phone) Text() string { return dirsync.PhoneText(w.Number, w.Extension) }

// Names returns the folded username and aliases.
func (d *Desired) Names() []string {
	var names []string
	if name := d.Name(); name != "" {
		names = append(names, name)
	}
	for _, alias := range dirsync.Items(d.Fields[dirsync.FieldAliases]) {
		names = append(names, dirsync.FoldName(alias))
	}
	return names
}

// Groups returns the folded names of the Duo groups that the directory wants the
// person in.
func (d *Desired) Groups() []string {
	groups := dirsync.Items(d.Fields[dirsync.FieldGroups])
	for i := range groups {
		groups[i] = dirsync.FoldName(groups[i])
	}
	return groups
}

// Name returns the folded username, "" when there is none.
func (d *Desired) Name() string { return dirsync.FoldName(d.Fields[dirsync.FieldUsername]) }

// Label names a person for people: the username, else the DN.
func (d *Desired) Label() string {
	if name := d.Fields[dirsync.FieldUsername]; name != "" {
		return name
	}
	return d.DN
}

// Troubled reports whether something of a person can't be carried over, as every run tells.
func (d *Desired) Troubled() bool {
	return d.Problem != "" || len(d.Faults) > 0 || d.Unsure != nil && d.Unsure.Why != ""
}

// Faulty lists the fields that can't be carried over, each with its reason, in order.
func (d *Desired) Faulty() []string {
	var all []string
	for _, field := range slices.Sorted(maps.Keys(d.Faults)) {
		all = append(all, field+": "+d.Faults[field])
	}
	return all
}

// fault notes why a field can't be carried over.
func (d *Desired) fault(field string, err error) {
	if d.Faults == nil {
		d.Faults = map[string]string{}
	}
	d.Faults[field] = err.Error()
	delete(d.Fields, field)
}

// unsure notes that the status can't be told: it stays as it is, and is never raised.
func (d *Desired) unsure(format string, args ...any) {
	d.Unsure = &dirsync.Unsure{Why: fmt.Sprintf(format, args...)}
}

func (d *Desired) warn(format string, args ...any) {
	d.Warnings = append(d.Warnings, d.Label()+": "+fmt.Sprintf(format, args...))
}

// Same reports whether the fields are those of a hash. Of a person whose standing
// can't be told, the status is what it was.
func (d *Desired) Same(asked dirsync.Hash) bool {
	if d.Unsure == nil {
		return d.Fields.Hash() == asked
	}
	fields := maps.Clone(d.Fields)
	for _, status := range []string{dirsync.StatusActive, dirsync.StatusDisabled, dirsync.StatusBypass} {
		fields[dirsync.FieldStatus] = status
		if fields.Hash() == asked {
			return status != dirsync.StatusBypass || !d.NoBypass
		}
	}
	return false
}

// Prefer keeps of several values the one that is there already: which of them comes first
// in the directory means nothing.
func (d *Desired) Prefer(asked dirsync.Fields) {
	for field, values := range d.Choices {
		if last, known := asked[field]; known && slices.Contains(values, last) {
			d.Fields[field] = last
		}
	}
}
