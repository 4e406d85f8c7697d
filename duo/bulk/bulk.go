// Package bulk carries operations out in calls that they share, each exactly once, whatever
// Duo makes of a call in which one of them is bad: [Work] says how, match.go what an answer
// tells of whom, endpoint.go what is known of the calls themselves. It makes no call itself.
package bulk

import (
	"context"
	"errors"

	"duosync/duo/api"
	"duosync/duo/gate"
	"duosync/duo/once"
	dirsync "duosync/sync"
)

// Member is one operation of those that share calls.
type Member struct {
	Op    *dirsync.Op
	Parts int // of a call that it takes up; 0 is 1
	// Result is what became of it, nil while that is not known.
	Result *dirsync.Result
	// Apart: it goes by itself, for Duo refused it in its place of an answer that accounts
	// for the others.
	Apart bool
	// Open: an attempt without an answer of use may still be under way.
	Open bool
	told bool
}

// Work is how members of one kind are carried out.
//
//	sent            answered for, one to one     done
//	                not answered for             looked up, many in a call
//	looked up       found                        done, or another's
//	                absent                       sent again in halves, in the end alone
//	                absent, refused in place     sent alone
//	                not to be seen               unknown
//
// So one bad member costs a few calls, and no other member anything.
type Work struct {
	Endpoint *Endpoint
	// Send makes one call of some members, and gives those it accounts for a result.
	Send func(context.Context, []*Member) error
	// Recheck is asked before a call is sent. Those whom it withdraws are not in it.
	Recheck gate.Ask
	// Look finds out about members that no answer accounts for, and gives those a result of
	// whom that is certain.
	Look func(context.Context, []*Member) error
	// Alone carries a member out by itself, and tells what became of it.
	Alone func(context.Context, *Member) error
	// Tell takes members of whom it is known what became of them. An error ends the work.
	Tell func([]*Member) error
	// Count takes the outcome of a call, for Halt.
	Count func(error)
	// Halt gives the reason for which no further call is to be made, or nil.
	Halt func() error
	// Wait waits before try n, from 1, of what was sent before.
	Wait func(ctx context.Context, n int)
}

// few is from how few members on it is not worth a call to send halves of them.
const few = 4

// Do carries members out. It returns an error where the run must stop; those who are left
// then are told of as not done, or unknown.
func (w *Work) Do(ctx context.Context, members []*Member) error {
	_, err := w.some(ctx, members, 1)
	w.Endpoint.conclude(members)
	if err == nil {
		return nil
	}
	give(members, err)
	_ = w.tell(members) // it has a reason of its own, or the same
	return err
}

// attempt is one call, or none where a member goes alone.
type attempt struct {
	members []*Member
	err     error
	sent    bool
}

// taken is what Duo took of some calls: how much at once, and whether it took each of them.
type taken struct {
	most int
	all  bool
}

func (t *taken) add(other taken) {
	t.most, t.all = max(t.most, other.most), t.all && other.all
}

// some carries members out; try counts how often they were sent, this time included.
func (w *Work) some(ctx context.Context, members []*Member, try int) (taken, error) {
	took := taken{all: true}
	var attempts []*attempt
	var lost []*Member
	var why error
	for _, some := range w.calls(members) {
		a := &attempt{members: some}
		attempts = append(attempts, a)
		if len(some) < 2 || w.Endpoint.Most() < 2 {
			continue
		}
		w.send(ctx, a, try)
		if took.all = took.all && a.err == nil; a.err == nil {
			took.most = max(took.most, parts(some...))
		} else {
			why = a.err
		}
		lost = append(lost, unknown(some)...)
		if err := w.tell(some); err != nil {
			return took, err
		}
	}
	if err := w.look(ctx, lost, why); err != nil {
		return took, err
	}
	for _, a := range attempts {
		if a.sent && a.err == nil {
			w.Endpoint.weigh(a.members)
		}
	}
	for _, a := range attempts {
		more, err := w.again(ctx, a, try)
		if took.add(more); err != nil {
			return took, err
		}
	}
	return took, nil
}

// send makes one call. A first one that fails may be a hiccup of that one call, and does not
// count.
func (w *Work) send(ctx context.Context, a *attempt, try int) {
	a.sent = true
	a.err = w.sendOthers(ctx, a.members)
	if w.Endpoint.judge(a.err); try > 1 || !api.Hiccup(a.err) {
		w.Count(a.err)
	}
	if final(a.err) {
		give(a.members, a.err)
	}
	for _, m := range unknown(a.members) {
		m.Open = m.Open || !m.Apart && !once.FromDuo(a.err)
	}
}

