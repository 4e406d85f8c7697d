package console

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"duosync/cmd/internal/console/pages"
	"duosync/cmd/internal/console/people"
	"duosync/cmd/internal/page"
	"duosync/cmd/internal/past"
	"duosync/cmd/internal/report"
	"duosync/cmd/internal/report/phrase"
	"duosync/state"
	dirsync "duosync/sync"
	"duosync/sync/printed"
)

const (
	peopleListed = 50
	again        = 20 * time.Millisecond // after which a page that waits for people asks again
)

// index gives the people of the state, nil while they are read for the first time, and how
// far that is.
func (s *Server) index(v *view) (*people.Snapshot, *people.Progress) {
	if s.opts.Glance == nil {
		return nil, nil
	}
	from := people.Source{Of: v.loaded.Config.State.DSN.Reveal() + "\n" + v.configured.String(), Stamp: s.stampOf(v),
		Busy: func() bool { now := s.status.look(); return now.running != nil || now.holder != "" },
		Glance: func(ctx context.Context, look func(*state.DB) error) error {
			return s.whole(ctx, v, func(m *past.Moment) error { return look(m.DB) })
		}}
	if rules := s.rules(v); rules != nil {
		from.Due = rules.Due
	}
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		index, progress := s.people.Ask(s.life, from)
		if progress == nil && (index == nil || index.Stamp == from.Stamp || from.Busy()) || v.broken() != nil {
			return index, progress
		}
		var over <-chan struct{}
		if progress != nil {
			over = progress.Over
		}
		select {
		case <-over:
		case <-time.After(again):
		case <-late.C:
			return index, progress
		}
	}
}

// peopleAsOf says as of when an index is, and plainly so where the state was written since.
func (s *Server) peopleAsOf(w http.ResponseWriter, v *view, index *people.Snapshot, progress *people.Progress) string {
	text := "as of " + phrase.ShortTime(index.At)
	switch {
	case v.broken() != nil || index.Stamp == s.stampOf(v):
	case v.running != nil || v.holder != "":
		text += ", before the run that is under way"
	case progress != nil:
		text += "; the state was written since, and is being read"
		w.Header().Set("Refresh", "2")
	default:
		text += "; the state was written since, and is read again in a minute at most"
	}
	return text
}

// stampOf tells one state from another: by its own stamp, or else by its last run.
func (s *Server) stampOf(v *view) string {
	stamp := v.stamp
	if last := v.last(); last != nil {
		stamp += " " + last.RunID + " " + last.Outcome
	}
	return stamp
}

// rules gives what the configuration says of people; nil where that can't be told.
func (s *Server) rules(v *view) *Rules {
	if s.opts.Rules == nil {
		return nil
	}
	rules, err := s.opts.Rules(v.loaded)
	if err != nil {
		s.opts.Log.WithError(err).Debug("who waits can't be told")
		return nil
	}
	return rules
}

func pageOf(r *http.Request) int {
	n, err := strconv.Atoi(r.URL.Query().Get("page"))
	if err != nil || n < 1 || n > 1_000_000 {
		return 1
	}
	return n
}

// longestQuery is how much somebody may search for.
const longestQuery = 512

