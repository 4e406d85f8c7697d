package engine

import (
	"context"
	dirsync "duosync/sync"
	"fmt"
)

// settle finds out what became of calls whose outcome an earlier run could not
// write down.
func (r *run) settle(ctx context.Context, st *state) error {
	intents, err := r.Store.Open(ctx)
	if err != nil || len(intents) == 0 {
		return err
	}
	r.phase("settle")
	results, err := r.Target.Settle(ctx, intents)
	if err != nil {
		return fmt.Errorf("settling %d operations that an earlier run left open: %w", len(intents), err)
	}
	var ids []dirsync.SourceID
	for _, intent := range intents {
		ids = append(ids, intent.Op.Source)
	}
	links, err := st.snap.load(ctx, ids)
	if err != nil {
		return err
	}
	for i, intent := range intents {
		r.warn("an earlier run was interrupted at %s of %s; it was %s", intent.Op.Action, dirsync.Quote(intent.Op.Username), fateWords(results[i].Fate))
		for _, outcome := range st.absorb(intent, links, results[i]) {
			if r.journal == nil {
				continue
			}
			if err := r.journal.Record(ctx, []dirsync.Outcome{outcome}); err != nil {
				return err
			}
		}
	}
	return nil
}

// absorb gives what a settled intent means for the state, and takes it over.
func (s *state) absorb(intent dirsync.Intent, links map[dirsync.SourceID]*dirsync.Link, res dirsync.Result) []dirsync.Outcome {
	id := intent.Op.Source
	if intent.Op.OnGroup() {
		outcome := s.groups.outcome(res)
		outcome.Seq = intent.Seq
		return []dirsync.Outcome{outcome}
	}
	outcome := outcomeOf(intent.Op, links[id], res)
	outcome.Seq = intent.Seq
	if !outcome.Same {
		links[id] = outcome.Link
		s.snap.put(id, outcome.Link)
	}
	outcomes := handover(res)
	for _, o := range outcomes {
		s.snap.put(o.Source, nil)
	}
	return append(outcomes, outcome)
}

// handover ends the link of the person whose user was adopted.
func handover(res dirsync.Result) []dirsync.Outcome {
	if res.Fate != dirsync.Done || res.Op.From == "" {
		return nil
	}
	return []dirsync.Outcome{{Source: res.Op.From}}
}
