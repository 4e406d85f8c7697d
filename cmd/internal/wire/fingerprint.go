package wire

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"duosync/cmd/internal/config"
	"duosync/ldapsrc"
	"duosync/ldapsrc/schema"
)

// scopeFingerprint digests what decides who is in, and under which name: bases,
// scope, filter, included groups and how groups resolve, the id attribute, the
// mapping of the username, and whether other domains of a forest are read by way of
// referrals. Exclusions only leave people alone, and servers and ports
// are the way to the same directory; they are no part of it. Nor is anything that
// DNs, attributes and group names do not tell apart: their case and order.
func scopeFingerprint(cfg *config.Config) string {
	l, s := cfg.LDAP, cfg.Sync
	parts := map[string]any{
		"bases": folded(l.Users.Bases), "scope": l.Users.Scope, "filter": l.Users.Filter, "id": strings.ToLower(l.Users.IDAttribute),
		"username": s.Mapping.Username, "normalize": s.Normalize.Username,
	}
	if len(s.Scope.IncludeGroups) > 0 {
		g := l.Groups
		parts["include"] = folded(s.Scope.IncludeGroups)
		how := []any{folded(g.Bases), g.Filter, strings.ToLower(g.NameAttribute), members(g.MemberAttribute), g.Nested}
		if g.MemberOf != "" {
			how = append(how, strings.ToLower(g.MemberOf))
		}
		parts["groups"] = how
	}
	if leadsElsewhere(cfg) {
		parts["referrals"] = true
	}
	return fingerprint(parts)
}

// members tells by which attributes people are members: of one it is the name alone, as
// states know it from when there could be one only.
func members(attributes []string) any {
	if len(attributes) == 1 {
		return strings.ToLower(attributes[0])
	}
	return folded(attributes)
}

// leadsElsewhere reports whether people come by referrals of whom the directory would say
// nothing without: where one domain is read, a second look finds none of another.
func leadsElsewhere(cfg *config.Config) bool {
	kind, _ := schema.Of(cfg.LDAP.Preset)
	return kind.OneDomain && len(cfg.LDAP.ReferralHosts) > 0
}

// narrowerScope is the fingerprint of the same configuration without referrals. Whoever
// adds some, or had some when they were no part of it, has people added to those who are
// there, and misses nobody for it; "" where there are none.
func narrowerScope(cfg *config.Config) string {
	if !leadsElsewhere(cfg) {
		return ""
	}
	narrower := *cfg
	narrower.LDAP.ReferralHosts = nil
	return scopeFingerprint(&narrower)
}

// formerScopes gives the fingerprints that earlier versions made of this configuration,
// since what it leaves out had other values then, and tells for each how these are kept.
func formerScopes(loaded *config.Loaded, version string) map[string]string {
	all := map[string]string{}
	for _, former := range loaded.Former() {
		former.Config.LDAP.ReferralHosts = nil // which were no part of it
		all[scopeFingerprint(&former.Config)] = fmt.Sprintf(
			"the configuration leaves out what duosync %s fills in otherwise than the version that ran before; these lines keep what was: %s",
			version, strings.Join(former.Keep, " and "))
	}
	return all
}

// placeFingerprint digests what tells where people are looked for, and by which id:
// the roots of the bases, below which the second look searches, the id attribute, and
// whether that leads to other domains.
// Where it has changed, somebody who is not found may well be there.
func placeFingerprint(cfg *config.Config) string {
	users := cfg.LDAP.Users
	parts := map[string]any{"directory": ldapsrc.Directory(users.Bases), "id": strings.ToLower(users.IDAttribute)}
	if leadsElsewhere(cfg) {
		parts["referrals"] = true
	}
	return fingerprint(parts)
}

// mappingFingerprint digests what makes Duo's fields of a person's attributes, and Duo's
// groups of the directory's. Where it has changed, something may differ without anything in
// the directory having changed.
func mappingFingerprint(cfg *config.Config) string {
	s := cfg.Sync
	parts := map[string]any{
		"mapping": s.Mapping, "groups": s.Groups, "normalize": s.Normalize, "phones": s.Phones, "bypass": s.AllowBypass, "lockouts": s.StatusLockouts, "preset": cfg.LDAP.Preset,
	}
	if kind, _ := schema.Of(cfg.LDAP.Preset); kind.Expiring(cfg.LDAP.ExpiresAttribute).Expires != kind.Expires { // which is part of the preset
		parts["expires"] = strings.ToLower(cfg.LDAP.ExpiresAttribute)
	}
	return fingerprint(parts)
}

func fingerprint(parts map[string]any) string {
	text, _ := json.Marshal(parts) // strings, lists and booleans always marshal
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

func folded(items []string) []string {
	list := make([]string, len(items))
	for i, item := range items {
		list[i] = strings.ToLower(item)
	}
	slices.Sort(list)
	return slices.Compact(list)
}
