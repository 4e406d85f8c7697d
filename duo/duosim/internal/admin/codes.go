package admin

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"duosync/duo/duosim/internal/account"
	"duosync/duo/duosim/internal/protocol"
	"duosync/duo/duosim/internal/route"
)

// createCodes makes bypass codes for a user, given or made up, and answers them
// as texts. The codes that the user had go, unless preserve_existing is set.
func createCodes(a *account.Account, c *route.Call, u *account.User) (any, *protocol.Refusal) {
	codes, bad := wantedCodes(a, c.Args)
	if bad != nil {
		return nil, bad
	}
	uses, bad := c.Args.Number("reuse_count", 1, 0)
	if bad != nil {
		return nil, bad
	}
	valid, bad := c.Args.Number("valid_secs", 0, 0)
	if bad != nil {
		return nil, bad
	}
	preserve, bad := c.Args.Flag("preserve_existing", false)
	if bad != nil {
		return nil, bad
	}
	var kept []account.BypassCode
	if preserve {
		kept = slices.Clone(u.BypassCodes)
	}
	if len(kept)+len(codes) > a.Rules.Limits.CodesPerUser {
		return nil, protocol.LimitExceeded()
	}
	if uses == 0 {
		uses = -1
	}
	for _, code := range codes {
		made := account.BypassCode{ID: a.NewID("DB"), Code: code, Created: a.Seconds(), Uses: uses}
		if valid > 0 {
			made.Expires = made.Created.Add(time.Duration(valid) * time.Second)
		}
		kept = append(kept, made)
	}
	u.BypassCodes = kept
	a.Changed()
	return codes, nil
}

// wantedCodes gives the codes of a call: codes as a list with commas, or count
// made up ones, at most 10 either way.
func wantedCodes(a *account.Account, from protocol.Args) ([]string, *protocol.Refusal) {
	const most = 10
	if !from.Has("codes") {
		count, bad := from.Number("count", most, 1)
		if bad != nil || count > most {
			return nil, protocol.BadParameter("count")
		}
		codes := make([]string, count)
		for i := range codes {
			codes[i] = fmt.Sprintf("%09d", 100000000+a.Next("code"))
		}
		return codes, nil
	}
	text, bad := from.Text("codes")
	if bad != nil {
		return nil, bad
	}
	codes := strings.Split(text, ",")
	if len(codes) > most || from.Has("count") || slices.ContainsFunc(codes, func(code string) bool { return code == "" || !account.IsDigits(code) }) {
		return nil, protocol.BadParameter("codes")
	}
	return codes, nil
}
