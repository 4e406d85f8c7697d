package duosim

import (
	"slices"
	"strings"
)

// platforms gives Duo's spelling for each platform that the API takes.
func platforms() map[string]string {
	return map[string]string{
		"unknown": "Unknown", "google android": "Google Android", "apple ios": "Apple iOS",
		"windows phone 7": "Windows Phone", "windows phone": "Windows Phone", "rim blackberry": "RIM BlackBerry",
		"java j2me": "Java J2ME", "palm webos": "Palm WebOS", "symbian os": "Symbian OS",
		"windows mobile": "Windows Mobile", "generic smartphone": "Generic Smartphone",
	}
}

func (a *account) listPhones(c *call) (any, *refusal) {
	phones := a.phones.all(nil)
	if c.args.has("number") {
		number, bad := c.args.text("number")
		if bad != nil {
			return nil, bad
		}
		extension, bad := c.args.text("extension")
		if bad != nil {
			return nil, bad
		}
		number, ok := canonicalNumber(number)
		if !ok {
			return nil, refuse(badParameters, "number")
		}
		phones = slices.DeleteFunc([]*Phone{a.phones.get(a.numbers[numberKey(number, extension)])},
			func(p *Phone) bool { return p == nil })
	}
	phones = ordered(a, phones)
	return paged(c, a.options.Limits.Page, phones, a.renderPhoneWhole)
}

func (a *account) getPhone(c *call) (any, *refusal) {
	p, bad := find(&a.phones, c, "phone")
	if bad != nil {
		return nil, bad
	}
	return a.renderPhoneWhole(p), nil
}

func (a *account) createPhone(c *call) (any, *refusal) {
	p := &Phone{Type: "unknown", Platform: "unknown"}
	if bad := a.editPhone(p, c.args); bad != nil {
		return nil, bad
	}
	if a.numbers[p.key()] != "" {
		return nil, refuse(duplicate, "")
	}
	p.ID = a.newID("DP")
	if bad := a.putPhone(p); bad != nil {
		return nil, bad
	}
	return a.renderPhoneWhole(p), nil
}

func (a *account) modifyPhone(c *call) (any, *refusal) {
	p, bad := find(&a.phones, c, "phone")
	if bad != nil {
		return nil, bad
	}
	next := p.clone()
	if bad := a.editPhone(&next, c.args); bad != nil {
		return nil, bad
	}
	if bad := a.putPhone(&next); bad != nil {
		return nil, bad
	}
	return a.renderPhoneWhole(&next), nil
}

func (a *account) editPhone(p *Phone, from args) *refusal {
	e := &editor{args: from}
	if text, ok := e.take("number"); ok {
		number, fine := canonicalNumber(text)
		if !fine {
			e.refuse("number")
		}
		p.Number = number
	}
	e.checked("extension", &p.Extension, func(text string) bool { return fits(text, 10) && isDigits(text) })
	e.text("name", &p.Name, a.options.Limits.Realname)
	e.choice("type", &p.Type, "unknown", "mobile", "landline")
	e.checked("platform", &p.Platform, func(text string) bool { return platforms()[text] != "" })
	e.checked("predelay", &p.Predelay, isDigits)
	e.checked("postdelay", &p.Postdelay, isDigits)
	return e.bad
}

// putPhone stores a phone if its number, with the extension, is free. Phones
// without a number (tablets) are not unique.
func (a *account) putPhone(p *Phone) *refusal {
	if holder := a.numbers[p.key()]; holder != "" && holder != p.ID {
		return refuse(duplicate, "")
	}
	a.dropNumber(p.ID)
	if p.Number != "" {
		a.numbers[p.key()] = p.ID
	}
	a.phones.put(p.ID, p)
	a.changes++
	return nil
}

func (a *account) dropNumber(id string) {
	if p := a.phones.get(id); p != nil {
		delete(a.numbers, p.key())
	}
}

func (p *Phone) key() string { return numberKey(p.Number, p.Extension) }

func numberKey(number, extension string) string {
	if number == "" {
		return ""
	}
	return number + "x" + extension
}

