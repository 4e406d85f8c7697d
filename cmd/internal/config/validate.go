package config

import (
	"cmp"
	"errors"
	"math"
	"reflect"
	"time"

	"duosync/cmd/internal/config/strict"
	"duosync/cmd/internal/schedule"
	dirsync "duosync/sync"
	"duosync/sync/expression"
)

// validator checks the values of a document for sense, each by itself and against
// others.
type validator struct {
	*strict.Document
	asked []string // groups that expressions ask about
	names []string // of the directories
}

// expression checks the text of an expression, and notes the groups that it asks
// about.
func (v *validator) expression(text string) *strict.Mistake {
	e, err := expression.Parse(text)
	if err == nil {
		v.asked = append(v.asked, e.Groups()...)
		return nil
	}
	m := &strict.Mistake{What: "is no expression", Reason: err.Error(), Hint: cmp.Or(dirsync.Hint(err), "an attribute stands as it is and a text in quotes, as in employeeType == 'locked'; see docs/expressions.md")}
	if mistake, ok := errors.AsType[*expression.Error](err); ok {
		m.Reason = mistake.Message
		if mistake.Line == 1 {
			m.Character = mistake.Column
		}
	}
	return m
}

// validate checks the whole configuration.
func (v *validator) validate(c *Config) {
	v.names = c.Names()
	v.validateNumbers(c)
	v.validateDirectories(c)
	v.validateGroups(c)
	v.validateDuo(&c.Duo)
	v.validateDSN(c.State.DSN.Reveal())
	v.validateScope(&c.Sync.Scope)
	v.validateMapping("sync.mapping", &c.Sync.Mapping)
	v.validatePeople(c)
	v.validateSchedule(&c.Schedule)
	v.validateHTTP(&c.HTTP)
	v.validateNotify(&c.Notify)
	v.validateAudit(&c.Audit)
	v.validateSecrets(c)
}

// validateNumbers checks what holds for every duration and number, and the few
// that must not be zero.
func (v *validator) validateNumbers(c *Config) {
	values := reflect.ValueOf(c).Elem()
	for _, path := range c.leaves() {
		if leaf := strict.Lookup(values, path); leaf.CanInt() && leaf.Int() < 0 {
			v.Check(path, errors.New("must not be negative"))
		}
	}
	positive := func(path string, d time.Duration) {
		if d == 0 {
			v.Check(path, dirsync.WithHint(errors.New("must be above 0"), "such as 30s"))
		}
	}
	positive("duo.timeout", c.Duo.Timeout)
	for i, d := range c.Each() {
		at := "ldap"
		if d.Name != "" || len(c.Directories) > 0 {
			at = strict.Item(directoriesPath, i)
		}
		positive(at+".timeout", d.LDAP.Timeout)
		if size := d.LDAP.PageSize; size > 0 && size <= math.MaxInt32 {
			continue
		}
		v.Check(at+".page_size", dirsync.WithHint(errors.New("must be between 1 and 2147483647"), "1000 suits nearly every server"))
	}
}

func (v *validator) validateSchedule(s *Schedule) {
	const cron, timezone = "schedule.cron", "schedule.timezone"
	zone, err := schedule.Zone(s.Timezone)
	v.Check(timezone, dirsync.WithHint(v.Explain(timezone, "is not a time zone that this machine knows", err), "such as UTC or Europe/Berlin"))
	if err != nil {
		zone = time.UTC
	}
	_, err = schedule.Parse(s.Cron, zone)
	if unreadable, ok := errors.AsType[*schedule.UnreadableError](err); ok {
		err = dirsync.WithHint(v.Explain(cron, "is not a cron spec", unreadable.Reason), dirsync.Hint(err))
	}
	v.Check(cron, err)
}
