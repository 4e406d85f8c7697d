// Package schema is the one table of kinds of directory (schema.go), the values of
// ldap.preset, with the ways to read a lock that kinds may share (status.go,
// status_others.go), and the time in which an account may be used (term.go). Beside it
// stands what the configuration and the connection must read alike: filters (filter.go)
// and URLs of servers (address.go).
package schema

import (
	"time"

	dirsync "duosync/sync"
)

// Preset names a kind of directory, as ldap.preset of the configuration does.
type Preset string

// The presets.
const (
	// WSO2IS is WSO2 Identity Server's user store. Its locks are in LDAP only
	// where the identity claims are kept in the user store
	// (UserStoreBasedIdentityDataStore).
	WSO2IS Preset = "wso2is"
	// OpenLDAP has the password policy overlay's locks.
	OpenLDAP Preset = "openldap"
	// DS389 is 389 Directory Server, with its account inactivation and its
	// password policy's locks.
	DS389 Preset = "389ds"
	// ActiveDirectory is Microsoft's, or Samba's. A person is also in their
	// primary group. A directory is one domain: what else there is in its forest, and
	// what every search from a domain's root refers to, is no part of it.
	ActiveDirectory Preset = "activedirectory"
	// FreeIPA is FreeIPA, and Red Hat's IdM: a 389 Directory Server with a layout of its
	// own. Its lockouts after wrong passwords are each server's own and told by none.
	FreeIPA Preset = "freeipa"
	// OpenDJ is OpenDJ, and what came of it and before it: PingDS, PingDirectory,
	// Oracle Unified Directory.
	OpenDJ Preset = "opendj"
	// EDirectory is NetIQ's (Novell's, OpenText's) eDirectory.
	EDirectory Preset = "edirectory"
	// Custom is any other directory. It tells no locks.
	Custom Preset = "custom"
)

// Kind is a kind of directory: a row of the table.
type Kind struct {
	Preset Preset
	URL    string // of a server on the machine itself
	Users  Users
	Groups Groups
	// Former are the values that earlier versions had in Users, the latest first.
	// Installations that began with them are held to none of ours without a word.
	Former []Users

	// Status are the attributes from which Standing is told. They are asked for in
	// every read, and come with Person.Attrs.
	Status []string
	// Expires is the attribute with the time from which an account counts as disabled, and
	// Begins that with the time up to which it does; "" for none. They are among Status.
	Expires string
	Begins  string
	// Lockout: how long a lockout lasts stands elsewhere than with the person; else nil.
	Lockout *Lockout
	// Via tells which attributes may have a value by way of another entry, a group or
	// a role, and the attribute that holds the DNs of those entries; both by their
	// lower-cased names. Beside are attributes that are read for it to be of use.
	Via    map[string]string
	Beside []string
	// Stamps are the attributes that tell when an entry was changed last, the best
	// first.
	Stamps []Stamp

	// OctetIDs are the id attributes, by lower-cased name, whose values are the 16 bytes
	// of a UUID in the order in which it is written, and no text.
	OctetIDs []string

	// PrimaryGroups: a person is in one more group, which does not list them as a
	// member but is named in primaryGroupID by the end of its objectSid.
	PrimaryGroups bool
	// ExactNames: entries may have DNs that are the same to other servers (RFC 4518).
	ExactNames bool
	// OneDomain: a directory is what a server holds of a forest. A server that offers
	// LDAP_SERVER_DOMAIN_SCOPE refers to other domains and naming contexts of it alone, and
	// these are no part of the directory.
	OneDomain bool
	// Aside are, for a server that can't, the RDNs, folded, of naming contexts right below a domain's root that
	// hold no people. A search from that root brings referrals to them.
	Aside []string
	// ContextCSN: the naming contexts tell by it how far the server has come, also
	// where the server does not say what it is.
	ContextCSN bool
	// ShowsMembers: a group that shows no members though its class demands some is one
	// whose members may not be read.
	ShowsMembers bool

	borders  []border // of Expires and Begins
	standing func(attrs map[string][]string, now time.Time) (dirsync.Standing, *dirsync.Unsure)
	lapses   map[string]func(value string) bool // by lower-cased name
}

