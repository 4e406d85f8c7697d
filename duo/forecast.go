package duo

import (
	"time"

	dirsync "duosync/sync"
)

// callTime is what a call is taken to last where the rate is no tighter.
const callTime = 200 * time.Millisecond

// Forecast counts the calls of p, retries and second looks aside, and estimates
// their time one after another at the rate of the moment.
func (t *Target) Forecast(p *dirsync.Plan) (calls int, d time.Duration) {
	for _, op := range p.Ops() {
		calls += callsOf(op)
	}
	each := max(callTime, time.Duration(float64(time.Second)/t.client.PerSecond()))
	return calls, time.Duration(calls) * each
}

func callsOf(op *dirsync.Op) int {
	if op.Blocked != "" || callless(op) {
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
	own, aliases := len(ownFields(op)) > 0, op.Change(dirsync.FieldAliases) != nil
	switch {
	case restores(op):
		calls = 2 // restore, look
		if own || aliases {
			calls++
		}
	case !creates(op) && !own && !aliases && hasSteps(op):
		calls = 0
	}
	if aliases && !creates(op) {
		calls++ // their places
	}
	if hasSteps(op) {
		calls += 1 + len(op.Joins) + len(op.Leaves)
		if op.Follows {
			calls++ // whether it is on the user who was made
		}
		for _, step := range op.Phones {
			calls += callsOfStep(step)
		}
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
