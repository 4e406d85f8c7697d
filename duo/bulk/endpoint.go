package bulk

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"duosync/duo/api"
	"duosync/duo/once"
	dirsync "duosync/sync"
)

// Endpoint is one of Duo's bulk calls, and how much it takes. It may be used by several
// goroutines.
type Endpoint struct {
	call string // method and path
	now  func() time.Time
	// namesNothing: its members name no object of Duo's that could be unknown.
	namesNothing bool

	mu      sync.Mutex
	most    int
	works   bool // a call was accepted
	unknown int  // calls that Duo refused before one was
	failed  int  // calls in a row
	idle    int  // calls in a row that Duo accepted, and that did nothing
	// answered is the last refusal of a call by Duo itself.
	answered error
	refused  *dirsync.BulkRefusal // nil: nothing is known against it
}

// NewEndpoints gives the two bulk calls, as Duo documents them, or none to be used. now is
// the clock of refusals.
func NewEndpoints(use bool, now func() time.Time) (creates, changes *Endpoint) {
	creates = &Endpoint{call: "POST " + api.BulkCreatePath, most: api.MostCreates, now: now, namesNothing: true}
	changes = &Endpoint{call: "POST " + api.BulkPath, most: api.MostParts, now: now}
	if !use {
		creates.most, changes.most = 0, 0
	}
	return creates, changes
}

// Most is how many members, or parts of them, the call takes; below 2: it is not to be used.
func (e *Endpoint) Most() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.most
}

// Calls is how many calls so many members or parts take.
func (e *Endpoint) Calls(members int) int {
	most := max(e.Most(), 1)
	return (members + most - 1) / most
}

// Looks is how many calls it takes to look at so many users.
func Looks(users int) int { return (users + api.MostInLook - 1) / api.MostInLook }

// Recall takes what an earlier run was refused.
func (e *Endpoint) Recall(known []dirsync.BulkRefusal) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, r := range known {
		if r.Call == e.call && r.Stands(e.now()) {
			e.most, e.refused = min(e.most, r.Most), &r
		}
	}
}

// Refusal is what Duo refuses of the call, nil: nothing.
func (e *Endpoint) Refusal() *dirsync.BulkRefusal {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.refused == nil {
		return nil
	}
	known := *e.refused
	return &known
}

const (
	// manyUnknown is how many calls must be answered with 404 before it is taken to be about
	// the call, and not about something that one operation in it names.
	manyUnknown = 3
	// manyFailures is how many calls in a row must fail before it is taken to be this call
	// that fails: single ones tell whether it is all of Duo.
	manyFailures = 8
	// manyIdle is how many accepted calls in a row must have done nothing for anybody before
	// it is taken to be the call. One bad member, where Duo drops all for it and does not say
	// so, makes it 6: of 100, and of its halves down to 4.
	manyIdle = 12
)

// judge takes the outcome of a call: it may be the refusal of such calls as such.
func (e *Endpoint) judge(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case err == nil:
		e.works, e.failed = true, 0
	case once.Answered(err), errors.Is(err, api.ErrLimit):
		e.answered = err
	}
	switch {
	case api.Hiccup(err):
		if e.failed++; e.failed >= manyFailures && e.most > 1 {
			e.note(0, fmt.Errorf("%d calls in a row failed, the last one so: %w", e.failed, err))
			e.refused.Passing = true
		}
	case api.RefusesBulk(err) && !e.works:
		e.unknown++
		if e.namesNothing || e.unknown >= manyUnknown || !errors.Is(err, api.ErrNotFound) {
			e.note(0, err)
		}
	}
}

// weigh takes the members of a call that Duo accepted, after the answer and a look: it may
// have done nothing for anybody.
func (e *Endpoint) weigh(members []*Member) {
	left := 0
	for _, m := range members {
		switch {
		case m.Result == nil && !m.Apart:
			left++
		case m.Result != nil && m.Result.Fate == dirsync.Done:
			left = -len(members)
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case left < 0:
		e.idle = 0
	case left > 1:
		if e.idle++; e.idle >= manyIdle && e.most > 1 {
			e.note(0, fmt.Errorf("%d calls in a row were accepted, and did nothing for anybody", e.idle))
			e.refused.Passing = true
		}
	}
}

// conclude takes members who were all carried out: where Duo took no call that any of them
// shared, and takes most of them alone, it is the call that it will not have.
func (e *Endpoint) conclude(members []*Member) {
	e.mu.Lock()
	defer e.mu.Unlock()
	done := 0
	for _, m := range members {
		if m.Result != nil && m.Result.Fate == dirsync.Done {
			done++
		}
	}
	if !e.works && e.answered != nil && len(members) >= 2*few && 2*done > len(members) {
		e.note(0, e.answered)
	}
}

// refuse notes that Duo takes no more than most members a call.
func (e *Endpoint) refuse(most int, why error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.note(most, why)
}

func (e *Endpoint) note(most int, why error) {
	if most < e.most {
		e.most, e.refused = most, &dirsync.BulkRefusal{Call: e.call, Most: most, Since: e.now(), Why: why.Error()}
	}
}
