package console

import (
	"cmp"
	"net/http"
	"path/filepath"
	"slices"
	"time"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/console/pages"
	"duosync/cmd/internal/past"
	"duosync/cmd/internal/report"
	"duosync/state"
	dirsync "duosync/sync"
	"duosync/sync/printed"
)

const listed = 100

func (s *Server) showWaiting(w http.ResponseWriter, r *http.Request, v *view) {
	flags, o := v.loaded.Flags(), v.overview()
	x := &pages.Waiting{Page: pageOf(r), Each: listed, Unenrolled: -1, Approvals: o.Approvals, Marks: o.Marks, Attention: len(v.needs.all),
		Revoke: func(id string) string { return printed.Command(flags, "approve", "--revoke", id) },
		Enable: func(user string) string { return printed.Command(flags, "enable", user) }}
	if v.broken() != nil { // nobody knows what stands
		none := func(string) string { return "" }
		x.Revoke, x.Enable = none, none
	}
	var all []pages.Removal
	if index, progress := s.index(v); index != nil {
		x.Unenrolled, x.AsOf = index.Unenrolled(), s.peopleAsOf(w, v, index, progress)
		for i := range index.Waiting {
			one := &index.Waiting[i]
			all = append(all, pages.Removal{Username: one.Username, Name: one.Name, Mail: one.Mail, ID: one.Source, Action: one.Action, Due: one.Due, Since: one.Since})
		}
	} else if over := v.overAll(); over != nil { // until the people are read
		for i := range over.Waiting {
			all = append(all, pages.RemovalOf(&over.Waiting[i]))
		}
		x.AsOf = "the first of them, as of the last run; all are being read"
		if v.broken() == nil {
			w.Header().Set("Refresh", "2")
		} else {
			x.AsOf = "the first of them, as of the last run"
		}
	}
	now := time.Now()
	x.All = len(all)
	for i := range all {
		if !all[i].Due.After(now) {
			x.DueNow++
		}
	}
	from := min((x.Page-1)*x.Each, len(all))
	x.Removals = all[from:min(from+x.Each, len(all))]
	s.send(w, func(out *buffer) error { return s.site(v).ShowWaiting(out, x) })
}

func (s *Server) showGroups(w http.ResponseWriter, r *http.Request, v *view) {
	o := v.overview()
	s.send(w, func(out *buffer) error {
		return s.site(v).ShowGroups(out, &pages.Groups{Mirror: v.loaded.Config.Sync.Groups.Mirror, Links: o.Groups, Days: o.Days, Page: pageOf(r), Each: listed})
	})
}

func (s *Server) showDrift(w http.ResponseWriter, r *http.Request, v *view) {
	flags := v.loaded.Flags()
	d := &pages.Drift{Command: printed.Command(flags, "drift"), Refresh: printed.Command(flags, "sync", "--refresh", "--dry-run"), Enforced: driftWords(&v.loaded.Config)}
	for _, a := range v.needs.all {
		if a.Apart {
			d.Left = append(d.Left, report.AttentionOf([]dirsync.Attention{a})...)
		}
	}
	err := s.glance(r.Context(), v, func(m *past.Moment) error {
		d.Run, d.Mended, d.All = nil, nil, 0
		heads, err := m.Heads(r.Context(), state.RunQuery{Refreshed: true, Limit: 1})
		if err != nil || len(heads) == 0 {
			return err
		}
		kept, reading, err := s.run(r.Context(), v, m, heads[0].RunID)
		if err != nil || kept == nil {
			return err
		}
		if reading {
			w.Header().Set("Refresh", "2")
		}
		d.Reading = reading
		d.Run, d.Mended, d.All = &heads[0], slices.Clone(kept.drift[:min(len(kept.drift), listed)]), kept.drifts
		d.At, _ = time.Parse(time.RFC3339, heads[0].Started)
		return nil
	})
	if err != nil {
		s.unread(w, v, err)
		return
	}
	s.send(w, func(out *buffer) error { return s.site(v).ShowDrift(out, d) })
}

// driftWords say what is done about drift.
func driftWords(c *config.Config) string {
	if len(c.Sync.Drift.Fields) > 0 {
		return "by field, see the settings"
	}
	return cmp.Or(c.Sync.Drift.Otherwise, "enforce") + " (sync.drift)"
}

func (s *Server) showSettings(w http.ResponseWriter, _ *http.Request, v *view) {
	file, err := filepath.Abs(v.loaded.File)
	if err != nil {
		file = v.loaded.File
	}
	x := &pages.Settings{File: file, Text: string(config.Show(v.loaded)), Command: printed.Command(v.loaded.Flags(), "config", "show")}
	s.send(w, func(out *buffer) error { return s.site(v).ShowSettings(out, x) })
}
