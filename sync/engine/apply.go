package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	dirsync "duosync/sync"
	"duosync/sync/assembly"
)

var errTimeUp = errors.New("sync.max_duration is over")

// apply carries the plan out, wave by wave. An intent is durable before its
// call, an outcome before the next one.
func (r *runner) apply(ctx context.Context) error {
	r.list()
	if r.opts.DryRun {
		return nil
	}
	if r.run.Stopped() { // but what somebody asked for by hand goes on
		keepMarked(r.plan)
		if r.narrowed() {
			return r.carryOut(ctx)
		}
		return inOrder(ctx, r.keepQuietChanges, r.carryOut)
	}
	if len(r.used) > 0 {
		if err := r.journal.Use(ctx, r.used); err != nil {
			return err
		}
	}
	if r.opts.Exactly == nil {
		if err := inOrder(ctx, r.keepSeenOfAll, r.keepQuietChanges); err != nil {
			return err
		}
	}
	return r.carryOut(ctx)
}

// keepMarked leaves of the plan what no limit weighs.
func keepMarked(p *dirsync.Plan) {
	p.Narrow(func(o *dirsync.Op) bool { return o.Marked })
}

// carryOut carries the plan out, wave by wave.
func (r *runner) carryOut(ctx context.Context) error {
	if len(r.plan.Waves) == 0 {
		return nil
	}
	r.phase("apply")
	a := &application{runner: r, subjects: map[dirsync.SourceID]*subject{}, byOp: map[*dirsync.Op]*dirsync.Operation{}, total: len(r.plan.Ops())}
	for _, s := range r.subjects {
		a.subjects[s.id] = s
	}
	for _, op := range r.groups.ops {
		a.subjects[op.Source] = &subject{id: op.Source}
	}
	for _, o := range r.run.Operations {
		a.byOp[o.Op] = o
	}
	r.progress(0, a.total)
	for _, wave := range r.plan.Waves {
		err := r.engine.Target.Apply(ctx, a.ready(wave), func(ops []*dirsync.Op) ([]*dirsync.Op, error) { return a.intend(ctx, ops) },
			func(results []dirsync.Result) error { return a.record(ctx, results) })
		switch {
		case errors.Is(err, errTimeUp):
			a.leave("sync.max_duration was over; the next run goes on")
			return nil
		case err != nil:
			a.leave("not sent: the run stopped before")
			return err
		}
	}
	return nil
}

// list makes the report's operations of the plan.
func (r *runner) list() {
	held := r.heldOps()
	assembly.Unask(r.plan, held)
	for _, op := range r.plan.Ops() {
		result := dirsync.ResultPlanned
		if held[op] {
			result = dirsync.ResultHeld
		}
		r.run.Operations = append(r.run.Operations, &dirsync.Operation{Op: op, Result: result})
	}
	for _, s := range r.subjects {
		for _, op := range s.ops {
			if op.Blocked != "" {
				r.run.Operations = append(r.run.Operations, &dirsync.Operation{Op: op, Result: dirsync.ResultFailed, Error: op.Blocked, Known: r.known(s, op.Blocked)})
			}
		}
	}
	r.run.Operations = append(r.run.Operations, r.moved...)
}

// keepSeenOfAll writes down what everybody's place in the scope rests on, unless the
// run is about some people only.
func (r *runner) keepSeenOfAll(ctx context.Context) error {
	if r.narrowed() {
		return nil
	}
	return r.keepSeen(ctx)
}

// keepQuietChanges writes the links that change without a call: a field that
// Duo holds already, a person seen missing for the first time, one that is let
// go. Where the whole run is held, only what was begun before is noted: that somebody is
// missing, or was offered something, in reads in a row.
func (r *runner) keepQuietChanges(ctx context.Context) error {
	var outcomes []dirsync.Outcome
	if !r.run.Stopped() {
		outcomes = r.groups.quiet
	}
	sent := r.sourcesOf(dirsync.ResultPlanned)
	for _, s := range r.subjects {
		if s.done && r.believed(s) {
			s.noteDisabled(r.now, r.marks.of(s.link.User, "") != nil)
		}
		if _, linked := r.snap.index[s.id]; !linked || sent[s.id] && !r.run.Stopped() {
			continue
		}
		if s.link == nil && (r.run.Stopped() || s.sends()) {
			continue // made anew for a user who is gone: the link of that one stands until then
		}
		if r.run.Stopped() && s.link.Missing == nil && len(s.link.Offered) == 0 {
			continue
		}
		if s.next == nil || !sameLink(s.link, s.next) {
			outcomes = append(outcomes, dirsync.Outcome{Source: s.id, Link: s.next})
		}
	}
	if len(outcomes) == 0 {
		return nil
	}
	return r.journal.Record(ctx, outcomes)
}

