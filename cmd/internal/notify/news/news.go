// Package news decides what of a run a channel is told, by what that channel has taken
// before: pure functions. What stands for long, a failure, a hold, people who need
// somebody, is told when it begins and when something is added, then once a day, and a
// failure or hold also when it ends. In between there is silence.
package news

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	dirsync "duosync/sync"
)

// Event is something worth a message.
type Event string

// The events, the gravest first.
const (
	Failure   Event = "failure"   // a run could not be done, or none has begun for a day
	Held      Event = "held"      // a guard wants a human
	Conflict  Event = "conflict"  // people whom a human has to decide about
	Attention Event = "attention" // everybody who is not as the directory asks for
	Recovered Event = "recovered" // a failure or a hold that was told is over
	Change    Event = "change"    // something was written to Duo
	Success   Event = "success"   // a run came to its end, and was not held whole
)

// Events lists them, the gravest first.
func Events() []Event {
	return []Event{Failure, Held, Conflict, Attention, Recovered, Change, Success}
}

const (
	day = 24 * time.Hour
	// early is how much sooner a reminder may come: a job that runs once a day does not
	// begin at the very same second.
	early = 15 * time.Minute
	// mostKinds of failure are told between two reminders. Errors that name somebody else
	// each time would be told with each run.
	mostKinds = 4
)

// Standing is what a channel knows of an event that goes on.
type Standing struct {
	// Since is the start of the run that found it first, and Told of the one with which
	// it was told last.
	Since time.Time `json:"since"`
	Told  time.Time `json:"told"`
	// Known are its parts that were told: errors, guards with how many people each
	// concerned, people.
	Known map[string]int `json:"known,omitempty"`
}

// Memory is what a channel has taken, by event. One that is not there does not stand.
type Memory map[Event]*Standing

// What stands in a memory and is no event of its own: that no run begins, and what was written
// to Duo of which no message could be delivered, its parts being how often what was done.
const (
	idle   Event = "idle"
	missed Event = "missed"
)

// runs is the part of missed that counts runs.
const runs = "runs"

// Missed is what earlier runs have written to Duo, of which no message could be delivered.
type Missed struct {
	Runs   int
	Since  time.Time // the start of the first of them
	Counts map[dirsync.Action]int
}

// Told is an event that is to be told.
type Told struct {
	Event Event
	// Reminder: nothing of it is new.
	Reminder bool
	// Since is when it began; of Recovered, what is over.
	Since time.Time
	// Was is the event that is over; of Recovered only.
	Was Event
	// New are the people, by their [Person] keys, who were not told before; of Conflict and
	// Attention.
	New map[string]bool
	// Missed is what is told beside, late; of Change and Success only, nil: nothing.
	Missed *Missed
}

// Of gives what a run is worth telling a channel, the gravest first, and what the channel
// knows once it has taken that. on are the words of notify.on; skipped: the run did not
// begin, since writing is paused or the state in use. before is left as it is.
func Of(before Memory, run *dirsync.Run, on []string, skipped bool, now time.Time) ([]Told, Memory) {
	t := teller{run: run, now: now, after: Memory{}}
	for event, standing := range before {
		late := event == missed && (slices.Contains(on, string(Change)) || slices.Contains(on, string(Success)))
		if event == idle || late || slices.Contains(on, string(event)) {
			t.after[event] = standing.clone()
		}
	}
	if run.DryRun || run.Only != "" {
		return nil, t.after
	}
	for _, word := range on {
		t.on = append(t.on, Event(word))
	}
	switch {
	case skipped:
		t.idle()
	case errors.Is(run.Err, dirsync.ErrPaused): // under way: whoever did it knows
	case run.Err != nil:
		t.failed()
	default:
		t.ended()
	}
	t.catchUp()
	t.align()
	slices.SortStableFunc(t.told, func(a, b Told) int {
		return slices.Index(Events(), a.Event) - slices.Index(Events(), b.Event)
	})
	return t.told, t.after
}

// teller makes up its mind about one run.
type teller struct {
	run   *dirsync.Run
	on    []Event
	now   time.Time
	after Memory
	told  []Told
	stood []Event // what stands in this run, told or not
}

// idle is about a run that did not begin. That is worth a message once none has begun for a
// day: a pause that was forgotten, or a run that hangs.
func (t *teller) idle() {
	since := t.after[idle]
	if since == nil {
		since = &Standing{Since: t.now, Told: t.now}
		t.after[idle] = since
	}
	if t.now.Sub(since.Since) >= day-early {
		t.stands(Failure, since.Since, map[string]int{"idle": 1})
	}
}

