package duosim

import "slices"

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
	delete(a.activations, p.ID)
	a.phones.remove(p.ID)
	a.changes++
	return "", nil
}

func (a *account) listUserPhones(c *call) (any, *refusal) {
	u, bad := find(&a.users, c, "user")
	if bad != nil {
		return nil, bad
	}
	return paged(c, a.options.Limits.Page, ordered(a, pick(&a.phones, u.Phones)), renderPhone)
}

// attachPhone associates a phone with a user; once more does no harm. One too
// many, on either side, is answered with 500/50001.
func (a *account) attachPhone(c *call) (any, *refusal) {
	u, bad := find(&a.users, c, "user")
	if bad != nil {
		return nil, bad
	}
	p, bad := named(&a.phones, c, "phone_id")
	if bad != nil {
		return nil, bad
	}
	return a.pair(u, p)
}

func (a *account) pair(u *User, p *Phone) (any, *refusal) {
	limits := a.options.Limits
	return a.associate(side{&u.Phones, p.ID, limits.PhonesPerUser}, side{&p.Users, u.ID, limits.UsersPerPhone})
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
