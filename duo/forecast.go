package duo

import (
	"time"

	"duosync/duo/operation"
	dirsync "duosync/sync"
)

// callTime is what a call is taken to last where the rate is no tighter.
const callTime = 200 * time.Millisecond

// Forecast counts the calls of p, retries and second looks aside, and estimates
// their time one after another at the rate of the moment.
func (t *Target) Forecast(p *dirsync.Plan) (calls int, d time.Duration) {
	for _, op := range p.Ops() {
		calls += operation.Calls(op)
	}
	each := max(callTime, time.Duration(float64(time.Second)/t.client.PerSecond()))
	return calls, time.Duration(calls) * each
}
