package bulk_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"duosync/duo/api"
	"duosync/duo/bulk"
	dirsync "duosync/sync"

	"pgregory.net/rapid"
)

// account is a Duo that does to a call whatever is drawn.
type account struct {
	t     *rapid.T
	bad   map[*bulk.Member]bool
	there map[*bulk.Member]int // how often each was done
	told  map[*bulk.Member]int
	alone map[*bulk.Member]bool
	calls int
	stop  bool
}

var (
	refusal = &api.Error{Kind: api.ErrInvalid, HTTP: 400, Code: 40002, Sent: true, FromDuo: true}
	lost    = &api.Error{Op: "POST /x", Kind: api.ErrTransport, Sent: true}
	unsent  = &api.Error{Op: "POST /x", Kind: api.ErrNotSent}
)

// carry does what was not done before: names are unique.
func (a *account) carry(m *bulk.Member) bool {
	if a.bad[m] {
		return false
	}
	if a.there[m] == 0 {
		a.there[m] = 1
	}
	return true
}

func done(m *bulk.Member) { m.Result = &dirsync.Result{Op: m.Op, Fate: dirsync.Done} }

func (a *account) send(_ context.Context, members []*bulk.Member) error {
	a.calls++
	how := rapid.SampledFrom([]string{"each", "each", "each", "whole", "silent", "idle", "some", "lost before", "lost after", "refused", "404", "unsent"}).Draw(a.t, "answer")
	switch how {
	case "lost before":
		return lost
	case "refused":
		return refusal
	case "404":
		return &api.Error{Kind: api.ErrNotFound, HTTP: 404, Sent: true, FromDuo: true}
	case "unsent":
		return unsent
	case "idle":
		return nil
	case "whole":
		for _, m := range members {
			if a.bad[m] {
				return refusal
			}
		}
	}
	for _, m := range members {
		ok := a.carry(m)
		switch {
		case how == "each" && !ok:
			m.Apart = true
		case how == "each" || how == "whole" || how == "some" && ok && rapid.Bool().Draw(a.t, "told"):
			done(m)
		}
	}
	if how == "lost after" {
		return lost
	}
	return nil
}

func (a *account) look(_ context.Context, members []*bulk.Member) error {
	a.calls++
	if rapid.IntRange(0, 9).Draw(a.t, "look") == 0 {
		return lost
	}
	for _, m := range members {
		if a.there[m] > 0 {
			done(m)
		}
	}
	return nil
}

// TestWork has everybody be told of once, whatever Duo answers: as done where it was, and as
// failed only where nothing of it can still be under way.
func TestWork(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := &account{t: t, bad: map[*bulk.Member]bool{}, there: map[*bulk.Member]int{}, told: map[*bulk.Member]int{}, alone: map[*bulk.Member]bool{}}
		creates, changes := bulk.NewEndpoints(true, time.Now)
		work := &bulk.Work{
			Endpoint: rapid.SampledFrom([]*bulk.Endpoint{creates, changes}).Draw(t, "endpoint"),
			Send:     a.send, Look: a.look, Count: func(error) {},
			Alone: func(_ context.Context, m *bulk.Member) error {
				a.calls++
				a.told[m]++
				a.alone[m] = true
				if m.Result = &(dirsync.Result{Op: m.Op, Fate: dirsync.Refused}); a.carry(m) {
					done(m)
				}
				return nil
			},
			Tell: func(some []*bulk.Member) error {
				for _, m := range some {
					a.told[m]++
				}
				return nil
			},
			Halt: func() error {
				if a.stop = a.stop || rapid.IntRange(0, 200).Draw(t, "halt") == 0; a.stop {
					return errors.New("halt")
				}
				return nil
			},
			Wait: func(context.Context, int) {},
		}
		members := make([]*bulk.Member, rapid.IntRange(0, 130).Draw(t, "members"))
		for i := range members {
			members[i] = &bulk.Member{Op: &dirsync.Op{Username: fmt.Sprint(i)}, Parts: rapid.IntRange(0, 3).Draw(t, "parts")}
			members[i].Apart = rapid.IntRange(0, 9).Draw(t, "apart") == 0
			a.bad[members[i]] = rapid.IntRange(0, 40).Draw(t, "bad") == 0
		}
		err := work.Do(t.Context(), members)
		if (err != nil) != a.stop {
			t.Fatalf("got %v, halted %v", err, a.stop)
		}
		for _, m := range members {
			switch {
			case a.told[m] != 1 || m.Result == nil:
				t.Fatalf("%s was told of %d times", m.Op.Username, a.told[m])
			case m.Result.Fate == dirsync.Done && a.there[m] != 1, m.Result.Fate == dirsync.Failed && a.there[m] > 0:
				t.Fatalf("%s: told %d, there %d", m.Op.Username, m.Result.Fate, a.there[m])
			case a.bad[m] && m.Result.Fate == dirsync.Done:
				t.Fatalf("%s is bad", m.Op.Username)
			}
		}
	})
}

