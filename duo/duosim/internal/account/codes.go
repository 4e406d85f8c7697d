package account

import "slices"

// Spend uses a bypass code up by one; false where the user has no such code.
func (a *Account) Spend(u *User, code string) bool {
	i := slices.IndexFunc(u.BypassCodes, func(b BypassCode) bool {
		return b.Code == code && (b.Expires.IsZero() || a.now.Before(b.Expires))
	})
	if i < 0 {
		return false
	}
	a.Changed()
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
