package config

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"duosync/cmd/internal/schedule"
	"duosync/ldapsrc/schema"
	dirsync "duosync/sync"
)

// check reports err at a key path that has no problem yet.
func (r *reader) check(path string, err error) {
	if err != nil && !r.broken(path) {
		r.report(path, err)
	}
}

// missing reports that a value is not there though its partner is.
func (r *reader) missing(path, partner, hint string) {
	if r.broken(path) {
		return
	}
	at := r.place(partner)
	name := partner[strings.LastIndexByte(partner, '.')+1:]
	r.reportAt(path, at.line, at.column, "is missing, though "+name+" is given", hint)
}

// explain adds a library's reason to a message, unless the value came out of the
// environment or a file: reasons quote the value, and that could be a secret in
// the wrong place.
func (r *reader) explain(path, msg string, reason error) error {
	if reason == nil {
		return nil
	}
	if r.marks[path].foreign {
		return errors.New(msg)
	}
	return fmt.Errorf("%s: %w", msg, reason)
}

// validate checks the values of sections, each by itself and against others.
func (r *reader) validate(c *Config) {
	r.validateNumbers(c)
	r.validateLDAP(&c.LDAP)
	r.validateGroups(c)
	r.validateDuo(&c.Duo)
	r.validateDSN(c.State.DSN.Reveal())
	r.validateScope(&c.Sync.Scope)
	r.validateMapping(&c.Sync.Mapping)
	r.validatePeople(c)
	r.validateSchedule(&c.Schedule)
	r.validateHTTP(&c.HTTP)
	r.validateNotify(&c.Notify)
}

// validateNumbers checks what holds for every duration and number, and the few
// that must not be zero.
func (r *reader) validateNumbers(c *Config) {
	v := reflect.ValueOf(c).Elem()
	for _, path := range allLeaves() {
		if leaf := lookup(v, path); leaf.CanInt() && leaf.Int() < 0 {
			r.check(path, errors.New("must not be negative"))
		}
	}
	positive := func(path string, d time.Duration) {
		if d == 0 {
			r.check(path, dirsync.WithHint(errors.New("must be above 0"), "such as 30s"))
		}
	}
	positive("ldap.timeout", c.LDAP.Timeout)
	positive("duo.timeout", c.Duo.Timeout)
	if size := c.LDAP.PageSize; size == 0 || size > math.MaxInt32 {
		r.check("ldap.page_size", dirsync.WithHint(errors.New("must be between 1 and 2147483647"), "1000 suits nearly every server"))
	}
}

func (r *reader) validateLDAP(l *LDAP) {
	if len(l.URLs) == 0 {
		r.check("ldap.urls", dirsync.WithHint(errors.New("must name at least one server"), "such as [ldaps://ldap.example.org]"))
	}
	ldaps := 0
	for i, text := range l.URLs {
		u, err := checkLDAPURL(text)
		switch {
		case err != nil:
		case u.Scheme == "ldaps":
			ldaps++
		case !l.StartTLS && !l.AllowPlaintext && !l.BindPassword.IsEmpty() && !isLoopback(u.Hostname()):
			err = dirsync.WithHint(errors.New("would get the password over an unencrypted connection"),
				"use ldaps:// or start_tls: true, or permit it by allow_plaintext: true")
		}
		r.check(item("ldap.urls", i), err)
	}
	if l.StartTLS && ldaps > 0 {
		r.check("ldap.start_tls", dirsync.WithHint(errors.New("can't be used with ldaps:// URLs, which are encrypted already"), "write false, or ldap:// URLs"))
	}
	for i, host := range l.ReferralHosts {
		r.check(item("ldap.referral_hosts", i), checkHost(host))
	}
	r.validateBind(l, l.StartTLS || ldaps == len(l.URLs))

	if len(l.Users.Bases) == 0 {
		r.check("ldap.users.base_dns", dirsync.WithHint(errors.New("must name at least one base"), "such as [\"ou=people,dc=example,dc=org\"]"))
	}
	r.validateBases("ldap.users.base_dns", l.Users.Bases)
	r.validateFilter("ldap.users.filter", l.Users.Filter, "(objectClass=person)")
	r.validateAttribute("ldap.users.id_attribute", l.Users.IDAttribute, "entryUUID")
}

func (r *reader) validateBases(path string, bases []string) {
	var before []*ldap.DN
	for i, text := range bases {
		at := item(path, i)
		r.check(at, r.checkDN(at, text))
		dn, err := ldap.ParseDN(text)
		if err != nil {
			continue
		}
		if slices.ContainsFunc(before, dn.EqualFold) {
			r.check(at, dirsync.WithHint(errors.New("is given twice"), "remove one of them"))
		}
		before = append(before, dn)
	}
}

