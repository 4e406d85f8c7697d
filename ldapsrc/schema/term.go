package schema

import (
	"slices"
	"strings"
	"time"

	dirsync "duosync/sync"
	"duosync/sync/moment"
)

// Attributes in which directories keep the time in which an account may be used. How each
// writes it, package moment knows.
const (
	accountExpires = "accountExpires"         // Active Directory (MS-ADA1)
	pwdStartTime   = "pwdStartTime"           // slapo-ppolicy(5)
	pwdEndTime     = "pwdEndTime"             // the same
	krbExpiration  = "krbPrincipalExpiration" // FreeIPA on 389 (MIT Kerberos' LDAP schema)
)

// Ends are the attributes of directories of any kind with the time from which an account
// counts as disabled.
func Ends() []string {
	var ends []string
	for _, kind := range table() {
		if kind.Expires != "" && !slices.Contains(ends, kind.Expires) {
			ends = append(ends, kind.Expires)
		}
	}
	return append(ends, "krb5ValidEnd", "shadowExpire", "sambaKickoffTime") // no preset's own
}

// Verdict is what the status attributes of an entry say.
type Verdict struct {
	Standing dirsync.Standing
	Unsure   *dirsync.Unsure // why Standing is Unreadable; else nil
	Term     *dirsync.Term   // where Standing is Disabled for the time alone; else nil
}

// Judge decodes the status attributes, which have lower-cased names. An absent attribute
// is no lock and no end, but for one that every entry of a kind has. Of several signs the
// surest wins: disabled by an administrator, then a time that is over or has not begun,
// then what can't be read, then a lockout.
func (k *Kind) Judge(attrs map[string][]string, now time.Time) Verdict {
	standing, unsure := dirsync.Enabled, (*dirsync.Unsure)(nil)
	if k.standing != nil {
		standing, unsure = k.standing(attrs, now)
	}
	if standing == dirsync.Disabled {
		return Verdict{Standing: standing}
	}
	for _, border := range k.borders {
		term, unread := border.cross(attrs, now)
		if term != nil {
			return Verdict{Standing: dirsync.Disabled, Term: term}
		}
		if unsure == nil {
			unsure = unread
		}
	}
	if unsure != nil {
		return Verdict{Standing: dirsync.Unreadable, Unsure: unsure}
	}
	return Verdict{Standing: standing}
}

// Standing is Judge without what time has to do with it.
func (k *Kind) Standing(attrs map[string][]string, now time.Time) (dirsync.Standing, *dirsync.Unsure) {
	v := k.Judge(attrs, now)
	return v.Standing, v.Unsure
}

// NoExpiry is the word that stands for no attribute at all, not even the kind's own.
const NoExpiry = "none"

// Expiring is the kind with another attribute for the end of accounts in the place of its
// own. "" leaves it its own.
func (k Kind) Expiring(attribute string) Kind {
	own := k.Expires
	switch {
	case attribute == "", strings.EqualFold(attribute, own):
		return k
	case attribute == NoExpiry:
		attribute = ""
	}
	k.Status = slices.DeleteFunc(slices.Clone(k.Status), func(name string) bool { return name == own })
	k.Expires = attribute
	return k.withTerm()
}

// withTerm is the kind with the attributes for the time of accounts among those of the status.
func (k Kind) withTerm() Kind {
	k.borders = nil
	if k.Expires != "" {
		k.borders = append(k.borders, border{attributeOf(k.Expires), false})
	}
	if k.Begins != "" {
		k.borders = append(k.borders, border{attributeOf(k.Begins), true})
	}
	k.Status = slices.Clone(k.Status)
	for _, border := range k.borders {
		if !slices.ContainsFunc(k.Status, func(name string) bool { return strings.EqualFold(name, border.name) }) {
			k.Status = append(k.Status, border.name)
		}
	}
	return k
}

// border is an attribute that bounds the time in which an account may be used.
type border struct {
	attribute
	begin bool
}

// cross tells what keeps an account out, or why that can't be told. Of several values the
// one counts that keeps it out.
func (b border) cross(attrs map[string][]string, now time.Time) (*dirsync.Term, *dirsync.Unsure) {
	values := attrs[b.key]
	if len(values) == 0 {
		return nil, nil
	}
	form := moment.FormOf(b.key)
	at, unread, err := moment.Earliest(values, form)
	out := !at.After(now)
	if b.begin {
		at, out = latestBegin(values, form, now)
	}
	switch {
	case out:
		return &dirsync.Term{At: at, Begin: b.begin}, nil
	case err != nil:
		return nil, &dirsync.Unsure{Attribute: b.key, Value: unread}
	}
	return nil, nil
}

// latestBegin gives the latest of the times before which an account may not be used, and
// whether it is still to come. One that is never keeps nobody out: there is no such value.
func latestBegin(values []string, form moment.Form, now time.Time) (at time.Time, out bool) {
	for _, value := range values {
		if t, err := moment.Read(value, form); err == nil && !moment.IsNever(t) && t.After(now) && t.After(at) {
			at, out = t, true
		}
	}
	return at, out
}
