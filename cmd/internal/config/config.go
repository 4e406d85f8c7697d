// Package config is duosync's configuration: config.go has every key, from which
// docs/configuration.md is made, default.go what holds where the file is silent, check_*.go
// which values make sense, starter.go what config init writes, with samples by preset, and
// unbuilt.go the keys that are refused as not built yet.
//
// One YAML file is read by [strict], and every mistake is told at once and at its place. load.go
// goes through the steps: the file fills a [Config] that holds the defaults, the preset
// fills what was left out (fill.go), parts that this version does not have yet are
// refused, and what is left is checked for sense (validate.go, check_*.go).
// [Show] is the way back, with secrets hidden.
//
// The package knows words and values only. It opens no connection and imports
// none of the adapters; what differs from one kind of directory to the next it takes
// from their table, [schema].
package config

import (
	"reflect"
	"sync"
	"time"

	"duosync/cmd/internal/config/strict"
	"duosync/duo/callrate"
	"duosync/ldapsrc/schema"
	dirsync "duosync/sync"
)

// Config is the whole configuration. Its tags are those of [strict.Key];
// is:"expression" marks what expression.Parse reads.
type Config struct {
	LDAP LDAP `yaml:"ldap"` // The directory.
	// Directories are several directories, in place of LDAP: in order of precedence, each
	// with its name and all that LDAP has.
	Directories []Directory `yaml:"directories"`
	Duo         Duo         `yaml:"duo"`      // The Duo account.
	State       State       `yaml:"state"`    // What duosync remembers between runs.
	Sync        Sync        `yaml:"sync"`     // What becomes of whom.
	Enroll      Enroll      `yaml:"enroll"`   // Enrollment mails.
	Schedule    Schedule    `yaml:"schedule"` // When `duosync run` runs.
	HTTP        HTTP        `yaml:"http"`     // Health and status pages.
	Notify      Notify      `yaml:"notify"`   // Who is told.
	Audit       Audit       `yaml:"audit"`    // Who did what, line by line.
}

// allLeaves gives the path of every single value of a Config.
var allLeaves = sync.OnceValue(func() []string { return strict.Leaves(reflect.TypeFor[Config]()) })

// Directory is one of several directories. It has all keys of section ldap, with the same
// defaults, and Name and Mapping.
type Directory struct {
	// Name is what the directory is called in ids, reports and names of groups: a-z, 0-9 and
	// hyphens. It stays: another name is another directory.
	Name string `yaml:"name"`
	LDAP
	// Mapping is what differs from sync.mapping for the people of this directory: a key that
	// is left out is as it is there.
	Mapping Mapping `yaml:"mapping"`
}

// LDAP says how the directory is reached and who in it is a user.
type LDAP struct {
	// Preset fills the keys of this section that the file leaves out.
	Preset schema.Preset `yaml:"preset"`
	// URLs are servers of the same directory, tried in order: ldap://, ldaps://,
	// ldapi:// with the socket's path, in which / is written %2F, or srv+ldap://DOMAIN and
	// srv+ldaps://DOMAIN for those that DNS names (RFC 2782), at each connect anew.
	URLs []string `yaml:"urls"`
	// StartTLS upgrades ldap:// connections before the bind (RFC 4511, 4.14).
	StartTLS bool `yaml:"start_tls"`
	// CAFile holds the PEM certificates to trust; "" means the system's.
	CAFile string `yaml:"ca_file" is:"path"`
	// ServerName is the name in the server's certificate, where it is not the
	// one in the URL.
	ServerName string `yaml:"server_name"`
	// ClientCertFile is a PEM certificate to show to the server. Where BindDN is
	// empty it is also the login (SASL EXTERNAL, RFC 4422 appendix A).
	ClientCertFile string `yaml:"client_cert_file" is:"path"`
	// ClientKeyFile is the PEM key of ClientCertFile.
	ClientKeyFile string `yaml:"client_key_file" is:"path"`
	// BindDN is the account that reads; "" means anonymous, ClientCertFile's, or over
	// ldapi:// the user of the process. With preset activedirectory also user@domain or
	// 'DOMAIN\user'.
	BindDN string `yaml:"bind_dn"`
	// BindPassword belongs to BindDN.
	BindPassword Secret `yaml:"bind_password"`
	// AllowPlaintext permits a password over an unencrypted connection to
	// another machine.
	AllowPlaintext bool `yaml:"allow_plaintext"`
	// Timeout bounds connecting, and each page of a search.
	Timeout time.Duration `yaml:"timeout"`
	// PageSize is the number of entries to ask for at once (RFC 2696).
	PageSize int `yaml:"page_size"`
	// ReferralHosts may be followed, as host or host:port. Any other referral is
	// an error of the read.
	ReferralHosts []string `yaml:"referral_hosts"`
	// Users says which entries are users.
	Users LDAPUsers `yaml:"users"`
	// Groups says which entries are groups. They are read where sync.scope,
	// sync.groups or an expression of sync.mapping asks for groups.
	Groups LDAPGroups `yaml:"groups"`
	// ExpiresAttribute holds a time from which the person counts as disabled. Its form is
	// told by its name or its values (docs/expiry.md). "" means the preset's own, none not
	// even that.
	ExpiresAttribute string `yaml:"expires_attribute"`
}

