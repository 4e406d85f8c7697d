package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	dirsync "duosync/sync"
	"duosync/sync/assembly"
	"duosync/sync/decide"
)

var errTimeUp = errors.New("sync.max_duration is over")

// application carries one plan out.
type application struct {
	*run
	*applied
	plan   *dirsync.Plan
	snap   *snapshot
	groups *groupPlan
	people decide.People // and groups, as subjects with nothing but an id
	operations
	last      *lastLook
	decidedAt time.Time
	ahead     assembly.Ahead
	thin      decide.Thin // those who wait for their turn
}

// operations is what is known of operations while they are carried out.
type operations struct {
	byOp   map[*dirsync.Op]*dirsync.Operation
	others map[dirsync.SourceID][]*dirsync.Op // all operations of a person who has several
	named  map[dirsync.SourceID]bool          // people whom a conflict names
	sent   map[*dirsync.Op]bool               // intended, and nothing recorded of them yet
}

// apply carries the plan out, wave by wave. An intent is durable before its
// call, an outcome before the next one.
func (r *run) apply(ctx context.Context, c *course) (*applied, error) {
	r.list(c)
	done := &applied{retry: map[*decide.Subject]bool{}, refused: map[string]dirsync.Told{}, before: map[*dirsync.Op]string{}}
	if r.opts.DryRun {
		return done, nil
	}
	if r.report.Stopped() { // but what somebody asked for by hand goes on
		c.plan.Narrow(func(o *dirsync.Op) bool { return o.Marked })
	} else if len(c.verdicts.Used) > 0 {
		if err := r.journal.Use(ctx, c.verdicts.Used); err != nil {
			return done, err
		}
	}
	if err := r.keep(ctx, c); err != nil {
		return done, err
	}
	several := severalOf(c.plan.Ops())
	a := &application{run: r, applied: done, plan: c.plan.Plan, snap: c.state.snap, groups: c.groups, decidedAt: c.decided.at,
		operations: operations{byOp: make(map[*dirsync.Op]*dirsync.Operation, len(r.report.Operations)), others: several, named: r.inConflict(), sent: map[*dirsync.Op]bool{}},
		ahead:      assembly.NewAhead(c.plan.Ops(), several)}
	c.census.forget(a.named)
	subjects := slices.Clone(c.subjects())
	for _, op := range c.groups.ops {
		subjects = append(subjects, &decide.Subject{ID: op.Source})
	}
	a.people = decide.PeopleOf(subjects)
	for _, s := range a.people {
		a.thin.Take(s)
	}
	for _, o := range r.report.Operations {
		a.byOp[o.Op] = o
	}
	defer r.tellBulk(&c.state.meta)
	return done, a.carryOut(ctx)
}

// carryOut carries the plan out, wave by wave.
func (a *application) carryOut(ctx context.Context) error {
	if len(a.plan.Waves) == 0 {
		return nil
	}
	a.phase("apply")
	a.progress(0, a.ahead.Total())
	inTime, cancel := a.withTime(ctx)
	defer cancel()
	for _, all := range a.plan.Waves {
		wave := a.ahead.Without(all, a.audited(ctx, a.ready(all)))
		a.last = &lastLook{run: a.run, wave: wave, first: a.decidedAt, at: map[*dirsync.Op]time.Time{}}
		err := a.Target.Apply(inTime, wave, func(ops []*dirsync.Op) ([]*dirsync.Op, error) { return a.intend(inTime, ops) },
			func(ops []*dirsync.Op) (map[*dirsync.Op]string, error) { return a.recheck(inTime, ops) },
			func(results []dirsync.Result) error { return a.record(ctx, results) })
		switch {
		case errors.Is(err, errTimeUp), errors.Is(err, context.DeadlineExceeded) && isTimeUp(inTime):
			next := "the next run goes on"
			if a.opts.Again != "" {
				next = "no other run does the rest, but " + a.opts.Again
			}
			a.leave("sync.max_duration was over; " + next)
			return nil
		case err != nil:
			a.leave(decide.StoppedBefore)
			return err
		}
	}
	return nil
}

// leave marks what was not sent.
func (a *application) leave(why string) {
	a.failed = true
	for _, o := range a.report.Operations {
		if o.Result == dirsync.ResultPlanned {
			o.Result, o.Error = dirsync.ResultSkipped, why
			if a.sent[o.Op] {
				o.Error = "perhaps sent, and not written down; the next run finds out"
			}
			a.retry[a.people.Find(o.Source)] = true
		}
	}
}