func (r *reader) validateFilter(path, filter, example string) {
	reason := schema.CompileFilter(filter)
	r.check(path, dirsync.WithHint(r.explain(path, "is not an LDAP filter", reason), "such as "+example))
}

func (r *reader) validateAttribute(path, name, example string) {
	if !dirsync.ValidAttribute(name) {
		r.check(path, dirsync.WithHint(errors.New("must be the name of an LDAP attribute"), "such as "+example))
	}
}

// validateBind checks who reads. encrypted tells whether every connection is.
func (r *reader) validateBind(l *LDAP, encrypted bool) {
	if l.BindDN != "" {
		r.check("ldap.bind_dn", r.checkDN("ldap.bind_dn", l.BindDN))
	}
	switch {
	case l.BindDN != "" && l.BindPassword.IsEmpty():
		// Such a bind succeeds as anonymous (RFC 4513, 5.1.2), and reads less.
		r.missing("ldap.bind_password", "ldap.bind_dn", "give it here, or in bind_password_file")
	case l.BindDN == "" && !l.BindPassword.IsEmpty():
		r.missing("ldap.bind_dn", "ldap.bind_password", "such as uid=admin,ou=system")
	}
	switch {
	case l.ClientCertFile != "" && l.ClientKeyFile == "":
		r.missing("ldap.client_key_file", "ldap.client_cert_file", "give the PEM file of its key")
	case l.ClientCertFile == "" && l.ClientKeyFile != "":
		r.missing("ldap.client_cert_file", "ldap.client_key_file", "give the PEM file of the certificate")
	case l.ClientCertFile != "" && !encrypted:
		r.check("ldap.client_cert_file", dirsync.WithHint(errors.New("needs an encrypted connection"), "use ldaps:// URLs, or start_tls: true"))
	}
}

func (r *reader) checkDN(path, text string) error {
	const hint = "such as ou=people,dc=example,dc=org"
	dn, err := ldap.ParseDN(text)
	if err == nil && len(dn.RDNs) == 0 {
		err = errors.New("it is empty")
	}
	return dirsync.WithHint(r.explain(path, "is not a DN", err), hint)
}

func (r *reader) validateDuo(d *Duo) {
	const where = "it stands in Duo's Admin Panel under Applications, on the page of your Admin API application"
	if d.Host == "" {
		r.check("duo.host", dirsync.WithHint(errors.New("is missing"), where+", as API hostname"))
	} else {
		r.check("duo.host", checkHost(d.Host))
	}
	if d.IntegrationKey == "" {
		r.check("duo.integration_key", dirsync.WithHint(errors.New("is missing"), where))
	}
	if d.SecretKey.IsEmpty() {
		r.check("duo.secret_key", dirsync.WithHint(errors.New("is missing"), where+"; give it here, or in secret_key_file"))
	}
	r.check("duo.integration_key", checkIntegrationKey(d.IntegrationKey))
	r.check("duo.secret_key", checkSecretKey(d.SecretKey))
	r.check("duo.proxy_url", checkProxyURL(d.ProxyURL.Reveal()))

	switch {
	case d.Auth.IntegrationKey == "" && !d.Auth.SecretKey.IsEmpty():
		r.missing("duo.auth.integration_key", "duo.auth.secret_key", "it stands on the page of your Auth API application")
	case d.Auth.IntegrationKey != "" && d.Auth.SecretKey.IsEmpty():
		r.missing("duo.auth.secret_key", "duo.auth.integration_key", "give it here, or in secret_key_file")
	}
	r.check("duo.auth.integration_key", checkIntegrationKey(d.Auth.IntegrationKey))
	r.check("duo.auth.secret_key", checkSecretKey(d.Auth.SecretKey))
}

func (r *reader) validateScope(s *Scope) {
	for i, text := range s.ExcludeUsers {
		at := item("sync.scope.exclude_users", i)
		_, err := ParseUserRule(text)
		if err != nil && r.marks[at].foreign {
			err = errors.New("is not a username, /regex/ or DN")
		}
		r.check(at, err)
	}
	for i, text := range s.Protect {
		r.check(item("sync.scope.protect", i), checkUsername(text))
	}
}

func (r *reader) validateSchedule(s *Schedule) {
	const cron, timezone = "schedule.cron", "schedule.timezone"
	zone, err := schedule.Zone(s.Timezone)
	r.check(timezone, dirsync.WithHint(r.explain(timezone, "is not a time zone that this machine knows", err), "such as UTC or Europe/Berlin"))
	if err != nil {
		zone = time.UTC
	}
	_, err = schedule.Parse(s.Cron, zone)
	if unreadable, ok := errors.AsType[*schedule.UnreadableError](err); ok {
		err = dirsync.WithHint(r.explain(cron, "is not a cron spec", unreadable.Reason), dirsync.Hint(err))
	}
	r.check(cron, err)
}

func item(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }
