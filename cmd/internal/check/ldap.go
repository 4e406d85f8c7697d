package check

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-ldap/ldap/v3"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/report/phrase"
	"duosync/cmd/internal/wire"
	"duosync/ldapsrc"
	"duosync/ldapsrc/conn"
	"duosync/ldapsrc/decode"
	"duosync/ldapsrc/schema"
	dirsync "duosync/sync"
	"duosync/sync/decide"
)

// The checks of the directory, in their order. There is one of the first two for
// each server, and one of the third for each base.
const (
	LDAPConnection = "LDAP connection"
	LDAPLogin      = "LDAP login"
	LDAPCatalog    = "LDAP global catalog" // told of one only
	LDAPPreset     = "LDAP preset"         // told where the configuration contradicts the server
	LDAPBase       = "LDAP base"
	LDAPDomains    = "LDAP other domains" // told where there are some
	LDAPSearch     = "LDAP search"
	LDAPLimits     = "LDAP limits"
	LDAPIDs        = "LDAP ids"
	LDAPLookup     = "LDAP search by id"
	LDAPSample     = "LDAP sample entry"
	LDAPAttributes = "LDAP attributes"
	LDAPUsernames  = "LDAP usernames"
	LDAPLocks      = "LDAP locks"
	LDAPGroups     = "LDAP groups"
)

// readFor is how long people are read for, unless a test has it otherwise: of a large
// directory only a part.
const readFor = 3 * time.Second

// expiresSoon is when a certificate's end is worth a note.
const expiresSoon = 30 * 24 * time.Hour

// ldapCheck looks at the directory.
type ldapCheck struct {
	findings

	name   string // of the directory
	config *config.Single
	rules  *decide.Rules
	setup  wire.Setup

	entries []dirsync.GroupEntry // of a complete read
	seen    *census              // of one, else nil
	source  *ldapsrc.Source
	server  conn.Server // one that can be used
	refused bool        // its login

	contradictions int
}

// sameRefused reports whether another directory has refused the very login of this one.
func (c *ldapCheck) sameRefused(other ldapCheck) bool {
	ours, theirs := &c.config.LDAP, &other.config.LDAP
	return other.refused && ours.BindDN != "" && ours.BindDN == theirs.BindDN && ours.BindPassword.Equal(theirs.BindPassword)
}

// run makes the checks. refused: the login was refused by another directory, and is not
// tried once more, since each try brings the account nearer to its lockout.
func (c *ldapCheck) run(ctx context.Context, refused bool) {
	if refused {
		c.skip("the login that another directory refused", append([]string{LDAPConnection, LDAPLogin, LDAPBase}, AboutPeople()...)...)
		return
	}
	source, err := wire.NewSource(c.config, c.rules, c.setup.Log)
	if err != nil {
		c.fail(LDAPConnection, err, "correct section ldap")
		c.skip(LDAPConnection, append([]string{LDAPLogin, LDAPBase}, AboutPeople()...)...)
		return
	}
	defer func() { _ = source.Close() }() // it always succeeds
	c.source = source
	if failed := c.servers(ctx); failed != "" {
		c.skip(failed, append([]string{LDAPBase}, AboutPeople()...)...)
		return
	}
	c.preset()
	if more := c.beside(); len(more) > 0 {
		if whole, err := wire.NewSource(c.config, c.rules, c.setup.Log, more...); err == nil {
			defer func() { _ = whole.Close() }() // it always succeeds
			c.source = whole
		}
	}
	if !c.bases(ctx) {
		c.skip(LDAPBase, AboutPeople()...)
		return
	}
	c.domains(ctx)
	c.people(ctx)
}

// AboutPeople are the checks that need people.
func AboutPeople() []string {
	return []string{
		LDAPSearch, LDAPLimits, LDAPIDs, LDAPLookup, LDAPSample, LDAPAttributes, LDAPUsernames, LDAPLocks,
	}
}

// servers tries each server by itself. It gives the check that failed when none
// can be used.
func (c *ldapCheck) servers(ctx context.Context) (failed string) {
	failed = LDAPConnection
	for _, s := range c.source.Probe(ctx) {
		if s.ConnectErr != nil {
			c.fail(LDAPConnection, fmt.Errorf("%s: %w", s.URL, s.ConnectErr), "check host and port in ldap.urls, and the firewall")
			c.skip(LDAPConnection+" to "+s.URL, LDAPLogin)
			continue
		}
		c.connection(&s)
		switch {
		case errors.Is(s.BindErr, conn.ErrNotTried):
			c.skip("the login that another server refused", LDAPLogin)
		case s.BindErr != nil:
			failed, c.refused = LDAPLogin, conn.IsAnswer(s.BindErr)
			c.fail(LDAPLogin, fmt.Errorf("%s: %w", s.URL, s.BindErr), "check ldap.bind_dn and ldap.bind_password")
		default:
			c.ok(LDAPLogin, "%s lets %s in", s.URL, c.account(s.URL))
			c.catalog(&s)
			if c.server.URL == "" {
				c.server = s
			}
		}
	}
	if c.server.URL != "" {
		return ""
	}
	return failed
}

