package schema

import (
	"math"
	"strconv"
	"strings"
	"time"

	"duosync/sync/moment"
)

// Lockout says how a kind keeps lockouts whose end the person's entry does not tell.
type Lockout struct {
	Since   string // attribute of the person: when the lockout began
	Policy  string // attribute of the person: the DN of the password policy
	Length  string // attribute of the policy: how many seconds a lockout lasts; 0: until it is reset
	Config  string // base below which the server's own configuration stands
	Default string // attribute in there: the DN of the policy of those who have none
}

// ppolicyLockout is slapo-ppolicy(5), with slapd-config(5).
func ppolicyLockout() *Lockout {
	return &Lockout{Since: pwdAccountLockedTime.name, Policy: "pwdPolicySubentry", Length: "pwdLockoutDuration", Config: "cn=config", Default: "olcPPolicyDefault"}
}

// Over reports whether a lockout of some length has ended. One of length 0 never does, nor
// one whose beginning can't be read, or is an administrator's lock.
func (l *Lockout) Over(attrs map[string][]string, length time.Duration, now time.Time) bool {
	values := attrs[strings.ToLower(l.Since)]
	for _, value := range values {
		since, err := moment.Read(value, moment.Generalized)
		if err != nil || moment.IsNever(since) || strings.HasPrefix(strings.TrimSpace(value), lockedForGood) || now.Before(since.Add(length)) {
			return false
		}
	}
	return length > 0 && len(values) > 0
}

// Seconds reads the one value of an attribute that is a number of seconds; 0 where that
// can't be read.
func Seconds(values []string) time.Duration {
	if len(values) != 1 {
		return 0
	}
	n, err := strconv.ParseInt(strings.TrimSpace(values[0]), 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64/int64(time.Second) {
		return 0
	}
	return time.Duration(n) * time.Second
}
