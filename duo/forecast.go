package duo

import (
	"slices"
	"time"

	"duosync/duo/bulk"
	"duosync/duo/operation"
	dirsync "duosync/sync"
	"duosync/sync/batch"
)

// callTime is what a call is taken to last where the rate is no tighter.
const callTime = 200 * time.Millisecond

// Forecast counts the calls of p, as operations share them, retries and second looks aside,
// and estimates their time at the rate of the moment, with as many under way as may be.
func (t *Target) Forecast(p *dirsync.Plan) (calls int, d time.Duration) {
	for _, wave := range p.Waves {
		wave = slices.DeleteFunc(slices.Clone(wave), func(op *dirsync.Op) bool { return op.Blocked != "" })
		for _, unit := range slices.Concat(t.rounds(wave)...) {
			calls += t.callsOf(unit)
		}
	}
	each := max(callTime/time.Duration(max(t.inFlight, 1)), time.Duration(float64(time.Second)/t.client.PerSecond()))
	return calls, time.Duration(calls) * each
}

// callsOf counts the calls of operations that go together.
func (t *Target) callsOf(unit batch.Unit) int {
	calls := 0
	if unit.Way == batch.Alone || len(unit.Ops) < 2 {
		for _, op := range unit.Ops {
			calls += operation.Calls(op)
		}
		return calls
	}
	var fields, places, lists, new, parts int
	for _, op := range unit.Ops {
		aliases := op.Change(dirsync.FieldAliases) != nil
		if operation.Creates(op) || aliases || operation.HasOwn(op) {
			fields++
		}
		if aliases && !operation.Creates(op) {
			places++
		}
		switch own := len(op.Joins) + len(op.Leaves); {
		case len(op.Phones) > 0 || own > t.changes.Most():
			calls += operation.ListCalls(op)
		case own > 0:
			lists, parts = lists+1, parts+own
			if operation.Creates(op) {
				new++
			}
		}
	}
	return calls + t.endpoint(unit.Way).Calls(fields) + t.changes.Calls(parts) + bulk.Looks(places) + bulk.Looks(lists) + bulk.Looks(new)
}
