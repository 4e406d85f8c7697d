package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	dirsync "duosync/sync"
	"duosync/sync/decide"
	"duosync/sync/guard"
)

// examine compares what was read with the references, and notes what is doubted.
func (r *run) examine(ctx context.Context, st *state, c *census, f *found) (*evidence, error) {
	if before := st.meta.Baseline; before != nil && before.Directories == nil {
		r.warn("nothing to compare with yet: the state was written by an earlier version; from the next run on it shows when a base, a group or an attribute is lost from sight")
	}
	e := guard.Evidence{Read: &guard.Read{Info: &r.report.Read, Sight: c.sight}, Ref: r.reference(st), Rules: &r.Rules.Rules, Policy: r.policy(), People: people(f.subjects, r.Flags)}
	var err error
	if e.Answers, err = r.ask(ctx, e.Questions()); err != nil {
		return nil, err
	}
	found := &evidence{Doubts: guard.Examine(e), answers: e.Answers}
	r.report.Warnings = append(r.report.Warnings, found.Warnings...)
	for _, d := range found.All {
		if len(d.Whom) > 0 {
			d.Names = labels(ctx, st, f.subjects, d.Whom)
		}
	}
	return found, r.tellUnsure(ctx, st, found.Unsure)
}

// ask puts questions to the directory.
func (r *run) ask(ctx context.Context, q guard.Questions) (a guard.Answers, err error) {
	if len(q.IDs)+len(q.Entries) > 0 {
		if a.ByID, a.ByDN, err = r.Source.Stamps(ctx, q.IDs, q.Entries); err != nil {
			return a, fmt.Errorf("reading when %s were changed: %w", dirsync.CountPeople(len(q.IDs)), err)
		}
	}
	for _, m := range q.Members {
		if a.Still, err = r.Source.StillMembers(ctx, m.Group, m.People); err != nil || a.Still {
			break
		}
	}
	if len(q.Groups) > 0 && err == nil {
		if a.Found, err = r.Source.LookupGroups(ctx, q.Groups); err != nil {
			return a, fmt.Errorf("looking again for %d groups that were nested in others: %w", len(q.Groups), err)
		}
	}
	return a, err
}

// tellUnsure tells of each of few people who are ours that their status can't be told.
// Newcomers fail by themselves.
func (r *run) tellUnsure(ctx context.Context, st *state, all []guard.Unsure) error {
	for _, u := range all {
		ids := slices.Sorted(maps.Keys(u.Ours))
		links, err := st.snap.load(ctx, ids)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if link := links[id]; link != nil {
				why := dirsync.Unsure{Attribute: u.Name, Value: u.Ours[id]}
				r.conflict(dirsync.Conflict{Key: "unsure|" + string(id), Hash: dirsync.Fields{"attribute": u.Attribute, "value": why.Value}.Hash(),
					Username: link.Answered.Username, Sources: []dirsync.SourceID{id}, Reason: why.Problem() + "; the status stays as it is"})
			}
		}
	}
	return nil
}

