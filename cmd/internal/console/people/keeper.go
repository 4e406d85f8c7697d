package people

import (
	"context"
	"slices"
	"sync"
	"time"

	"duosync/state"
	dirsync "duosync/sync"
)

// Source is the state that an index is made of.
type Source struct {
	// Of names the state, and the rules by which people wait: another one is another index.
	Of string
	// Stamp is another one when the state was written.
	Stamp string
	// Busy reports whether a run is under way: it goes first, and what it writes is looked at
	// once it has ended.
	Busy func() bool
	// Glance has the state read, see [state.Glance].
	Glance func(ctx context.Context, look func(*state.DB) error) error
	// Due tells whether somebody waits for a removal; nil: nobody can say.
	Due func(*dirsync.Link) (dirsync.Waiting, bool)
}

// Keeper keeps an index, which is made when somebody first asks for it, and brought up to
// date in the background when somebody asks after a run.
type Keeper struct {
	mu       sync.Mutex
	of       string
	now      *Snapshot
	stamp    string // of the state that now shows
	rest     time.Time
	progress *Progress // nil: nothing is being made
}

// Progress says how far the making of an index is.
type Progress struct {
	Done, Total int
	Over        <-chan struct{} // closed once nothing is being made any more
}

const (
	page = 500 // so many people are read at a time
	// pause is how long nothing is read after a page, in parts of the time that it took;
	// longer beside a run.
	pause, longPause = 1, 6
	// restTime is how long the state must not be asked anew, in parts of the time that asking
	// took: where it is written all the time, looking must not take all there is.
	restTime = 10
)

// Ask gives the index as it is, nil before it is there, and how far one is that is being
// made, nil where none is. ctx bounds what goes on in the background, not the answer.
func (k *Keeper) Ask(ctx context.Context, from Source) (*Snapshot, *Progress) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.of != from.Of { // what is being made for another one is dropped at its end
		k.of, k.now, k.stamp, k.rest, k.progress = from.Of, nil, "", time.Time{}, nil
	}
	if k.progress != nil {
		p := *k.progress
		return k.now, &p
	}
	if k.now != nil && (k.stamp == from.Stamp || from.Busy() || time.Now().Before(k.rest)) {
		return k.now, nil
	}
	over := make(chan struct{})
	k.progress = &Progress{Over: over}
	go func(before *Snapshot, progress *Progress) {
		defer close(over)
		k.make(ctx, from, before, progress)
	}(k.now, k.progress)
	p := *k.progress
	return k.now, &p
}

// make makes the index, of an earlier one and what has changed since.
func (k *Keeper) make(ctx context.Context, from Source, before *Snapshot, progress *Progress) {
	began := time.Now()
	made, err := from.make(ctx, before, func(done, total int) {
		k.mu.Lock()
		defer k.mu.Unlock()
		progress.Done, progress.Total = done, total
	})
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.progress != progress { // the state is another one by now
		return
	}
	k.progress, k.rest = nil, time.Now().Add(min(restTime*time.Since(began), time.Minute))
	if err != nil {
		k.rest = k.rest.Add(time.Second)
	} else {
		made.Stamp = from.Stamp
		k.now, k.stamp = made, from.Stamp
	}
}

func (s *Source) make(ctx context.Context, before *Snapshot, tell func(done, total int)) (*Snapshot, error) {
	at := time.Now()
	var briefs []dirsync.Brief
	if err := s.Glance(ctx, func(db *state.DB) error {
		briefs = briefs[:0]
		return db.Scan(ctx, func(b dirsync.Brief) error { briefs = append(briefs, b); return nil })
	}); err != nil {
		return nil, err
	}
	known := map[dirsync.SourceID]record{}
	if before == nil {
		before = &Snapshot{}
	}
	for _, r := range before.records {
		known[before.id(r)] = r
	}
	d := &draft{}
	done := 0
	for some := range slices.Chunk(briefs, page) {
		var ids []dirsync.SourceID
		for _, b := range some {
			if !b.Missing && known[b.ID].answered == b.Answered && b.LetGo == (known[b.ID].standing == Elsewhere) && b.Active == known[b.ID].active {
				continue
			}
			ids = append(ids, b.ID)
		}
		began := time.Now()
		links, err := s.load(ctx, ids)
		if err != nil {
			return nil, err
		}
		for _, b := range some {
			switch l, read := links[b.ID]; {
			case read:
				d.add(&l, b.Answered, s.Due)
			case !slices.Contains(ids, b.ID):
				d.keep(before, known[b.ID])
			}
		}
		done += len(some)
		tell(done, len(briefs))
		if len(ids) > 0 {
			if err := s.rest(ctx, time.Since(began)); err != nil {
				return nil, err
			}
		}
	}
	return d.done(at), nil
}

// load gives some links, by their ids.
func (s *Source) load(ctx context.Context, ids []dirsync.SourceID) (map[dirsync.SourceID]dirsync.Link, error) {
	found := map[dirsync.SourceID]dirsync.Link{}
	if len(ids) == 0 {
		return found, nil
	}
	err := s.Glance(ctx, func(db *state.DB) error {
		links, err := db.Load(ctx, ids)
		for i := range links {
			found[links[i].ID] = links[i]
		}
		return err
	})
	return found, err
}

// rest leaves the machine to others for a while.
func (s *Source) rest(ctx context.Context, took time.Duration) error {
	times := time.Duration(pause)
	if s.Busy() {
		times = longPause
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(times * took):
		return nil
	}
}