// ready gives the operations of a wave that nothing before has made senseless:
// nobody is trashed or deleted whose disabling has failed, nor changed who is
// still in the Trash, nor given as username what is still the own alias.
func (a *application) ready(wave []*dirsync.Op) []*dirsync.Op {
	return slices.DeleteFunc(slices.Clone(wave), func(op *dirsync.Op) bool {
		s, o := a.people.Find(op.Source), a.byOp[op]
		if a.brokenRing(op) {
			assembly.BackToFormer(op)
			a.retry[s] = true
		}
		switch {
		case o.Result == dirsync.ResultHeld:
			return true
		case op.Missing != nil && (a.retry[s] || s.Problem != ""),
			decide.IsStillAlias(op, s.Next),
			op.Action == dirsync.Update && s.Next != nil && s.Next.Answered.Status == dirsync.StatusPendingDeletion:
			o.Result, o.Error = dirsync.ResultSkipped, "what comes before it failed; the next run tries again"
			a.retry[s] = true
			return true
		case op.Action == dirsync.EnrollMail && s.Next != nil && s.Next.User != "" && !decide.HasAddress(s.Next.Answered.Email, op.After()[dirsync.FieldEmail]):
			o.Result, o.Error = dirsync.ResultSkipped, "Duo has not taken the address; the mail is sent once it has"
			return true
		case !op.Follows:
		case s.Next == nil || s.Next.User == "":
			o.Result, o.Error = dirsync.ResultSkipped, "the user was not created"
			return true
		default:
			op.User = s.Next.User
		}
		return false
	})
}

func (a *application) intend(ctx context.Context, ops []*dirsync.Op) ([]*dirsync.Op, error) {
	if most := a.Rules.MaxDuration; most > 0 && a.wallClock().Sub(a.now) >= most {
		return nil, errTimeUp
	}
	moved := a.last.moved(ctx, ops)
	if isTimeUp(ctx) { // a look that was cut off tells nothing
		return nil, errTimeUp
	}
	for op, why := range moved {
		a.leaveOut(op, why)
	}
	ops = slices.DeleteFunc(slices.Clone(ops), func(op *dirsync.Op) bool { return moved[op] != "" })
	if ops = a.stillAudited(ops); len(ops) == 0 {
		return nil, nil
	}
	for _, op := range ops {
		s := a.people.Find(op.Source)
		a.thin.Give(s)
		if a.Audit != nil {
			op.DN = s.DN()
		}
	}
	sent, err := a.journal.Intend(context.WithoutCancel(ctx), ops, a.Target.Now())
	if err != nil {
		return nil, err
	}
	for _, op := range sent {
		a.sent[op] = true
	}
	for _, op := range ops {
		if !a.sent[op] {
			a.leaveOut(op, markedSince)
		}
	}
	return sent, nil
}

// leaveOut notes that an operation is not sent in this run, and why.
func (a *application) leaveOut(op *dirsync.Op, why string) {
	o := a.byOp[op]
	if o == nil { // another try at an operation, the first of which is told
		return
	}
	a.ahead.Passed(o)
	o.Result, o.Error = dirsync.ResultSkipped, why
	a.retry[a.people.Find(op.Source)] = true
}

func (a *application) record(ctx context.Context, results []dirsync.Result) error {
	var outcomes []dirsync.Outcome
	for _, res := range results {
		delete(a.sent, res.Op)
		s := a.people.Find(res.Op.Source)
		a.thin.Give(s)
		if res.Op.OnGroup() {
			outcomes = append(outcomes, a.groups.outcome(res))
			a.tell(s, res)
			continue
		}
		outcome := decide.OutcomeOf(res.Op, s.Next, res)
		switch {
		case outcome.Link != nil && !outcome.Same:
			if s.Want != nil && s.Link == nil {
				outcome.Link.Seen, outcome.Link.Marked = s.Want.Seen, s.Want.Mark != nil
			}
			s.Next = outcome.Link
		case outcome.Same && !outcome.Keep && s.Next != nil && s.Link != nil:
			// What was decided besides the operation holds all the same; what it
			// was to mend counts as not asked for.
			outcome.Same = false
		}
		outcomes = append(outcomes, handover(res)...)
		if outcome.Link != nil && !outcome.Same && res.Op.From == "" && (s.Link == nil || s.Link.User != outcome.Link.User) {
			way, err := a.snap.makeWay(ctx, s.ID, outcome.Link.User, a.written)
			if err != nil {
				return err
			}
			outcomes = append(outcomes, a.gaveWay(way)...)
		}
		outcomes = append(outcomes, outcome)
		a.tell(s, res)
	}
	a.progress(a.ahead.Done(), a.ahead.Total())
	err := a.journal.Record(context.WithoutCancel(ctx), outcomes)
	if err == nil {
		a.release(results)
	}
	return err
}

