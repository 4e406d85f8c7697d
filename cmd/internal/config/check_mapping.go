package config

import (
	"errors"
	"fmt"

	"duosync/cmd/internal/config/strict"
	dirsync "duosync/sync"
	"duosync/sync/phonenumber"
)

// validateMapping checks what a section maps, beyond each expression by itself.
func (v *validator) validateMapping(section string, m *Mapping) {
	if m.Username == "" {
		v.Check(section+".username", dirsync.WithHint(errors.New("must not be empty: Duo has no user without a username"), "name an attribute, such as uid"))
	}
	for i, text := range m.Aliases {
		at := strict.Item(section+".aliases", i)
		switch {
		case text == "":
			v.Check(at, dirsync.WithHint(errors.New("is empty"), "remove the item"))
		case i == dirsync.MaxAliases:
			v.Check(at, fmt.Errorf("is one too many: a Duo user has at most %d aliases", dirsync.MaxAliases))
		}
	}
	for i, phone := range m.Phones {
		at := strict.Item(section+".phones", i)
		if phone.Number != "" || v.Broken(strict.Join(at, "number")) {
			continue
		}
		if number := strict.Join(at, "number"); v.Written(number) {
			at = strict.Join(at, "number")
		}
		v.Check(at, dirsync.WithHint(errors.New("is empty"), "name an attribute, such as mobile, or remove the item"))
	}
}

// validatePeople checks the rest of what people get: phones and mails.
func (v *validator) validatePeople(c *Config) {
	if !phonenumber.ValidRegion(c.Sync.Normalize.PhoneRegion) {
		v.Check("sync.normalize.phone_region", dirsync.WithHint(errors.New("must be the two letters of a country with phone numbers of its own"), "such as US or DE"))
	}
	if c.Enroll.Email && c.Enroll.MaxPerRun == 0 {
		v.Check("enroll.max_per_run", dirsync.WithHint(errors.New("must be at least 1 where enroll.email is true"), "or write email: false"))
	}
}