// LDAPUsers says which entries of the directory are users.
type LDAPUsers struct {
	// Bases are the subtrees to search.
	Bases []string `yaml:"base_dns"`
	// Filter is an LDAP filter (RFC 4515).
	Filter string `yaml:"filter"`
	// Scope of the search below each base (RFC 4511, 4.5.1.2).
	Scope string `yaml:"scope" enum:"sub|one|base"`
	// IDAttribute names an entry for good; it must never change or be reused.
	IDAttribute string `yaml:"id_attribute"`
}

// LDAPGroups says which entries of the directory are groups.
type LDAPGroups struct {
	// Bases are the subtrees to search.
	Bases []string `yaml:"base_dns"`
	// Filter is an LDAP filter (RFC 4515).
	Filter string `yaml:"filter"`
	// NameAttribute holds the group's name.
	NameAttribute string `yaml:"name_attribute"`
	// MemberAttribute holds the DNs of the members (member, uniqueMember), their uids
	// (memberUid), or searches for them (memberURL). Of a list, whichever a group has
	// count together.
	MemberAttribute strict.OneOrMore `yaml:"member_attribute"`
	// MemberOf is an attribute of people, and of groups inside others, that names the
	// groups they are in by DN (memberOf, isMemberOf). It counts beside MemberAttribute;
	// "" means that none does.
	MemberOf string `yaml:"member_of"`
	// Nested counts members of member groups as members.
	Nested bool `yaml:"nested"`
}

// Duo says which Duo account is kept in step, and how it is called.
type Duo struct {
	// Host is the API hostname, such as api-xxxxxxxx.duosecurity.com; a port may
	// follow. Always TLS.
	Host string `yaml:"host"`
	// IntegrationKey of the Admin API application; not a secret.
	IntegrationKey string `yaml:"integration_key"`
	// SecretKey of the Admin API application.
	SecretKey Secret `yaml:"secret_key"`
	// Signature is the version of Duo's request signature: 5 or 2.
	Signature int `yaml:"signature" enum:"5|2"`
	// CAFile holds the PEM certificates to trust; "" means the system's.
	CAFile string `yaml:"ca_file" is:"path"`
	// ProxyURL is an http, https or socks5 proxy; "" means the usual environment
	// variables.
	ProxyURL Secret `yaml:"proxy_url"`
	// Timeout bounds each call.
	Timeout time.Duration `yaml:"timeout"`
	// Rate of calls.
	Rate callrate.Rate `yaml:"rate"`
	// Bulk lets up to 100 operations share a call, where Duo has such a call and takes it.
	Bulk string `yaml:"bulk" enum:"auto|off"`
	// MaxInFlight is how many calls may be under way at once, 1 to 16; all of them together
	// keep the rate.
	MaxInFlight int `yaml:"max_in_flight"`
	// Auth are the keys of an Auth API application, for verify only.
	Auth DuoAuth `yaml:"auth"`
}

// DuoAuth holds the keys of an Auth API application; they differ from those of
// the Admin API application.
type DuoAuth struct {
	// IntegrationKey of the Auth API application; not a secret.
	IntegrationKey string `yaml:"integration_key"`
	// SecretKey of the Auth API application.
	SecretKey Secret `yaml:"secret_key"`
}

