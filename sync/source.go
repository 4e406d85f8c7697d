package dirsync

import (
	"context"
	"errors"
	"maps"
	"strings"
	"time"
)

// FoldGroup gives the form in which two names of groups in the directory are the same,
// see [SameGroup].
func FoldGroup(name string) string { return strings.Join(strings.Fields(strings.ToLower(name)), " ") }

// SameGroup reports whether two names are those of one group, as directories compare
// them: without case, and without outer and repeated blanks (RFC 4518, 2.6.1).
func SameGroup(a, b string) bool {
	const blanks = " \t"
	if strings.EqualFold(a, b) || !strings.ContainsAny(a+b, blanks) {
		return strings.EqualFold(a, b)
	}
	return FoldGroup(a) == FoldGroup(b)
}

// ReadInfo says what a complete read of the directory was.
type ReadInfo struct {
	// Directory is the name of the directory, "" for that of the section ldap.
	Directory string
	// Parts are the reads of several directories, in order of precedence; Read, Groups,
	// Nested and Warnings are then those of all of them. Of one without a name there are
	// none.
	Parts  []ReadInfo
	Server string // the URL that answered
	// Identity is what the server says of itself (root DSE: dnsHostName or
	// serverName), else the address that answered. Behind one URL there may be
	// several servers.
	Identity string
	// Marker tells how far the server has come; nil where it does not say.
	Marker Marker
	Read   int // entries that the filter returned
	// Certificate is when the first of the certificates ends that the server showed; zero
	// where the connection was not encrypted.
	Certificate time.Time
	// CutAt is after how many entries the server ended a search of this account, which
	// was then read in parts, and Searches in how many searches that was; 0 where it did
	// not.
	CutAt, Searches int
	// Bases are the base DNs of the people, folded as the server compares DNs, where
	// there are several; else none.
	Bases []string
	// Groups are the groups that were found, of those that the source was asked
	// about, sorted by name, then id.
	Groups []GroupEntry
	// Nested are the groups that were found inside of Groups, at any depth, and
	// that are not among Groups themselves; sorted by DN.
	Nested []GroupEntry
	// Warnings are worth telling of a read that is complete: members that answer
	// nothing, values that can't be read.
	Warnings []string
}

// Each gives the read of each directory.
func (i *ReadInfo) Each() []*ReadInfo {
	if len(i.Parts) == 0 {
		return []*ReadInfo{i}
	}
	all := make([]*ReadInfo, len(i.Parts))
	for at := range i.Parts {
		all[at] = &i.Parts[at]
	}
	return all
}

// Of gives the read of a directory, by its name; nil where it was not read.
func (i *ReadInfo) Of(directory string) *ReadInfo {
	for _, one := range i.Each() {
		if one.Directory == directory {
			return one
		}
	}
	return nil
}

// Marker tells how far a server has come in the changes of a directory, by what
// counts them (a replica's contextCSN, highestCommittedUSN, a changelog). Values of
// one key rise with time and compare as text.
type Marker map[string]string

// Furthest gives of each count the later one.
func (m Marker) Furthest(other Marker) Marker {
	if len(m)+len(other) == 0 {
		return nil
	}
	all := maps.Clone(other)
	if all == nil {
		all = Marker{}
	}
	for key, at := range m {
		all[key] = max(all[key], at)
	}
	return all
}

// Behind reports whether m is, by any of its counts, before another marker.
func (m Marker) Behind(other Marker) bool {
	for key, at := range m {
		if was, known := other[key]; known && at < was {
			return true
		}
	}
	return false
}

// GroupEntry is a group of the directory.
type GroupEntry struct {
	ID   SourceID // "" where the server shows none
	Name string
	DN   string
	// Directory is the name of the directory that the group is in, "" for that of the
	// section ldap.
	Directory string
	// Stamp is when the entry was changed last, in the server's own words; "" where
	// it shows none. Two stamps of one server are compared for equality only, and only
	// where they begin with the same word, which is their kind.
	Stamp string
	// Members counts the values of the member attributes. Hidden: one of these has none,
	// and the server would not have a group of this kind without.
	Members int
	Hidden  bool
	// Persons counts the people of the read who are in the group themselves, not by
	// way of a group inside it. People are their ids, sorted, where there are no
	// more than MaxPeople; else none.
	Persons int
	People  []SourceID
	// Own counts those of Persons who are in it by their own entries alone, which say so
	// or are searched for: they come and go without a change of the group's entry.
	// OwnPeople are their ids, as People are.
	Own       int
	OwnPeople []SourceID
	// Inside are, for one of ReadInfo.Nested, the names of the groups in
	// ReadInfo.Groups that hold it, at any depth; sorted.
	Inside []string
}

