package schema

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	dirsync "duosync/sync"
	"duosync/sync/moment"
)

// The status attributes.
var (
	accountLock          = attributeOf("accountLock")
	accountDisabled      = attributeOf("accountDisabled")
	unlockTime           = attributeOf("unlockTime")
	pwdAccountLockedTime = attributeOf("pwdAccountLockedTime")
	nsAccountLock        = attributeOf("nsAccountLock")
	accountUnlockTime    = attributeOf("accountUnlockTime")
	userAccountControl   = attributeOf("userAccountControl")
	lockoutTime          = attributeOf("lockoutTime")
	controlComputed      = attributeOf("msDS-User-Account-Control-Computed")

	nsRole = attributeOf("nsRole") // the roles of an entry, which may lock it
)

// attribute is one by its name, and by the key under which people have it.
type attribute struct {
	name string
	key  string // in lower case; made once, not for each person
}

func attributeOf(name string) attribute { return attribute{name, strings.ToLower(name)} }

// Lapses tells, for the status attributes, by their lower-cased names, which values the
// server sets and ends by itself: lockouts after wrong passwords, and what every person has
// who is not locked. That such values are gone says nothing of what may be read.
func (k *Kind) Lapses(attribute string, values []string) bool {
	lapses := k.lapses[attribute]
	if lapses == nil || len(values) == 0 {
		return false
	}
	return !slices.ContainsFunc(values, func(value string) bool { return !lapses(strings.TrimSpace(value)) })
}

func always(string) bool { return true }

// wso2Standing reads WSO2's identity claims: strings true and false in any case,
// and a time in milliseconds since 1970 at which a lock ends. A lock whose end
// is 0, past or unreadable is taken for an administrator's.
func wso2Standing(attrs map[string][]string, now time.Time) (dirsync.Standing, *dirsync.Unsure) {
	disabled, unsure := flag(attrs, accountDisabled)
	locked, unsureToo := flag(attrs, accountLock)
	unsure = cmp.Or(unsure, unsureToo)
	switch {
	case disabled:
		return dirsync.Disabled, nil
	case !locked:
		return dirsync.Enabled, unsure
	case allAfter(attrs[unlockTime.key], now):
		return dirsync.LockedOut, unsure
	}
	return dirsync.Disabled, nil
}

func wso2Lapses() map[string]func(string) bool {
	return map[string]func(string) bool{unlockTime.key: always}
}