func (c *ldapCheck) connection(s *conn.Server) {
	if s.TLS == nil {
		c.ok(LDAPConnection, "%s answers; not encrypted", s.URL)
		return
	}
	certificate := s.TLS.PeerCertificates[0]
	left := time.Until(certificate.NotAfter)
	hint := ""
	if left < expiresSoon {
		hint = "have the server's certificate renewed before it ends"
	}
	name := certificate.Subject.String()
	if len(certificate.DNSNames) > 0 {
		name = strings.Join(certificate.DNSNames, ", ")
	}
	c.note(LDAPConnection, hint, "%s answers; %s, the certificate for %s is good for %s more, until %s", s.URL,
		tls.VersionName(s.TLS.Version), name, phrase.Span(left), certificate.NotAfter.UTC().Format(time.DateOnly))
}

func (c *ldapCheck) account(server string) string {
	switch l := c.config.LDAP; {
	case l.BindDN != "":
		return l.BindDN
	case l.ClientCertFile != "":
		return "the client certificate's subject"
	case strings.HasPrefix(server, "ldapi:"):
		return "the user of this process"
	}
	return "anyone (no bind_dn is given)"
}

// bases looks for each base and reports whether all are there.
func (c *ldapCheck) bases(ctx context.Context) bool {
	bases, err := c.source.Bases(ctx)
	if err != nil {
		c.fail(LDAPBase, err, "check ldap.users.base_dns")
		return false
	}
	there := true
	for _, b := range bases {
		if b.Err != nil {
			c.fail(LDAPBase, b.Err, "check ldap.users.base_dns")
			there = false
			continue
		}
		c.ok(LDAPBase, "%s is there", b.DN)
	}
	return there
}

func (c *ldapCheck) readFor() time.Duration { return cmp.Or(c.setup.Timing.Check, readFor) }

// errEnough ends a read that has lasted long enough.
var errEnough = errors.New("enough was read")

// people reads people as a run does, for a while, and tells of what came.
func (c *ldapCheck) people(ctx context.Context) {
	var seen *census
	until := time.Now().Add(c.readFor())
	info, err := dirsync.ReadWhole(ctx, c.source, func(*dirsync.ReadAgain) func(dirsync.Person) error {
		seen = newCensus(c.rules, c.kind())
		return func(p dirsync.Person) error {
			seen.count(&p)
			if time.Now().After(until) {
				return errEnough
			}
			return nil
		}
	})
	if !c.search(seen, err) {
		c.skip(LDAPSearch, AboutPeople()[1:]...)
		return
	}
	if err == nil {
		c.entries, c.seen = info.Groups, seen
	}
	c.limits(seen, &info, err)
	if seen.total == 0 && limited(err) {
		c.skip(LDAPLimits, AboutPeople()[2:]...)
		return
	}
	c.ids(ctx, seen, err)
	if seen.total == 0 {
		c.skip(LDAPIDs, AboutPeople()[4:]...)
		return
	}
	c.sample(seen)
	c.attributes(ctx, seen)
	c.usernames(seen)
	c.odd(seen)
	c.locks(seen)
}

// limited reports whether a read ended at a limit of the server.
func limited(err error) bool {
	return ldap.IsErrorAnyOf(err, ldap.LDAPResultSizeLimitExceeded, ldap.LDAPResultTimeLimitExceeded, ldap.LDAPResultAdminLimitExceeded)
}

// search reports whether the search works, though it may have met a limit or an
// entry without an id.
func (c *ldapCheck) search(seen *census, err error) bool {
	users := c.config.LDAP.Users
	switch {
	case err == nil && seen.total == 0:
		c.fail(LDAPSearch, fmt.Errorf("nobody matches the filter %s below %s", users.Filter, strings.Join(users.Bases, " and ")),
			c.usual("ldap.users.filter", users.Filter, func(u *schema.Users) string { return u.Filter })+"check ldap.users.filter, base_dns and scope; it looks the same where the account may not read or search people")
		return false
	case err == nil:
		c.ok(LDAPSearch, "%s within the filter %s", phrase.Quantity(seen.total, "person", "people"), users.Filter)
	case seen.total == 0 && (limited(err) || errors.Is(err, decode.ErrID)):
		c.ok(LDAPSearch, "the server answers")
	case errors.Is(err, errEnough), limited(err), errors.Is(err, decode.ErrID):
		c.ok(LDAPSearch, "at least %s within the filter %s", phrase.Quantity(seen.total, "person", "people"), users.Filter)
	default:
		c.fail(LDAPSearch, err, "check the network and the server's log, and try again")
		return false
	}
	return true
}

