package byhand

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/past"
	"duosync/cmd/internal/wire"
	"duosync/state"
	dirsync "duosync/sync"
	"duosync/sync/engine"
	"duosync/sync/printed"
)

// UndoOptions say what is undone.
type UndoOptions struct {
	Run   string // the id, how it begins, or "last"
	Only  string // a username, as the run told it or as it is now; "": of everybody
	Write bool   // do it; else only show the plan
}

// Undo makes the run that undoes another one, and gives the other's id.
func Undo(ctx context.Context, loaded *config.Loaded, setup wire.Setup, asked UndoOptions, observer dirsync.Observer) (run *dirsync.Run, undoes string) {
	now, write := time.Now(), asked.Write
	id := wire.NewRunID(now)
	begun := wire.Begun{ID: id, By: setup.By, Command: setup.Command, Flags: loaded.Flags(), DryRun: !write, At: now, Binding: wire.BindingOf(&loaded.Config)}
	holder, err := state.Holder(loaded.Config.State.DSN.Reveal())
	if err != nil {
		return wire.Ended(nil, begun, err), ""
	}
	err = wire.WithBench(ctx, loaded, setup, !write, observer, func(b *wire.Bench) error {
		if err := b.Check(ctx, b.Store); err != nil {
			return err
		}
		other, err := past.Pick(ctx, b.Store, asked.Run)
		if err != nil {
			return err
		}
		if !write && past.UnderWay(other, holder, now) {
			return dirsync.WithHint(fmt.Errorf("the run %s is still under way", other.ID), "Wait until it has ended; `duosync pause` ends it before its next call.")
		}
		undoes = other.ID
		if write {
			begun.Again = again(other.ID, asked.Only)
		}
		removed, err := past.Removed(ctx, b.Store, other.ID)
		if err != nil {
			return err
		}
		nothing := len(removed) == 0 // to undo nothing leaves no trace
		if removed, err = onlyOf(ctx, b.Store, other.ID, removed, asked.Only); err != nil {
			return err
		}
		if removed, err = againOf(ctx, b, other.ID, removed); err != nil {
			return err
		}
		if write && !nothing {
			if err := b.Store.Note(ctx, state.Act{What: state.ActUndo, By: setup.By, About: other.ID, ActDetails: state.ActDetails{Run: id}}); err != nil {
				return err
			}
		}
		run = b.Engine.Undo(ctx, engine.Options{RunID: id, DryRun: !write || nothing, Again: begun.Again}, other.ID, removed)
		if nothing && run.Err == nil {
			did, err := past.LastRemoval(ctx, b.Store, other.ID)
			if did != "" {
				did = "; the newest that did is " + did
			}
			run.Warnings = append(run.Warnings, fmt.Sprintf("run %s took nothing from anybody%s", other.ID, did))
			return err
		}
		return nil
	})
	return wire.Ended(run, begun, err), undoes
}

// again is the command that does what was left of an undo, between backticks.
func again(run, only string) string {
	words := []string{"undo", run, "--write"}
	if only != "" {
		words = append(words, "--only", only)
	}
	return "`" + printed.Command("", words...) + "`"
}

// againOf tells of each removal whether a later run took something from the same person again,
// and gives the person by the id that the state has now: a directory may have got its name since
// the run, and later runs may be from before that, or after.
func againOf(ctx context.Context, b *wire.Bench, run string, removed []dirsync.Removed) ([]dirsync.Removed, error) {
	named, err := named(ctx, b, removed)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(past.RemovedAgain(ctx, b.Store, run, named), past.RemovedAgain(ctx, b.Store, run, removed)); err != nil {
		return nil, err
	}
	for i := range named {
		if named[i].Again == "" {
			named[i].Again, named[i].Then = removed[i].Again, removed[i].Then
		}
	}
	return named, nil
}

// named gives removals with the ids that the state has now, where it has the same Duo user
// under an id that differs by the name of a directory alone.
func named(ctx context.Context, b *wire.Bench, removed []dirsync.Removed) ([]dirsync.Removed, error) {
	named := slices.Clone(removed)
	if !b.Rules.Directories.Named() {
		return named, nil
	}
	var ids []dirsync.SourceID
	for _, x := range removed {
		for _, name := range b.Rules.Directories.Names() {
			ids = append(ids, dirsync.IDIn(name, x.Source))
		}
	}
	links, err := b.Engine.Store.Load(ctx, ids)
	if err != nil {
		return nil, err
	}
	for i := range named {
		for j := range links {
			if _, within := links[j].ID.Split(); within == named[i].Source && links[j].User == named[i].User {
				named[i].Source = links[j].ID
			}
		}
	}
	return named, nil
}

// onlyOf gives those of the removals that were about one user; all where no user is named.
func onlyOf(ctx context.Context, db *state.DB, run string, removed []dirsync.Removed, user string) ([]dirsync.Removed, error) {
	if user == "" || len(removed) == 0 {
		return removed, nil
	}
	meant := map[dirsync.SourceID]bool{}
	for _, x := range removed {
		meant[x.Source] = meant[x.Source] || dirsync.FoldName(x.Username) == dirsync.FoldName(user)
	}
	some := func() []dirsync.Removed {
		return slices.DeleteFunc(slices.Clone(removed), func(x dirsync.Removed) bool { return !meant[x.Source] })
	}
	if found := some(); len(found) > 0 {
		return found, nil
	}
	ids := slices.Sorted(maps.Keys(meant))
	links, err := db.Load(ctx, ids)
	if err != nil {
		return nil, err
	}
	for i := range links {
		meant[links[i].ID] = dirsync.FoldName(links[i].Answered.Username) == dirsync.FoldName(user)
	}
	if found := some(); len(found) > 0 {
		return found, nil
	}
	who := past.MeantBy(ctx, db, user)
	return nil, dirsync.WithHint(fmt.Errorf("--only %s: run %s took nothing from this user", dirsync.Quote(user), run),
		who+"`duosync history "+run+"` lists from whom it did. Nothing was changed.")
}