// sourcesOf gives whom the operations with a result are about.
func (r *runner) sourcesOf(result string) map[dirsync.SourceID]bool {
	who := map[dirsync.SourceID]bool{}
	for _, o := range r.run.Operations {
		if o.Result == result {
			who[o.Source] = true
		}
	}
	return who
}

// believed reports whether a person counts as missing: an operation that follows from it
// would not be held.
func (r *runner) believed(s *subject) bool {
	doubted := slices.ContainsFunc(r.doubts, func(d *doubt) bool { return d.subjects[s.id] && !d.accepted })
	return !doubted && s.next.Missing.Scope == "" && !r.run.Stopped()
}

// known reports whether the very same was told of a person before.
func (r *runner) known(s *subject, problem string) bool {
	told, ok := r.told[personKey(s.id)]
	return ok && told.Hash == r.personHash(s) && told.Reason == problem
}

// sends reports whether an operation of the subject goes to Duo.
func (s *subject) sends() bool {
	return slices.ContainsFunc(s.ops, func(o *dirsync.Op) bool { return o.Blocked == "" })
}

func sameLink(a, b *dirsync.Link) bool {
	if a == nil || b == nil {
		return a == b
	}
	before, _ := json.Marshal(a) // a link always marshals
	after, _ := json.Marshal(b)
	return bytes.Equal(before, after)
}

// application carries one plan out.
type application struct {
	*runner
	subjects map[dirsync.SourceID]*subject
	byOp     map[*dirsync.Op]*dirsync.Operation
	sent     []*dirsync.Op // of the call under way
	done     int
	total    int
}

// ready gives the operations of a wave that nothing before has made senseless:
// nobody is trashed or deleted whose disabling has failed, nor changed who is
// still in the Trash.
func (a *application) ready(wave []*dirsync.Op) []*dirsync.Op {
	return slices.DeleteFunc(slices.Clone(wave), func(op *dirsync.Op) bool {
		s, o := a.subjects[op.Source], a.byOp[op]
		switch {
		case o.Result == dirsync.ResultHeld:
			return true
		case op.Missing != nil && (s.retry || s.problem != ""),
			op.Action == dirsync.Update && s.next != nil && s.next.Answered.Status == dirsync.StatusPendingDeletion:
			o.Result, o.Error, s.retry = dirsync.ResultSkipped, "what comes before it failed; the next run tries again", true
			return true
		case op.Action == dirsync.EnrollMail && op.User == "" && (s.next == nil || s.next.User == ""):
			o.Result, o.Error = dirsync.ResultSkipped, "the user was not created"
			return true
		case op.Action == dirsync.EnrollMail && op.User == "":
			op.User = s.next.User
		}
		return false
	})
}

func (a *application) intend(ctx context.Context, ops []*dirsync.Op) ([]*dirsync.Op, error) {
	if most := a.engine.Rules.MaxDuration; most > 0 && a.engine.now().Sub(a.now) >= most {
		return nil, errTimeUp
	}
	a.sent = ops
	sent, err := a.journal.Intend(context.WithoutCancel(ctx), ops, a.engine.Target.Now())
	if err != nil {
		return nil, err
	}
	for _, op := range ops {
		if !slices.Contains(sent, op) {
			o := a.byOp[op]
			o.Result, o.Error = dirsync.ResultSkipped, "somebody keeps this user disabled since the run began (duosync disable)"
			a.subjects[op.Source].retry = true
		}
	}
	return sent, nil
}

func (a *application) record(ctx context.Context, results []dirsync.Result) error {
	var outcomes []dirsync.Outcome
	for _, res := range results {
		s := a.subjects[res.Op.Source]
		if res.Op.OnGroup() {
			outcomes = append(outcomes, a.groups.settled(res))
			a.tell(s, res)
			continue
		}
		outcome := settled(res.Op, s.next, res)
		switch {
		case outcome.Link != nil && !outcome.Same:
			if s.want != nil && s.link == nil {
				outcome.Link.Seen, outcome.Link.Marked = s.want.Seen, s.want.Mark != nil
			}
			s.next = outcome.Link
		case outcome.Same && !outcome.Keep && s.next != nil && s.link != nil:
			// What was decided besides the operation holds all the same; what it
			// was to mend counts as not asked for.
			outcome.Same = false
		}
		outcomes = append(outcomes, handover(res)...)
		outcomes = append(outcomes, outcome)
		a.tell(s, res)
	}
	a.done += len(results)
	a.progress(a.done, a.total)
	return a.journal.Record(context.WithoutCancel(ctx), outcomes)
}

