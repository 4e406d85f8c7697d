package account

import "strings"

// Platforms gives Duo's spelling for each platform that the API takes.
func Platforms() map[string]string {
	return map[string]string{
		"unknown": "Unknown", "google android": "Google Android", "apple ios": "Apple iOS",
		"windows phone 7": "Windows Phone", "windows phone": "Windows Phone", "rim blackberry": "RIM BlackBerry",
		"java j2me": "Java J2ME", "palm webos": "Palm WebOS", "symbian os": "Symbian OS",
		"windows mobile": "Windows Mobile", "generic smartphone": "Generic Smartphone",
	}
}

// CanonicalNumber gives a number as Duo keeps it: dashes, dots, brackets and
// spaces dropped, and +1 in front of one without a +. Empty stays empty; no
// country's code begins with 0.
func CanonicalNumber(text string) (string, bool) {
	number := strings.NewReplacer(" ", "", "-", "", ".", "", "(", "", ")", "").Replace(text)
	if number == "" {
		return "", strings.TrimSpace(text) == ""
	}
	digits, international := strings.CutPrefix(number, "+")
	if !IsDigits(digits) || len(digits) < 4 || len(digits) > 15 || international && digits[0] == '0' {
		return "", false
	}
	if !international && !(len(digits) == 11 && digits[0] == '1') {
		digits = "1" + digits
	}
	return "+" + digits, true
}

// IsDigits tells whether a text has no other characters; an empty one has none.
func IsDigits(text string) bool {
	return strings.Trim(text, "0123456789") == ""
}

// PutPhone stores a phone if its number, with the extension, is free. Phones
// without a number (tablets) are not unique.
func (a *Account) PutPhone(p *Phone) (free bool) {
	if holder := a.held.numbers[p.key()]; holder != "" && holder != p.ID {
		return false
	}
	a.dropNumber(p.ID)
	if p.Number != "" {
		a.held.numbers[p.key()] = p.ID
	}
	a.Phones.Put(p.ID, p)
	a.Changed()
	return true
}

func (a *Account) dropNumber(id string) {
	if p := a.Phones.Get(id); p != nil {
		delete(a.held.numbers, p.key())
	}
}

func (p *Phone) key() string { return numberKey(p.Number, p.Extension) }

func numberKey(number, extension string) string {
	if number == "" {
		return ""
	}
	return number + "x" + extension
}

// PhoneByNumber gives the phone with a number, in the form with +, and extension,
// or nil.
func (a *Account) PhoneByNumber(number, extension string) *Phone {
	return a.Phones.Get(a.held.numbers[numberKey(number, extension)])
}

// RemovePhone deletes a phone; its users lose it.
func (a *Account) RemovePhone(id string) {
	p := a.Phones.Get(id)
	if p == nil {
		return
	}
	for _, u := range a.Users.Pick(p.Users) {
		drop(&u.Phones, p.ID)
	}
	a.dropNumber(p.ID)
	delete(a.codes.activations, p.ID)
	a.Phones.Remove(p.ID)
	a.Changed()
}
