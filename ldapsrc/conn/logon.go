package conn

import "regexp"

// logonData is the Win32 error, in hexadecimal, in Active Directory's and Samba's words to a
// bind that they refuse with code 49.
var logonData = regexp.MustCompile(`AcceptSecurityContext error, data ([0-9a-f]+)`)

// logonHint is the advice for a bind that a domain controller refused; "" where it does not
// say why (MS-ERREF, 2.2).
func logonHint(text string) string {
	m := logonData.FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	return map[string]string{
		"525": "there is no such account: check ldap.bind_dn",
		"52e": "the account or its password is wrong: check ldap.bind_dn and ldap.bind_password",
		"530": "the account of ldap.bind_dn may not log in at this time",
		"531": "the account of ldap.bind_dn may not log in from this machine",
		"532": "the password of ldap.bind_dn has expired: give it a new one, that does not expire",
		"533": "the account of ldap.bind_dn is disabled: enable it",
		"701": "the account of ldap.bind_dn has expired",
		"773": "the account of ldap.bind_dn must change its password first: give it one that it may keep",
		"775": "the account of ldap.bind_dn is locked out: unlock it, and see that no other machine tries an old password",
	}[m[1]]
}