// Users says how people are kept. Everyone's suffix is another, so only a kind that
// comes with one has Bases.
type Users struct {
	Bases       []string
	Filter      string // RFC 4515
	IDAttribute string
	Username    string // the attribute by which people log in
}

// Groups says how groups are kept.
type Groups struct {
	Bases           []string // as those of Users
	Filter          string   // RFC 4515
	NameAttribute   string
	MemberAttribute string
}

// Stamp is a way to tell when an entry was changed last. Stamps of two kinds can't be
// compared (see [dirsync.GroupEntry]).
type Stamp struct {
	Kind       string
	Attributes []string // the first that an entry has
}

// What names, at a person, the groups that they are in; in lower case.
const (
	memberOf        = "memberof"
	isMemberOf      = "ismemberof"      // OpenDJ
	groupMembership = "groupmembership" // eDirectory
)

// What several kinds have in common.
const (
	entryUUID = "entryUUID" // RFC 4530
	uid       = "uid"       // RFC 4519, 2.39
	local     = "ldap://localhost:389"
)

func groupsOfNames() Groups {
	return Groups{Filter: "(objectClass=groupOfNames)", NameAttribute: "cn", MemberAttribute: "member"}
}

// table lists the kinds; the last one is what a directory is of which nothing is known.
func table() []Kind {
	return []Kind{wso2is(), openLDAP(), ds389(), activeDirectory(), freeIPA(), openDJ(), eDirectory(), custom()}
}

func wso2is() Kind {
	return Kind{
		Preset: WSO2IS, URL: "ldap://localhost:10389", // an ApacheDS, as WSO2 ships it
		Users:  Users{Bases: []string{"ou=Users,dc=WSO2,dc=ORG"}, Filter: "(objectClass=person)", IDAttribute: entryUUID, Username: uid},
		Groups: Groups{Bases: []string{"ou=Groups,dc=WSO2,dc=ORG"}, Filter: groupsOfNames().Filter, NameAttribute: "cn", MemberAttribute: "member"},
		Status: []string{accountLock.name, accountDisabled.name, unlockTime.name}, standing: wso2Standing, lapses: wso2Lapses(),
		Via: map[string]string{}, Stamps: serverStamps(), // it has no memberOf
	}
}

func openLDAP() Kind {
	return Kind{
		Preset: OpenLDAP, URL: local,
		Users: Users{Filter: "(objectClass=inetOrgPerson)", IDAttribute: entryUUID, Username: uid}, Groups: groupsOfNames(),
		Status: []string{pwdAccountLockedTime.name}, standing: ppolicyStanding, lapses: ppolicyLapses(),
		Expires: pwdEndTime, Begins: pwdStartTime, Lockout: ppolicyLockout(), Beside: []string{ppolicyLockout().Policy},
		Via: map[string]string{memberOf: memberOf}, Stamps: serverStamps(), ContextCSN: true, ShowsMembers: true,
	}
}

func ds389() Kind {
	return Kind{
		Preset: DS389, URL: local, // nsPerson is what its own tools make, and no person to the schema
		Users: Users{Filter: "(|(objectClass=person)(objectClass=nsPerson))", IDAttribute: "nsUniqueId", Username: uid}, Groups: groupsOfNames(),
		Status: []string{nsAccountLock.name, accountUnlockTime.name}, standing: ds389Standing, lapses: ds389Lapses(),
		Expires: krbExpiration,
		Via:     map[string]string{memberOf: memberOf, nsAccountLock.key: nsRole.key},
		Beside:  []string{nsRole.name}, Stamps: serverStamps(),
	}
}