// failed is about a run that could not be done. It knows nothing of holds and people: what
// stood there stands on. One of a plan that came to nothing was told to who asked for it.
func (t *teller) failed() {
	if t.run.Narrowed && !t.run.Complete {
		return
	}
	delete(t.after, idle)
	delete(t.after, Success)
	t.stands(Failure, t.now, map[string]int{kindOf(t.run.Err): 1})
}

// ended is about a run that came to its end. One that was about some people only says
// nothing of what a run over all would find: it adds, and ends nothing.
func (t *teller) ended() {
	delete(t.after, idle)
	if !t.run.Narrowed {
		t.over(Failure)
	}
	guards, since := guardsOf(t.run)
	switch {
	case len(guards) > 0:
		t.stands(Held, since, guards)
	case !t.run.Narrowed:
		t.over(Held)
	}
	t.familiar()
	t.people(Conflict, conflictsOf(t.run), nil)
	t.people(Attention, attentionOf(t.run), attendedFor(t.run))
	t.changed()
	switch good := t.run.Complete && !t.run.Stopped(); {
	case !good:
		delete(t.after, Success)
	case !t.run.Narrowed:
		t.stands(Success, t.now, nil)
	}
}

// stands tells of an event that goes on, where something of it is new or a day has passed.
func (t *teller) stands(event Event, since time.Time, parts map[string]int) {
	if !slices.Contains(t.on, event) {
		return
	}
	t.stood = append(t.stood, event)
	known := t.after[event]
	if known == nil {
		known = &Standing{Since: since}
		t.after[event] = known
	}
	first, due := known.Told.IsZero(), t.due(known.Told)
	fresh := known.learn(parts)
	switch {
	case event != Failure:
	case due: // kinds of failure count anew from here on
		known.Known = maps.Clone(parts)
	case len(known.Known) > mostKinds:
		fresh = nil
	}
	if first || len(fresh) > 0 || due {
		t.told = append(t.told, Told{Event: event, Since: known.Since, New: fresh, Reminder: !first && len(fresh) == 0})
	}
}

// familiar takes conflicts for told of whose people the channel knows by Attention, for the same
// cause: somebody whom Duo has refused fails in one run, and is a conflict from the next one on.
func (t *teller) familiar() {
	attended := t.after[Attention]
	if attended == nil || !slices.Contains(t.on, Conflict) {
		return
	}
	for i := range t.run.Conflicts {
		c := &t.run.Conflicts[i]
		if !slices.ContainsFunc(causesOf(c), func(key string) bool { return attended.Known[key] == 0 }) {
			known := t.after[Conflict]
			if known == nil {
				known = &Standing{Since: t.now, Told: attended.Told}
				t.after[Conflict] = known
			}
			known.learn(map[string]int{ConflictKey(c): 1})
		}
	}
}

// people tells of people who need somebody, as long as there are any. Who is settled is
// forgotten, and told anew when it begins again. causes are for what they need somebody: a message
// tells it, but that it is another one now is no news.
func (t *teller) people(event Event, who, causes map[string]int) {
	known := t.after[event]
	if known != nil && !t.run.Narrowed {
		for key := range known.Known {
			if who[key]+causes[key] == 0 {
				delete(known.Known, key)
			}
		}
	}
	switch {
	case len(who) > 0:
		t.stands(event, t.now, who)
		if slices.ContainsFunc(t.told, func(x Told) bool { return x.Event == event }) {
			t.after[event].learn(causes)
		}
	case !t.run.Narrowed:
		delete(t.after, event)
	}
}

// changed tells that something was written, unless it is the very same as last time, on the
// same day: two who undo each other's work would be told of with each run.
func (t *teller) changed() {
	digest, any := changesOf(t.run)
	if !any || !slices.Contains(t.on, Change) {
		return
	}
	known := t.after[Change]
	if known != nil && known.Known[digest] > 0 && !t.due(known.Told) {
		return
	}
	t.after[Change] = &Standing{Since: t.now, Told: t.now, Known: map[string]int{digest: 1}}
	t.told = append(t.told, Told{Event: Change, Since: t.now})
}

