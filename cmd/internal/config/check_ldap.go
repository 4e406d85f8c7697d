package config

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"duosync/cmd/internal/config/strict"
	"duosync/ldapsrc/schema"
	dirsync "duosync/sync"
)

// validateLDAP checks the section at a path, of one directory.
func (v *validator) validateLDAP(section string, l *LDAP) {
	if len(l.URLs) == 0 {
		v.Check(section+".urls", dirsync.WithHint(errors.New("must name at least one server"), "such as [ldaps://ldap.example.org]"))
	}
	ldaps, sockets := 0, 0
	for i, text := range l.URLs {
		a, err := checkLDAPURL(text)
		switch {
		case err != nil:
		case a.TLS:
			ldaps++
		case a.Socket != "":
			sockets++
		case !l.StartTLS && !l.AllowPlaintext && !l.BindPassword.IsEmpty() && !IsLoopback((&url.URL{Host: a.Host}).Hostname()):
			err = dirsync.WithHint(errors.New("would get the password over an unencrypted connection"),
				"use ldaps:// or start_tls: true, or permit it by allow_plaintext: true")
		}
		v.Check(strict.Item(section+".urls", i), err)
	}
	if l.StartTLS && sockets > 0 {
		v.Check("ldap.start_tls", dirsync.WithHint(errors.New("can't be used with ldapi:// URLs, which do not leave this machine"), "write false, or ldap:// URLs"))
	}
	if l.StartTLS && ldaps > 0 {
		v.Check(section+".start_tls", dirsync.WithHint(errors.New("can't be used with ldaps:// URLs, which are encrypted already"), "write false, or ldap:// URLs"))
	}
	for i, host := range l.ReferralHosts {
		v.Check(strict.Item(section+".referral_hosts", i), checkHost(host))
	}
	if l.ServerName != "" {
		v.Check(section+".server_name", checkServerName(l.ServerName))
	}
	v.validateBind(section, l, l.StartTLS || ldaps == len(l.URLs))

	if len(l.Users.Bases) == 0 {
		v.Check(section+".users.base_dns", dirsync.WithHint(errors.New("must name at least one base"), "such as [\"ou=people,dc=example,dc=org\"]"))
	}
	v.validateBases(section+".users.base_dns", l.Users.Bases)
	v.validateFilter(section+".users.filter", l.Users.Filter, "(objectClass=person)")
	v.validateAttribute(section+".users.id_attribute", l.Users.IDAttribute, "entryUUID")
	v.validateExpiry(section+".expires_attribute", l.ExpiresAttribute)
}

// validateExpiry checks the attribute with the end of accounts. Values that can't be read
// as a time are shown, so it must be none that holds secrets.
func (v *validator) validateExpiry(path, name string) {
	const example = "shadowExpire"
	switch folded := strings.ToLower(name); {
	case name == "", name == schema.NoExpiry:
	case strings.Contains(folded, "password") || strings.Contains(folded, "secret"):
		v.Check(path, dirsync.WithHint(errors.New("must hold the end of accounts, not what has to do with passwords"), "such as "+example))
	default:
		v.validateAttribute(path, name, example)
	}
}

func (v *validator) validateBases(path string, bases []string) {
	if whole := strings.Join(bases, ","); v.CutAtCommas(path, len(bases)) && !allRoots(bases) {
		if dn, err := ldap.ParseDN(whole); err == nil && len(dn.RDNs) == len(bases) {
			v.Check(path, dirsync.WithHint(errors.New("is cut at its commas"), fmt.Sprintf("a DN in a list needs quotes: [\"%s\"]", whole)))
			return
		}
	}
	var before []*ldap.DN
	for i, text := range bases {
		at := strict.Item(path, i)
		v.Check(at, v.checkDN(at, text))
		dn, err := ldap.ParseDN(text)
		if err != nil {
			continue
		}
		if slices.ContainsFunc(before, dn.EqualFold) {
			v.Check(at, dirsync.WithHint(errors.New("is given twice"), "remove one of them"))
		}
		before = append(before, dn)
	}
}

