// Package past reads what earlier runs left in the state: the runs themselves, what
// they took, what they held, and who is linked, waits or is marked.
package past

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"duosync/cmd/internal/report"
	"duosync/state"
	dirsync "duosync/sync"
	"duosync/sync/printed"
)

// Moment is the state as it was at one moment, beside a run that may be under way.
type Moment struct {
	*state.DB
	At     time.Time // when it was looked whether a run is under way
	Flags  string    // of the commands that are told of, see [printed.Command]
	holder string    // who held the lock then; "" for nobody
}

// Open gives the state as it is now, by a private copy.
func Open(ctx context.Context, dsn string) (*Moment, error) {
	m := &Moment{At: time.Now()}
	var err error
	if m.holder, err = state.Holder(dsn); err != nil {
		return nil, err
	}
	if m.DB, err = state.OpenReadOnly(ctx, dsn); err != nil {
		return nil, err
	}
	return m, nil
}

// EachLink visits the links that wanted picks, in the order of their ids.
func EachLink(ctx context.Context, db *state.DB, wanted func(dirsync.Brief) bool, visit func(*dirsync.Link)) error {
	var ids []dirsync.SourceID
	if err := db.Scan(ctx, func(b dirsync.Brief) error {
		if wanted(b) {
			ids = append(ids, b.ID)
		}
		return nil
	}); err != nil {
		return err
	}
	for some := range slices.Chunk(ids, 500) {
		links, err := db.Load(ctx, some)
		if err != nil {
			return err
		}
		for i := range links {
			visit(&links[i])
		}
	}
	return nil
}

// Everybody picks each link.
func Everybody(dirsync.Brief) bool { return true }

// Attention gives who waited for a human at the end of the last run over all that came to
// its end, by username. flags end the commands, see [printed.Command].
func Attention(ctx context.Context, db *state.DB, flags string) ([]dirsync.Attention, error) {
	meta, err := db.Meta(ctx)
	return attention(meta.Baseline, flags), err
}

func attention(last *dirsync.Baseline, flags string) []dirsync.Attention {
	if last == nil {
		return nil
	}
	all := slices.Collect(maps.Values(last.Attention))
	for i := range all {
		all[i].Remedy = printed.Reflag(all[i].Remedy, flags)
	}
	slices.SortFunc(all, func(a, b dirsync.Attention) int {
		return cmp.Or(cmp.Compare(a.Username, b.Username), cmp.Compare(a.Source, b.Source))
	})
	return all
}

// StandingMarks gives the marks that were not taken back.
func StandingMarks(ctx context.Context, db *state.DB) ([]dirsync.Mark, error) {
	marks, err := db.Marks(ctx)
	return slices.DeleteFunc(marks, func(m dirsync.Mark) bool { return !m.Stands() }), err
}

// PlaceOf names a state, with what last happened there.
func PlaceOf(ctx context.Context, db *state.DB) (*report.Place, error) {
	place := &report.Place{Path: db.Name(), Exists: db.IsThere()}
	meta, err := db.Meta(ctx)
	if err != nil {
		return nil, err
	}
	if meta.Binding != nil {
		place.Account = meta.Binding.Host
	}
	runs, err := db.Runs(ctx, 1)
	if err == nil && len(runs) > 0 {
		place.LastRun = &report.LastRun{RunID: runs[0].ID, Started: runs[0].Started.UTC().Format(time.RFC3339), Outcome: runs[0].Outcome}
	}
	return place, err
}

// TroublesOf gives what does not work beside the runs, in order.
func TroublesOf(ctx context.Context, db *state.DB) ([]report.Trouble, error) {
	kept, err := db.Troubles(ctx)
	all := []report.Trouble{}
	for _, what := range slices.Sorted(maps.Keys(kept)) {
		all = append(all, report.Trouble{What: what, Since: kept[what].Since.UTC().Format(time.RFC3339), Why: kept[what].Why})
	}
	return all, err
}