func (s *Server) showPeople(w http.ResponseWriter, r *http.Request, v *view) {
	q := r.URL.Query()
	p := &pages.People{Text: strings.TrimSpace(q.Get("q")), Status: q.Get("status"), Page: pageOf(r), Each: peopleListed}
	if len(p.Text) > longestQuery {
		p.Text = strings.ToValidUTF8(p.Text[:longestQuery], "")
	}
	if p.Status == pages.NeedsSomebody {
		p.Attention = matching(report.AttentionOf(v.needs.all), p.Text)
		p.All = len(p.Attention)
		s.send(w, func(out *buffer) error { return s.site(v).ShowPeople(out, p) })
		return
	}
	text := p.Text
	var direct []dirsync.SourceID
	if dn := isDN(text); dn {
		id, err := s.entry(r.Context(), v, text)
		switch {
		case err != nil:
			p.Note = "The state does not keep DNs, and the directory could not be asked for this one (" + phrase.Error(err) + "). These are the people whose name or id has the first value of it."
			text = valueOf(text)
		case id == "":
			p.Note = "The directory has no entry of that DN below its bases. These are the people whose name or id has the first value of it."
			text = valueOf(text)
		default:
			direct, text = []dirsync.SourceID{id}, string(id)
		}
	}
	index, progress := s.index(v)
	err := s.glance(r.Context(), v, func(m *past.Moment) error {
		if err := s.find(r.Context(), m, p, text, direct, index); err != nil || p.Status != "" || text == "" || p.Page > 1 {
			return err
		}
		return s.findElsewhere(r.Context(), m, v, p, text)
	})
	if err != nil {
		s.unread(w, v, err)
		return
	}
	if index == nil {
		p.Making = "The people are being read"
		if progress != nil && progress.Total > 0 {
			p.Making += ": " + phrase.Count(progress.Done) + " of " + phrase.Count(progress.Total)
		}
		w.Header().Set("Refresh", "2")
	} else {
		p.AsOf = s.peopleAsOf(w, v, index, progress)
	}
	if len(p.Found) == 1 && p.All == 1 && p.Page == 1 && p.Text != "" && p.Note == "" && index != nil {
		http.Redirect(w, r, pages.PersonPath(p.Found[0].ID), http.StatusSeeOther)
		return
	}
	s.send(w, func(out *buffer) error { return s.site(v).ShowPeople(out, p) })
}

// find looks for people: by their ids in the state itself, by all else in the index.
func (s *Server) find(ctx context.Context, m *past.Moment, p *pages.People, text string, direct []dirsync.SourceID, index *people.Snapshot) error {
	p.Found, p.All = nil, 0
	ids := direct
	if len(ids) == 0 && index != nil {
		ids, p.All = index.Find(people.Query{Text: text, Standing: people.StandingOf(p.Status), Skip: (p.Page - 1) * peopleListed, Most: peopleListed})
	}
	if len(ids) == 0 && text != "" && p.Page == 1 {
		owner, err := m.OwnerOf(ctx, text)
		if err != nil {
			return err
		}
		ids = []dirsync.SourceID{dirsync.SourceID(text), dirsync.SourceID(strings.ToLower(text))}
		if owner != "" {
			ids = []dirsync.SourceID{owner}
		}
	}
	links, err := m.Load(ctx, ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
		i := slices.IndexFunc(links, func(l dirsync.Link) bool { return l.ID == id })
		if i < 0 {
			continue
		}
		p.Found = append(p.Found, found(&links[i]))
		links[i].ID = "" // once
	}
	p.All = max(p.All, len(p.Found))
	return nil
}

// findElsewhere finds those, too, who are not in Duo by duosync, and of whom somebody has to settle
// something.
func (s *Server) findElsewhere(ctx context.Context, m *past.Moment, v *view, p *pages.People, text string) error {
	var all []pages.Found
	for _, a := range matching(report.AttentionOf(v.needs.all), text) {
		all = append(all, pages.Found{ID: a.SourceID, Username: a.Username, Note: a.Reason})
	}
	if over := v.overAll(); over != nil {
		for _, c := range over.Conflicts {
			for _, who := range c.People {
				if contains(who.Username+"\n"+c.Username+"\n"+who.DN+"\n"+string(who.SourceID), text) {
					all = append(all, pages.Found{ID: who.SourceID, Username: cmp.Or(who.Username, c.Username), Note: c.Reason})
				}
			}
		}
	}
	var ids []dirsync.SourceID
	for _, f := range all {
		ids = append(ids, f.ID)
	}
	links, err := m.Load(ctx, ids)
	if err != nil {
		return err
	}
	told := map[dirsync.SourceID]bool{"": true} // nobody without an id has a page
	for i := range links {
		told[links[i].ID] = true // in the index, by the name in Duo
	}
	for _, f := range p.Found {
		told[f.ID] = true
	}
	for _, f := range all {
		if !told[f.ID] {
			told[f.ID] = true
			f.Status, f.Tone = "not in Duo yet", page.Attention
			p.Found, p.All = append(p.Found, f), p.All+1
		}
	}
	return nil
}

