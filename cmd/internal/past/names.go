package past

import (
	"context"
	"fmt"
	"slices"

	"duosync/cmd/internal/report"
	"duosync/state"
	dirsync "duosync/sync"
)

// Former is somebody who had a username once.
type Former struct {
	ID   dirsync.SourceID
	User string // the Duo user id
	Run  string // that changed the name
}

// FormerOf gives who had a username before a run changed it, as the history knows, the last
// one first, and each once.
func FormerOf(ctx context.Context, db *state.DB, name string) ([]Former, error) {
	runs, err := db.Runs(ctx, 0)
	if err != nil || name == "" {
		return nil, err
	}
	var found []Former
	for i := range runs {
		if runs[i].Summary == nil {
			continue
		}
		head, err := report.DecodeHead(runs[i].Summary)
		if err != nil || head.Summary.Update == 0 {
			continue // a report of a newer duosync tells nothing here
		}
		run, there, err := db.Run(ctx, runs[i].ID)
		if err != nil {
			return nil, err
		}
		if !there || !report.Mentions(run.Report, name) {
			continue
		}
		err = report.EachOperation(run.Report, func(o *report.Operation) {
			renamed := slices.ContainsFunc(o.Changes, func(c dirsync.Change) bool {
				return c.Field == dirsync.FieldUsername && dirsync.FoldName(c.Before) == dirsync.FoldName(name)
			})
			known := slices.ContainsFunc(found, func(f Former) bool { return f.ID == o.SourceID })
			if renamed && !known && o.Result == dirsync.ResultApplied {
				found = append(found, Former{ID: o.SourceID, User: o.User, Run: run.ID})
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// MeantBy says in a sentence who may be meant by a username that nobody has: who had it once,
// or who has one like it; "": nobody is known. It is a hint: where it can't be read, there is
// none.
func MeantBy(ctx context.Context, db *state.DB, name string) string {
	former, err := FormerOf(ctx, db, name)
	if err != nil {
		return ""
	}
	return MeantAmong(ctx, db, name, former)
}

// MeantAmong does the same where it is known who had the name once.
func MeantAmong(ctx context.Context, db *state.DB, name string, former []Former) string {
	for _, f := range former {
		if links, err := db.Load(ctx, []dirsync.SourceID{f.ID}); err == nil && len(links) > 0 {
			return fmt.Sprintf("Until the run %s this was the username of %s. ", f.Run, dirsync.Quote(links[0].Answered.Username))
		}
	}
	var names []string
	err := EachLink(ctx, db, Everybody, func(l *dirsync.Link) { names = append(names, l.Answered.Username) })
	if near := dirsync.Nearest(name, names); near != "" && err == nil {
		return fmt.Sprintf("Did you mean %s? ", dirsync.Quote(near))
	}
	return ""
}