// MaxPeople is how many people of a group, or with a value, are known by their ids.
const MaxPeople = 50

// Key names a group for good: by its id, else by its DN.
func (g *GroupEntry) Key() string {
	if g.ID != "" {
		return "id:" + string(g.ID)
	}
	return "dn:" + string(IDIn(g.Directory, SourceID(strings.ToLower(g.DN))))
}

type asOf struct{}

// AsOf has a [Source] tell everybody's standing as of a time: what has an end, or a
// beginning, is the same all through one run.
func AsOf(ctx context.Context, at time.Time) context.Context {
	return context.WithValue(ctx, asOf{}, at)
}

// AsOfIn gives the time that AsOf put into a context. ok is false where there is none.
func AsOfIn(ctx context.Context) (at time.Time, ok bool) {
	at, ok = ctx.Value(asOf{}).(time.Time)
	return at, ok
}

type concerned struct{}

// Concerning has the log of a [Target] tell whom calls are about, by the name of the person
// or the group, or by several with commas between them.
func Concerning(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, concerned{}, name)
}

// ConcernedIn gives the name that Concerning put into a context; "" where there is none.
func ConcernedIn(ctx context.Context) string {
	name, _ := ctx.Value(concerned{}).(string)
	return name
}

// Source is a directory.
type Source interface {
	// Read streams one whole directory or fails. It never ends early without
	// an error: a failed page, a size or time limit, a base that does not
	// exist, a dropped connection or a result that was never completed are all
	// errors. visit gets each entry once, even if it lies under two bases; an
	// error from visit ends the read and is returned as it is. Where a server broke
	// off and another one is left the error is a ReadAgain (see ReadWhole).
	Read(ctx context.Context, visit func(Person) error) (ReadInfo, error)

	// Lookup finds ids anywhere under the suffix that holds the bases, and says
	// which of them are still within bases and filter. Every id has an entry in
	// the answer. Any doubt is an error. After a Read it asks the server that
	// answered that, and no other. An id that can't be one under the configured id
	// attribute is found nowhere.
	Lookup(ctx context.Context, ids []SourceID) (map[SourceID]Whereabouts, error)

	// LookupGroups finds groups by their id, or where they have none by their DN,
	// anywhere under the suffix, whatever the groups' bases and filter. The answer is
	// by GroupEntry.Key, with Name, DN and Stamp as they are now; one that is not in
	// it is gone. Any doubt is an error, and the server is that of Lookup.
	LookupGroups(ctx context.Context, groups []GroupEntry) (map[string]GroupEntry, error)

	// StillMembers reports whether any of these people says to be in a group by an
	// attribute of their own (memberOf). Where there is no such attribute, nobody does.
	// The server is that of Lookup.
	StillMembers(ctx context.Context, group GroupEntry, ids []SourceID) (bool, error)

	// Stamps gives when entries were changed last, in the server's own words
	// (modifyTimestamp, whenChanged), by id and by DN. One that is not found, or has no
	// stamp, is missing in the answer. The server is that of Lookup.
	Stamps(ctx context.Context, ids []SourceID, dns []string) (byID map[SourceID]string, byDN map[string]string, err error)
}

// Several is a Source of several directories.
type Several interface {
	Source
	// In gives one of them alone, with the ids that it has among the others; nil where
	// there is none of that name.
	In(directory string) Source
}

// In gives the source of one directory. Where source is of one only, it is that.
func In(source Source, directory string) Source {
	if several, ok := source.(Several); ok && directory != "" {
		return several.In(directory)
	}
	return source
}

// ReadAgain is the error of a read that a server broke off while another one is left
// that holds the same directory. Nothing that the read gave counts: of two servers one
// may lag behind. Read may be called once more, and begins at the next server; each is
// tried once.
type ReadAgain struct {
	Server string // that broke off
	Err    error
}

func (e *ReadAgain) Error() string { return e.Err.Error() }

func (e *ReadAgain) Unwrap() error { return e.Err }

// ReadWhole reads a directory, from the beginning again at the next server where one
// breaks off. begin is called before each attempt, with what became of the one before
// (nil at the first); it forgets what it was given, and gives who visits.
func ReadWhole(ctx context.Context, source Source, begin func(broken *ReadAgain) func(Person) error) (ReadInfo, error) {
	var broken *ReadAgain
	for {
		info, err := source.Read(ctx, begin(broken))
		if again := (*ReadAgain)(nil); ctx.Err() == nil && errors.As(err, &again) {
			broken = again
			continue
		}
		return info, err
	}
}
