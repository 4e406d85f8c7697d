package admin

import (
	"strconv"
	"strings"

	"duosync/duo/duosim/internal/account"
	"duosync/duo/duosim/internal/protocol"
)

// edit carries a user's parameters over. What is not sent stays as it is.
func edit(a *account.Account, u *account.User, from protocol.Args, withAliases bool) *protocol.Refusal {
	limits := a.Rules.Limits
	e := &editor{args: from}
	if text, ok := e.take("username"); ok {
		u.Username = name(a, e, "username", text)
	}
	if withAliases {
		editAliases(a, e, u)
	}
	e.text("realname", &u.Realname, limits.Realname)
	e.text("firstname", &u.Firstname, limits.Realname)
	e.text("lastname", &u.Lastname, limits.Realname)
	e.checked("email", &u.Email, func(text string) bool { return text == "" || fits(text, limits.Email) && isAddress(text) })
	e.checked("notes", &u.Notes, func(text string) bool { return fits(text, limits.Notes) && !hasControl(text, "\t\r\n") })
	status := u.Status
	e.choice("status", &status, account.StatusActive, account.StatusBypass, account.StatusDisabled)
	if e.bad == nil && u.Status != account.StatusTrashed && status != u.Status { // only bulk_restore leads out of the Trash
		u.Status, u.LockoutReason = status, ""
	}
	if e.bad == nil {
		var prompt bool
		prompt, e.bad = from.Flag("enable_auto_prompt", !u.NoAutoPrompt)
		u.NoAutoPrompt = !prompt
	}
	return e.bad
}

// name checks a username or alias and gives the form in which it is kept.
func name(a *account.Account, e *editor, parameter, text string) string {
	text = strings.TrimSpace(text)
	if text == "" || !fits(text, a.Rules.Limits.Username) || hasControl(text, "") {
		e.refuse(parameter)
		return ""
	}
	if a.Rules.KeepCase {
		return text
	}
	return strings.ToLower(text)
}

// editAliases takes alias1 to alias4, or aliases: alias1 to alias8 as encoded
// pairs in one text, each at most once. Positions that are not named stay, empty
// ones are cleared.
func editAliases(a *account.Account, e *editor, u *account.User) {
	set := func(parameter string, n int, alias string) {
		if alias != "" {
			alias = name(a, e, parameter, alias)
		}
		if e.bad == nil {
			u.SetAlias(n, alias)
		}
	}
	single := false
	for n := 1; n <= account.SingleAliases; n++ {
		parameter := "alias" + strconv.Itoa(n)
		if alias, ok := e.take(parameter); ok {
			single = true
			set(parameter, n, alias)
		}
	}
	text, ok := e.take("aliases")
	if !ok {
		return
	}
	pairs, err := protocol.DecodePairs(text)
	if err != nil || len(pairs) == 0 || single {
		e.refuse("aliases")
		return
	}
	var named [1 + account.AliasCount]bool
	for _, p := range pairs {
		n, err := strconv.Atoi(strings.TrimPrefix(p.Key, "alias"))
		if err != nil || n < 1 || n > account.AliasCount || p.Key != "alias"+strconv.Itoa(n) || named[n] {
			e.refuse("aliases")
			return
		}
		named[n] = true
		set("aliases", n, p.Value)
		if e.bad != nil {
			return
		}
	}
}