// State says where duosync remembers what it did.
type State struct {
	// DSN is a SQLite file, made absolute against the folder of the configuration
	// file, or a PostgreSQL database, as in
	// postgres://duosync@db.example.org/duosync?sslmode=verify-full. Other forms of an
	// address are refused; a file whose name holds =, : or @ is written as ./a=b.db. It
	// is handled like a secret, since it may hold the database's password.
	DSN Secret `yaml:"dsn"`
	// KeepHistory is how long past runs are kept.
	KeepHistory time.Duration `yaml:"keep_history"`
}

// Sync says what becomes of whom.
type Sync struct {
	// Scope narrows who is in.
	Scope Scope `yaml:"scope"`
	// Mapping says what fills which Duo field.
	Mapping Mapping `yaml:"mapping"`
	// AllowBypass lets mapping.status give bypass: such a person logs in without a
	// second factor.
	AllowBypass bool `yaml:"allow_bypass"`
	// StatusLockouts counts temporary lockouts as disabled, too.
	StatusLockouts bool `yaml:"status_lockouts"`
	// Normalize changes mapped values before they are compared.
	Normalize Normalize `yaml:"normalize"`
	// Phones says when phones are written. Whoever can write a number in the
	// directory could log in with it as that person.
	Phones PhoneRules `yaml:"phones"`
	// Groups says which groups are mirrored.
	Groups GroupRules `yaml:"groups"`
	// Existing says what to do about a Duo user of that name that is not ours.
	Existing string `yaml:"existing" enum:"report|adopt|adopt_if_email_matches"`
	// OnMissing is for people who are gone from the directory.
	OnMissing Removal `yaml:"on_missing"`
	// OnOutOfScope is for people who are there, but no longer selected.
	OnOutOfScope Removal `yaml:"on_out_of_scope"`
	// Limits hold what would be too much.
	Limits Limits `yaml:"limits"`
	// MaxDuration stops a run at the next border after that time; 0 means none.
	MaxDuration time.Duration `yaml:"max_duration"`
	// RefreshEvery is the age at which the snapshot is read anew from Duo; 0
	// means in each run.
	RefreshEvery time.Duration `yaml:"refresh_every"`
	// Drift says what to do about fields that were changed in Duo.
	Drift Drift `yaml:"drift"`
}

// Scope narrows who is in. Empty means everyone whom the LDAP filter returns.
type Scope struct {
	// IncludeGroups selects members of these only, by name, without regard to
	// case. Each must exist.
	IncludeGroups []string `yaml:"include_groups"`
	// ExcludeGroups leaves members of these alone, the link kept.
	ExcludeGroups []string `yaml:"exclude_groups"`
	// ExcludeUsers are left alone, the link kept: mapped usernames, /regex/ (RE2,
	// the whole name, any case) or DNs. [ParseUserRule] reads an item.
	ExcludeUsers []string `yaml:"exclude_users"`
	// Protect lists Duo usernames that are never touched, whatever LDAP says.
	Protect []string `yaml:"protect"`
}

// Mapping says what fills which Duo field: an LDAP attribute, or an expression
// (see docs/expressions.md). An empty one means that the field is not ours.
type Mapping struct {
	Username  string         `yaml:"username" is:"expression"`  // Never empty. Left out: what ldap.preset says, uid or such as sAMAccountName.
	Aliases   []string       `yaml:"aliases" is:"expression"`   // Up to 8, as a user has at most 8 aliases; each value gives one.
	Realname  string         `yaml:"realname" is:"expression"`  // Duo's full name.
	Firstname string         `yaml:"firstname" is:"expression"` // Duo's first name.
	Lastname  string         `yaml:"lastname" is:"expression"`  // Duo's last name.
	Email     string         `yaml:"email" is:"expression"`     // Duo's mail address.
	Notes     string         `yaml:"notes" is:"expression"`     // Duo's notes.
	Phones    []PhoneMapping `yaml:"phones" is:"expression"`    // Each value that is a phone number gives a phone.
	// Status is preset (a lock that the preset knows gives disabled), "", or what
	// gives active, disabled or, with sync.allow_bypass, bypass.
	Status string `yaml:"status" is:"expression"`
}

