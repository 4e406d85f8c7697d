package advice

import (
	"cmp"
	"regexp"
	"strings"

	"github.com/go-ldap/ldap/v3"
)

// Bind is the advice about a code with which a server answered a login (RFC 4511,
// appendix A).
func Bind(code uint16, s Situation) string {
	if IsBusy(code) {
		return laterOn
	}
	if s.Method == Socket {
		return "let the server take this process's user in (OpenLDAP: authz-regexp for gidNumber=…+uidNumber=…,cn=peercred,cn=external,cn=auth), or give ldap.bind_dn and ldap.bind_password"
	}
	switch code {
	case ldap.LDAPResultProtocolError:
		return "the server does not take a login of LDAP version 3 here: check that ldap.urls names the directory itself, and look into its log"
	case ldap.LDAPResultConfidentialityRequired, ldap.LDAPResultStrongAuthRequired:
		return s.strength()
	case ldap.LDAPResultAuthMethodNotSupported, ldap.LDAPResultInappropriateAuthentication:
		return s.otherMethod(code)
	case ldap.LDAPResultConstraintViolation:
		return "the account of ldap.bind_dn is locked out after wrong passwords: unlock it, and see that no other machine tries an old one"
	case ldap.LDAPResultNoSuchObject:
		return "there is no such account: check ldap.bind_dn"
	case ldap.LDAPResultInvalidDNSyntax:
		return "the server takes no such name: write ldap.bind_dn as a DN, such as uid=duosync,ou=system,dc=example,dc=org"
	case ldap.LDAPResultInsufficientAccessRights:
		return "the account of ldap.bind_dn may not log in: give it that right at the server"
	case ldap.LDAPResultInvalidCredentials:
		return s.refusedLogin()
	case ldap.LDAPResultUnwillingToPerform:
		return s.unwilling()
	case ldap.LDAPResultOther, ldap.LDAPResultOperationsError:
		return intoItLog
	}
	return Login
}

// strength is about a server that wants more than this connection or login gives.
func (s Situation) strength() string {
	switch {
	case strings.Contains(s.Message, "SASL"): // OpenLDAP, require SASL
		return "the server wants a SASL login: set ldap.client_cert_file and ldap.client_key_file in place of ldap.bind_dn (SASL EXTERNAL), or have password logins allowed there"
	case !s.Encrypted:
		return Encrypt
	case s.Method == Anonymous:
		return logIn
	}
	return stronger
}

// otherMethod is about a server that does not take a login made in this way.
func (s Situation) otherMethod(code uint16) string {
	switch {
	case s.Method == External && !s.Asked:
		return "the server does not ask for client certificates, and so offers no SASL EXTERNAL: have it ask (OpenLDAP: TLSVerifyClient try), or give ldap.bind_dn and ldap.bind_password"
	case s.Method == External:
		return "the server does not offer SASL EXTERNAL: give ldap.bind_dn and ldap.bind_password, or have it set up at the server"
	case s.Method == Anonymous:
		return logIn
	case code == ldap.LDAPResultInappropriateAuthentication:
		return "the account of ldap.bind_dn has no password at the server: give it one"
	}
	return noSimple
}

func (s Situation) refusedLogin() string {
	if s.Method == External {
		return "the server takes the client certificate for nobody's: have its subject mapped to an account (OpenLDAP: authz-regexp; 389: certmap.conf), or give ldap.bind_dn and ldap.bind_password"
	}
	if expired.MatchString(s.Message) { // 389
		return passwordExpired
	}
	return cmp.Or(logon(s.Message), Login)
}

const passwordExpired = "the password of ldap.bind_dn has expired: give it a new one, that does not expire"

const noSimple = "the server takes no login by name and password: have simple binds allowed there for the account of ldap.bind_dn"

// What servers say beside code 53.
var (
	simple   = regexp.MustCompile(`(?i)simple (bind|auth)`)                                              // OpenLDAP
	inactive = regexp.MustCompile(`(?i)inactiv|disabled|locked`)                                         // 389, OpenDJ
	expired  = regexp.MustCompile(`(?i)password.*(expired|reset|changed)`)                               // 389, OpenDJ
	plainly  = regexp.MustCompile(`(?i)secure|encrypt|confidential|\b(tls|ssl)\b`)                       // 389, OpenDJ, eDirectory
	unnamed  = regexp.MustCompile(`(?i)anonymous|unauthenticated|bind required|authentication required`) // OpenLDAP
)

func (s Situation) unwilling() string {
	switch {
	case s.Method == Anonymous || unnamed.MatchString(s.Message):
		return logIn
	case simple.MatchString(s.Message):
		return noSimple
	case expired.MatchString(s.Message):
		return passwordExpired
	case inactive.MatchString(s.Message):
		return "the account of ldap.bind_dn is inactivated: activate it"
	case !s.Encrypted && plainly.MatchString(s.Message):
		return Encrypt
	}
	return "the server does not want this login: check ldap.bind_dn and ldap.bind_password, and what its log says of it"
}

// Search is the advice about a code with which a server ended a search; "" for one that
// is told in other ways.
func Search(code uint16, s Situation) string {
	if IsBusy(code) {
		return laterOn
	}
	switch code {
	case ldap.LDAPResultProtocolError:
		return "the server does not take a search of LDAP version 3 here: check that ldap.urls names the directory itself, and look into its log"
	case ldap.LDAPResultAdminLimitExceeded:
		if strings.Contains(s.Message, "page size") { // OpenLDAP, limits … size.pr
			return "set ldap.page_size to what the server allows the account (OpenLDAP: size.pr), or raise that"
		}
	case ldap.LDAPResultTimeLimitExceeded:
		return "raise the server's time limit for the account, or have the attributes of ldap.users.filter and ldap.users.id_attribute indexed"
	case ldap.LDAPResultUnavailableCriticalExtension:
		return "the server refuses paged results (1.2.840.113556.1.4.319): have them allowed there for the account of ldap.bind_dn (OpenLDAP: limits … size.pr=unlimited)"
	case ldap.LDAPResultUndefinedAttributeType, ldap.LDAPResultInappropriateMatching:
		return "the server's schema has no such attribute, or no such way to compare it: check ldap.users.filter and ldap.groups.filter"
	case ldap.LDAPResultNoSuchObject:
		if s.Method == Anonymous {
			return "check " + s.Base + "; servers also say this to whoever did not log in: set ldap.bind_dn and ldap.bind_password"
		}
		return "check " + s.Base + "; servers also say this when the account may not read there: " + Rights
	case ldap.LDAPResultInvalidDNSyntax:
		return "write " + s.Base + " as DNs, such as ou=people,dc=example,dc=org"
	case ldap.LDAPResultInsufficientAccessRights:
		if s.Method == Anonymous {
			return logIn
		}
		return Rights
	case ldap.LDAPResultConfidentialityRequired, ldap.LDAPResultStrongAuthRequired:
		return s.strength()
	case ldap.LDAPResultOperationsError, ldap.LDAPResultInappropriateAuthentication:
		if s.Method == Anonymous {
			return logIn
		}
		return intoItLog
	case ldap.LDAPResultUnwillingToPerform:
		switch {
		case s.Method == Anonymous:
			return logIn
		case s.MustChange:
			return mustChange
		}
		return "the server does not want this search: its log says why; check " + s.Base + " and ldap.users.filter"
	case ldap.LDAPResultOther:
		return intoItLog
	}
	return ""
}