// TestHalves counts the calls that one bad person costs.
func TestHalves(t *testing.T) {
	for _, bad := range []int{0, 1, 3} {
		calls := 0
		creates, _ := bulk.NewEndpoints(true, time.Now)
		members := make([]*bulk.Member, 100)
		is := map[*bulk.Member]bool{}
		for i := range members {
			members[i] = &bulk.Member{Op: &dirsync.Op{}}
			is[members[i]] = i%33 == 0 && i/33 < bad
		}
		work := &bulk.Work{
			Endpoint: creates, Count: func(error) {}, Halt: func() error { return nil }, Tell: func([]*bulk.Member) error { return nil },
			Wait: func(context.Context, int) { t.Error("there is nothing to wait for") },
			Send: func(_ context.Context, some []*bulk.Member) error {
				calls++
				for _, m := range some {
					if is[m] {
						return refusal
					}
				}
				for _, m := range some {
					done(m)
				}
				return nil
			},
			Look:  func(context.Context, []*bulk.Member) error { calls++; return nil },
			Alone: func(_ context.Context, m *bulk.Member) error { calls++; done(m); return nil },
		}
		if err := work.Do(t.Context(), members); err != nil {
			t.Fatal(err)
		}
		if most := 1 + 22*bad; calls > most {
			t.Errorf("%d bad people cost %d calls, more than %d", bad, calls, most)
		}
	}
}

// duoOf is a Duo that keeps who was sent, or drops a call and does not say so.
type duoOf struct {
	t            *testing.T
	drops        func([]*bulk.Member) bool
	answers      bool // one to one
	there        map[*bulk.Member]bool
	shared       int // calls
	looks, alone int
}

func (d *duoOf) work(e *bulk.Endpoint) *bulk.Work {
	d.there = map[*bulk.Member]bool{}
	return &bulk.Work{
		Endpoint: e, Count: func(error) {}, Halt: func() error { return nil }, Tell: func([]*bulk.Member) error { return nil },
		Wait: func(context.Context, int) { d.t.Error("there is nothing to wait for") },
		Send: func(_ context.Context, some []*bulk.Member) error {
			d.shared++
			if d.drops(some) {
				return nil
			}
			for _, m := range some {
				if d.there[m] = true; d.answers {
					done(m)
				}
			}
			return nil
		},
		Look: func(_ context.Context, some []*bulk.Member) error {
			d.looks++
			for _, m := range some {
				if d.there[m] {
					done(m)
				}
			}
			return nil
		},
		Alone: func(_ context.Context, m *bulk.Member) error {
			d.alone++
			done(m)
			return nil
		},
	}
}

func crowd(n int) []*bulk.Member {
	members := make([]*bulk.Member, n)
	for i := range members {
		members[i] = &bulk.Member{Op: &dirsync.Op{Username: fmt.Sprint(i)}}
	}
	return members
}

// TestACallThatDoesNothingIsGivenUp: Duo accepts calls, and nothing comes of them. After some
// of these it is the call, for this run; a call that works is never given up for one person in
// it, whether Duo says so or not.
func TestACallThatDoesNothingIsGivenUp(t *testing.T) {
	all := func([]*bulk.Member) bool { return true }
	one := func(some []*bulk.Member) bool {
		return slices.ContainsFunc(some, func(m *bulk.Member) bool { return m.Op.Username == "0" })
	}
	first := func(n int) func([]*bulk.Member) bool {
		return func([]*bulk.Member) bool { n--; return n >= 0 }
	}
	for name, test := range map[string]struct {
		drops   func([]*bulk.Member) bool
		answers bool
		given   bool
		shared  int // calls at most
	}{
		"nothing is ever done":         {drops: all, given: true, shared: 12},
		"one bad person in each batch": {drops: one, shared: 5 * 13},
		"the same, and answers":        {drops: one, answers: true, shared: 5 * 13},
		"the first 11 of them":         {drops: first(11), shared: 40},
		"no answers, but all is done":  {drops: func([]*bulk.Member) bool { return false }, shared: 5},
	} {
		t.Run(name, func(t *testing.T) {
			d := &duoOf{t: t, drops: test.drops, answers: test.answers}
			e, _ := bulk.NewEndpoints(true, time.Now)
			work := d.work(e)
			for range 5 { // as a run makes them, a batch after another
				members := crowd(100)
				if err := work.Do(t.Context(), members); err != nil {
					t.Fatal(err)
				}
				for _, m := range members {
					if m.Result == nil || m.Result.Fate != dirsync.Done {
						t.Errorf("%s is not done", m.Op.Username)
					}
				}
			}
			r := e.Refusal()
			if (r != nil) != test.given || r != nil && !r.Passing {
				t.Errorf("told: %+v", r)
			}
			if d.shared > test.shared || d.looks > d.shared {
				t.Errorf("%d calls, and %d looks, want %d at most", d.shared, d.looks, test.shared)
			}
			t.Logf("%d calls, %d looks, %d alone: %+v", d.shared, d.looks, d.alone, r)
		})
	}
}
