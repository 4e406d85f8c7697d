package explain

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"duosync/cmd/internal/past"
	"duosync/cmd/internal/report"
	dirsync "duosync/sync"
	"duosync/sync/decide"
)

// attention tells whether the person waits for a human: by what the next run would find,
// what the last one found, and how Duo holds the user now.
func (e *explainer) attention(ctx context.Context, d *dirsync.Decision) error {
	all := e.x.Run.Attention
	if e.x.Run.Err != nil {
		var err error
		if all, err = past.Attention(ctx, e.past.DB, e.Flags); err != nil {
			return err
		}
	}
	found := dirsync.Attention{Source: d.ID}
	if i := slices.IndexFunc(all, func(a dirsync.Attention) bool { return a.Source != "" && (a.Source == d.ID || a.Source == d.Heir) }); i >= 0 {
		found = all[i]
	}
	if l := d.Link; l != nil && e.liveUser != nil {
		mark, err := e.mark(ctx, d)
		if err != nil {
			return err
		}
		now := *l
		now.Answered = *e.liveUser
		found = atPresent(found, decide.Apart(l, nil), decide.Apart(&now, nil), mark != nil && e.liveUser.Status == dirsync.StatusDisabled)
	}
	if found.Reason == "" {
		return nil
	}
	found.Username = cmp.Or(found.Username, e.traces(d).username)
	e.doc.Attention = &report.AttentionOf([]dirsync.Attention{found})[0]
	return nil
}

// atPresent brings what was found into line with how Duo holds the user now: in which way
// others have set it apart, where a run saw it last and now. marked: duosync disable did
// that.
func atPresent(found dirsync.Attention, last, now string, marked bool) dirsync.Attention {
	if marked {
		now = ""
	}
	if found.Apart && last != "" {
		found.Reason = strings.Trim(strings.Replace(found.Reason, last, "", 1), "; ")
	}
	switch {
	case now == "" || strings.Contains(found.Reason, now):
	case found.Reason == "":
		found.Reason = now
	default:
		found.Reason = now + "; " + found.Reason
	}
	return found
}
