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
	found := &evidence{Doubts: &guard.Doubts{}, answers: map[string]guard.Answers{}}
	for _, read := range r.reads(c) {
		name := read.Info.Directory
		some := slices.DeleteFunc(slices.Clone(f.subjects), func(s *decide.Subject) bool { return r.Rules.Directories.Of(s.ID) != name })
		e := guard.Evidence{Read: read, Ref: r.reference(st, read.Info), Rules: r.Rules.In(name), Policy: r.policy(), People: people(some, r.Flags)}
		var err error
		if e.Answers, err = r.ask(ctx, name, e.Questions()); err != nil {
			return nil, err
		}
		found.answers[name] = e.Answers
		found.Add(guard.Examine(e))
	}
	r.report.Warnings = append(r.report.Warnings, found.Warnings...)
	for _, d := range found.All {
		if len(d.Whom) > 0 {
			d.Names = labels(ctx, st, f.subjects, d.Whom)
		}
	}
	return found, r.tellUnsure(ctx, st, found.Unsure)
}

// ask puts questions to a directory.
func (r *run) ask(ctx context.Context, directory string, q guard.Questions) (a guard.Answers, err error) {
	source := dirsync.In(r.Source, directory)
	if len(q.IDs)+len(q.Entries) > 0 {
		if a.ByID, a.ByDN, err = source.Stamps(ctx, q.IDs, q.Entries); err != nil {
			return a, fmt.Errorf("reading when %s were changed: %w", dirsync.CountPeople(len(q.IDs)), err)
		}
	}
	for _, m := range q.Members {
		if a.Still, err = source.StillMembers(ctx, m.Group, m.People); err != nil || a.Still {
			break
		}
	}
	if len(q.Groups) > 0 && err == nil {
		if a.Found, err = source.LookupGroups(ctx, q.Groups); err != nil {
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
				why := dirsync.Unsure{Attribute: u.Name, Value: u.Ours[id], Groups: u.Groups}
				r.conflict(dirsync.Conflict{Key: dirsync.UnsureKey + string(id), Hash: dirsync.Fields{"attribute": u.Attribute, "value": why.Value}.Hash(),
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
		p := &guard.Person{ID: s.ID, Username: s.Username(), Link: s.Link, Wanted: s.Want, Elsewhere: s.Second != nil && s.Second.Present, NotAccepted: s.NotAccepted, Scope: s.Scope, Ops: s.Ops}
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
		apart, hindered := decide.Apart(s.Next, s.Mark), s.Hindrance()
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
	f := &guard.Facts{Plan: plan, People: people(c.subjects(), r.Flags), Reads: r.reads(c.census), Doubts: c.evidence.Doubts, Moved: c.found.Moved,
		Before: c.state.meta.Baseline, Rules: &r.Rules.Rules, Policy: *r.policy(),
		State:  guard.State{Links: c.state.snap.known.Len(), Active: c.state.snap.active(), Strangers: c.decided.strangers},
		Groups: guard.Groups{Links: len(c.groups.links), Key: map[string]string{}, Status: map[string]string{}},
		Asked:  guard.Asked{Only: r.opts.Only != "", Adopt: len(r.adopting) > 0, Approvals: c.state.approvals, Binding: r.Binding, Flags: r.Flags, Started: r.report.Started}}
	for _, link := range c.groups.links {
		if key, ok := c.groups.mirrored(link.ID); ok {
			f.Groups.Key[link.ID] = key
		}
	}
	for id, g := range c.groups.live {
		f.Groups.Status[id] = g.Status
	}
	f.Movers = map[dirsync.SourceID]*guard.Person{}
	for _, p := range people(r.movers(c), r.Flags) {
		f.Movers[p.ID] = p
	}
	return f
}

// betweenDirectories reports whether a missing person is there in another directory.
func (r *run) betweenDirectories(former *decide.Subject) bool {
	return r.Rules.Directories.Of(former.ID) != r.Rules.Directories.Of(former.Heir.ID)
}

// movers are those whose user goes over to an entry of another directory without being asked
// for, under their former ids.
func (r *run) movers(c *course) []*decide.Subject {
	var former []*decide.Subject
	for _, s := range c.subjects() {
		if s.Ancestor != nil && s.Inherits && !r.adopts(s.Want) && r.betweenDirectories(s.Ancestor) && !r.takenOut(s.Ancestor.ID) {
			former = append(former, s.Ancestor)
		}
	}
	return former
}

// weigh has the guards weigh the plan, and takes over what they say.
func (r *run) weigh(ctx context.Context, c *course) *guard.Verdicts {
	facts := r.facts(c, c.plan.Plan)
	facts.Asked.Unaudited = r.unaudited(ctx, len(c.plan.Ops()))
	v := guard.Weigh(facts)
	r.report.Guards, r.report.ApprovalID = v.Guards, v.ApprovalID
	for i := range r.report.Guards {
		g := &r.report.Guards[i]
		g.Again = r.askedAgain(g)
	}
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

// A lastLook is taken before something that cannot be undone: at the person in the
// directory, and at the user in Duo. A run may be long, and what it found at its beginning
// may have changed.
type lastLook struct {
	*run
	wave  []*dirsync.Op
	first time.Time                 // when it was decided about all of them
	at    map[*dirsync.Op]time.Time // when an operation was looked at since
}

// A look counts for so long, and is taken for so many operations at once.
const (
	lookCounts = 45 * time.Second
	looksAhead = 20
)

// moved looks at those operations that destroy a user, or put one into the Trash, and
// tells of each that is not to be carried out any more why.
func (l *lastLook) moved(ctx context.Context, ops []*dirsync.Op) map[*dirsync.Op]string {
	var due []*dirsync.Op
	for _, op := range ops {
		at := l.at[op]
		if at.IsZero() {
			at = l.first
		}
		if final(op) && l.wallClock().Sub(at) >= lookCounts {
			due = append(due, op)
		}
	}
	if len(due) == 0 {
		return nil
	}
	for _, op := range l.wave[slices.Index(l.wave, due[0]):] {
		if len(due) < looksAhead && final(op) && l.at[op].IsZero() && !slices.Contains(due, op) {
			due = append(due, op)
		}
	}
	moved := l.look(ctx, due)
	for _, op := range due {
		if moved[op] == "" {
			l.at[op] = l.wallClock()
		}
	}
	return moved
}

func final(op *dirsync.Op) bool { return op.Action == dirsync.Trash || op.Action == dirsync.Delete }

func (l *lastLook) look(ctx context.Context, ops []*dirsync.Op) map[*dirsync.Op]string {
	moved := map[*dirsync.Op]string{}
	ids, users := make([]dirsync.SourceID, len(ops)), make(map[string]dirsync.Remembered, len(ops)) // who they are was seen before
	for i, op := range ops {
		ids[i], users[op.User] = op.Source, dirsync.Remembered{Name: op.Username}
	}
	found, err := l.lookup(ctx, ids)
	var accounts map[string]dirsync.Account
	var doubtful map[string]error
	if err == nil {
		accounts, doubtful, err = l.Target.Fetch(ctx, users)
	}
	for _, op := range ops {
		where, asked := found[op.Source]
		account, there := accounts[op.User]
		switch {
		case err != nil:
			moved[op] = fmt.Sprintf("it can't be undone, and could not be looked at again before: %v", err)
		case !asked:
			moved[op] = "it can't be undone, and the directory said nothing of the person when asked again"
		case doubtful[op.User] != nil:
			moved[op] = fmt.Sprintf("it can't be undone, and what Duo says of the user is contradictory: %v", doubtful[op.User])
		case op.Missing != nil:
			moved[op] = l.Rules.WhereNow(op, &where)
		}
		if there && moved[op] == "" {
			moved[op] = decide.UserNow(op, &account)
		}
		if moved[op] == "" {
			delete(moved, op)
		}
	}
	return moved
}

// markedSince is said of an operation that is not sent, on a user whom somebody has marked.
const markedSince = "somebody keeps this user disabled since the run began (duosync disable)"

// recheck looks anew when a call is to be sent, which may have waited for long since its
// operations were intended: it tells which of them are not to be sent any more, and why.
func (a *application) recheck(ctx context.Context, ops []*dirsync.Op) (map[*dirsync.Op]string, error) {
	moved := a.last.moved(ctx, ops)      // first: a pause may be set meanwhile
	if len(moved) > 0 && isTimeUp(ctx) { // a look that was cut off tells nothing
		return nil, errTimeUp
	}
	may, err := a.journal.Recheck(context.WithoutCancel(ctx), ops)
	if err != nil {
		return nil, err
	}
	a.lookAgain(ops)
	lost := a.unwritten != nil && slices.ContainsFunc(ops, a.given)
	if len(may) == len(ops) && !lost {
		return moved, nil
	}
	withdrawn := maps.Clone(moved)
	if withdrawn == nil {
		withdrawn = map[*dirsync.Op]string{}
	}
	for _, op := range ops {
		if !slices.Contains(may, op) {
			withdrawn[op] = markedSince
		} else if _, out := moved[op]; lost && !out && a.given(op) {
			withdrawn[op] = unwrittenSince
		}
	}
	return withdrawn, nil
}
