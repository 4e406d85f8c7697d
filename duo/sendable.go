package duo

import (
	"errors"
	"fmt"
	"slices"

	"duosync/duo/api"
	dirsync "duosync/sync"
)

// unsendable says why an operation cannot be sent, or nil.
func unsendable(op *dirsync.Op) error {
	if op.Blocked != "" {
		return errors.New(op.Blocked)
	}
	for _, change := range op.Changes {
		if !slices.Contains(fieldsOf(op), change.Field) {
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
		if dirsync.FoldName(groupName(op)) == "" {
			return errors.New("a group without a name cannot be sent to Duo")
		}
	case dirsync.GroupDelete, dirsync.PhoneDelete:
	default:
		return fmt.Errorf("%q is not an operation", op.Action)
	}
	if (op.Action == dirsync.GroupUpdate || op.Action == dirsync.GroupDelete) && !api.ValidID(groupID(op)) {
		return fmt.Errorf("%q is not the id of a Duo group", api.Tidy(groupID(op)))
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

// fieldsOf are the fields that an operation may change.
func fieldsOf(op *dirsync.Op) []string {
	switch op.Action {
	case dirsync.GroupCreate, dirsync.GroupUpdate, dirsync.GroupDelete:
		return []string{dirsync.FieldName}
	case dirsync.PhoneDelete:
		return []string{dirsync.FieldPhones}
	case dirsync.EnrollMail:
		return []string{dirsync.FieldEmail}
	}
	return append(slices.Clone(dirsync.FieldNames), dirsync.ListFields...)
}

// hasSteps reports whether calls for the lists of a user follow an operation.
func hasSteps(op *dirsync.Op) bool {
	switch op.Action {
	case dirsync.Create, dirsync.Recreate, dirsync.Update, dirsync.Disable, dirsync.Enable, dirsync.Adopt, dirsync.Restore:
		return len(op.Phones)+len(op.Joins)+len(op.Leaves) > 0
	}
	return false
}
