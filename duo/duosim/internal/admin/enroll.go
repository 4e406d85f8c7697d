package admin

import (
	"duosync/duo/duosim/internal/account"
	"duosync/duo/duosim/internal/protocol"
	"duosync/duo/duosim/internal/route"
)

// enrollUser mails an enrollment link and answers its code. The name may be an
// alias. A user that is not there is created with that address; one that is
// there keeps its own. The mail goes out whoever the user is: enrolled already,
// disabled, in the Trash. Duo's documents are silent on that, and a mail too many
// is what a client must not cause.
func enrollUser(a *account.Account, c *route.Call) (any, *protocol.Refusal) {
	name, bad := c.Args.Text("username")
	if bad != nil || account.Fold(name) == "" {
		return nil, protocol.BadParameter("username")
	}
	to, bad := c.Args.Text("email")
	if bad != nil || !fits(to, a.Rules.Limits.Email) || !isAddress(to) {
		return nil, protocol.BadParameter("email")
	}
	valid, bad := c.Args.Number("valid_secs", account.MailValid, 1)
	if bad != nil {
		return nil, bad
	}
	if a.ByName(name, true) == nil {
		if _, bad := Create(a, protocol.Args{"username": name, "email": to}, false); bad != nil {
			return nil, bad
		}
	}
	return a.MailEnrollment(a.ByName(name, true), to, valid), nil
}
