// Package outage counts calls that fail in a row: many are trouble of Duo's or the network's,
// and not one person's.
package outage

import (
	"fmt"
	"sync"

	"duosync/duo/api"
)

// Most is how many writes, or reads, may fail in a row.
const Most = 10

// Streak counts those of one kind of call. It may be used by several goroutines.
type Streak struct {
	What string // the kind, in the singular

	mu    sync.Mutex
	inRow int
	last  error
}

// Count takes the outcome of a call.
func (s *Streak) Count(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !api.Outage(err) {
		s.inRow = 0
		return
	}
	s.inRow++
	s.last = err
}

// TooMany returns an error when it is not to be tried any more.
func (s *Streak) TooMany() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inRow < Most {
		return nil
	}
	return fmt.Errorf("%d %ss to Duo failed in a row, the last one so: %w", s.inRow, s.What, s.last)
}
