package ldapsrc

import (
	"strconv"
	"strings"
	"time"

	dirsync "duosync/sync"
)

// Preset names a kind of directory: where it keeps locks, and how.
type Preset string

// The presets.
const (
	// WSO2IS is WSO2 Identity Server's user store. Its locks are in LDAP only
	// where the identity claims are kept in the user store
	// (UserStoreBasedIdentityDataStore).
	WSO2IS Preset = "wso2is"
	// OpenLDAP has the password policy overlay's locks.
	OpenLDAP Preset = "openldap"
)

// Presets lists what Options.Preset may be.
func Presets() []Preset { return []Preset{WSO2IS, OpenLDAP} }

const (
	accountLock          = "accountLock"
	accountDisabled      = "accountDisabled"
	unlockTime           = "unlockTime"
	pwdAccountLockedTime = "pwdAccountLockedTime"
)

// StatusAttributes are the attributes from which a preset tells a person's
// standing. They are asked for in every read, and come with Person.Attrs.
func StatusAttributes(preset Preset) []string {
	switch preset {
	case WSO2IS:
		return []string{accountLock, accountDisabled, unlockTime}
	case OpenLDAP:
		return []string{pwdAccountLockedTime}
	}
	return nil
}

// standing decodes the status attributes. An absent attribute is no lock.
func (p Preset) standing(attrs map[string][]string, now time.Time) dirsync.Standing {
	switch p {
	case WSO2IS:
		return wso2Standing(attrs, now)
	case OpenLDAP:
		return ppolicyStanding(attrs)
	}
	return dirsync.Enabled
}

// wso2Standing reads WSO2's identity claims: strings true and false in any case,
// and a time in milliseconds since 1970 at which a lock ends. A lock whose end
// is 0, past or unreadable is taken for an administrator's.
func wso2Standing(attrs map[string][]string, now time.Time) dirsync.Standing {
	switch {
	case anyTrue(attrs, accountDisabled):
		return dirsync.Disabled
	case !anyTrue(attrs, accountLock):
		return dirsync.Enabled
	case allAfter(attrs[strings.ToLower(unlockTime)], now):
		return dirsync.LockedOut
	}
	return dirsync.Disabled
}

func anyTrue(attrs map[string][]string, name string) bool {
	for _, value := range attrs[strings.ToLower(name)] {
		if strings.EqualFold(strings.TrimSpace(value), "true") {
			return true
		}
	}
	return false
}

func allAfter(values []string, now time.Time) bool {
	for _, value := range values {
		ms, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
		if err != nil || ms <= now.UnixMilli() {
			return false
		}
	}
	return len(values) > 0
}

// lockedForGood is how an administrator's lock begins (slapo-ppolicy(5)); any
// other value is the time of a lockout.
const lockedForGood = "000001010000"

func ppolicyStanding(attrs map[string][]string) dirsync.Standing {
	values := attrs[strings.ToLower(pwdAccountLockedTime)]
	for _, value := range values {
		if strings.HasPrefix(strings.TrimSpace(value), lockedForGood) {
			return dirsync.Disabled
		}
	}
	if len(values) > 0 {
		return dirsync.LockedOut
	}
	return dirsync.Enabled
}
