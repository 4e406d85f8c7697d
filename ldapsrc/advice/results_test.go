package advice_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/advice"
)

func TestCode(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err      error
		code     uint16
		answered bool
	}{
		{ldap.NewError(ldap.LDAPResultBusy, io.EOF), ldap.LDAPResultBusy, true},
		{fmt.Errorf("bind: %w", ldap.NewError(4096, io.EOF)), 4096, true},
		{ldap.NewError(199, io.EOF), 199, true},
		{ldap.NewError(208, io.EOF), 208, true},
		{ldap.NewError(ldap.ErrorNetwork, io.EOF), 0, false},
		{ldap.NewError(ldap.ErrorMalformedPacket, io.EOF), 0, false},
		{io.EOF, 0, false},
		{nil, 0, false},
	} {
		if code, answered := advice.Code(tt.err); code != tt.code || answered != tt.answered {
			t.Errorf("%v: %d, %v", tt.err, code, answered)
		}
	}
}

// A server that does not ask for a client certificate is told from one that does, and takes no
// login by it.
func TestExternalRefused(t *testing.T) {
	t.Parallel()
	for code, told := range map[uint16]bool{
		ldap.LDAPResultAuthMethodNotSupported: true, ldap.LDAPResultInappropriateAuthentication: true,
		ldap.LDAPResultInvalidCredentials: false, ldap.LDAPResultBusy: false,
	} {
		unasked := advice.Bind(code, advice.Situation{Method: advice.External})
		asked := advice.Bind(code, advice.Situation{Method: advice.External, Asked: true})
		const words = "does not ask for client certificates"
		if strings.Contains(unasked, words) != told || strings.Contains(asked, words) || asked == "" {
			t.Errorf("%d: %q, and asked: %q", code, unasked, asked)
		}
	}
}
