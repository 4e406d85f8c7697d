package ldapsrc

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	dirsync "duosync/sync"
)

// standing decodes the status attributes. An absent attribute is no lock.
func (p Preset) standing(attrs map[string][]string, now time.Time) dirsync.Standing {
	switch p {
	case WSO2IS:
		return wso2Standing(attrs, now)
	case OpenLDAP:
		return ppolicyStanding(attrs)
	case DS389:
		return ds389Standing(attrs, now)
	case ActiveDirectory:
		return adStanding(attrs, now)
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

// lockedUntilReset is the accountUnlockTime of a lock that only an administrator
// ends (389's passwordUnlock: off).
const lockedUntilReset = "19700101000000Z"

// ds389Standing reads 389's account inactivation, roles included, and its
// password policy's lock. A lock without an end is taken for an administrator's,
// as with the other presets; one whose end can't be read, for a lockout.
func ds389Standing(attrs map[string][]string, now time.Time) dirsync.Standing {
	if anyTrue(attrs, nsAccountLock) {
		return dirsync.Disabled
	}
	standing := dirsync.Enabled
	for _, value := range attrs[strings.ToLower(accountUnlockTime)] {
		value = strings.TrimSpace(value)
		if value == lockedUntilReset {
			return dirsync.Disabled
		}
		if end, err := parseGeneralizedTime(value); err != nil || end.After(now) {
			standing = dirsync.LockedOut
		}
	}
	return standing
}

const (
	accountDisable = 0x2       // UF_ACCOUNTDISABLE in userAccountControl (MS-ADTS, 2.2.16)
	neverExpires   = 1<<63 - 1 // in accountExpires; so does 0
	ticksPerSecond = 10_000_000
	secondsTo1970  = 11_644_473_600 // since 1601
)

// adStanding reads Active Directory's account flags. How long a lockout lasts is
// set by policies that are not read, so a lockoutTime counts until the next
// login of the person resets it to 0.
func adStanding(attrs map[string][]string, now time.Time) dirsync.Standing {
	for _, flags := range numbers(attrs, userAccountControl) {
		if flags&accountDisable != 0 {
			return dirsync.Disabled
		}
	}
	for _, ticks := range numbers(attrs, accountExpires) {
		if ticks > 0 && ticks != neverExpires && ticks/ticksPerSecond-secondsTo1970 <= now.Unix() {
			return dirsync.Disabled
		}
	}
	for _, ticks := range numbers(attrs, lockoutTime) {
		if ticks > 0 {
			return dirsync.LockedOut
		}
	}
	return dirsync.Enabled
}

// numbers gives an attribute's values that are numbers.
func numbers(attrs map[string][]string, name string) []int64 {
	var all []int64
	for _, value := range attrs[strings.ToLower(name)] {
		if n, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64); err == nil {
			all = append(all, n)
		}
	}
	return all
}

// parseGeneralizedTime reads a time such as 20260102030405Z (RFC 4517, 3.3.13),
// also without seconds or minutes, with a fraction of a second, or with an
// offset from UTC.
func parseGeneralizedTime(text string) (time.Time, error) {
	for _, layout := range []string{
		"20060102150405Z0700", "20060102150405Z07", "200601021504Z0700", "200601021504Z07", "2006010215Z0700", "2006010215Z07",
	} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time", text)
}
