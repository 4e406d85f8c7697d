package report

import (
	"bytes"
	"encoding/json"
	"io"
	"iter"

	dirsync "duosync/sync"
	"duosync/sync/packing"
	"duosync/sync/printed"
)

// Operations are those of a report, in their order. Each is made when it is asked for, as often
// as it is: a report can have a million, and no form keeps them.
type Operations struct {
	// read reads those of an action, or of any, "".
	read func(action dirsync.Action) iter.Seq[*Operation]
}

// sieved reads operations of which each is made at little cost.
func sieved(all iter.Seq[*Operation]) Operations {
	return Operations{func(action dirsync.Action) iter.Seq[*Operation] {
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
func ListOf(operations ...Operation) Operations {
	return sieved(func(yield func(*Operation) bool) {
		for i := range operations {
			o := operations[i]
			if !yield(&o) {
				return
			}
		}
	})
}

// operationsOf gives the operations of a run.
func operationsOf(run *dirsync.Run) Operations {
	return sieved(func(yield func(*Operation) bool) {
		for _, r := range run.Operations {
			o := OperationOf(r.Op, r.Result, printed.Runnable(r.Error, run.Flags))
			if !yield(&o) {
				return
			}
		}
	})
}

// fewOperations are so many that they are kept in memory once they were read.
const fewOperations = 10_000

// collect takes in the operations that each adds: many are kept packed.
func collect(each func(add func(*Operation) error) error) (Operations, error) {
	var few []Operation
	packed, err := packing.Pack(func(w io.Writer) error {
		enc := json.NewEncoder(w)
		return each(func(o *Operation) error {
			if len(few) <= fewOperations {
				few = append(few, *o)
			}
			return enc.Encode(o)
		})
	})
	if err != nil || len(few) <= fewOperations {
		return ListOf(few...), err
	}
	return sieved(func(yield func(*Operation) bool) {
		in, err := packing.Open(packed)
		for d := json.NewDecoder(in); err == nil; { // it was packed here: nothing is wrong with it
			var o Operation
			if err = d.Decode(&o); err == nil && !yield(&o) {
				return
			}
		}
	}), nil
}

// All gives the operations. Each may be changed; what All gives the next time is as before.
func (os Operations) All() iter.Seq[*Operation] { return os.Of("") }

// Of gives the operations of one action, as All does.
func (os Operations) Of(action dirsync.Action) iter.Seq[*Operation] {
	if os.read == nil {
		return func(func(*Operation) bool) {}
	}
	return os.read(action)
}

// Some reports whether one of the operations is as is says.
func (os Operations) Some(is func(*Operation) bool) bool {
	for o := range os.All() {
		if is(o) {
			return true
		}
	}
	return false
}

func (os Operations) any(yield func(any) bool) {
	for o := range os.All() {
		if !yield(o) {
			return
		}
	}
}

// as gives the operations as change makes them, which leaves their actions as they are.
func (os Operations) as(change func(*Operation)) Operations {
	return Operations{func(action dirsync.Action) iter.Seq[*Operation] {
		return func(yield func(*Operation) bool) {
			for o := range os.Of(action) {
				change(o)
				if !yield(o) {
					return
				}
			}
		}
	}}
}

// MarshalJSON writes them all; [form.EncodeTo] writes them one by one.
func (os Operations) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	_ = b.WriteByte('[')
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	for o := range os.All() {
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
