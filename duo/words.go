package duo

import (
	"fmt"

	dirsync "duosync/sync"
)

func phoneLimits() string {
	return fmt.Sprintf("a Duo user has %d phones at most, and a phone %d users", dirsync.MaxPhones, dirsync.MaxPhoneUsers)
}

func groupLimits() string {
	return fmt.Sprintf("a Duo user is in %d groups at most", dirsync.MaxGroups)
}

func notMade(name string) error { return fmt.Errorf("the group %s was not made", dirsync.Quote(name)) }

func brokeOff(what string) error { return fmt.Errorf("an earlier run broke off before %s", what) }