// flag reads an attribute that is true or false, in any case. True is sure as soon
// as one value says so; else a value that is neither leaves it open. An empty value
// counts as none.
func flag(attrs map[string][]string, of attribute) (bool, *dirsync.Unsure) {
	var unsure *dirsync.Unsure
	for _, value := range attrs[of.key] {
		switch word := strings.TrimSpace(value); {
		case strings.EqualFold(word, "true"):
			return true, nil
		case word != "" && !strings.EqualFold(word, "false") && unsure == nil:
			unsure = &dirsync.Unsure{Attribute: of.key, Value: value}
		}
	}
	return false, unsure
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

func ppolicyStanding(attrs map[string][]string, _ time.Time) (dirsync.Standing, *dirsync.Unsure) {
	var unsure *dirsync.Unsure
	standing, name := dirsync.Enabled, pwdAccountLockedTime.key
	for _, value := range attrs[name] {
		text := strings.TrimSpace(value)
		if strings.HasPrefix(text, lockedForGood) {
			return dirsync.Disabled, nil
		}
		if since, err := moment.Read(text, moment.Generalized); err != nil || moment.IsNever(since) { // or it is empty
			unsure = cmp.Or(unsure, &dirsync.Unsure{Attribute: name, Value: value})
		}
		standing = dirsync.LockedOut
	}
	return standing, unsure
}

func ppolicyLapses() map[string]func(string) bool {
	return map[string]func(string) bool{
		pwdAccountLockedTime.key: func(value string) bool { return !strings.HasPrefix(value, lockedForGood) },
	}
}

// lockedUntilReset is the accountUnlockTime of a lock that only an administrator
// ends (389's passwordUnlock: off).
const lockedUntilReset = "19700101000000Z"

// ds389Standing reads 389's account inactivation, roles included, and its
// password policy's lock. A lock without an end is taken for an administrator's,
// as with the other presets; one whose end can't be read, for a lockout.
func ds389Standing(attrs map[string][]string, now time.Time) (dirsync.Standing, *dirsync.Unsure) {
	locked, unsure := flag(attrs, nsAccountLock)
	if locked {
		return dirsync.Disabled, nil
	}
	standing := dirsync.Enabled
	for _, value := range attrs[accountUnlockTime.key] {
		value = strings.TrimSpace(value)
		if value == lockedUntilReset {
			return dirsync.Disabled, nil
		}
		if end, err := moment.Read(value, moment.Generalized); err != nil || end.After(now) {
			standing = dirsync.LockedOut
		}
	}
	return standing, unsure
}

func ds389Lapses() map[string]func(string) bool {
	return map[string]func(string) bool{
		accountUnlockTime.key: func(value string) bool { return value != lockedUntilReset },
	}
}

const (
	accountDisable = 0x2  // UF_ACCOUNTDISABLE in userAccountControl (MS-ADTS, 2.2.16)
	lockout        = 0x10 // UF_LOCKOUT, which is in msDS-User-Account-Control-Computed only (MS-ADTS, 3.1.1.4.5.17)
)

// adStanding reads Active Directory's account flags. Every user has
// userAccountControl, so one without it is one whose flags may not be read. Whether a
// lockout is over only the server knows, by its policies, and it tells in an attribute that
// it computes when asked; where that does not come back, a lockoutTime counts until the
// next login of the person resets it to 0.
func adStanding(attrs map[string][]string, _ time.Time) (dirsync.Standing, *dirsync.Unsure) {
	name := userAccountControl.key
	flags := numbers(attrs, userAccountControl)
	for _, flags := range flags {
		if flags&accountDisable != 0 {
			return dirsync.Disabled, nil
		}
	}
	var unsure *dirsync.Unsure
	switch values := attrs[name]; {
	case len(values) == 0 && isADUser(attrs):
		unsure = &dirsync.Unsure{Attribute: name}
	case len(flags) < len(values):
		at := slices.IndexFunc(values, func(value string) bool { return !isNumber(value) })
		unsure = &dirsync.Unsure{Attribute: name, Value: values[at]}
	}
	if adLockedOut(attrs) {
		return dirsync.LockedOut, unsure
	}
	return dirsync.Enabled, unsure
}

// adLockedOut reports whether a person is locked out after wrong passwords. That the
// password has expired (0x800000 in the same flags) is no lock.
func adLockedOut(attrs map[string][]string) bool {
	flagged := func(flags int64) bool { return flags&lockout != 0 }
	if computed := numbers(attrs, controlComputed); len(computed) > 0 {
		return slices.ContainsFunc(computed, flagged)
	}
	return slices.ContainsFunc(numbers(attrs, lockoutTime), func(ticks int64) bool { return ticks > 0 })
}

func adLapses() map[string]func(string) bool {
	return map[string]func(string) bool{
		lockoutTime.key:     always,
		controlComputed.key: always, // every person has it
	}
}

// isADUser reports whether an entry is of the class user, for all that was read.
func isADUser(attrs map[string][]string) bool {
	classes, read := attrs["objectclass"]
	return !read || slices.ContainsFunc(classes, func(class string) bool { return strings.EqualFold(class, "user") })
}

func isNumber(value string) bool {
	_, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
	return err == nil
}

// numbers gives an attribute's values that are numbers.
func numbers(attrs map[string][]string, of attribute) []int64 {
	var all []int64
	for _, value := range attrs[of.key] {
		if n, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64); err == nil {
			all = append(all, n)
		}
	}
	return all
}
