package duosim

import "slices"

// Token is a hardware token.
type Token struct {
	ID     string   // 20 characters beginning with DH
	Type   string   // h6, h8, yk, t6, t8 or d1
	Serial string   // unique with the type
	Users  []string // ids
}

func (t Token) clone() Token {
	t.Users = slices.Clone(t.Users)
	return t
}

func (a *account) tokenOf(kind, serial string) *Token {
	for _, t := range a.tokens.order {
		if t.Type == kind && t.Serial == serial {
			return t
		}
	}
	return nil
}

// listTokens gives all tokens, or the one of type and serial, which come
// together.
func (a *account) listTokens(c *call) (any, *refusal) {
	tokens := a.tokens.all(nil)
	if c.args.has("type", "serial") {
		kind, bad := c.args.text("type")
		if bad != nil || kind == "" {
			return nil, refuse(badParameters, "type")
		}
		serial, bad := c.args.text("serial")
		if bad != nil || serial == "" {
			return nil, refuse(badParameters, "serial")
		}
		wanted := a.tokenOf(kind, serial)
		tokens = a.tokens.all(func(t *Token) bool { return t == wanted })
	}
	return paged(c, a.options.Limits.Page, ordered(a, tokens), a.renderTokenWhole)
}

func (a *account) getToken(c *call) (any, *refusal) {
	t, bad := find(&a.tokens, c, "token")
	if bad != nil {
		return nil, bad
	}
	return a.renderTokenWhole(t), nil
}

func (a *account) listUserTokens(c *call) (any, *refusal) {
	u, bad := find(&a.users, c, "user")
	if bad != nil {
		return nil, bad
	}
	return paged(c, a.options.Limits.Page, ordered(a, pick(&a.tokens, u.Tokens)), renderToken)
}

func (a *account) attachToken(c *call) (any, *refusal) {
	u, bad := find(&a.users, c, "user")
	if bad != nil {
		return nil, bad
	}
	t, bad := named(&a.tokens, c, "token_id")
	if bad != nil {
		return nil, bad
	}
	limits := a.options.Limits
	return a.associate(side{&u.Tokens, t.ID, limits.TokensPerUser}, side{&t.Users, u.ID, limits.UsersPerToken})
}

// noU2F is the list of a user's U2F tokens: nobody has any.
func (a *account) noU2F(c *call) (any, *refusal) {
	if _, bad := find(&a.users, c, "user"); bad != nil {
		return nil, bad
	}
	return paged(c, a.options.Limits.Page, nil, func(*struct{}) map[string]any { return nil })
}

// renderToken gives a token as it stands within a user.
func renderToken(t *Token) map[string]any {
	return map[string]any{"token_id": t.ID, "type": t.Type, "serial": t.Serial, "totp_step": nil}
}

// renderTokenWhole gives a token as the tokens' own endpoints do: with users.
func (a *account) renderTokenWhole(t *Token) map[string]any {
	token := renderToken(t)
	token["users"] = rendered(ordered(a, pick(&a.users, t.Users)), renderOwner)
	return token
}