// tidyFilters gives filters over several lines the form in which they can be sent.
func tidyFilters(c *Config) {
	all := []*LDAP{&c.LDAP}
	for i := range c.Directories {
		all = append(all, &c.Directories[i].LDAP)
	}
	for _, l := range all {
		l.Users.Filter, l.Groups.Filter = schema.OneLine(l.Users.Filter), schema.OneLine(l.Groups.Filter)
	}
}

// allRoots reports whether each of these DNs is one by which a directory can begin: an
// organization, or a country.
func allRoots(bases []string) bool {
	return !slices.ContainsFunc(bases, func(text string) bool {
		attribute, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(text)), "=")
		return attribute != "o" && attribute != "c"
	})
}

func (v *validator) validateFilter(path, filter, example string) {
	reason := schema.CompileFilter(filter)
	if reason == nil && strings.ContainsAny(filter, "\r\n") {
		reason = errors.New("a value goes on in the next line")
	}
	v.Check(path, dirsync.WithHint(v.Explain(path, "is not an LDAP filter", reason), "such as "+example))
}

func (v *validator) validateAttribute(path, name, example string) {
	if !dirsync.ValidAttribute(name) {
		v.Check(path, dirsync.WithHint(errors.New("must be the name of an LDAP attribute"), "such as "+example))
	}
}

// validateBind checks who reads. encrypted tells whether every connection is.
func (v *validator) validateBind(section string, l *LDAP, encrypted bool) {
	if l.BindDN != "" {
		v.Check(section+".bind_dn", v.checkBindDN(section+".bind_dn", l))
	}
	switch {
	case l.BindDN != "" && l.BindPassword.IsEmpty():
		// Such a bind succeeds as anonymous (RFC 4513, 5.1.2), and reads less.
		v.Missing(section+".bind_password", section+".bind_dn", "give it here, or in bind_password_file")
	case l.BindDN == "" && !l.BindPassword.IsEmpty():
		v.Missing(section+".bind_dn", section+".bind_password", "such as uid=admin,ou=system")
	}
	switch {
	case l.ClientCertFile != "" && l.ClientKeyFile == "":
		v.Missing(section+".client_key_file", section+".client_cert_file", "give the PEM file of its key")
	case l.ClientCertFile == "" && l.ClientKeyFile != "":
		v.Missing(section+".client_cert_file", section+".client_key_file", "give the PEM file of the certificate")
	case l.ClientCertFile != "" && !encrypted:
		v.Check(section+".client_cert_file", dirsync.WithHint(errors.New("needs an encrypted connection"), "use ldaps:// URLs, or start_tls: true"))
	}
}

func (v *validator) checkDN(path, text string) error {
	const hint = "such as ou=people,dc=example,dc=org"
	dn, err := ldap.ParseDN(text)
	if err == nil && len(dn.RDNs) == 0 {
		err = errors.New("it is empty")
	}
	return dirsync.WithHint(v.Explain(path, "is not a DN", err), hint)
}

// loginName is what Active Directory takes in the place of a DN: a user principal name,
// or a NetBIOS domain and sAMAccountName (MS-ADTS, 5.1.1.1.1).
var loginName = regexp.MustCompile(`^([^@\\=,\s][^@\\=,]*@[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*|[^@\\=,/\s]+\\[^@\\=,/]+)$`)

// checkBindDN checks the account that reads.
func (v *validator) checkBindDN(path string, l *LDAP) error {
	if l.Preset != schema.ActiveDirectory {
		return v.checkDN(path, l.BindDN)
	}
	if loginName.MatchString(l.BindDN) {
		return nil
	}
	if v.checkDN(path, l.BindDN) == nil {
		return nil
	}
	return dirsync.WithHint(errors.New("is neither a DN nor a login name"), "such as cn=duosync,cn=Users,dc=example,dc=org, duosync@example.org or 'EXAMPLE\\duosync'")
}

// checkLDAPURL checks and reads the URL of a server.
func checkLDAPURL(text string) (schema.Address, error) {
	a, err := schema.ParseAddress(text)
	if err == nil && a.Socket == "" && checkHost(a.Host+a.Domain) != nil { // one of them is empty
		err = dirsync.WithHint(errors.New("must name a host, and a port between 1 and 65535 or none"), "such as ldaps://ldap.example.org or ldap://localhost:10389")
	}
	return a, err
}
