package duosim

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// createCodes makes bypass codes for a user, given or made up, and answers them
// as texts. The codes that the user had go, unless preserve_existing is set.
func (a *account) createCodes(c *call) (any, *refusal) {
	u, bad := find(&a.users, c, "user")
	if bad != nil {
		return nil, bad
	}
	codes, bad := a.wantedCodes(c.args)
	if bad != nil {
		return nil, bad
	}
	uses, bad := c.args.number("reuse_count", 1, 0)
	if bad != nil {
		return nil, bad
	}
	valid, bad := c.args.number("valid_secs", 0, 0)
	if bad != nil {
		return nil, bad
	}
	preserve, bad := c.args.flag("preserve_existing", false)
	if bad != nil {
		return nil, bad
	}
	var kept []BypassCode
	if preserve {
		kept = slices.Clone(u.BypassCodes)
	}
	if len(kept)+len(codes) > a.options.Limits.CodesPerUser {
		return nil, refuse(limitExceeded, "")
	}
	if uses == 0 {
		uses = -1
	}
	for _, code := range codes {
		made := BypassCode{ID: a.newID("DB"), Code: code, Created: a.seconds(), Uses: uses}
		if valid > 0 {
			made.Expires = made.Created.Add(time.Duration(valid) * time.Second)
		}
		kept = append(kept, made)
	}
	u.BypassCodes = kept
	a.changes++
	return codes, nil
}

// wantedCodes gives the codes of a call: codes as a list with commas, or count
// made up ones, at most 10 either way.
func (a *account) wantedCodes(from args) ([]string, *refusal) {
	const most = 10
	if !from.has("codes") {
		count, bad := from.number("count", most, 1)
		if bad != nil || count > most {
			return nil, refuse(badParameters, "count")
		}
		codes := make([]string, count)
		for i := range codes {
			a.given["code"]++
			codes[i] = fmt.Sprintf("%09d", 100000000+a.given["code"])
		}
		return codes, nil
	}
	text, bad := from.text("codes")
	if bad != nil {
		return nil, bad
	}
	codes := strings.Split(text, ",")
	if len(codes) > most || from.has("count") || slices.ContainsFunc(codes, func(code string) bool { return code == "" || !isDigits(code) }) {
		return nil, refuse(badParameters, "codes")
	}
	return codes, nil
}

// spend uses a bypass code up by one; false where the user has no such code.
func (a *account) spend(u *User, code string) bool {
	i := slices.IndexFunc(u.BypassCodes, func(b BypassCode) bool {
		return b.Code == code && (b.Expires.IsZero() || a.now.Before(b.Expires))
	})
	if i < 0 {
		return false
	}
	a.changes++
	switch b := &u.BypassCodes[i]; b.Uses {
	case -1:
	case 1:
		u.BypassCodes = slices.Delete(u.BypassCodes, i, i+1)
		if len(u.BypassCodes) == 0 {
			u.BypassCodes = nil
		}
	default:
		b.Uses--
	}
	return true
}