// tell puts a result into the report.
func (a *application) tell(s *decide.Subject, res dirsync.Result) {
	o := a.ahead.Passed(a.byOp[res.Op])
	a.warnKept(res)
	if before, again := a.before[o.Op]; again { // of several tries the last counts
		s.Problem, o.Error, o.Known = before, "", false
	}
	if res.Fate == dirsync.Done {
		o.Result = dirsync.ResultApplied
		if res.Account != nil {
			for _, form := range decide.OtherForms(res) {
				a.warn("%s", form)
			}
		}
		if len(res.Undone) > 0 {
			a.tellUndone(s, o, res)
		}
		return
	}
	o.Result, o.Error = dirsync.ResultFailed, decide.FateWords(res.Fate)
	if res.Err != nil {
		o.Error = res.Err.Error()
	}
	decide.Unask(res, a.others[res.Op.Source])
	switch why := decide.Withheld(res); {
	case why == unwrittenSince && a.unaudit(res.Op):
		return
	case why != "":
		a.leaveOut(res.Op, why)
		return
	case res.Op.OnGroup():
		if res.Fate == dirsync.Refused || res.Fate == dirsync.Taken {
			key := string(res.Op.Source)
			a.refused[key] = dirsync.Told{Hash: a.groups.hash(res.Op.Group.Key()), Username: res.Op.Group.Name, Sources: res.Op.Group.Sources, Reason: o.Error}
		}
		a.failed = a.failed || res.Fate == dirsync.Unknown
		return
	case res.Op.Action == dirsync.EnrollMail && res.Fate == dirsync.Unknown:
		o.Error = "it is not known whether the mail was sent; it is not sent again"
		return
	}
	switch res.Fate {
	case dirsync.Refused:
		a.tellRefused(s, o)
	case dirsync.Taken:
		// Perhaps the holder is ours, and its rename failed in this run: the
		// next run looks again, and tells of a conflict if it is one.
		o.Error = "another Duo user holds the name"
		if res.Account != nil && dirsync.FoldName(res.Account.Username) != dirsync.FoldName(res.Op.Name()) {
			o.Error = fmt.Sprintf("the name is an alias of the Duo user %s", dirsync.Quote(res.Account.Username))
		}
		a.retry[s] = true
	case dirsync.Unknown:
		a.failed, a.retry[s] = true, true
	default:
		a.retry[s] = true
	}
}

// tellUndone puts into the report which lists of a person could not be brought
// about. What Duo refused is told once, and not tried again before something
// changes.
func (a *application) tellUndone(s *decide.Subject, o *dirsync.Operation, res dirsync.Result) {
	texts := make([]string, 0, len(res.Undone))
	refused := true
	for _, u := range res.Undone {
		text := u.Field + ": " + decide.FateWords(u.Fate)
		if u.Err != nil {
			text = u.Field + ": " + u.Err.Error()
		}
		texts = append(texts, text)
		refused = refused && u.Fate == dirsync.Refused
	}
	o.Result, o.Error = dirsync.ResultFailed, strings.Join(texts, "; ")
	decide.Unask(res, a.others[res.Op.Source])
	if refused {
		a.tellRefused(s, o)
	} else {
		a.retry[s] = true
	}
}

// tellRefused notes what Duo refused: it is told once, and not sent again before
// something changes. What takes something from a person is sent again, and told, by every
// run.
func (a *application) tellRefused(s *decide.Subject, o *dirsync.Operation) {
	if o.TakesAway() {
		a.retry[s] = true
		return
	}
	o.Known = a.known(s, o.Error)
	a.before[o.Op] = s.Problem
	s.TellProblem("%s", o.Error)
}
