package admin

import (
	"duosync/duo/duosim/internal/account"
	"duosync/duo/duosim/internal/protocol"
	"duosync/duo/duosim/internal/route"
)

// listTokens gives all tokens, or the one of type and serial, which come
// together.
func listTokens(a *account.Account, c *route.Call) (any, *protocol.Refusal) {
	tokens := a.Tokens.All(nil)
	if c.Args.Has("type", "serial") {
		kind, bad := c.Args.Text("type")
		if bad != nil || kind == "" {
			return nil, protocol.BadParameter("type")
		}
		serial, bad := c.Args.Text("serial")
		if bad != nil || serial == "" {
			return nil, protocol.BadParameter("serial")
		}
		wanted := a.TokenOf(kind, serial)
		tokens = a.Tokens.All(func(t *account.Token) bool { return t == wanted })
	}
	return route.Paged(a, c, a.Rules.Limits.Page, tokens, func(t *account.Token) map[string]any { return renderTokenWhole(a, t) })
}

func getToken(a *account.Account, _ *route.Call, t *account.Token) (any, *protocol.Refusal) {
	return renderTokenWhole(a, t), nil
}

func listUserTokens(a *account.Account, c *route.Call, u *account.User) (any, *protocol.Refusal) {
	return route.Paged(a, c, a.Rules.Limits.Page, a.Tokens.Pick(u.Tokens), renderToken)
}

func attachToken(a *account.Account, c *route.Call, u *account.User) (any, *protocol.Refusal) {
	t, bad := route.Named(&a.Tokens, c, "token_id")
	if bad != nil {
		return nil, bad
	}
	if !a.GiveToken(u, t) {
		return nil, protocol.LimitExceeded()
	}
	return "", nil
}

// noU2F is the list of a user's U2F tokens: nobody has any.
func noU2F(a *account.Account, c *route.Call, _ *account.User) (any, *protocol.Refusal) {
	return route.Paged(a, c, a.Rules.Limits.Page, nil, func(*struct{}) map[string]any { return nil })
}