// Of gives what stands for a field of dirsync.FieldNames: the keys have their names. A
// field without a key has "".
func (m *Mapping) Of(field string) string {
	if text := strict.Lookup(reflect.ValueOf(m).Elem(), field); text.Kind() == reflect.String {
		return text.String()
	}
	return ""
}

// StatusPreset as sync.mapping.status takes the status from the locks that the
// preset of the directory knows.
const StatusPreset = "preset"

// PhoneMapping makes Duo phones of an attribute's or an expression's values. In
// the file it may be the expression alone.
type PhoneMapping struct {
	// Number gives the numbers.
	Number string `yaml:"number" is:"expression" alone:""`
	// Type is Duo's type of the phones; "" means mobile.
	Type string `yaml:"type" enum:"|mobile|landline"`
}

// Normalize changes mapped values before they are compared with Duo's.
type Normalize struct {
	// Username is folded to lower case, or left as it is.
	Username string `yaml:"username" enum:"lower|none"`
	// PhoneRegion completes numbers without a country code: two letters
	// (ISO 3166-1), such as US or DE.
	PhoneRegion string `yaml:"phone_region"`
}

// PhoneRules says when phones are written.
type PhoneRules struct {
	// On create gives phones to new users only, always keeps them in step; a
	// person's own devices stay in either case.
	On string `yaml:"on" enum:"create|always"`
	// Taken says what to do about a number that another user has: tell of a
	// conflict, or share the phone.
	Taken string `yaml:"taken" enum:"conflict|share"`
}

// GroupRules says which groups are mirrored into Duo, with those of their members
// that are ours.
type GroupRules struct {
	// Mirror lists groups of the directory by name, or by /regex/ (RE2, the whole
	// name, any case). [ParseGroupRule] reads an item.
	Mirror []string `yaml:"mirror"`
	// Rename gives the Duo group another name than the directory's. Two groups may
	// have the same one; then it holds the members of both.
	Rename map[string]string `yaml:"rename"`
	// Existing says what to do about a Duo group of that name that is not ours.
	Existing string `yaml:"existing" enum:"report|adopt"`
	// WhenUnmirrored says what becomes of a group that we made and that is
	// mirrored no longer.
	WhenUnmirrored string `yaml:"when_unmirrored" enum:"keep|delete"`
}

// Removal is the way out, in two steps: Action once the person has been missing
// for After, Then once Grace has passed since Action.
type Removal struct {
	Action string        `yaml:"action" enum:"disable|trash|delete|keep"` // The first step.
	After  time.Duration `yaml:"after"`                                   // Before the first step.
	Then   string        `yaml:"then" enum:"trash|delete|keep"`           // The second step.
	Grace  time.Duration `yaml:"grace"`                                   // Between the two.
}

// Limits are what guards go by, before the first write. A guard holds when its limit is
// exceeded and more than Floor people are affected. MaxRemove and MinSource hold the whole
// run; each of the others holds what it weighs, and all else goes on. A percent of the
// first five is of the people who are ours and active.
type Limits struct {
	MaxRemove   dirsync.Limit `yaml:"max_remove"`   // Disabled, trashed, deleted and released together, each person once; also adoptions that disable.
	MaxUpdate   dirsync.Limit `yaml:"max_update"`   // Updates and adoptions. What takes (groups, phones, aliases) and all others are weighed apart.
	MaxEnable   dirsync.Limit `yaml:"max_enable"`   // Enabled, restored, given bypass, or taken out of a group that is disabled.
	MaxCreate   dirsync.Limit `yaml:"max_create"`   // Created.
	MaxRecreate dirsync.Limit `yaml:"max_recreate"` // Deleted in Duo by hand, created again.
	// MaxGroupLoss is of the members of one group that has 10 or more.
	MaxGroupLoss dirsync.Limit `yaml:"max_group_loss"`
	// MaxGroupDelete is of the mirrored groups that are ours. It knows no floor; one
	// may always go.
	MaxGroupDelete dirsync.Limit `yaml:"max_group_delete"`
	MinSource      dirsync.Limit `yaml:"min_source"` // People in scope, against the last good run.
	// MinAttribute is of the people with a value, attribute by attribute, against the
	// last good run. Where nobody has one any more, the floor does not count.
	MinAttribute dirsync.Limit `yaml:"min_attribute"`
	Floor        int           `yaml:"floor"` // People; up to that many, no guard holds.
}