// handover ends the link of the person whose user was adopted.
func handover(res dirsync.Result) []dirsync.Outcome {
	if res.Fate != dirsync.Done || res.Op.From == "" {
		return nil
	}
	return []dirsync.Outcome{{Source: res.Op.From}}
}

// tell puts a result into the report.
func (a *application) tell(s *subject, res dirsync.Result) {
	o := a.byOp[res.Op]
	if res.Fate == dirsync.Done {
		o.Result = dirsync.ResultApplied
		if res.Account != nil {
			a.compare(res)
		}
		if len(res.Undone) > 0 {
			a.tellUndone(s, o, res)
		}
		return
	}
	o.Result, o.Error = dirsync.ResultFailed, fateWords(res.Fate)
	if res.Err != nil {
		o.Error = res.Err.Error()
	}
	switch {
	case res.Op.OnGroup():
		if res.Fate == dirsync.Refused || res.Fate == dirsync.Taken {
			key := string(res.Op.Source)
			a.groupsTold[key] = dirsync.Told{Hash: a.groupHash(res.Op.Group.Key()), Username: res.Op.Group.Name, Sources: res.Op.Group.Sources, Reason: o.Error}
		}
		a.failed = a.failed || res.Fate == dirsync.Unknown
		return
	case res.Op.Action == dirsync.EnrollMail && res.Fate == dirsync.Unknown:
		o.Error = "it is not known whether the mail was sent; it is not sent again"
		return
	}
	switch res.Fate {
	case dirsync.Refused:
		s.problem, o.Known = o.Error, a.known(s, o.Error)
	case dirsync.Taken:
		// Perhaps the holder is ours, and its rename failed in this run: the
		// next run looks again, and tells of a conflict if it is one.
		o.Error = "another Duo user holds the name"
		if res.Account != nil && dirsync.FoldName(res.Account.Username) != dirsync.FoldName(res.Op.Name()) {
			o.Error = fmt.Sprintf("the name is an alias of the Duo user %s", dirsync.Quote(res.Account.Username))
		}
		s.retry = true
	case dirsync.Unknown:
		a.failed, s.retry = true, true
	default:
		s.retry = true
	}
}

// tellUndone puts into the report which lists of a person could not be brought
// about. What Duo refused is told once, and not tried again before something
// changes.
func (a *application) tellUndone(s *subject, o *dirsync.Operation, res dirsync.Result) {
	texts := make([]string, 0, len(res.Undone))
	refused := true
	for _, u := range res.Undone {
		text := u.Field + ": " + fateWords(u.Fate)
		if u.Err != nil {
			text = u.Field + ": " + u.Err.Error()
		}
		texts = append(texts, text)
		refused = refused && u.Fate == dirsync.Refused
	}
	o.Result, o.Error = dirsync.ResultFailed, strings.Join(texts, "; ")
	if refused {
		s.problem, o.Known = o.Error, a.known(s, o.Error)
	} else {
		s.retry = true
	}
}

// compare warns, once, of values that Duo keeps in another form than it was
// sent them. That form is not fought.
func (a *application) compare(res dirsync.Result) {
	if res.Op.Action == dirsync.EnrollMail || res.Op.Action == dirsync.PhoneDelete {
		return
	}
	for _, c := range res.Op.Changes {
		if dirsync.IsList(c.Field) {
			continue
		}
		held := res.Account.Field(c.Field)
		if held == c.After || c.Field == dirsync.FieldUsername && dirsync.FoldName(held) == dirsync.FoldName(c.After) || res.Op.Action == dirsync.Trash {
			continue
		}
		a.warn("%s: Duo keeps %s as %s, it was sent %s", res.Op.Name(), c.Field, dirsync.Quote(held), dirsync.Quote(c.After))
	}
}

// leave marks what was not sent.
func (a *application) leave(why string) {
	a.failed = true
	for _, o := range a.run.Operations {
		if o.Result == dirsync.ResultPlanned {
			o.Result, o.Error = dirsync.ResultSkipped, why
			if slices.Contains(a.sent, o.Op) {
				o.Error = "perhaps sent, and not written down; the next run finds out"
			}
			a.subjects[o.Source].retry = true
		}
	}
}

