package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"duosync/cmd/internal/report/phrase"
	"duosync/ldapsrc/schema"
	dirsync "duosync/sync"
	"duosync/sync/decide"
)

// accountType tells in Active Directory what an account is (MS-ADTS, 2.2.17); normalAccount
// is a user's.
const (
	accountType   = "sAMAccountType"
	normalAccount = "805306368"
)

// tally counts people of whom something is worth telling, and has a few of them.
type tally struct {
	n    int
	some []string
}

func (t *tally) add(example string) {
	if t.n++; len(t.some) < mostExamples {
		t.some = append(t.some, example)
	}
}

// examples are the few, in words.
func (t *tally) examples() string {
	if t.n > len(t.some) {
		return "such as " + strings.Join(t.some, ", ")
	}
	return strings.Join(t.some, ", ")
}

// oddities is what was seen of people that contradicts the configuration, or that an
// administrator may not have reckoned with.
type oddities struct {
	rules *decide.Rules
	kind  *schema.Kind // of the server; nil: not known

	foreign  tally // accounts that are no users, in Active Directory
	machines tally // usernames that end in $
	renamed  tally // people who log in by another name than their username
	several  map[string]*tally
	owners   map[string]string // the first who has an address
	sharers  tally             // addresses that several have
	sharing  map[string]int    // people by such an address
}

func newOddities(rules *decide.Rules, kind *schema.Kind) oddities {
	return oddities{rules: rules, kind: kind, several: map[string]*tally{}, owners: map[string]string{}, sharing: map[string]int{}}
}

// note takes a person in who has these fields, as mapped, and this username, folded.
func (o *oddities) note(p *dirsync.Person, fields dirsync.Fields, name string) {
	if strings.HasSuffix(name, "$") {
		o.machines.add(dirsync.Quote(name))
	}
	if o.kind != nil {
		o.noteKind(p, name)
	}
	for field, from := range o.rules.Mapping {
		if !from.Plain() {
			continue
		}
		attribute := from.Attributes()[0]
		values := slices.Compact(slices.Sorted(slices.Values(p.Attrs[attribute])))
		if len(values) < 2 {
			continue
		}
		key := attribute + " (for " + field + ")"
		if o.several[key] == nil {
			o.several[key] = &tally{}
		}
		o.several[key].add(fmt.Sprintf("%s with %s and %s", p.DN, shown(values[0], attribute), shown(values[1], attribute)))
	}
	if mail := strings.ToLower(fields[dirsync.FieldEmail]); mail != "" {
		o.noteAddress(p, mail)
	}
}

// noteKind looks at what the server's kind of directory keeps.
func (o *oddities) noteKind(p *dirsync.Person, name string) {
	if o.kind.Preset == schema.ActiveDirectory {
		switch types := p.Attrs[strings.ToLower(accountType)]; {
		case len(types) == 0:
			o.foreign.add(p.DN + " (no account)")
		case types[0] != normalAccount:
			o.foreign.add(p.DN)
		}
	}
	from, usual := o.rules.Mapping[dirsync.FieldUsername], strings.ToLower(o.kind.Users.Username)
	if from == nil || !from.Plain() || from.Attributes()[0] == usual || !isName(from.Attributes()[0]) {
		return // whoever takes mail or a number for the username means it
	}
	if logins := p.Attrs[usual]; len(logins) > 0 && dirsync.FoldName(logins[0]) != name {
		o.renamed.add(fmt.Sprintf("%s is %s", dirsync.Quote(logins[0]), dirsync.Quote(name)))
	}
}

func (o *oddities) noteAddress(p *dirsync.Person, mail string) {
	first, taken := o.owners[mail]
	switch {
	case !taken:
		o.owners[mail] = p.DN
		return
	case o.sharing[mail] == 0:
		o.sharing[mail] = 1
		o.sharers.add(fmt.Sprintf("%s of %s and %s", shown(mail, o.rules.Mapping[dirsync.FieldEmail].Attributes()...), first, p.DN))
	}
	o.sharing[mail]++
}

// isName reports whether an attribute, by its lower-cased name, is what people are called,
// which changes when they are renamed.
func isName(attribute string) bool {
	return slices.Contains([]string{"uid", "cn", "sn", "givenname", "displayname", "name", "samaccountname"}, attribute)
}

// kind is what the server is, as a row of the presets; nil where it does not tell.
func (c *ldapCheck) kind() *schema.Kind {
	presets := c.server.Product.Presets()
	if len(presets) == 0 {
		return nil
	}
	preset := presets[0]
	if slices.Contains(presets, c.config.LDAP.Preset) {
		preset = c.config.LDAP.Preset
	}
	kind, _ := schema.Of(preset)
	return &kind
}

