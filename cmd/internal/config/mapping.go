package config

import (
	"errors"
	"fmt"

	dirsync "duosync/sync"
	"duosync/sync/phonenumber"
)

// StatusPreset as sync.mapping.status takes the status from the locks that the
// preset of the directory knows.
const StatusPreset = "preset"

// validateMapping checks what is mapped, beyond each expression by itself.
func (r *reader) validateMapping(m *Mapping) {
	if m.Username == "" {
		r.check("sync.mapping.username", dirsync.WithHint(errors.New("must not be empty: Duo has no user without a username"), "name an attribute, such as uid"))
	}
	for i, text := range m.Aliases {
		at := item("sync.mapping.aliases", i)
		switch {
		case text == "":
			r.check(at, dirsync.WithHint(errors.New("is empty"), "remove the item"))
		case i == dirsync.MaxAliases:
			r.check(at, fmt.Errorf("is one too many: a Duo user has at most %d aliases", dirsync.MaxAliases))
		}
	}
	for i, phone := range m.Phones {
		at := item("sync.mapping.phones", i)
		if phone.Number != "" || r.broken(join(at, "number")) {
			continue
		}
		if _, written := r.marks[join(at, "number")]; written {
			at = join(at, "number")
		}
		r.check(at, dirsync.WithHint(errors.New("is empty"), "name an attribute, such as mobile, or remove the item"))
	}
}

// validatePeople checks the rest of what people get: phones and mails.
func (r *reader) validatePeople(c *Config) {
	if !phonenumber.ValidRegion(c.Sync.Normalize.PhoneRegion) {
		r.check("sync.normalize.phone_region", dirsync.WithHint(errors.New("must be the two letters of a country with phone numbers of its own"), "such as US or DE"))
	}
	if c.Enroll.Email && c.Enroll.MaxPerRun == 0 {
		r.check("enroll.max_per_run", dirsync.WithHint(errors.New("must be at least 1 where enroll.email is true"), "or write email: false"))
	}
}