// labels names people by their ids' usernames, where the run knows them; ten at most.
func labels(ctx context.Context, st *state, subjects []*decide.Subject, ids []dirsync.SourceID) []string {
	const most = 10
	ids = ids[:min(len(ids), most)]
	links, err := st.snap.load(ctx, ids)
	if err != nil {
		links = nil // names are for reading only
	}
	var names []string
	for _, id := range ids {
		name := string(id)
		if i := slices.IndexFunc(subjects, func(s *decide.Subject) bool { return s.ID == id }); i >= 0 {
			name = subjects[i].Username()
		} else if link := links[id]; link != nil {
			name = link.Answered.Username
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// people gives what guards know of subjects. flags are those of [Engine].
func people(subjects []*decide.Subject, flags string) []*guard.Person {
	all := make([]*guard.Person, 0, len(subjects))
	for _, s := range subjects {
		p := &guard.Person{ID: s.ID, Username: s.Username(), Link: s.Link, Wanted: s.Want, Elsewhere: s.Second != nil && s.Second.Present, NotAccepted: s.NotAccepted, Ops: s.Ops}
		if s.Heir != nil {
			p.Heir, p.Hindered, p.Adopt = s.Heir.ID, s.Hindrance(), s.AdoptCommand(flags)
		}
		if s.Next != nil {
			p.Missing = s.Next.Missing
		}
		all = append(all, p)
	}
	return all
}

// attendHeirs adds who is there under a new id and undecided, once, under the new one, with
// what others have made of the user meanwhile.
func (r *run) attendHeirs(c *course, add func(string, dirsync.Attention)) {
	for _, s := range c.heirs() {
		reason := fmt.Sprintf("there under a new id (it was %s), and held until it is decided whether this is the same human", s.ID)
		apart, hindered := decide.Apart(s.Next), s.Hindrance()
		if hindered == decide.InTrash {
			apart = "" // that is what others have done
		}
		for _, text := range []string{apart, hindered} {
			if text != "" {
				reason += "; " + text
			}
		}
		add(string(s.Heir.ID), dirsync.Attention{Username: s.Heir.Username(), Source: s.Heir.ID, Reason: reason, Remedy: s.AdoptCommand(r.Flags), Apart: apart != ""})
	}
}

// readGroupStatus reads Duo's groups where it matters which of them lets nobody in.
func (r *run) readGroupStatus(ctx context.Context, groups *groupPlan, ops []*dirsync.Op) error {
	if groups.live != nil || !slices.ContainsFunc(ops, func(o *dirsync.Op) bool { return len(o.Leaves) > 0 }) {
		return nil
	}
	return groups.readLive(ctx, r.Target)
}

// facts gives what guards know.
func (r *run) facts(c *course, plan *dirsync.Plan) *guard.Facts {
	f := &guard.Facts{Plan: plan, People: people(c.subjects(), r.Flags), Read: &guard.Read{Info: &r.report.Read, Sight: c.census.sight}, Doubts: c.evidence.Doubts,
		Before: c.state.meta.Baseline, Rules: &r.Rules.Rules, Policy: *r.policy(),
		State:  guard.State{Links: c.state.snap.links, Active: c.state.snap.active(), Strangers: c.decided.strangers},
		Groups: guard.Groups{Links: len(c.groups.links), Key: map[string]string{}, Status: map[string]string{}},
		Asked:  guard.Asked{Only: r.opts.Only != "", Adopt: r.opts.Adopt != "", Approvals: c.state.approvals, Binding: r.Binding, Flags: r.Flags, Started: r.report.Started}}
	for _, link := range c.groups.links {
		if key, ok := c.groups.mirrored(link.ID); ok {
			f.Groups.Key[link.ID] = key
		}
	}
	for id, g := range c.groups.live {
		f.Groups.Status[id] = g.Status
	}
	return f
}

// weigh has the guards weigh the plan, and takes over what they say.
func (r *run) weigh(c *course) *guard.Verdicts {
	v := guard.Weigh(r.facts(c, c.plan.Plan))
	r.report.Guards, r.report.ApprovalID = v.Guards, v.ApprovalID
	r.report.Warnings = append(r.report.Warnings, v.Warnings...)
	for _, s := range c.subjects() {
		if v.Forgiven[s.ID] && s.Next != nil {
			s.Next.Missing = guard.Forgiven(s.Next.Missing)
		}
	}
	return v
}

// guarded is a journal whose end leaves some of what the state has as it was.
type guarded struct {
	dirsync.Journal
	told                map[string]dirsync.Told
	baseline, refreshed bool
}

// Finish implements [Journal].
func (g *guarded) Finish(ctx context.Context, end dirsync.RunEnd) error {
	if g.baseline {
		end.Baseline = nil
	}
	if g.refreshed {
		end.Refreshed = time.Time{}
	}
	if end.Told != nil {
		told := maps.Clone(end.Told)
		for key, t := range g.told {
			if _, again := told[key]; !again {
				told[key] = t
			}
		}
		end.Told = told
	}
	return g.Journal.Finish(ctx, end)
}
