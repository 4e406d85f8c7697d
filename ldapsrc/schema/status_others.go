package schema

import (
	"cmp"
	"time"

	dirsync "duosync/sync"
	"duosync/sync/moment"
)

// The status attributes of OpenDJ and eDirectory.
var (
	dsPwpAccountDisabled   = attributeOf("ds-pwp-account-disabled")
	loginDisabled          = attributeOf("loginDisabled")
	lockedByIntruder       = attributeOf("lockedByIntruder")
	loginIntruderResetTime = attributeOf("loginIntruderResetTime")
)

// flagStanding reads one attribute that says by true that an administrator disabled the
// account.
func flagStanding(of attribute) func(map[string][]string, time.Time) (dirsync.Standing, *dirsync.Unsure) {
	return func(attrs map[string][]string, _ time.Time) (dirsync.Standing, *dirsync.Unsure) {
		disabled, unsure := flag(attrs, of)
		if disabled {
			return dirsync.Disabled, nil
		}
		return dirsync.Enabled, unsure
	}
}

// opendjStanding reads OpenDJ's administrative flag, and the lock of its password policy,
// which is that of draft-behera-ldap-password-policy as in OpenLDAP.
func opendjStanding(attrs map[string][]string, now time.Time) (dirsync.Standing, *dirsync.Unsure) {
	disabled, unsure := flag(attrs, dsPwpAccountDisabled)
	if disabled {
		return dirsync.Disabled, nil
	}
	standing, unsureToo := ppolicyStanding(attrs, now)
	return standing, cmp.Or(unsure, unsureToo)
}

// edirectoryStanding reads eDirectory's administrative flag, and its intruder lockout. That
// is over at loginIntruderResetTime, though lockedByIntruder stays true until the next
// login; without a time that can be read it goes on.
func edirectoryStanding(attrs map[string][]string, now time.Time) (dirsync.Standing, *dirsync.Unsure) {
	disabled, unsure := flag(attrs, loginDisabled)
	if disabled {
		return dirsync.Disabled, nil
	}
	locked, unsureToo := flag(attrs, lockedByIntruder)
	if locked && !allOver(attrs[loginIntruderResetTime.key], now) {
		return dirsync.LockedOut, unsure
	}
	return dirsync.Enabled, cmp.Or(unsure, unsureToo)
}

// allOver reports whether there are times, and none of them is to come.
func allOver(values []string, now time.Time) bool {
	for _, value := range values {
		if end, err := moment.Read(value, moment.Generalized); err != nil || end.After(now) {
			return false
		}
	}
	return len(values) > 0
}

func edirectoryLapses() map[string]func(string) bool {
	return map[string]func(string) bool{lockedByIntruder.key: always, loginIntruderResetTime.key: always}
}