// Enroll says who gets Duo's enrollment mail.
type Enroll struct {
	// Email sends it, once, to users that we created, where they have no device.
	Email bool `yaml:"email"`
	// MaxPerRun is how many mails one run sends; the others wait for the next.
	MaxPerRun int `yaml:"max_per_run"`
}

// Schedule says when `duosync run` runs.
type Schedule struct {
	// Cron is a standard five-field spec, @hourly and the like, or @every 30m.
	Cron string `yaml:"cron"`
	// Timezone that Cron is meant in, by its IANA name.
	Timezone string `yaml:"timezone"`
	// Jitter is the longest random delay before a run.
	Jitter time.Duration `yaml:"jitter"`
	// AtStart also runs once when the process starts.
	AtStart bool `yaml:"at_start"`
}

// HTTP says where `duosync run` serves health, metrics and status pages.
type HTTP struct {
	// Listen is host:port; "" means nowhere, and a host left out all addresses.
	Listen string `yaml:"listen"`
	// Token is wanted for metrics and status, as a Bearer token or as the
	// password of Basic. Off loopback it is a must.
	Token Secret `yaml:"token"`
	// TLSCertFile is the PEM certificate to serve with; "" means no TLS.
	TLSCertFile string `yaml:"tls_cert_file" is:"path"`
	// TLSKeyFile is the PEM key of TLSCertFile.
	TLSKeyFile string `yaml:"tls_key_file" is:"path"`
}

// Notify says who is told how runs ended.
type Notify struct {
	// WebhookURL gets a POST with each message, in the form that WebhookFormat says. Off
	// loopback it is https.
	WebhookURL Secret `yaml:"webhook_url"`
	// WebhookFormat is what the receiver reads: duosync's own JSON, a message of Slack, or
	// a card of Microsoft Teams.
	WebhookFormat string `yaml:"webhook_format" enum:"json|slack|teams"`
	// Email gets a mail with each message.
	Email Email `yaml:"email"`
	// On is what is worth a message, see docs/notifications.md. Where failure or held is
	// told, so is its end.
	On []string `yaml:"on" enum:"failure|held|conflict|attention|change|success"`
	// PublicURL is where people reach the pages of `duosync run` (http.listen), for links in
	// messages.
	PublicURL string `yaml:"public_url"`
	// HeartbeatURL is called (GET) after each good run; what is called notices
	// when it no longer is.
	HeartbeatURL Secret `yaml:"heartbeat_url"`
	// Textfile is written after each run, for the textfile collector of
	// Prometheus' node-exporter, which reads *.prom.
	Textfile string `yaml:"textfile" is:"path"`
}

// Email says how notifications are mailed.
type Email struct {
	// SMTPURL is smtp://host:587, where STARTTLS is a must off loopback, or smtps://host:465,
	// with user:password@ before the host where the server wants a login. Both are sent over
	// TLS only; what ends them in a URL is written %40 for @, %3A for :, %2F for /.
	SMTPURL Secret `yaml:"smtp_url"`
	// From is the sender, as duosync@example.org or "duosync <duosync@example.org>".
	From string `yaml:"from"`
	// To are the recipients.
	To []string `yaml:"to"`
	// CAFile is a PEM file of the authorities that the server's certificate is checked
	// against; "" means those of the system.
	CAFile string `yaml:"ca_file" is:"path"`
}

// Audit is the file with a line for each write to Duo, and for each act. See docs/audit.md.
type Audit struct {
	// File gets the lines, appended; empty: there is none, and nothing is numbered.
	File string `yaml:"file" is:"path"`
	// Format of the lines: events of the Open Cybersecurity Schema Framework, or plain JSON.
	Format string `yaml:"format" enum:"ocsf|json"`
	// Required: while File can't be written, a run sends nothing to Duo that gives somebody
	// something (guard audit). What takes goes on.
	Required bool `yaml:"required"`
}