// finish gives the run its outcome and writes it down.
func (r *runner) finish(ctx context.Context, err error) *dirsync.Run {
	run := r.run
	run.Err = err
	run.Finished = r.engine.now()
	run.Usage = r.engine.Target.Usage()
	run.Narrowed = r.narrowed()
	run.Outcome = r.outcome()
	run.Sort()
	if r.journal == nil {
		return run
	}
	if err := r.writeDown(context.WithoutCancel(ctx)); err != nil {
		run.Outcome = dirsync.OutcomeFailed
		run.Err = errors.Join(run.Err, err)
	}
	return run
}

func (r *runner) outcome() string {
	run := r.run
	switch {
	case run.Err != nil:
		return dirsync.OutcomeFailed
	case run.Held():
		return dirsync.OutcomeHeld
	case run.NewFailures():
		return dirsync.OutcomePartial
	case !run.Pending(), !run.DryRun && run.Count(dirsync.ResultApplied) == 0:
		return dirsync.OutcomeNoChanges
	case run.DryRun:
		return dirsync.OutcomePlanned
	}
	return dirsync.OutcomeApplied
}

// writeDown ends the run in the state. A good run, in which nothing was held,
// gives the baseline for later ones; one narrowed to a person moves nothing.
func (r *runner) writeDown(ctx context.Context) error {
	run := r.run
	end := dirsync.RunEnd{Finished: run.Finished, Outcome: run.Outcome}
	if run.Err == nil && !r.narrowed() {
		end.Told = r.tellings()
		if run.Refreshed && !r.failed && !run.Stopped() {
			end.Refreshed = r.now
		}
		end.Holds = r.holdings()
		end.Baseline = r.nextBaseline()
	}
	if run.Err == nil && run.Count(dirsync.ResultSkipped) == 0 && !run.Stopped() {
		end.Unmarked = r.unmarked()
		if r.opts.Only == "" { // else a part of what was approved is done
			end.Used = r.used
		}
	}
	if run.Err == nil && !r.narrowed() && !run.Stopped() && run.Count(dirsync.ResultSkipped) == 0 {
		if outcomes := r.groups.settleFresh(); len(outcomes) > 0 {
			if err := r.journal.Record(ctx, outcomes); err != nil {
				return fmt.Errorf("writing the groups into the state: %w", err)
			}
		}
	}
	if r.engine.Encode != nil {
		report, err := r.engine.Encode(run)
		if err != nil {
			return err
		}
		end.Report = report
	}
	if err := r.journal.Finish(ctx, end); err != nil {
		return fmt.Errorf("writing the end of the run into the state: %w", err)
	}
	return nil
}

// tellings gives all that the admin has been told by this run. A person with
// an operation still to be done is not among them, for what was told is not
// looked at again.
func (r *runner) tellings() map[string]dirsync.Told {
	told := map[string]dirsync.Told{}
	if !r.run.Refreshed { // what was not looked at stands as it was told
		looked := map[string]bool{}
		for _, s := range r.subjects {
			looked[personKey(s.id)] = true
		}
		for key, t := range r.told {
			if strings.HasPrefix(key, personKey("")) && !looked[key] {
				told[key] = t
			}
		}
	}
	for _, c := range r.run.Conflicts {
		told[c.Key] = dirsync.Told{Hash: c.Hash, Username: c.Username, Sources: c.Sources, Reason: c.Reason}
	}
	maps.Copy(told, r.groupsTold)
	held := r.sourcesOf(dirsync.ResultHeld)
	for _, s := range slices.Concat(r.subjects, r.idle) {
		if s.retry || r.run.Stopped() && s.sends() || held[s.id] {
			delete(told, personKey(s.id))
			continue
		}
		if s.problem == "" && !(s.idle && s.skipped) {
			continue
		}
		hash, username := r.personHash(s), s.username()
		made := s.link == nil && s.next != nil
		if made { // the next run meets a person who is ours
			s.link = s.next
			hash = r.personHash(s)
		}
		if _, known := told[personKey(s.id)]; !known || made {
			told[personKey(s.id)] = dirsync.Told{Hash: hash, Username: username, Sources: []dirsync.SourceID{s.id}, Reason: s.problem}
		}
	}
	return told
}
