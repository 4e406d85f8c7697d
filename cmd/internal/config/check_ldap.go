package config

import (
	"errors"
	"net/url"
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
	ldaps := 0
	for i, text := range l.URLs {
		u, err := checkLDAPURL(text)
		switch {
		case err != nil:
		case u.Scheme == "ldaps":
			ldaps++
		case !l.StartTLS && !l.AllowPlaintext && !l.BindPassword.IsEmpty() && !IsLoopback(u.Hostname()):
			err = dirsync.WithHint(errors.New("would get the password over an unencrypted connection"),
				"use ldaps:// or start_tls: true, or permit it by allow_plaintext: true")
		}
		v.Check(strict.Item(section+".urls", i), err)
	}
	if l.StartTLS && ldaps > 0 {
		v.Check(section+".start_tls", dirsync.WithHint(errors.New("can't be used with ldaps:// URLs, which are encrypted already"), "write false, or ldap:// URLs"))
	}
	for i, host := range l.ReferralHosts {
		v.Check(strict.Item(section+".referral_hosts", i), checkHost(host))
	}
	v.validateBind(section, l, l.StartTLS || ldaps == len(l.URLs))

	if len(l.Users.Bases) == 0 {
		v.Check(section+".users.base_dns", dirsync.WithHint(errors.New("must name at least one base"), "such as [\"ou=people,dc=example,dc=org\"]"))
	}
	v.validateBases(section+".users.base_dns", l.Users.Bases)
	v.validateFilter(section+".users.filter", l.Users.Filter, "(objectClass=person)")
	v.validateAttribute(section+".users.id_attribute", l.Users.IDAttribute, "entryUUID")
}

func (v *validator) validateBases(path string, bases []string) {
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

func (v *validator) validateFilter(path, filter, example string) {
	reason := schema.CompileFilter(filter)
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
		v.Check(section+".bind_dn", v.checkDN(section+".bind_dn", l.BindDN))
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

// checkLDAPURL checks and parses the URL of a server.
func checkLDAPURL(text string) (*url.URL, error) {
	const hint = "such as ldaps://ldap.example.org or ldap://localhost:10389"
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, dirsync.WithHint(errors.New("is not a URL"), hint)
	case u.Scheme != "ldap" && u.Scheme != "ldaps":
		return nil, dirsync.WithHint(errors.New("must start with ldap:// or ldaps://"), hint)
	case u.User != nil:
		return nil, dirsync.WithHint(errors.New("must not hold a user"), "give bind_dn and bind_password")
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return nil, dirsync.WithHint(errors.New("must end after the host and port"), "give the base in users.base_dns")
	case u.Opaque != "" || checkHost(u.Host) != nil:
		return nil, dirsync.WithHint(errors.New("must name a host, and a port between 1 and 65535 or none"), hint)
	}
	return u, nil
}