// beside are the attributes to be read beside those that are mapped, to see what contradicts
// the kind of the server.
func (c *ldapCheck) beside() []string {
	kind := c.kind()
	switch {
	case kind == nil:
		return nil
	case kind.Preset == schema.ActiveDirectory:
		return []string{accountType, kind.Users.Username}
	}
	return []string{kind.Users.Username}
}

// contradict tells that a finding is against what the server is.
func (c *ldapCheck) contradict(name, hint, detail string, args ...any) {
	c.contradictions++
	c.note(name, hint, detail, args...)
}

// preset holds the preset, the filter and the id against what the server is.
func (c *ldapCheck) preset() {
	kind, l := c.kind(), &c.config.LDAP
	if kind == nil {
		return
	}
	if presets := c.server.Product.Presets(); l.Preset != schema.Custom && !slices.Contains(presets, l.Preset) {
		c.contradict(LDAPPreset, fmt.Sprintf("set ldap.preset: %s, and take out what the file says of ldap.users.filter, ldap.users.id_attribute and "+
			"sync.mapping.username, unless you mean it: the preset's are %s, %s and %s", kind.Preset, kind.Users.Filter, kind.Users.IDAttribute, kind.Users.Username),
			"the server is %s, ldap.preset is %s: people, ids and locks are looked for as another kind of directory keeps them", c.server.Product, l.Preset)
	}
	if id := strings.ToLower(l.Users.IDAttribute); isName(id) || id == "mail" || id == "userprincipalname" {
		c.contradict(LDAPPreset, "set ldap.users.id_attribute: "+kind.Users.IDAttribute,
			"ldap.users.id_attribute is %s, which changes when people are renamed: a renamed person would be taken for another one", l.Users.IDAttribute)
	}
}

// usual is advice by what the server is, where the configuration has something else; "".
func (c *ldapCheck) usual(key, configured string, of func(*schema.Users) string) string {
	kind := c.kind()
	if kind == nil || strings.EqualFold(of(&kind.Users), configured) {
		return ""
	}
	return fmt.Sprintf("this server is %s, of which preset %s has %s: %s; else ", c.server.Product, kind.Preset, key, of(&kind.Users))
}

// odd tells of what was seen of people beside the usual.
func (c *ldapCheck) odd(seen *census) {
	o, people := &seen.odd, phrase.Quantity(seen.total, "person", "people")
	if o.foreign.n > 0 {
		c.contradict(LDAPPreset, "set ldap.users.filter: "+o.kind.Users.Filter+", which leaves out computers, contacts, trusts and managed service accounts",
			"%d of %s within ldap.users.filter are no users' accounts: %s", o.foreign.n, people, o.foreign.examples())
	}
	if o.renamed.n > 0 {
		c.contradict(LDAPPreset, "set sync.mapping.username: "+o.kind.Users.Username+", by which people log in",
			"%d of %s have another %s than their username (%s): %s", o.renamed.n, people, o.kind.Users.Username,
			strings.Join(o.rules.Mapping[dirsync.FieldUsername].Attributes(), ", "), o.renamed.examples())
	}
	if o.machines.n > 0 {
		c.contradict(LDAPUsernames, "they are computers, trusts or managed service accounts: leave them out by ldap.users.filter, or by sync.scope.exclude_users: ['/.*[$]/']",
			"%s of %s end in $: %s", phrase.Quantity(o.machines.n, "username", "usernames"), people, o.machines.examples())
	}
	for _, key := range slices.Sorted(maps.Keys(o.several)) {
		several := o.several[key]
		c.note(LDAPAttributes, "nothing to do if any will do: a user in Duo keeps the one that is there, a new one gets the first that the server tells; else map an attribute with one value",
			"%d of %s have several values of %s: %s", several.n, people, key, several.examples())
	}
	if o.sharers.n > 0 {
		sharing := 0
		for _, n := range o.sharing {
			sharing += n
		}
		c.note(LDAPAttributes, "nothing to do if that is meant; with sync.existing: adopt_if_email_matches such an address says nothing of who somebody is",
			"%d of %s share %s with others: %s", sharing, people, phrase.Quantity(o.sharers.n, "address", "addresses"), o.sharers.examples())
	}
}

// contradicted is what a preflight says of contradictions in its first line; "" for none.
func contradicted(directories []ldapCheck) string {
	n := 0
	for i := range directories {
		n += directories[i].contradictions
	}
	if n == 0 {
		return ""
	}
	return phrase.Quantity(n, "finding contradicts", "findings contradict") + " the configuration"
}
