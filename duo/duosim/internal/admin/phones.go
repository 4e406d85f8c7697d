package admin

import (
	"slices"

	"duosync/duo/duosim/internal/account"
	"duosync/duo/duosim/internal/protocol"
	"duosync/duo/duosim/internal/route"
)

func listPhones(a *account.Account, c *route.Call) (any, *protocol.Refusal) {
	phones := a.Phones.All(nil)
	if c.Args.Has("number") {
		number, bad := c.Args.Text("number")
		if bad != nil {
			return nil, bad
		}
		extension, bad := c.Args.Text("extension")
		if bad != nil {
			return nil, bad
		}
		number, ok := account.CanonicalNumber(number)
		if !ok {
			return nil, protocol.BadParameter("number")
		}
		phones = slices.DeleteFunc([]*account.Phone{a.PhoneByNumber(number, extension)},
			func(p *account.Phone) bool { return p == nil })
	}
	return route.Paged(a, c, a.Rules.Limits.Page, phones, func(p *account.Phone) map[string]any { return renderPhoneWhole(a, p) })
}

func getPhone(a *account.Account, _ *route.Call, p *account.Phone) (any, *protocol.Refusal) {
	return renderPhoneWhole(a, p), nil
}

func createPhone(a *account.Account, c *route.Call) (any, *protocol.Refusal) {
	p := &account.Phone{Type: "unknown", Platform: "unknown"}
	if bad := editPhone(a, p, c.Args); bad != nil {
		return nil, bad
	}
	if a.PhoneByNumber(p.Number, p.Extension) != nil {
		return nil, protocol.Duplicate()
	}
	p.ID = a.NewID("DP")
	a.PutPhone(p)
	return renderPhoneWhole(a, p), nil
}

func modifyPhone(a *account.Account, c *route.Call, p *account.Phone) (any, *protocol.Refusal) {
	next := p.Clone()
	if bad := editPhone(a, &next, c.Args); bad != nil {
		return nil, bad
	}
	if !a.PutPhone(&next) {
		return nil, protocol.Duplicate()
	}
	return renderPhoneWhole(a, &next), nil
}

func editPhone(a *account.Account, p *account.Phone, from protocol.Args) *protocol.Refusal {
	e := &editor{args: from}
	if text, ok := e.take("number"); ok {
		number, fine := account.CanonicalNumber(text)
		if !fine {
			e.refuse("number")
		}
		p.Number = number
	}
	e.checked("extension", &p.Extension, func(text string) bool { return fits(text, 10) && account.IsDigits(text) })
	e.text("name", &p.Name, a.Rules.Limits.Realname)
	e.choice("type", &p.Type, "unknown", "mobile", "landline")
	e.checked("platform", &p.Platform, func(text string) bool { return account.Platforms()[text] != "" })
	e.checked("predelay", &p.Predelay, account.IsDigits)
	e.checked("postdelay", &p.Postdelay, account.IsDigits)
	return e.bad
}

// deletePhone is idempotent; the phone's users lose it.
func deletePhone(a *account.Account, c *route.Call) (any, *protocol.Refusal) {
	a.RemovePhone(c.Vars["phone"])
	return "", nil
}

func listUserPhones(a *account.Account, c *route.Call, u *account.User) (any, *protocol.Refusal) {
	return route.Paged(a, c, a.Rules.Limits.Page, a.Phones.Pick(u.Phones), renderPhone)
}

// attachPhone associates a phone with a user; once more does no harm. One too
// many, on either side, is answered with 500/50001.
func attachPhone(a *account.Account, c *route.Call, u *account.User) (any, *protocol.Refusal) {
	p, bad := route.Named(&a.Phones, c, "phone_id")
	if bad != nil {
		return nil, bad
	}
	if !a.GivePhone(u, p) {
		return nil, protocol.LimitExceeded()
	}
	return "", nil
}

// detachPhone answers 200 also for a phone that the user does not have. The
// phone stays.
func detachPhone(a *account.Account, c *route.Call, u *account.User) (any, *protocol.Refusal) {
	a.TakePhone(u, c.Vars["phone"])
	return "", nil
}