// deletePhone is idempotent; the phone's users lose it.
func (a *account) deletePhone(c *call) (any, *refusal) {
	p := a.phones.get(c.vars["phone"])
	if p == nil {
		return "", nil
	}
	for _, u := range pick(&a.users, p.Users) {
		dropFrom(&u.Phones, p.ID)
	}
	a.dropNumber(p.ID)
	a.phones.remove(p.ID)
	a.changes++
	return "", nil
}

func (a *account) listUserPhones(c *call) (any, *refusal) {
	u, bad := find(&a.users, c, "user")
	if bad != nil {
		return nil, bad
	}
	return paged(c, a.options.Limits.Page, pick(&a.phones, u.Phones), renderPhone)
}

// attachPhone associates a phone with a user; once more does no harm. One too
// many, on either side, is answered with 500/50001.
func (a *account) attachPhone(c *call) (any, *refusal) {
	u, bad := find(&a.users, c, "user")
	if bad != nil {
		return nil, bad
	}
	id, bad := c.args.text("phone_id")
	if bad != nil {
		return nil, bad
	}
	p := a.phones.get(id)
	switch {
	case id == "":
		return nil, refuse(badParameters, "phone_id")
	case p == nil:
		return nil, refuse(notFound, "")
	case slices.Contains(u.Phones, id):
		return "", nil
	case len(u.Phones) >= a.options.Limits.PhonesPerUser, len(p.Users) >= a.options.Limits.UsersPerPhone:
		return nil, refuse(limitExceeded, "")
	}
	u.Phones = append(u.Phones, id)
	p.Users = append(p.Users, u.ID)
	a.changes++
	return "", nil
}

// detachPhone answers 200 also for a phone that the user does not have. The
// phone stays.
func (a *account) detachPhone(c *call) (any, *refusal) {
	u, bad := find(&a.users, c, "user")
	if bad != nil {
		return nil, bad
	}
	id := c.vars["phone"]
	if dropFrom(&u.Phones, id) {
		dropFrom(&a.phones.get(id).Users, u.ID)
		a.changes++
	}
	return "", nil
}

// canonicalNumber gives a number as Duo keeps it: dashes, dots, brackets and
// spaces dropped, and +1 in front of one without a +. Empty stays empty.
func canonicalNumber(text string) (string, bool) {
	number := strings.NewReplacer(" ", "", "-", "", ".", "", "(", "", ")", "").Replace(text)
	if number == "" {
		return "", strings.TrimSpace(text) == ""
	}
	digits, international := strings.CutPrefix(number, "+")
	if !isDigits(digits) || len(digits) < 4 || len(digits) > 15 {
		return "", false
	}
	if !international && !(len(digits) == 11 && digits[0] == '1') {
		digits = "1" + digits
	}
	return "+" + digits, true
}

func isDigits(text string) bool {
	return strings.Trim(text, "0123456789") == ""
}

// renderPhone gives a phone as it stands within a user.
func renderPhone(p *Phone) map[string]any {
	capabilities := []string{}
	if p.Activated {
		capabilities = append(capabilities, "auto", "push")
	}
	if p.Type == "mobile" {
		capabilities = append(capabilities, "sms")
	}
	return map[string]any{
		"phone_id": p.ID, "number": p.Number, "extension": p.Extension, "name": p.Name,
		"type": capital(p.Type), "platform": platforms()[p.Platform], "activated": p.Activated, "capabilities": capabilities,
		"predelay": orNull(p.Predelay), "postdelay": orNull(p.Postdelay), "sms_passcodes_sent": false,
		"last_seen": "", "model": "Unknown", "encrypted": "", "fingerprint": "", "screenlock": "", "tampered": "",
	}
}

// renderPhoneWhole gives a phone as the phones' own endpoints do: with users.
func (a *account) renderPhoneWhole(p *Phone) map[string]any {
	phone := renderPhone(p)
	users := make([]any, 0, len(p.Users))
	for _, u := range pick(&a.users, p.Users) {
		users = append(users, map[string]any{
			"user_id": u.ID, "username": u.Username, "realname": u.Realname, "email": u.Email, "status": u.Status,
			"notes": u.Notes, "is_enrolled": u.enrolled(),
		})
	}
	phone["users"] = users
	return phone
}