func contains(in, text string) bool {
	return strings.Contains(strings.ToLower(in), strings.ToLower(text))
}

func found(l *dirsync.Link) pages.Found {
	a := &l.Answered
	f := pages.Found{ID: l.ID, Username: a.Username, Name: a.Realname, Mail: a.Email}
	if f.Name == "" {
		f.Name = strings.TrimSpace(a.Firstname + " " + a.Lastname)
	}
	f.Status, f.Tone = pages.StatusWords(l)
	if l.Missing != nil {
		f.Note = l.Missing.Why
	}
	return f
}

// matching gives those of whom a text is a part of the name or id.
func matching(all []report.Attention, text string) []report.Attention {
	return slices.DeleteFunc(all, func(a report.Attention) bool {
		return text != "" && !contains(a.Username+"\n"+string(a.SourceID), text)
	})
}

// isDN reports whether a text looks like a DN.
func isDN(text string) bool {
	attribute, rest, found := strings.Cut(text, "=")
	return found && rest != "" && attribute != "" && !strings.ContainsFunc(attribute, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '-' && r != '.'
	})
}

// valueOf gives the first value of a DN.
func valueOf(dn string) string {
	_, value, _ := strings.Cut(dn, "=")
	value, _, _ = strings.Cut(value, ",")
	return strings.TrimSpace(value)
}

// entryTime is how long the directory has to answer for one entry.
const entryTime = 3 * time.Second

// entry asks the directory for the entry of a DN. One asks at a time; others wait.
func (s *Server) entry(ctx context.Context, v *view, dn string) (dirsync.SourceID, error) {
	if s.opts.Entry == nil {
		return "", errNoEntry
	}
	ctx, cancel := context.WithTimeout(ctx, entryTime)
	defer cancel()
	select {
	case s.asking <- struct{}{}:
		defer func() { <-s.asking }()
	case <-ctx.Done():
		return "", errBusyEntry
	}
	return s.opts.Entry(ctx, v.loaded, dn)
}

func (s *Server) showPerson(w http.ResponseWriter, r *http.Request, v *view) {
	id := dirsync.SourceID(r.PathValue("id"))
	held, _ := v.held()
	p := &pages.Person{}
	err := s.glance(r.Context(), v, func(m *past.Moment) (err error) {
		p.Person, err = m.Person(r.Context(), id, held)
		return err
	})
	if err != nil {
		s.unread(w, v, err)
		return
	}
	for _, a := range report.AttentionOf(v.needs.all) {
		if a.SourceID == id {
			p.Attention = append(p.Attention, a)
		}
	}
	if over := v.overAll(); over != nil {
		for _, c := range over.Conflicts {
			if slices.Contains(c.Sources, id) {
				p.Conflicts = append(p.Conflicts, c)
			}
		}
	}
	if p.Link == nil && p.Mark == nil && len(p.Steps) == 0 && len(p.Attention) == 0 && len(p.Conflicts) == 0 {
		s.missing(w, v, "The state knows nobody by the directory id "+dirsync.Quote(string(id))+".", page.Link{Name: "Find people", Href: pages.PeoplePath})
		return
	}
	s.complete(v, p, held)
	s.send(w, func(out *buffer) error { return s.site(v).ShowPerson(out, p) })
}

// complete adds what the configuration and the last runs say of a person.
func (s *Server) complete(v *view, p *pages.Person, held []report.Guard) {
	flags := v.loaded.Flags()
	p.HeldWhat = v.overview().HeldOf[p.ID]
	for i := range held {
		if slices.Contains(p.Concerned, held[i].ApprovalID) || p.HeldWhat != "" {
			p.Held = append(p.Held, held[i])
		}
	}
	name := string(p.ID)
	if p.Link != nil {
		name = p.Link.User
		if rules := s.rules(v); rules != nil {
			p.Hidden = rules.Hidden
			if w, waits := rules.Due(p.Link); waits {
				p.Waiting = &w
			}
		}
	}
	p.Explain = printed.Command(flags, "explain", name)
	if p.Mark != nil {
		p.Enable = printed.Command(flags, "enable", p.Mark.Username)
	}
}
