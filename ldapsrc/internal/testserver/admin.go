// Package testserver is what the real directories of tests have in common: a process
// with its files and ports, a hand in the entries, and generated people.
package testserver

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"
)

// Admin is a test's hand in a directory. Each change has a connection of its
// own; one that fails ends the test.
type Admin struct {
	T        testing.TB
	Server   *Process
	DN       string
	Password string
}

// Dial connects as the administrator.
func (a *Admin) Dial() (*ldap.Conn, error) {
	c, err := ldap.DialURL(a.Server.URL())
	if err != nil {
		return nil, err
	}
	c.SetTimeout(time.Minute)
	if err := c.Bind(a.DN, a.Password); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// Do makes one change.
func (a *Admin) Do(change func(*ldap.Conn) error) {
	a.T.Helper()
	c, err := a.Dial()
	if err != nil {
		a.T.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if err := change(c); err != nil {
		a.T.Fatal(err)
	}
}

// Add adds an entry.
func (a *Admin) Add(dn string, attrs map[string][]string) {
	a.T.Helper()
	a.Do(func(c *ldap.Conn) error { return Add(c, dn, attrs) })
}

// Add adds an entry over a connection that is there.
func Add(c *ldap.Conn, dn string, attrs map[string][]string) error {
	request := ldap.NewAddRequest(dn, nil)
	for name, values := range attrs {
		request.Attribute(name, values)
	}
	if err := c.Add(request); err != nil {
		return fmt.Errorf("add %q: %w", dn, err)
	}
	return nil
}

// Modify replaces all values of an attribute; none removes it.
func (a *Admin) Modify(dn, attr string, values ...string) {
	a.T.Helper()
	request := ldap.NewModifyRequest(dn, nil)
	request.Replace(attr, values)
	a.Do(func(c *ldap.Conn) error { return c.Modify(request) })
}

// Delete deletes an entry without children.
func (a *Admin) Delete(dn string) {
	a.T.Helper()
	a.Do(func(c *ldap.Conn) error { return c.Del(ldap.NewDelRequest(dn, nil)) })
}

// Rename gives an entry another RDN and, unless newParent is empty, another
// parent.
func (a *Admin) Rename(dn, newRDN, newParent string) {
	a.T.Helper()
	a.Do(func(c *ldap.Conn) error { return c.ModifyDN(ldap.NewModifyDNRequest(dn, newRDN, true, newParent)) })
}

// Attr returns the values of one attribute of an entry, operational ones too.
func (a *Admin) Attr(dn, attr string) []string {
	a.T.Helper()
	var values []string
	a.Do(func(c *ldap.Conn) error {
		result, err := c.Search(&ldap.SearchRequest{BaseDN: dn, Filter: "(objectClass=*)", Attributes: []string{attr}})
		if err == nil {
			values = result.Entries[0].GetEqualFoldAttributeValues(attr)
		}
		return err
	})
	return values
}
