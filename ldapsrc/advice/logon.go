package advice

import (
	"regexp"
	"strings"
)

// logonData is the Win32 error, in hexadecimal, in Active Directory's and Samba's words to a
// bind that they refuse with code 49.
var logonData = regexp.MustCompile(`AcceptSecurityContext error, data ([0-9a-fA-F]+)`)

// logon is the advice for a bind that a domain controller refused; "" where it does not
// say why (MS-ERREF, 2.2).
func logon(message string) string {
	m := logonData.FindStringSubmatch(message)
	if m == nil {
		return ""
	}
	return map[string]string{
		"525": "there is no such account: check ldap.bind_dn",
		"52e": "the account or its password is wrong: check ldap.bind_dn and ldap.bind_password",
		"52f": "the account of ldap.bind_dn is restricted, as a member of Protected Users is: take it out of that group",
		"530": "the account of ldap.bind_dn may not log in at this time: let it at any (logonHours)",
		"531": "the account of ldap.bind_dn may not log in from this machine: let it from here (userWorkstations)",
		"532": passwordExpired,
		"533": "the account of ldap.bind_dn is disabled: enable it",
		"568": "the account of ldap.bind_dn is in more groups than a login can carry: take it out of some",
		"701": "the account of ldap.bind_dn has expired: give it an end to come, or none",
		"773": mustChange,
		"775": "the account of ldap.bind_dn is locked out: unlock it, and see that no other machine tries an old password",
	}[strings.ToLower(m[1])]
}
