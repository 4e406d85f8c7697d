package console

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"duosync/cmd/internal/console/pages"
	"duosync/cmd/internal/page"
	"duosync/cmd/internal/past"
	"duosync/cmd/internal/report"
	"duosync/state"
	dirsync "duosync/sync"
	"duosync/sync/printed"
)

// glance has what stands in the state read, for a page.
func (s *Server) glance(ctx context.Context, v *view, look func(*past.Moment) error) error {
	if s.opts.Glance == nil {
		return errors.New("this process does not look into the state")
	}
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	return s.whole(ctx, v, look)
}

// whole is glance for as long as it takes. A state that is gone is not read as an empty one.
func (s *Server) whole(ctx context.Context, v *view, look func(*past.Moment) error) error {
	return s.opts.Glance(ctx, v.loaded, func(m *past.Moment) error {
		if dsn := v.loaded.Config.State.DSN.Reveal(); dsn != "" && v.was == dsn && !m.IsThere() {
			return goneError(m.Name())
		}
		return look(m)
	})
}

const runsListed = 50

func (s *Server) showRuns(w http.ResponseWriter, r *http.Request, v *view) {
	q := r.URL.Query()
	list := &pages.Runs{Outcome: q.Get("outcome"), Time: q.Get("hours")}
	query := state.RunQuery{Outcomes: pages.OutcomesOf(list.Outcome), Before: q.Get("before"), Limit: runsListed + 1, Changed: list.Outcome == pages.ChangedOnly}
	if query.Before == "" {
		query.After = q.Get("after")
	}
	if hours, err := strconv.Atoi(list.Time); err == nil && hours > 0 && hours < 1e6 {
		query.From = time.Now().Add(-time.Duration(hours) * time.Hour)
	}
	err := s.glance(r.Context(), v, func(m *past.Moment) error {
		heads, err := m.Heads(r.Context(), query)
		if err != nil {
			return err
		}
		more := len(heads) > runsListed
		list.Before, list.After = "", ""
		switch {
		case more && query.After != "":
			heads = heads[1:]
		case more:
			heads = heads[:runsListed]
		}
		list.Heads = heads
		if len(heads) > 0 && (more || query.After != "") {
			list.Before = heads[len(heads)-1].RunID
		}
		if len(heads) > 0 && (query.Before != "" || query.After != "" && more) {
			list.After = heads[0].RunID
		}
		return nil
	})
	if err != nil {
		s.unread(w, v, err)
		return
	}
	s.send(w, func(out *buffer) error { return s.site(v).ShowRuns(out, list) })
}

func (s *Server) showRun(w http.ResponseWriter, r *http.Request, v *view) {
	id := r.PathValue("id")
	q := r.URL.Query()
	var kept *keptRun
	var reading bool
	shown := &pages.Run{Command: printed.Command(v.loaded.Flags(), "history", id)}
	err := s.glance(r.Context(), v, func(m *past.Moment) (err error) {
		if kept, reading, err = s.run(r.Context(), v, m, id); err != nil || kept == nil {
			return err
		}
		shown.Older, shown.Newer, err = m.Neighbours(r.Context(), id)
		return err
	})
	switch {
	case err != nil:
		s.unread(w, v, err)
		return
	case kept == nil:
		s.missing(w, v, "There is no run "+dirsync.Quote(id)+" in the history: dry runs, and what is older than state.keep_history, are not there.", page.Link{Name: "All runs", Href: pages.RunsPath})
		return
	}
	if shown.Reading = reading; reading {
		w.Header().Set("Refresh", "2")
	}
	doc := *kept.doc
	doc.Reflag(v.loaded.Flags())
	shown.Doc = &doc
	action := dirsync.Action(q.Get("action"))
	if shown.Page, err = strconv.Atoi(q.Get("page")); err != nil || shown.Page < 1 {
		shown.Page = 1
	}
	shown.Groups = kept.part(action, &shown.Page)
	if action != "" {
		if len(shown.Groups) == 0 && reading {
			action = ""
		} else if len(shown.Groups) == 0 {
			s.missing(w, v, "The run has no operation "+dirsync.Quote(string(action))+".", page.Link{Name: "The run", Href: pages.RunPath(id)})
			return
		}
	}
	if action != "" {
		shown.Only, shown.Pages = action, (shown.Groups[0].All+blockSize-1)/blockSize
	}
	s.send(w, func(out *buffer) error { return s.site(v).ShowRun(out, shown) })
}

// runCache keeps runs that were looked at, packed: the report of a run is read from its
// beginning to its end, and a page shows a part of it.
type runCache struct {
	mu     sync.Mutex
	runs   []*keptRun // the one looked at last comes last
	making bool       // one is being read in the background
}

const (
	mostRuns = 6 // that are kept
	fresh    = 10 * time.Second
	// small is how many operations a run has at most that is read while somebody waits; others
	// are read in the background.
	small = 3000
)

// known gives a run that is kept, nil where none is, and whether it is to be read anew: it has
// not ended.
func (c *runCache) known(state, id string) (k *keptRun, stale bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range c.runs {
		if k.is(state, id) {
			c.last(k)
			return k, !k.whole && time.Since(k.at) > fresh
		}
	}
	return nil, false
}

// last puts a run at the end, in the place of what was kept of it.
func (c *runCache) last(k *keptRun) {
	c.runs = append(slices.DeleteFunc(c.runs, func(other *keptRun) bool { return other.is(k.of, k.doc.RunID) }), k)
	if len(c.runs) > mostRuns {
		c.runs = slices.Delete(c.runs, 0, 1)
	}
}

func (c *runCache) keep(k *keptRun) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last(k)
}

// begin reports whether a run may be read in the background: no other is.
func (c *runCache) begin() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	may := !c.making
	c.making = true
	return may
}

func (c *runCache) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.making = false
}

// run gives a run, nil where there is none. A large one, and one that goes on, is read in the
// background; where nothing is kept of it yet, it is without its lists until then, and reading
// is true.
func (s *Server) run(ctx context.Context, v *view, m *past.Moment, id string) (k *keptRun, reading bool, err error) {
	k, stale := s.runs.known(m.Name(), id)
	if k != nil && !stale {
		return k, false, nil
	}
	head, err := m.Head(ctx, id)
	if err != nil || head == nil {
		return nil, false, err
	}
	if head.Planned() <= small && !head.GoesOn() {
		if k, err = keep(ctx, m, id); err == nil && k != nil {
			s.runs.keep(k)
		}
		return k, false, err
	}
	if s.runs.begin() {
		go s.readRun(v, id)
	}
	if k != nil {
		return k, false, nil
	}
	return &keptRun{doc: &report.Document{Head: *head}}, true, nil
}

// readRun reads a run in the background.
func (s *Server) readRun(v *view, id string) {
	defer s.runs.end()
	err := s.opts.Glance(s.life, v.loaded, func(m *past.Moment) error {
		k, err := keep(s.life, m, id)
		if err == nil && k != nil {
			s.runs.keep(k)
		}
		return err
	})
	if err != nil {
		s.opts.Log.WithError(err).Debug("a run can't be read")
	}
}
