package duosim

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// editor carries a call's parameters over into an object. The first bad one
// ends it; the object is then to be thrown away.
type editor struct {
	args args
	bad  *refusal
}

// take reads a parameter if it was sent and nothing was bad before.
func (e *editor) take(name string) (string, bool) {
	if e.bad != nil || !e.args.has(name) {
		return "", false
	}
	text, bad := e.args.text(name)
	e.bad = bad
	return text, bad == nil
}

func (e *editor) refuse(name string) { e.bad = refuse(badParameters, name) }

// text sets a field of at most most characters on one line. Empty clears it.
func (e *editor) text(name string, into *string, most int) {
	e.checked(name, into, func(text string) bool { return fits(text, most) && !hasControl(text, "") })
}

// choice sets a field that has few values.
func (e *editor) choice(name string, into *string, values ...string) {
	e.checked(name, into, func(text string) bool {
		for _, value := range values {
			if text == value {
				return true
			}
		}
		return false
	})
}

func (e *editor) checked(name string, into *string, fine func(string) bool) {
	text, ok := e.take(name)
	switch {
	case !ok:
	case !fine(text):
		e.refuse(name)
	default:
		*into = text
	}
}

// edit carries a user's parameters over. What is not sent stays as it is.
func (a *account) edit(u *User, from args, withAliases bool) *refusal {
	limits := a.options.Limits
	e := &editor{args: from}
	if name, ok := e.take("username"); ok {
		u.Username = a.name(e, "username", name)
	}
	if withAliases {
		a.editAliases(e, u)
	}
	e.text("realname", &u.Realname, limits.Realname)
	e.text("firstname", &u.Firstname, limits.Realname)
	e.text("lastname", &u.Lastname, limits.Realname)
	e.checked("email", &u.Email, func(text string) bool { return text == "" || fits(text, limits.Email) && isAddress(text) })
	e.checked("notes", &u.Notes, func(text string) bool { return fits(text, limits.Notes) && !hasControl(text, "\t\r\n") })
	status := u.Status
	e.choice("status", &status, statusActive, statusBypass, statusDisabled)
	if e.bad == nil && u.Status != statusTrashed && status != u.Status { // only bulk_restore leads out of the Trash
		u.Status, u.LockoutReason = status, ""
	}
	if e.bad == nil {
		var prompt bool
		prompt, e.bad = from.flag("enable_auto_prompt", !u.NoAutoPrompt)
		u.NoAutoPrompt = !prompt
	}
	return e.bad
}

// name checks a username or alias and gives the form in which it is kept.
func (a *account) name(e *editor, parameter, name string) string {
	name = strings.TrimSpace(name)
	if name == "" || !fits(name, a.options.Limits.Username) || hasControl(name, "") {
		e.refuse(parameter)
		return ""
	}
	if a.options.KeepCase {
		return name
	}
	return strings.ToLower(name)
}

// editAliases takes alias1 to alias4, or aliases: alias1 to alias8 as encoded
// pairs in one text, each at most once. Positions that are not named stay, empty
// ones are cleared.
func (a *account) editAliases(e *editor, u *User) {
	set := func(parameter string, n int, name string) {
		if name != "" {
			name = a.name(e, parameter, name)
		}
		if e.bad == nil {
			u.setAlias(n, name)
		}
	}
	single := false
	for n := 1; n <= singleAliases; n++ {
		parameter := "alias" + strconv.Itoa(n)
		if name, ok := e.take(parameter); ok {
			single = true
			set(parameter, n, name)
		}
	}
	text, ok := e.take("aliases")
	if !ok {
		return
	}
	pairs, err := decodePairs(text)
	if err != nil || len(pairs) == 0 || single {
		e.refuse("aliases")
		return
	}
	var named [1 + aliasCount]bool
	for _, p := range pairs {
		n, err := strconv.Atoi(strings.TrimPrefix(p.key, "alias"))
		if err != nil || n < 1 || n > aliasCount || p.key != "alias"+strconv.Itoa(n) || named[n] {
			e.refuse("aliases")
			return
		}
		named[n] = true
		set("aliases", n, p.value)
		if e.bad != nil {
			return
		}
	}
}

func fits(text string, most int) bool { return utf8.RuneCountInString(text) <= most }

// hasControl finds control characters, those in allowed aside, and bytes that
// are not UTF-8.
func hasControl(text, allowed string) bool {
	if !utf8.ValidString(text) {
		return true
	}
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && !strings.ContainsRune(allowed, r) })
}

// isAddress takes what could be a mail address at a glance.
func isAddress(text string) bool {
	local, domain, ok := strings.Cut(text, "@")
	return ok && local != "" && domain != "" && !strings.Contains(domain, "@") &&
		!hasControl(text, "") && !strings.ContainsFunc(text, unicode.IsSpace)
}
