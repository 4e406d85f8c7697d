package conn

import (
	"errors"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/advice"
	dirsync "duosync/sync"
)

// What a domain controller says of a login that it refused becomes advice, and it is a
// refusal: no other server is tried with the same password.
func TestLogonHints(t *testing.T) {
	t.Parallel()
	d := &Dialer{Servers: Servers{BindDN: "duosync@example.org", BindPassword: "planted-pw"}}
	for text, want := range map[string]string{
		"80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data 533, v4563": "is disabled",
		"80090308: LdapErr: DSID-0C09042F, comment: AcceptSecurityContext error, data 52e, v2580": "password is wrong",
		"80090308: LdapErr: DSID-0C09042F, comment: AcceptSecurityContext error, data 775, v2580": "locked out",
		"80090308: LdapErr: DSID-0C09042F, comment: AcceptSecurityContext error, data 1, v2580":   advice.Login,
		"80090308: LdapErr: DSID-0C09042F, comment: AcceptSecurityContext error, data 525, v2580": "no such account",
		"80090308: LdapErr: DSID-0C09042F, comment: AcceptSecurityContext error, data 530, v2580": "logonHours",
		"80090308: LdapErr: DSID-0C09042F, comment: AcceptSecurityContext error, data 531, v2580": "userWorkstations",
		"80090308: LdapErr: DSID-0C09042F, comment: AcceptSecurityContext error, data 532, v2580": "password of ldap.bind_dn has expired",
		"80090308: LdapErr: DSID-0C09042F, comment: AcceptSecurityContext error, data 701, v2580": "has expired",
		"80090308: LdapErr: DSID-0C09042F, comment: AcceptSecurityContext error, data 773, v2580": "must change its password",
		"80090308: LdapErr: DSID-0C09042F, comment: AcceptSecurityContext error, data 52E, v2580": "password is wrong",
		"Invalid credentials": advice.Login,
		"":                    advice.Login,
	} {
		err := d.explainBind(t.Context(), ldap.NewError(ldap.LDAPResultInvalidCredentials, errors.New(text)), &Conn{})
		var refusal *refusedError
		if !errors.As(err, &refusal) || !strings.Contains(dirsync.Hint(err), want) || !strings.Contains(err.Error(), `bind as "duosync@example.org"`) {
			t.Errorf("%q: %v (%s)", text, err, dirsync.Hint(err))
		}
	}
}
