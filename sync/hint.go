package dirsync

import (
	"cmp"
	"errors"
)

// Advised is an error together with what the admin can do about it.
type Advised struct {
	Err  error
	Hint string
}

func (e *Advised) Error() string { return e.Err.Error() }

func (e *Advised) Unwrap() error { return e.Err }

// WithHint adds advice to an error. A nil error stays nil.
func WithHint(err error, hint string) error {
	if err == nil {
		return nil
	}
	return &Advised{Err: err, Hint: hint}
}

// Hint returns the innermost advice that an error carries, or "" where none does.
func Hint(err error) string {
	hint := ""
	for err != nil {
		var advised *Advised
		if !errors.As(err, &advised) {
			break
		}
		hint = cmp.Or(advised.Hint, hint)
		err = advised.Err
	}
	return hint
}