// sendOthers makes one call of members without those who are withdrawn while it waits, and
// gives these their result. Where it is all of them, that is the error.
func (w *Work) sendOthers(ctx context.Context, members []*Member) error {
	for {
		ops := make([]*dirsync.Op, len(members))
		for i, m := range members {
			ops[i] = m.Op
		}
		err := w.Send(gate.With(ctx, w.Recheck, ops...), members)
		refusal := gate.RefusalOf(err)
		if refusal == nil || refusal.Withdrawn == nil {
			return err
		}
		var left []*Member
		for _, m := range members {
			if why, out := refusal.Withdrawn[m.Op]; out {
				m.Result = &dirsync.Result{Op: m.Op, Fate: once.Undecided(m.Open), Err: dirsync.Withdrawn(why)}
			} else {
				left = append(left, m)
			}
		}
		if members = left; len(members) == 0 {
			return err
		}
	}
}

// look finds out about members whom no answer accounts for, after a call that failed so, or
// did not.
func (w *Work) look(ctx context.Context, lost []*Member, why error) error {
	if len(lost) == 0 {
		return nil
	}
	if err := w.Look(ctx, lost); err != nil {
		w.Count(err)
		for _, m := range unknown(lost) {
			m.Result = &dirsync.Result{Op: m.Op, Fate: dirsync.Unknown, Err: unseen(why, err)}
		}
	}
	return w.tell(lost)
}

// again sends those of a call again that are not there: in halves, or alone. A call that
// failed is given a while before; one that Duo answered is over.
func (w *Work) again(ctx context.Context, a *attempt, try int) (taken, error) {
	took := taken{all: true}
	left := unknown(a.members)
	var alone, together []*Member
	for _, m := range left {
		if m.Apart || !a.sent || len(left) < few || w.Endpoint.Most() < 2 {
			alone = append(alone, m)
		} else {
			together = append(together, m)
		}
	}
	if a.sent && api.Hiccup(a.err) && len(together) > 0 {
		w.Wait(ctx, try)
	}
	half := (len(together) + 1) / 2
	for _, some := range [][]*Member{together[:half], together[half:]} {
		if len(some) == 0 {
			continue
		}
		more, err := w.some(ctx, some, try+1)
		if took.add(more); err != nil {
			return took, err
		}
	}
	for _, m := range alone {
		m.told = true // by itself
		if err := w.Alone(ctx, m); err != nil {
			return took, err
		}
	}
	if tooMany(a.err) && len(left) == len(a.members) && (took.all && took.most > 1 || allDone(left)) {
		w.Endpoint.refuse(took.most, a.err)
	}
	return took, nil
}

// calls divides members into those of one call each, and those who go apart.
func (w *Work) calls(members []*Member) [][]*Member {
	var all, apart [][]*Member
	room := 0
	for _, m := range members {
		switch {
		case m.Apart:
			apart = append(apart, []*Member{m})
			continue
		case room < parts(m):
			all, room = append(all, nil), w.Endpoint.Most()
		}
		all[len(all)-1] = append(all[len(all)-1], m)
		room -= parts(m)
	}
	return append(all, apart...)
}

func parts(members ...*Member) int {
	n := 0
	for _, m := range members {
		n += max(m.Parts, 1)
	}
	return n
}

// final reports whether a call failed in a way that neither a look nor another try mends:
// it was not sent, Duo wants no more calls, or every other one would meet the same.
func final(err error) bool {
	switch {
	case err == nil, api.RefusesBulk(err):
		return false
	}
	return !once.WasSent(err) || api.Stops(err) || errors.Is(err, api.ErrRateLimited)
}

// give notes of members without a result that they were not carried out, as far as is known.
func give(members []*Member, err error) {
	for _, m := range unknown(members) {
		m.Result = &dirsync.Result{Op: m.Op, Fate: once.Undecided(m.Open), Err: err}
	}
}

// tell hands over what is known, and asks whether to go on.
func (w *Work) tell(members []*Member) error {
	var fresh []*Member
	for _, m := range members {
		if m.Result != nil && !m.told {
			m.told = true
			fresh = append(fresh, m)
		}
	}
	if len(fresh) > 0 {
		if err := w.Tell(fresh); err != nil {
			return err
		}
	}
	return w.Halt()
}

func unknown(members []*Member) []*Member {
	var left []*Member
	for _, m := range members {
		if m.Result == nil && !m.told {
			left = append(left, m)
		}
	}
	return left
}

func allDone(members []*Member) bool {
	for _, m := range members {
		if m.Result == nil || m.Result.Fate != dirsync.Done {
			return false
		}
	}
	return true
}

// tooMany reports whether an error can be the refusal of a call for its size: Duo names the
// list as what is wrong, and nothing in it.
func tooMany(err error) bool {
	var e *api.Error
	return errors.As(err, &e) && e.FromDuo && (e.Kind == api.ErrInvalid && (e.Detail == "users" || e.Detail == "operations") || e.HTTP == 413)
}

func unseen(err, readErr error) error {
	if err == nil {
		err = errors.New("the answer does not account for it")
	}
	return once.Unseen(err, readErr)
}