func activeDirectory() Kind {
	return Kind{
		Preset: ActiveDirectory, URL: local,
		// SAM_NORMAL_USER_ACCOUNT (MS-ADTS, 2.2.17): neither computers, trusts nor managed service accounts.
		Users:  Users{Filter: "(sAMAccountType=805306368)", IDAttribute: "objectGUID", Username: "sAMAccountName"},
		Former: []Users{{Filter: "(&(objectCategory=person)(objectClass=user))", Username: uid}},
		Groups: Groups{Filter: "(objectClass=group)", NameAttribute: "cn", MemberAttribute: "member"},
		Status: []string{userAccountControl.name, lockoutTime.name, controlComputed.name}, standing: adStanding, lapses: adLapses(),
		Expires: accountExpires,
		Via:     map[string]string{memberOf: memberOf}, Stamps: []Stamp{{"time", []string{"whenChanged"}}},
		PrimaryGroups: true, ExactNames: true, OneDomain: true,
		Aside: []string{"cn=configuration", "dc=domaindnszones", "dc=forestdnszones"}, // MS-ADTS, 3.1.1.1.3
	}
}

func freeIPA() Kind {
	return Kind{
		Preset: FreeIPA, URL: local, // people are in cn=users,cn=accounts, and have an id there only
		Users: Users{Filter: "(objectClass=person)", IDAttribute: "ipaUniqueID", Username: uid}, Groups: groupsOfNames(),
		Status: []string{nsAccountLock.name}, standing: flagStanding(nsAccountLock), Expires: krbExpiration,
		Via:    map[string]string{memberOf: memberOf, nsAccountLock.key: nsRole.key},
		Beside: []string{nsRole.name}, Stamps: serverStamps(),
	}
}

func openDJ() Kind {
	return Kind{
		Preset: OpenDJ, URL: local,
		Users: Users{Filter: "(objectClass=person)", IDAttribute: entryUUID, Username: uid}, Groups: groupsOfNames(),
		Status: []string{dsPwpAccountDisabled.name, pwdAccountLockedTime.name}, standing: opendjStanding, lapses: ppolicyLapses(),
		Expires: "ds-pwp-account-expiration-time",
		Via:     map[string]string{isMemberOf: isMemberOf}, Stamps: serverStamps(),
	}
}

func eDirectory() Kind {
	return Kind{
		Preset: EDirectory, URL: local, // inetOrgPerson is its class User, groupOfNames its Group
		Users: Users{Filter: "(objectClass=inetOrgPerson)", IDAttribute: "GUID", Username: "cn"}, Groups: groupsOfNames(),
		Status: []string{loginDisabled.name, lockedByIntruder.name, loginIntruderResetTime.name}, standing: edirectoryStanding, lapses: edirectoryLapses(),
		Expires: "loginExpirationTime",
		Via:     map[string]string{groupMembership: groupMembership}, Stamps: serverStamps(),
		OctetIDs: []string{"guid"},
	}
}

func custom() Kind {
	return Kind{
		Preset: Custom, URL: local,
		Users: Users{Filter: "(objectClass=person)", IDAttribute: entryUUID, Username: uid}, Groups: groupsOfNames(),
		Via: map[string]string{memberOf: memberOf}, Stamps: serverStamps(),
	}
}

// serverStamps are those of any server: two changes in one second have one
// modifyTimestamp (RFC 4512, 3.4.4), but not one entryCSN (OpenLDAP and ApacheDS) or
// entryusn (389's USN plugin). ApacheDS has no modifyTimestamp before an entry's first
// change.
func serverStamps() []Stamp {
	return []Stamp{
		{"csn", []string{"entryCSN"}},
		{"usn", []string{"entryusn"}},
		{"time", []string{"modifyTimestamp", "createTimestamp"}},
	}
}

// Of gives the kind of a preset's name. Where ok is false there is none of that name,
// and it is Custom's.
func Of(preset Preset) (kind Kind, ok bool) {
	for _, row := range table() {
		kind = row.withTerm()
		if row.Preset == preset {
			return kind, true
		}
	}
	return kind, false
}

// Words lists the names of all kinds, the words that ldap.preset takes.
func (Preset) Words() []string {
	var words []string
	for _, preset := range Presets() {
		words = append(words, string(preset))
	}
	return words
}

// Presets lists the names of all kinds.
func Presets() []Preset {
	var names []Preset
	for _, row := range table() {
		names = append(names, row.Preset)
	}
	return names
}