// limits tells of what bounds a read, by the server's own name for it.
func (c *ldapCheck) limits(seen *census, info *dirsync.ReadInfo, err error) {
	server := string(c.server.Product)
	if server == "" {
		server = "the server"
	}
	if c.server.Version != "" {
		server += " " + c.server.Version
	}
	pages := "announces paged results"
	if !c.server.Paging {
		pages = "does not announce paged results"
	}
	const default1000 = 1000
	switch {
	case limited(err):
		advice := c.server.Product.LimitAdvice()
		if ldap.IsErrorWithCode(err, ldap.LDAPResultTimeLimitExceeded) || advice == "" {
			advice = dirsync.Hint(err)
		}
		c.fail(LDAPLimits, unadvised(fmt.Errorf("%s: %w", server, err)), advice)
	case errors.Is(err, errEnough):
		c.ok(LDAPLimits, "%s %s; %s came within %s, and there the check stopped reading", server, pages, dirsync.CountPeople(seen.total), phrase.Span(c.readFor()))
	case err == nil && info.CutAt > 0:
		c.note(LDAPLimits, "each run takes longer for it: "+cmp.Or(c.server.Product.LimitAdvice(), "raise the server's limit for the account"),
			"%s ends a search of this account after %d entries; all %d people came, in %d searches for parts of them", server, info.CutAt, seen.total, info.Searches)
	case c.server.Product == conn.ProductApacheDS && err == nil && seen.total <= default1000 && !apacheAdmin(c.config.LDAP.BindDN):
		c.note(LDAPLimits, "before there are 1000 people: "+c.server.Product.LimitAdvice(), "%s %s; all %d people came", server, pages, seen.total)
	case err == nil && !c.server.Paging:
		c.note(LDAPLimits, "a search is answered in one piece: the server's size limit must be above the number of people",
			"%s %s; all %d people came", server, pages, seen.total)
	case err == nil:
		c.ok(LDAPLimits, "%s %s; all %d people came, no limit is in the way", server, pages, seen.total)
	default:
		c.ok(LDAPLimits, "%s %s; no limit was met up to where reading stopped", server, pages)
	}
}

// apacheAdmin reports whether a DN is ApacheDS' administrator, to whom its limits
// do not apply.
func apacheAdmin(dn string) bool {
	admin, _ := ldap.ParseDN("uid=admin,ou=system")
	account, err := ldap.ParseDN(dn)
	return err == nil && admin.EqualFold(account)
}

// unadvised takes an error's advice off, where there is a better one.
func unadvised(err error) error { return errors.New(err.Error()) }

// ids tells whether people can be told apart for good, and found again.
func (c *ldapCheck) ids(ctx context.Context, seen *census, err error) {
	attribute := c.config.LDAP.Users.IDAttribute
	if errors.Is(err, decode.ErrID) {
		usual := c.usual("ldap.users.id_attribute", attribute, func(u *schema.Users) string { return u.IDAttribute })
		c.fail(LDAPIDs, unadvised(err), usual+cmp.Or(dirsync.Hint(err), "set ldap.users.id_attribute to one that every person has, once, for good"))
		c.skip(LDAPIDs, LDAPLookup)
		return
	}
	c.ok(LDAPIDs, "each person has one id (%s) and nobody shares it", attribute)
	id := seen.first.ID
	found, err := c.source.Lookup(ctx, []dirsync.SourceID{id})
	const advice = "let the account search (not only read) the id attribute in the whole suffix, and check that attribute's index; " +
		"without it no run can tell who is gone"
	switch {
	case err != nil:
		c.fail(LDAPLookup, err, advice)
	case found[id].Person == nil:
		c.fail(LDAPLookup, fmt.Errorf("%s, who was just read, is not found by %s=%s", seen.first.DN, attribute, id), advice)
	default:
		c.ok(LDAPLookup, "a person is found by %s in the whole suffix", attribute)
	}
}

