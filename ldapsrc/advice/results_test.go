package advice_test

import (
	"fmt"
	"io"
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
