package operations

import (
	"bytes"
	"encoding/json"
	"iter"

	dirsync "duosync/sync"
	"duosync/sync/printed"
)

// List are the operations of a report, in their order. Each is made when it is asked for, as often
// as it is: a report can have a million, and no form keeps them.
type List struct {
	// read reads those of an action, or of any, "".
	read func(action dirsync.Action) iter.Seq[*Operation]
}

// sieved reads operations of which each is made at little cost.
func sieved(all iter.Seq[*Operation]) List {
	return List{func(action dirsync.Action) iter.Seq[*Operation] {
		if action == "" {
			return all
		}
		return func(yield func(*Operation) bool) {
			for o := range all {
				if o.Action == action && !yield(o) {
					return
				}
			}
		}
	}}
}

// ListOf gives operations that are in memory.
func ListOf(operations ...Operation) List {
	return sieved(func(yield func(*Operation) bool) {
		for i := range operations {
			o := operations[i]
			if !yield(&o) {
				return
			}
		}
	})
}

// OfRun gives the operations of a run.
func OfRun(run *dirsync.Run) List {
	return sieved(func(yield func(*Operation) bool) {
		for _, r := range run.Operations {
			o := Of(r.Op, r.Result, printed.Runnable(r.Error, run.Flags))
			if !yield(&o) {
				return
			}
		}
	})
}

// few is how many are kept in memory as they are once they were read.
const few = 10_000

// Collect takes in the operations that each adds. Many are kept packed, and unpacked each time
// that they are asked for.
func Collect(each func(add func(*Operation) error) error) (List, error) {
	var first []Operation
	var more *packer
	err := each(func(o *Operation) error {
		if len(first) < few {
			first = append(first, *o)
			return nil
		}
		if more == nil {
			more = newPacker()
		}
		return more.add(o)
	})
	if err != nil || more == nil {
		return ListOf(first...), err
	}
	begin := ListOf(first...)
	rest, err := more.list()
	return List{func(action dirsync.Action) iter.Seq[*Operation] {
		return func(yield func(*Operation) bool) {
			for _, part := range []List{begin, rest} {
				for o := range part.Of(action) {
					if !yield(o) {
						return
					}
				}
			}
		}
	}}, err
}

// All gives the operations. Each may be changed; what All gives the next time is as before.
func (l List) All() iter.Seq[*Operation] { return l.Of("") }

// Of gives the operations of one action, as All does.
func (l List) Of(action dirsync.Action) iter.Seq[*Operation] {
	if l.read == nil {
		return func(func(*Operation) bool) {}
	}
	return l.read(action)
}

// Some reports whether one of the operations is as is says.
func (l List) Some(is func(*Operation) bool) bool {
	for o := range l.All() {
		if is(o) {
			return true
		}
	}
	return false
}

// Any gives the operations, to be written one by one.
func (l List) Any(yield func(any) bool) {
	for o := range l.All() {
		if !yield(o) {
			return
		}
	}
}

// As gives the operations as change makes them, which leaves their actions as they are.
func (l List) As(change func(*Operation)) List {
	return List{func(action dirsync.Action) iter.Seq[*Operation] {
		return func(yield func(*Operation) bool) {
			for o := range l.Of(action) {
				change(o)
				if !yield(o) {
					return
				}
			}
		}
	}}
}

// MarshalJSON writes them all; [form.EncodeTo] writes them one by one.
func (l List) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	_ = b.WriteByte('[')
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	for o := range l.All() {
		if b.Len() > 1 {
			_ = b.WriteByte(',')
		}
		if err := enc.Encode(o); err != nil {
			return nil, err
		}
	}
	_ = b.WriteByte(']')
	return b.Bytes(), nil
}
