package duosim

import "strings"

// canonicalNumber gives a number as Duo keeps it: dashes, dots, brackets and
// spaces dropped, and +1 in front of one without a +. Empty stays empty; no
// country's code begins with 0.
func canonicalNumber(text string) (string, bool) {
	number := strings.NewReplacer(" ", "", "-", "", ".", "", "(", "", ")", "").Replace(text)
	if number == "" {
		return "", strings.TrimSpace(text) == ""
	}
	digits, international := strings.CutPrefix(number, "+")
	if !isDigits(digits) || len(digits) < 4 || len(digits) > 15 || international && digits[0] == '0' {
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

// capabilities are the factors that a phone is good for.
func (p *Phone) capabilities() []string {
	able := []string{}
	if p.Activated {
		able = append(able, "auto", "push", "mobile_otp")
	}
	if p.Number != "" {
		able = append(able, "phone")
	}
	if p.Number != "" && p.Type == "mobile" {
		able = append(able, "sms")
	}
	return able
}

// renderPhone gives a phone as it stands within a user.
func renderPhone(p *Phone) map[string]any {
	return map[string]any{
		"phone_id": p.ID, "number": p.Number, "extension": p.Extension, "name": p.Name,
		"type": capital(p.Type), "platform": platforms()[p.Platform], "activated": p.Activated, "capabilities": p.capabilities(),
		"predelay": orNull(p.Predelay), "postdelay": orNull(p.Postdelay), "sms_passcodes_sent": p.PasscodesSent,
		"last_seen": "", "model": "Unknown", "encrypted": "", "fingerprint": "", "screenlock": "", "tampered": "",
		"undocumented_property": nil,
	}
}

// renderPhoneWhole gives a phone as the phones' own endpoints do: with users.
func (a *account) renderPhoneWhole(p *Phone) map[string]any {
	phone := renderPhone(p)
	phone["users"] = rendered(ordered(a, pick(&a.users, p.Users)), renderOwner)
	return phone
}
