package mapping

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	dirsync "duosync/sync"
)

func (r *Rules) desireStatus(p *dirsync.Person, d *Desired) {
	if !r.Status {
		return
	}
	d.NoBypass = !r.AllowBypass
	if r.isUnsure(p) && !r.disabledAnyway(p) {
		d.Unsure = p.Unsure // and the status is none, until it is known what it was
		return
	}
	if r.StatusFrom == nil {
		d.Fields[dirsync.FieldStatus] = dirsync.StatusActive
		if r.isLocked(p) {
			d.Fields[dirsync.FieldStatus], d.Term = dirsync.StatusDisabled, p.Term
		}
		return
	}
	if p.Standing == dirsync.Unreadable { // and it makes no difference
		enabled := *p
		enabled.Standing = dirsync.Enabled
		p = &enabled
	}
	value, err := r.StatusFrom.Value(p)
	status := strings.ToLower(strings.TrimSpace(value))
	switch {
	case err != nil:
		r.unusable(p, d, err)
	case status == string(dirsync.LockedOut): // what the preset says
		d.Fields[dirsync.FieldStatus] = dirsync.StatusActive
		if r.CountLockouts {
			d.Fields[dirsync.FieldStatus] = dirsync.StatusDisabled
		}
	case status == dirsync.StatusActive, status == dirsync.StatusDisabled, status == dirsync.StatusBypass && r.AllowBypass:
		d.Fields[dirsync.FieldStatus] = status
		if status == dirsync.StatusDisabled && r.StatusFrom.Preset() {
			d.Term = p.Term
		}
	case status == dirsync.StatusBypass:
		r.unusable(p, d, errBypass)
	default:
		r.unusable(p, d, fmt.Errorf("the expression gives %s, and only active and disabled are statuses", dirsync.Quote(value)))
	}
}

var errBypass = errors.New("the directory asks for bypass, which sync.allow_bypass does not allow")

// LocksAnywhere reports whether the directory itself says that a person is disabled, in the
// scope or not, and that is the status. Of one who is not in scope neither the groups are
// known nor whether each attribute may be read there, so an expression for the status, to
// which anything absent may mean disabled, says nothing.
func (r *Rules) LocksAnywhere(p *dirsync.Person) bool {
	own := r.In(p.Directory)
	return own.Status && own.StatusFrom == nil && own.isLocked(p)
}

// isLocked reports whether the directory locks a person, whatever an expression makes of it.
func (r *Rules) isLocked(p *dirsync.Person) bool {
	return p.Standing == dirsync.Disabled || p.Standing == dirsync.LockedOut && r.CountLockouts
}

// unusable is for a person of whom the expression gives no status. Whom the directory locks
// is disabled: nobody stays in because a rule fails for them. Of anybody else the status
// can't be told.
func (r *Rules) unusable(p *dirsync.Person, d *Desired, err error) {
	if !r.isLocked(p) {
		d.unsure("%s: %v", dirsync.FieldStatus, err)
		return
	}
	d.fault(dirsync.FieldStatus, err)
	d.Fields[dirsync.FieldStatus], d.Term = dirsync.StatusDisabled, p.Term
}

// isUnsure reports whether the status hangs on what can't be told of a person.
func (r *Rules) isUnsure(p *dirsync.Person) bool {
	switch {
	case p.Standing != dirsync.Unreadable || p.Unsure == nil:
		return false
	case r.StatusFrom == nil || r.StatusFrom.Preset() || p.Unsure.Groups:
		return true
	}
	// An expression may read by itself a value that the preset can't; none that is absent.
	return p.Unsure.Value == "" && slices.Contains(r.StatusFrom.Attributes(), p.Unsure.Attribute)
}

// disabledAnyway reports whether the status expression gives disabled though the person
// were not locked: something else asks for it.
func (r *Rules) disabledAnyway(p *dirsync.Person) bool {
	if r.StatusFrom == nil || p.Unsure.Groups {
		return false
	}
	enabled := *p
	enabled.Standing = dirsync.Enabled
	value, err := r.StatusFrom.Value(&enabled)
	return err == nil && strings.EqualFold(strings.TrimSpace(value), dirsync.StatusDisabled)
}
