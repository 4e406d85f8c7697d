// Package gate lets a call that writes ask, after all waiting and immediately before it is
// sent, whether it still may be: whoever has it made says in its context whom it asks.
package gate

import (
	"context"
	"errors"
	"time"

	dirsync "duosync/sync"
)

// Ask tells which of some operations are not to be sent any more, and why. An error means
// that nothing is, also where it is asked about none. It is [dirsync.Target]'s recheck.
type Ask func([]*dirsync.Op) (withdrawn map[*dirsync.Op]string, err error)

type gate struct {
	ask Ask
	ops []*dirsync.Op
}

type key struct{}

// With gives a context in which calls are about these operations, and ask before each
// attempt.
func With(ctx context.Context, ask Ask, ops ...*dirsync.Op) context.Context {
	return context.WithValue(ctx, key{}, &gate{ask, ops})
}

// Open gives a context in which calls ask nobody: they only read.
func Open(ctx context.Context) context.Context {
	return context.WithValue(ctx, key{}, (*gate)(nil))
}

func in(ctx context.Context) *gate {
	g, _ := ctx.Value(key{}).(*gate)
	return g
}

// Pass asks whether a call may be sent now. It fails with a [Refusal].
func Pass(ctx context.Context) error {
	g := in(ctx)
	if g == nil {
		return nil
	}
	withdrawn, err := g.ask(g.ops)
	if err != nil {
		return &Refusal{Err: err}
	}
	for _, op := range g.ops {
		if why, out := withdrawn[op]; out {
			return &Refusal{Err: dirsync.Withdrawn(why), Withdrawn: withdrawn}
		}
	}
	return nil
}

// glance is how long a call waits before it asks whether anything is sent any more.
const glance = time.Second

// Sleep waits for d by sleep, which may end early. A call that waits for long learns
// meanwhile that nothing is sent any more; of its operations it asks when its turn comes.
func Sleep(ctx context.Context, d time.Duration, sleep func(context.Context, time.Duration) error) error {
	g := in(ctx)
	for ; g != nil && d > glance; d -= glance {
		if err := sleep(ctx, glance); err != nil {
			return err
		}
		if _, err := g.ask(nil); err != nil {
			return &Refusal{Err: err}
		}
	}
	return sleep(ctx, d)
}

// Refusal is the error of an attempt that was not let through: it was not sent.
type Refusal struct {
	Err error // why
	// Withdrawn are the operations because of which it was not, while others may be sent;
	// nil: nothing is sent any more.
	Withdrawn map[*dirsync.Op]string
	// Lost is how an earlier attempt of the call ended that may have been carried out; nil:
	// there was none.
	Lost error
}

func (r *Refusal) Error() string {
	if r.Lost != nil {
		return r.Lost.Error() + "; not sent again: " + r.Err.Error()
	}
	return r.Err.Error()
}

// Unwrap gives the error that counts: what may have been done is not told as not sent.
func (r *Refusal) Unwrap() error {
	if r.Lost != nil {
		return r.Lost
	}
	return r.Err
}

// RefusalOf gives the refusal that an error comes from, nil: none.
func RefusalOf(err error) *Refusal {
	var r *Refusal
	if errors.As(err, &r) {
		return r
	}
	return nil
}

// Closed gives the reason for which nothing is sent any more, where an error comes from
// that; else nil.
func Closed(err error) error {
	if r := RefusalOf(err); r != nil && r.Withdrawn == nil {
		return r.Err
	}
	return nil
}

// After gives the error of a call that was not let through once more, after an attempt that
// ended so; nil: after none that may have been carried out.
func After(lost, err error) error {
	r := RefusalOf(err)
	if lost == nil || r == nil {
		return err
	}
	return &Refusal{Err: r.Err, Withdrawn: r.Withdrawn, Lost: lost}
}
