package config

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"duosync/cmd/internal/config/strict"
	dirsync "duosync/sync"
)

// UserRule is one item of sync.scope.exclude_users. One of its fields is set.
type UserRule struct {
	// Name is a mapped username, compared folded.
	Name string
	// Pattern matches whole mapped usernames, without regard to case.
	Pattern *regexp.Regexp
	// DN of an entry, compared without regard to case.
	DN *ldap.DN
}

// ParseUserRule reads an item of sync.scope.exclude_users: /regex/ (RE2 syntax,
// the whole name, without regard to case), a DN such as
// uid=svc,ou=Users,dc=example,dc=org, or else a username.
func ParseUserRule(text string) (UserRule, error) {
	switch {
	case strings.TrimSpace(text) == "":
		return UserRule{}, dirsync.WithHint(errors.New("is empty"), "remove the item")
	case strings.HasPrefix(text, "/"):
		pattern, err := parsePattern(text)
		return UserRule{Pattern: pattern}, err
	case strings.Contains(text, "="):
		dn, err := ldap.ParseDN(text)
		if err != nil {
			return UserRule{}, fmt.Errorf("is not a DN: %w", err)
		}
		return UserRule{DN: dn}, nil
	}
	return UserRule{Name: text}, nil
}

// Exclusions makes the test for sync.scope.exclude_users, or for some of its items.
func Exclusions(items []string) (func(username, dn string) bool, error) {
	var patterns []*regexp.Regexp
	var dns []*ldap.DN
	names := map[string]bool{}
	for _, item := range items {
		rule, err := ParseUserRule(item)
		if err != nil {
			return nil, fmt.Errorf("sync.scope.exclude_users: %q %w", item, err)
		}
		switch {
		case rule.Name != "":
			names[dirsync.FoldName(rule.Name)] = true
		case rule.DN != nil:
			dns = append(dns, rule.DN)
		default:
			patterns = append(patterns, rule.Pattern)
		}
	}
	return func(username, dn string) bool {
		if username != "" && (names[username] || slices.ContainsFunc(patterns, func(p *regexp.Regexp) bool { return p.MatchString(username) })) {
			return true
		}
		if len(dns) == 0 || dn == "" {
			return false
		}
		parsed, err := ldap.ParseDN(dn)
		return err == nil && slices.ContainsFunc(dns, parsed.EqualFold)
	}, nil
}

// parsePattern reads /regex/.
func parsePattern(text string) (*regexp.Regexp, error) {
	inner, closed := strings.CutSuffix(text[1:], "/")
	switch {
	case !closed:
		return nil, dirsync.WithHint(errors.New("starts a /regex/ that does not end"), "put a / at its end")
	case inner == "":
		return nil, dirsync.WithHint(errors.New("is an empty /regex/"), "it would match nobody; remove the item")
	}
	// By itself first, so that a)|(b is no regex.
	if _, err := regexp.Compile(inner); err != nil {
		return nil, fmt.Errorf("is not a regular expression: %w", err)
	}
	pattern, err := regexp.Compile("(?i)^(?:" + inner + ")$")
	if err != nil {
		return nil, fmt.Errorf("is not a regular expression: %w", err)
	}
	return pattern, nil
}

func (v *validator) validateScope(s *Scope) {
	for i, text := range s.ExcludeUsers {
		at := strict.Item("sync.scope.exclude_users", i)
		_, err := ParseUserRule(text)
		if err != nil && v.Foreign(at) {
			err = errors.New("is not a username, /regex/ or DN")
		}
		v.Check(at, err)
	}
	for i, text := range s.Protect {
		v.Check(strict.Item("sync.scope.protect", i), checkUsername(text))
	}
}

// checkUsername checks an item of sync.scope.protect, which takes names only: a
// pattern taken for a name would protect nobody.
func checkUsername(text string) error {
	switch {
	case strings.TrimSpace(text) == "":
		return dirsync.WithHint(errors.New("is empty"), "remove the item")
	case len(text) > 1 && strings.HasPrefix(text, "/") && strings.HasSuffix(text, "/"):
		return dirsync.WithHint(errors.New("must be a username; /regex/ is not supported here"), "list the names")
	}
	return nil
}