// over tells that something has ended that the channel was told of.
func (t *teller) over(event Event) {
	known := t.after[event]
	if known == nil {
		return
	}
	delete(t.after, event)
	if known.Told.IsZero() { // it could not be told
		return
	}
	t.told = append(t.told, Told{Event: Recovered, Was: event, Since: known.Since})
}

// catchUp tells what could not be delivered of earlier changes, with the message about this run.
func (t *teller) catchUp() {
	late := t.after[missed]
	if late == nil || t.run.Err != nil {
		return
	}
	at := slices.IndexFunc(t.told, func(x Told) bool { return x.Event == Change })
	if at < 0 && slices.Contains(t.on, Change) {
		at, t.told = len(t.told), append(t.told, Told{Event: Change, Since: t.now})
	}
	if at < 0 {
		at = slices.IndexFunc(t.told, func(x Told) bool { return x.Event == Success })
	}
	if at < 0 {
		return
	}
	delete(t.after, missed)
	all := &Missed{Since: late.Since, Counts: map[dirsync.Action]int{}}
	for what, n := range late.Known {
		if what == runs {
			all.Runs = n
		} else {
			all.Counts[dirsync.Action(what)] = n
		}
	}
	t.told[at].Missed = all
}

// Undelivered gives what a channel knows that has not taken what [Of] gave: what it knew before,
// and since when a failure or a hold goes on, and what was written, for the next run to tell. What
// began and ended without being told is forgotten.
func Undelivered(before, after Memory, told []Told, run *dirsync.Run, now time.Time) Memory {
	kept := Memory{}
	for event, standing := range before {
		kept[event] = standing.clone()
	}
	for _, event := range []Event{Failure, Held} {
		was, is := kept[event], after[event]
		switch {
		case was == nil && is != nil:
			kept[event] = &Standing{Since: is.Since}
		case was != nil && is == nil && was.Told.IsZero():
			delete(kept, event)
		}
	}
	for _, event := range []Event{Conflict, Attention} { // who is settled is forgotten
		if was, is := kept[event], after[event]; is == nil {
			delete(kept, event)
		} else if was != nil {
			maps.DeleteFunc(was.Known, func(key string, _ int) bool { _, still := is.Known[key]; return !still })
		}
	}
	if delete(kept, idle); after[idle] != nil {
		kept[idle] = after[idle].clone()
	}
	if after[Success] == nil {
		delete(kept, Success)
	}
	if slices.ContainsFunc(told, func(t Told) bool { return t.Event == Change || t.Event == Success }) {
		kept.miss(run, now)
	}
	return kept
}

// miss adds what a run has written.
func (m Memory) miss(run *dirsync.Run, now time.Time) {
	if _, any := changesOf(run); !any {
		return
	}
	late := m[missed]
	if late == nil {
		late = &Standing{Since: now, Known: map[string]int{}}
		m[missed] = late
	}
	late.Known[runs]++
	for _, o := range run.Operations {
		if o.Result == dirsync.ResultApplied {
			late.Known[string(o.Action)]++
		}
	}
}

// align notes the time at which things are told. A message has all that stands in its run,
// so that there is one reminder a day, and not one for each event.
func (t *teller) align() {
	if len(t.told) == 0 {
		return
	}
	for _, event := range t.stood {
		t.after[event].Told = t.now
	}
}

// due reports whether a day has passed since something was told. A time that is yet to
// come is that of a clock that was wrong.
func (t *teller) due(told time.Time) bool {
	return t.now.Sub(told) >= day-early || told.Sub(t.now) > early
}

// learn adds parts, and gives those that are news: unknown ones, and those of which there is
// twice as much as was told.
func (s *Standing) learn(parts map[string]int) (fresh map[string]bool) {
	for key, n := range parts {
		told, known := s.Known[key]
		if known && n < 2*told {
			continue
		}
		if s.Known == nil {
			s.Known = map[string]int{}
		}
		if fresh == nil {
			fresh = map[string]bool{}
		}
		s.Known[key], fresh[key] = n, true
	}
	return fresh
}

func (s *Standing) clone() *Standing {
	other := *s
	other.Known = nil
	for key, n := range s.Known {
		if other.Known == nil {
			other.Known = make(map[string]int, len(s.Known))
		}
		other.Known[key] = n
	}
	return &other
}

// Words gives events as the words of notify.on have them.
func Words(told []Told) string {
	var words []string
	for _, t := range told {
		words = append(words, string(t.Event))
	}
	return strings.Join(words, ", ")
}
