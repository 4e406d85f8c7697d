package ldapsrc

// Preset names a kind of directory: how people and groups are found there, where
// it keeps locks, and how.
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
	// primary group, and referrals to the other naming contexts of the same
	// forest, which every search from a domain's root brings, are left aside.
	ActiveDirectory Preset = "activedirectory"
	// Custom is any other directory. It tells no locks.
	Custom Preset = "custom"
)

// Presets lists what Options.Preset may be.
func Presets() []Preset { return []Preset{WSO2IS, OpenLDAP, DS389, ActiveDirectory, Custom} }

// Defaults gives what New takes for what Options leave out: all of Users and
// Groups but the bases, which differ from one directory to the next, and what
// only the caller can know.
func Defaults(preset Preset) (Users, Groups) {
	users := Users{Filter: DefaultFilter, Scope: ScopeSub, IDAttribute: DefaultIDAttribute}
	groups := Groups{Filter: "(objectClass=groupOfNames)", NameAttribute: "cn", MemberAttribute: "member", Nested: true}
	switch preset {
	case OpenLDAP:
		users.Filter = "(objectClass=inetOrgPerson)"
	case DS389: // nsPerson is what its own tools make, and no person to the schema
		users.Filter, users.IDAttribute = "(|(objectClass=person)(objectClass=nsPerson))", "nsUniqueId"
	case ActiveDirectory:
		users.Filter, users.IDAttribute = "(&(objectCategory=person)(objectClass=user))", "objectGUID"
		groups.Filter = "(objectClass=group)"
	}
	return users, groups
}

// Names of the status attributes.
const (
	accountLock          = "accountLock"
	accountDisabled      = "accountDisabled"
	unlockTime           = "unlockTime"
	pwdAccountLockedTime = "pwdAccountLockedTime"
	nsAccountLock        = "nsAccountLock"
	accountUnlockTime    = "accountUnlockTime"
	userAccountControl   = "userAccountControl"
	accountExpires       = "accountExpires"
	lockoutTime          = "lockoutTime"

	memberOf = "memberof" // by groups
	nsRole   = "nsRole"   // the roles of an entry, which may lock it
)

// StatusAttributes are the attributes from which a preset tells a person's
// standing. They are asked for in every read, and come with Person.Attrs.
func StatusAttributes(preset Preset) []string {
	switch preset {
	case WSO2IS:
		return []string{accountLock, accountDisabled, unlockTime}
	case OpenLDAP:
		return []string{pwdAccountLockedTime}
	case DS389:
		return []string{nsAccountLock, accountUnlockTime}
	case ActiveDirectory:
		return []string{userAccountControl, accountExpires, lockoutTime}
	}
	return nil
}
