package dirsync

import (
	"context"
	"errors"
)

// ReadAgain is the error of a read that a server broke off while another one is left
// that holds the same directory. Nothing that the read gave counts: of two servers one
// may lag behind. Read may be called once more, and begins at the next server; each is
// tried once.
type ReadAgain struct {
	Server string // that broke off
	Err    error
}

func (e *ReadAgain) Error() string { return e.Err.Error() }

func (e *ReadAgain) Unwrap() error { return e.Err }

// ReadWhole reads a directory, from the beginning again at the next server where one
// breaks off. begin is called before each attempt, with what became of the one before
// (nil at the first); it forgets what it was given, and gives who visits.
func ReadWhole(ctx context.Context, source Source, begin func(broken *ReadAgain) func(Person) error) (ReadInfo, error) {
	var broken *ReadAgain
	for {
		info, err := source.Read(ctx, begin(broken))
		if again := (*ReadAgain)(nil); ctx.Err() == nil && errors.As(err, &again) {
			broken = again
			continue
		}
		return info, err
	}
}