// unreadable tells of people from whom it can't be told whether they are locked, or which
// groups they are in. It reports whether that can't be for all of them, since an attribute is
// missing that each of them has.
func (c *ldapCheck) unreadable(seen *census) bool {
	locks := c.rules.Status && (c.rules.StatusFrom == nil || c.rules.StatusFrom.Preset())
	failed := false
	for _, folded := range slices.Sorted(maps.Keys(seen.unsure)) {
		u, attribute := seen.unsure[folded], c.rules.AttributeName(folded)
		test, unknown, advice := LDAPLocks, "whether they are locked", unreadableAdvice(c.config.LDAP.Preset)
		switch {
		case u.groups:
			test, unknown, advice = LDAPGroups, "which groups they are in", unreadableAdvice("")
		case !locks:
			continue
		}
		if u.absent > 0 {
			failed = failed || !u.groups
			c.fail(test, fmt.Errorf("%s did not come back for %d of %s, though each of them has it: %s can't be told: %s",
				attribute, u.absent, phrase.Quantity(seen.total, "person", "people"), unknown, u.blind.examples()), advice)
		}
		if u.illegible > 0 {
			c.note(LDAPLocks, "set each to true or false, a time, or what the server's manual names; until then nobody of them is created, enabled or put into a group",
				"%s of %s has a value that can't be read, such as %s", attribute, phrase.Quantity(u.illegible, "person", "people"), strings.Join(u.examples, ", "))
		}
	}
	return failed
}

func unreadableAdvice(preset schema.Preset) string {
	advice := "let the account of ldap.bind_dn read it for everybody; until then nobody of them is created, enabled or put into a group"
	if preset == schema.ActiveDirectory {
		advice = "make the account of ldap.bind_dn a member of \"Pre-Windows 2000 Compatible Access\", or give it the right to read userAccountControl of all users; " +
			"until then nobody of them is created, enabled or put into a group"
	}
	return advice
}

// expiry tells of an attribute for the end of accounts that the configuration names and
// that comes to nothing: nobody has it, or the status is not made of it.
func (c *ldapCheck) expiry(seen *census) {
	name := c.config.LDAP.ExpiresAttribute
	kind, _ := schema.Of(c.config.LDAP.Preset)
	switch {
	case name == "", name == schema.NoExpiry, strings.EqualFold(name, kind.Expires):
	case !c.rules.Status || c.rules.StatusFrom != nil && !c.rules.StatusFrom.Preset():
		c.note(LDAPLocks, "let sync.mapping.status be preset, or an expression that asks for preset, or compares time("+name+") with now()",
			"ldap.expires_attribute has no effect, since sync.mapping.status does not ask for the preset's status")
	case seen.values[strings.ToLower(name)] == 0:
		c.note(LDAPLocks, "nothing to do if no account has an end yet; else check the name in ldap.expires_attribute, and let the account read it",
			"%s came back for nobody: no account has an end, or ends can't be seen", name)
	}
}

// locks tells whether locked people can be seen as such.
func (c *ldapCheck) locks(seen *census) {
	if c.unreadable(seen) {
		return
	}
	c.expiry(seen)
	var names []string
	visible := false
	for _, attribute := range c.rules.StatusAttributes {
		names = append(names, attribute)
		visible = visible || seen.values[strings.ToLower(attribute)] > 0
	}
	disabled, out := seen.standings[dirsync.Disabled], seen.standings[dirsync.LockedOut]
	switch {
	case !c.rules.Status:
		c.ok(LDAPLocks, "the status is not ours (sync.mapping.status is empty)")
	case c.rules.StatusFrom != nil:
		c.ok(LDAPLocks, "the status is what the expression of sync.mapping.status gives; by the preset, %d are locked or disabled, %d locked out for a time", disabled, out)
	case len(names) == 0 && c.kind() != nil:
		c.note(LDAPLocks, fmt.Sprintf("set ldap.preset: %s, which tells locks of %s, or sync.mapping.status to an expression", c.kind().Preset, c.server.Product),
			"the preset %s knows no attribute for locks: everybody counts as active", c.config.LDAP.Preset)
	case len(names) == 0:
		c.ok(LDAPLocks, "the preset %s knows no attribute for locks: everybody counts as active", c.config.LDAP.Preset)
	case visible:
		c.ok(LDAPLocks, "they are seen: %d locked or disabled, %d locked out for a time", disabled, out)
	case c.config.LDAP.Preset == schema.WSO2IS:
		c.note(LDAPLocks, "WSO2 keeps accountLock and accountDisabled in its own database by default, where LDAP does not show them: "+
			"a user locked there stays active in Duo. Have them kept in the user store "+
			"(data_store org.wso2.carbon.identity.governance.store.UserStoreBasedIdentityDataStore), or let the account read them",
			"%s came back for nobody: no lock can be seen", strings.Join(names, ", "))
	default:
		c.note(LDAPLocks, "nothing to do if nobody is locked; else let the account read it",
			"%s came back for nobody: nobody is locked, or locks can't be seen", strings.Join(names, ", "))
	}
}
