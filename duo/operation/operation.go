// Package operation tells of an operation what it asks of Duo, how many calls that takes,
// whether it can be sent at all, and what of it an account shows afterwards. It calls nobody.
package operation

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"duosync/duo/api"
	dirsync "duosync/sync"
)

// Callless reports whether an operation changes nothing in Duo.
func Callless(op *dirsync.Op) bool {
	return op.Action == dirsync.Release || op.Action == dirsync.GroupUpdate && op.Change(dirsync.FieldName) == nil
}

// Restores reports whether an operation begins with a way out of the Trash.
func Restores(op *dirsync.Op) bool {
	return op.Action == dirsync.Restore || op.Action == dirsync.Adopt && StatusBefore(op) == dirsync.StatusPendingDeletion
}

// Creates reports whether an operation makes a user.
func Creates(op *dirsync.Op) bool {
	return op.Action == dirsync.Create || op.Action == dirsync.Recreate
}

// StatusBefore is the status that an operation starts from, "" where it leaves
// the status alone.
func StatusBefore(op *dirsync.Op) string {
	if c := op.Change(dirsync.FieldStatus); c != nil {
		return c.Before
	}
	return ""
}

// HasSteps reports whether calls for the lists of a user follow an operation.
func HasSteps(op *dirsync.Op) bool {
	switch op.Action {
	case dirsync.Create, dirsync.Recreate, dirsync.Update, dirsync.Disable, dirsync.Enable, dirsync.Adopt, dirsync.Restore:
		return len(op.Phones)+len(op.Joins)+len(op.Leaves) > 0
	}
	return false
}

// OwnFields are the fields with a single value that an operation sends.
func OwnFields(op *dirsync.Op) dirsync.Fields {
	fields := op.After()
	maps.DeleteFunc(fields, func(name, _ string) bool { return dirsync.IsList(name) })
	return fields
}

// HasOwn reports whether there are OwnFields.
func HasOwn(op *dirsync.Op) bool {
	return slices.ContainsFunc(op.Changes, func(c dirsync.Change) bool { return !dirsync.IsList(c.Field) })
}

// CreateFields returns what a create sends: no empty values. Phones and groups are
// not parameters; they follow.
func CreateFields(op *dirsync.Op) dirsync.Fields {
	fields := OwnFields(op)
	if aliases := op.Change(dirsync.FieldAliases); aliases != nil {
		fields[dirsync.FieldAliases] = aliases.After
	}
	fields[dirsync.FieldUsername] = op.Name()
	maps.DeleteFunc(fields, func(_, value string) bool { return value == "" })
	return fields
}

// GroupName is the name that an operation on a group leaves behind.
func GroupName(op *dirsync.Op) string {
	if c := op.Change(dirsync.FieldName); c != nil {
		return c.After
	}
	if op.Group != nil {
		return op.Group.Name
	}
	return op.Username
}

// GroupID is the id of the group that an operation is about, "" for a create.
func GroupID(op *dirsync.Op) string {
	if op.User == "" && op.Group != nil {
		return op.Group.ID
	}
	return op.User
}

// Unsendable says why an operation cannot be sent, or nil.
func Unsendable(op *dirsync.Op) error {
	if op.Blocked != "" {
		return errors.New(op.Blocked)
	}
	for _, change := range op.Changes {
		if !mayChange(op, change.Field) {
			return fmt.Errorf("the field %q is not one that can be sent to Duo", change.Field)
		}
	}
	switch op.Action {
	case dirsync.Create, dirsync.Recreate:
		if dirsync.FoldName(op.Name()) == "" {
			return errors.New("a user without a username cannot be created")
		}
	case dirsync.Release:
	case dirsync.Update, dirsync.Disable, dirsync.Enable, dirsync.Adopt, dirsync.Restore,
		dirsync.Trash, dirsync.Delete, dirsync.EnrollMail:
		if !api.ValidID(op.User) {
			return fmt.Errorf("%q is not the id of a Duo user", api.Tidy(op.User))
		}
	case dirsync.GroupCreate, dirsync.GroupUpdate:
		if dirsync.FoldName(GroupName(op)) == "" {
			return errors.New("a group without a name cannot be sent to Duo")
		}
	case dirsync.GroupDelete, dirsync.PhoneDelete:
	default:
		return fmt.Errorf("%q is not an operation", op.Action)
	}
	if (op.Action == dirsync.GroupUpdate || op.Action == dirsync.GroupDelete) && !api.ValidID(GroupID(op)) {
		return fmt.Errorf("%q is not the id of a Duo group", api.Tidy(GroupID(op)))
	}
	return unsendableLists(op)
}

func unsendableLists(op *dirsync.Op) error {
	for i := range op.Phones {
		step := &op.Phones[i]
		switch {
		case step.Do == dirsync.PhoneRemove && api.ValidID(step.ID):
		case op.Action == dirsync.PhoneDelete:
			return fmt.Errorf("the phone %q cannot be deleted", api.Tidy(step.Text()))
		case step.Do == dirsync.PhoneAttach && api.ValidID(step.ID):
		case step.Do == dirsync.PhoneMake && step.Number != "":
		default:
			return fmt.Errorf("%q is not something to do to the phone %q", step.Do, api.Tidy(step.Text()))
		}
	}
	for _, m := range op.Joins {
		if !api.ValidID(m.ID) && (m.ID != "" || dirsync.FoldName(m.Name) == "") {
			return fmt.Errorf("%q is not the id of a Duo group", api.Tidy(m.ID))
		}
	}
	for _, m := range op.Leaves {
		if !api.ValidID(m.ID) {
			return fmt.Errorf("%q is not the id of a Duo group", api.Tidy(m.ID))
		}
	}
	return nil
}

// mayChange reports whether a field is one that an operation may change.
func mayChange(op *dirsync.Op, field string) bool {
	switch op.Action {
	case dirsync.GroupCreate, dirsync.GroupUpdate, dirsync.GroupDelete:
		return field == dirsync.FieldName
	case dirsync.PhoneDelete:
		return field == dirsync.FieldPhones
	case dirsync.EnrollMail:
		return field == dirsync.FieldEmail
	}
	return slices.Contains(dirsync.FieldNames, field) || dirsync.IsList(field)
}

// RoomToJoin reports whether a user can join groups before leaving others: then
// nobody is without a group in between.
func RoomToJoin(op *dirsync.Op) bool {
	c := op.Change(dirsync.FieldGroups)
	return c == nil || len(dirsync.Items(c.Before))+len(op.Joins) <= dirsync.MaxGroups
}
