package wire

import (
	"cmp"
	"fmt"
	"maps"
	"strings"

	"duosync/cmd/internal/config"
	"duosync/ldapsrc/membership"
	"duosync/ldapsrc/schema"
	dirsync "duosync/sync"
	"duosync/sync/decide"
	"duosync/sync/expression"
	"duosync/sync/mapping"
)

// Rules translates the configuration into the core's rules.
func Rules(cfg *config.Config) (decide.Rules, error) {
	singles := cfg.Each()
	var all decide.Rules
	own := map[string]*mapping.Rules{}
	for i := range singles {
		one := &singles[i]
		rules, err := rulesOfOne(localScope(cfg, one))
		if err != nil {
			return rules, err
		}
		rules.Directory, rules.OwnMapping = one.Name, one.OwnMapping
		rules.IncludeGroups = cfg.Sync.Scope.IncludeGroups
		rules.Directories[0].Name = one.Name
		directories := append(all.Directories, rules.Directories...)
		if i == 0 {
			all = rules
		}
		all.Directories = directories
		own[one.Name] = &rules.Rules
	}
	if all.Directories.Named() {
		for _, rules := range own {
			rules.Directories = all.Directories
		}
		all.Own, all.Directory, all.OwnMapping = own, "", false
	}
	return all, nil
}

// localScope gives the configuration of one directory as its fingerprint digests it: of the
// groups in the scope those that may be the directory's, by the names that they have there, so
// that the groups of others change nothing for it.
func localScope(cfg *config.Config, one *config.Single) *config.Config {
	local, include := one.Config, cfg.Sync.Scope.IncludeGroups
	if one.Name == "" || len(include) == 0 {
		return &local
	}
	there := dirsync.Directories{}
	for _, name := range cfg.Names() {
		there = append(there, dirsync.Directory{Name: name})
	}
	local.Sync.Scope.IncludeGroups = nil
	for _, text := range include {
		switch directory, group := there.Reference(text); directory {
		case "", one.Name:
			local.Sync.Scope.IncludeGroups = append(local.Sync.Scope.IncludeGroups, group)
		}
	}
	if len(local.Sync.Scope.IncludeGroups) == 0 {
		local.Sync.Scope.IncludeGroups = []string{""} // nobody of it is in
	}
	return &local
}

// rulesOfOne translates the configuration of one directory, whose name it does not know.
func rulesOfOne(cfg *config.Config) (decide.Rules, error) {
	c := cfg.Sync
	kind, _ := schema.Of(cfg.LDAP.Preset)
	kind = kind.Expiring(cfg.LDAP.ExpiresAttribute)
	r := decide.Rules{
		Rules: mapping.Rules{
			StatusAttributes: kind.Status, Lapses: kind.Lapses, Via: kind.Via, Primary: membership.Primary(), AllowBypass: c.AllowBypass,
			CountLockouts: c.StatusLockouts, LowerUsername: c.Normalize.Username == "lower",
			IncludeGroups: c.Scope.IncludeGroups, ExcludeGroups: c.Scope.ExcludeGroups,
			Protect:     map[string]bool{},
			Directories: dirsync.Directories{{Scope: scopeFingerprint(cfg), Narrower: narrowerScope(cfg), Place: placeFingerprint(cfg), Digest: mappingFingerprint(cfg), Servers: cfg.LDAP.URLs}},
		},
		Existing:  decide.Existing(c.Existing),
		OnMissing: removal(c.OnMissing), OnOutOfScope: removal(c.OnOutOfScope),
		RefreshEvery: c.RefreshEvery, MaxDuration: c.MaxDuration,
		ReportDrift: func(field string) bool { return c.Drift.Of(field) == "report" },
		Limits:      limits(c.Limits),
	}
	if cfg.Enroll.Email {
		r.EnrollMails = cfg.Enroll.MaxPerRun
	}
	for _, name := range c.Scope.Protect {
		r.Protect[dirsync.FoldName(name)] = true
	}
	var err error
	if r.Exclude, err = config.Exclusions(c.Scope.ExcludeUsers); err != nil {
		return r, err
	}
	if r.Groups, err = mirror(&c.Groups); err != nil {
		return r, err
	}
	err = fields(&r.Rules, &c)
	if name := cfg.LDAP.Groups.MemberOf; name != "" && asksForGroups(&r.Rules) {
		r.MemberOf, r.Via = name, map[string]string{}
		maps.Copy(r.Via, kind.Via)
		r.Via[strings.ToLower(name)] = strings.ToLower(name)
	}
	return r, err
}

// fields fills in the expressions behind the keys of sync.mapping.
func fields(r *mapping.Rules, c *config.Sync) error {
	m := &c.Mapping
	r.Mapping = map[string]dirsync.Expression{}
	for _, field := range dirsync.FieldNames {
		text := m.Of(field)
		if text == "" || field == dirsync.FieldStatus { // which has rules of its own
			continue
		}
		e, err := formula(field, text)
		if err != nil {
			return err
		}
		r.Mapping[field] = e
	}
	for _, text := range m.Aliases {
		e, err := formula(dirsync.FieldAliases, text)
		if err != nil {
			return err
		}
		r.Aliases = append(r.Aliases, e)
	}
	r.Phones = mapping.PhoneRules{Region: c.Normalize.PhoneRegion, Always: c.Phones.On == "always", Share: c.Phones.Taken == "share"}
	for _, phone := range m.Phones {
		e, err := formula(dirsync.FieldPhones, phone.Number)
		if err != nil {
			return err
		}
		r.Phones.From = append(r.Phones.From, mapping.PhoneFrom{Number: e, Type: cmp.Or(phone.Type, "mobile")})
	}
	r.Status = m.Status != ""
	if r.Status && m.Status != config.StatusPreset {
		e, err := formula(dirsync.FieldStatus, m.Status)
		if err != nil {
			return err
		}
		r.StatusFrom = e
	}
	return nil
}

func formula(field, text string) (dirsync.Expression, error) {
	e, err := expression.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("sync.mapping.%s: %w", field, err)
	}
	return e, nil
}

func mirror(c *config.GroupRules) (mapping.GroupRules, error) {
	g := mapping.GroupRules{Adopt: c.Existing == "adopt", DeleteUnmirrored: c.WhenUnmirrored == "delete", Names: c.Named()}
	if len(c.Rename) > 0 {
		g.Rename = c.Renamed
	}
	var err error
	g.Mirror, err = c.Mirrored()
	return g, err
}

func limits(l config.Limits) dirsync.Limits {
	return dirsync.Limits{MaxRemove: l.MaxRemove, MaxUpdate: l.MaxUpdate, MaxEnable: l.MaxEnable, MaxCreate: l.MaxCreate,
		MaxRecreate: l.MaxRecreate, MaxGroupLoss: l.MaxGroupLoss, MaxGroupDelete: l.MaxGroupDelete,
		MinSource: l.MinSource, MinAttribute: l.MinAttribute, Floor: l.Floor}
}

func removal(c config.Removal) decide.Removal {
	return decide.Removal{Action: dirsync.Action(c.Action), After: c.After, Then: dirsync.Action(c.Then), Grace: c.Grace}
}
