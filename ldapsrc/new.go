package ldapsrc

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"
	"github.com/sirupsen/logrus"

	"duosync/ldapsrc/dn"
	"duosync/ldapsrc/schema"
	dirsync "duosync/sync"
)

// New checks the options and makes a source of them. It reads the certificate
// files but does not connect.
func New(opts Options) (*Source, error) {
	opts.Timeout = cmp.Or(opts.Timeout, DefaultTimeout)
	opts.PageSize = cmp.Or(opts.PageSize, DefaultPageSize)
	kind, _ := schema.Of(opts.Preset)
	opts.Users.Filter = cmp.Or(strings.TrimSpace(opts.Users.Filter), kind.Users.Filter)
	opts.Users.IDAttribute = cmp.Or(opts.Users.IDAttribute, kind.Users.IDAttribute)
	opts.Users.Scope = cmp.Or(opts.Users.Scope, ScopeSub)
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Log == nil {
		quiet := logrus.New()
		quiet.SetOutput(io.Discard)
		opts.Log = quiet
	}
	s := &Source{opts: opts, kind: kind, turn: make(chan struct{}, 1)}
	s.life, s.end = context.WithCancelCause(context.Background())
	checks := []func() error{s.prepareLimits, s.prepareServers, s.prepareTLS, s.prepareUsers, s.prepareAttributes, s.prepareGroups}
	for _, check := range checks {
		if err := check(); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *Source) prepareLimits() error {
	if s.opts.Timeout < 0 {
		return dirsync.WithHint(fmt.Errorf("LDAP timeout %v is negative", s.opts.Timeout), "set ldap.timeout to something like 30s")
	}
	if s.opts.PageSize < 0 || s.opts.PageSize > math.MaxInt32 {
		return dirsync.WithHint(fmt.Errorf("LDAP page size %d is out of range", s.opts.PageSize), "set ldap.page_size to something like 1000")
	}
	return nil
}

func (s *Source) prepareServers() error {
	if len(s.opts.URLs) == 0 {
		return dirsync.WithHint(errors.New("no LDAP server is given"), "set ldap.urls")
	}
	if s.opts.BindDN != "" && s.opts.BindPassword == "" {
		return dirsync.WithHint(errors.New("there is a bind DN but no password; servers take such a bind for anonymous"),
			"set ldap.bind_password, or drop ldap.bind_dn")
	}
	if s.opts.BindDN == "" && s.opts.BindPassword != "" {
		return dirsync.WithHint(errors.New("there is a bind password but no bind DN"), "set ldap.bind_dn")
	}
	for _, text := range s.opts.URLs {
		e, err := parseEndpoint(text)
		if err != nil {
			return err
		}
		if err := s.checkPlaintext(e); err != nil {
			return err
		}
		if s.opts.ClientCertFile != "" && !e.encrypted(s.opts.StartTLS) {
			return dirsync.WithHint(fmt.Errorf("%s: a client certificate needs an encrypted connection", e.url),
				"set ldap.start_tls: true or use an ldaps:// URL")
		}
		s.endpoints = append(s.endpoints, e)
	}
	return nil
}

func (s *Source) prepareTLS() error {
	config := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: s.opts.RootCAs}
	if config.RootCAs == nil && s.opts.CAFile != "" {
		pem, err := os.ReadFile(s.opts.CAFile)
		if err != nil {
			return dirsync.WithHint(fmt.Errorf("LDAP certificate authorities: %w", err), "check ldap.ca_file")
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return dirsync.WithHint(fmt.Errorf("%s holds no PEM certificate", s.opts.CAFile), "check ldap.ca_file")
		}
	}
	if (s.opts.ClientCertFile == "") != (s.opts.ClientKeyFile == "") {
		return dirsync.WithHint(errors.New("a client certificate and its key come together"),
			"set both ldap.client_cert_file and ldap.client_key_file")
	}
	if s.opts.ClientCertFile != "" {
		pair, err := tls.LoadX509KeyPair(s.opts.ClientCertFile, s.opts.ClientKeyFile)
		if err != nil {
			return dirsync.WithHint(fmt.Errorf("LDAP client certificate: %w", err),
				"check ldap.client_cert_file and ldap.client_key_file")
		}
		config.Certificates = []tls.Certificate{pair}
	}
	s.tls = config
	return nil
}

func (s *Source) prepareUsers() error {
	users := s.opts.Users
	if len(users.Bases) == 0 {
		return dirsync.WithHint(errors.New("no base DN for users is given"), "set ldap.users.base_dns")
	}
	for _, text := range users.Bases {
		base, err := dn.Parse(text)
		if err != nil {
			return dirsync.WithHint(err, "check ldap.users.base_dns")
		}
		for _, other := range s.bases {
			if other.Folded == base.Folded {
				return dirsync.WithHint(fmt.Errorf("base DN %q is given twice", text), "remove one from ldap.users.base_dns")
			}
		}
		s.bases = append(s.bases, base)
	}
	if err := checkFilter("ldap.users.filter", users.Filter); err != nil {
		return err
	}
	scopes := map[Scope]int{
		ScopeSub: ldap.ScopeWholeSubtree, ScopeOne: ldap.ScopeSingleLevel, ScopeBase: ldap.ScopeBaseObject,
	}
	scope, ok := scopes[users.Scope]
	if !ok {
		return dirsync.WithHint(fmt.Errorf("LDAP scope %q is unknown", users.Scope), "set ldap.users.scope to sub, one or base")
	}
	s.scope = scope
	return nil
}

func (s *Source) prepareAttributes() error {
	if s.kind.Preset != s.opts.Preset {
		return dirsync.WithHint(fmt.Errorf("LDAP preset %q is unknown", s.opts.Preset),
			fmt.Sprintf("set ldap.preset to one of %v", schema.Presets()))
	}
	names := slices.Concat([]string{s.opts.Users.IDAttribute}, s.kind.Status, s.kind.Beside, s.opts.Attributes)
	s.decoder = decoder{
		id:     idForm(strings.ToLower(s.opts.Users.IDAttribute)),
		idName: s.opts.Users.IDAttribute,
		kind:   &s.kind,
		now:    s.opts.Now,
		wanted: make(wishes, len(names)),
	}
	for _, name := range names {
		if !dirsync.ValidAttribute(name) {
			return dirsync.WithHint(fmt.Errorf("%q is no name of an LDAP attribute", name), "check the mapping and ldap.users.id_attribute")
		}
		if !s.decoder.wanted.has(name) {
			s.decoder.wanted.add(name)
			s.attributes = append(s.attributes, name)
		}
	}
	return nil
}

// checkFilter checks the filter that a key of the configuration holds.
func checkFilter(key, filter string) error {
	return dirsync.WithHint(schema.CheckFilter(filter),
		"write "+key+` like (&(objectClass=person)(uid=*)); in a value, ( ) * \ are \28 \29 \2a \5c`)
}
