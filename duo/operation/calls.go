package operation

import dirsync "duosync/sync"

// Calls is how many calls an operation takes, retries and second looks aside.
func Calls(op *dirsync.Op) int {
	if op.Blocked != "" || Callless(op) {
		return 0
	}
	switch op.Action {
	case dirsync.Trash, dirsync.EnrollMail:
		return 2 // send, look; and the other way round
	case dirsync.Delete, dirsync.GroupDelete:
		return 3 // delete, and make sure by id and by name
	case dirsync.PhoneDelete:
		return 4 * len(op.Phones) // look, delete, make sure
	}
	calls := 1
	if op.Action == dirsync.GroupCreate {
		calls++ // look
	}
	own, aliases := HasOwn(op), op.Change(dirsync.FieldAliases) != nil
	switch {
	case Restores(op):
		calls = 2 // restore, look
		if own || aliases {
			calls++
		}
	case !Creates(op) && !own && !aliases && HasSteps(op):
		calls = 0
	}
	if aliases && !Creates(op) {
		calls++ // their places
	}
	return calls + ListCalls(op)
}

// ListCalls is how many of them are for phones and groups.
func ListCalls(op *dirsync.Op) int {
	if !HasSteps(op) {
		return 0
	}
	calls := 1 + len(op.Joins) + len(op.Leaves)
	if Creates(op) {
		calls++ // whether it is the user who was made
	}
	if op.Follows {
		calls++ // whether it is on the user who was made
	}
	for _, step := range op.Phones {
		calls += callsOfStep(step)
	}
	return calls
}

func callsOfStep(step dirsync.PhoneStep) int {
	switch step.Do {
	case dirsync.PhoneRemove:
		return 6 // look, detach, look, delete, make sure
	case dirsync.PhoneAttach:
		return 1
	}
	return 3 // make, look, attach
}
