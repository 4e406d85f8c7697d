package engine_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	dirsync "duosync/sync"
	"duosync/sync/decide"
	"duosync/sync/engine"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var errCrash = errors.New("crash")

// TestChaos plays random histories with crashes, lost replies, failed calls and
// hand edits in Duo. At no time anything of others has changed, nobody whom
// others disabled is enabled, and no two users have one name; and when calm
// returns, a few runs later Duo holds what the directory wants, nothing is open
// and nothing is left to do.
func TestChaos(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := newChaos(t)
		for range rapid.IntRange(1, 6).Draw(t, "rounds") {
			c.rearrange()
			c.meddle()
			c.play()
		}
		c.calm()
	})
}

type chaos struct {
	*world
	t         *rapid.T
	foreign   map[string]dirsync.Account
	byHand    map[string]bool   // user ids that somebody disabled or trashed
	protected map[string]string // status of protected users before the run
	others    *others
	log       strings.Builder
}

func newChaos(t *rapid.T) *chaos {
	c := &chaos{world: newWorld(&silent{TB: nil, rapid: t}), t: t, foreign: map[string]dirsync.Account{}, byHand: map[string]bool{}}
	c.duo.chaos = t
	c.duo.batch = rapid.SampledFrom([]int{0, 2, 100}).Draw(t, "batch")
	c.rules.OnMissing = rapid.SampledFrom([]decide.Removal{
		{Action: dirsync.Disable, Then: decide.Keep}, {Action: dirsync.Trash}, {Action: dirsync.Delete}, {Action: decide.Keep},
		{Action: dirsync.Disable, Then: dirsync.Trash, Grace: time.Hour},
		{Action: dirsync.Disable, After: 5 * time.Hour, Then: dirsync.Delete, Grace: 10 * time.Hour},
	}).Draw(t, "on_missing")
	c.rules.RefreshEvery = 1000 * time.Hour
	for i := range rapid.IntRange(0, 2).Draw(t, "foreign") {
		a := dirsync.Account{ID: fmt.Sprintf("DX%d", i), Username: fmt.Sprintf("n%d", i), Realname: "theirs", Status: "active", Created: c.clock.Add(-time.Hour)}
		c.duo.users[a.ID] = &a
		c.foreign[a.ID] = a
	}
	c.drawRules(t)
	c.rules.Limits.Floor = 100 // whatever is lost is everyday work
	c.rules.EnrollMails = rapid.IntRange(0, 2).Draw(t, "mails")
	c.others = c.drawOthers(t)
	return c
}

// rearrange draws a directory, and rules for it.
func (c *chaos) rearrange() {
	t := c.t
	c.dir.people = c.drawPeople(t)
	c.dir.elsewhere, c.dir.moved = nil, nil
	switch rapid.IntRange(0, 5).Draw(t, "place") {
	case 0:
		c.dir.elsewhere = drawPeople(t)
	case 1:
		if len(c.dir.people) > 1 {
			c.dir.moved, c.dir.people = c.dir.people[:1], c.dir.people[1:]
		}
	}
	c.exclude, c.rules.Protect = map[string]bool{}, map[string]bool{}
	switch rapid.IntRange(0, 7).Draw(t, "leave") {
	case 0:
		c.exclude[fmt.Sprintf("n%d", rapid.IntRange(0, 9).Draw(t, "exclude"))] = true
	case 1:
		c.rules.Protect[fmt.Sprintf("n%d", rapid.IntRange(0, 9).Draw(t, "protect"))] = true
	}
	c.clock = c.clock.Add(time.Duration(rapid.IntRange(1, 20).Draw(t, "hours")) * time.Hour)
}

// meddle lets somebody edit a user of ours in Duo.
func (c *chaos) meddle() {
	c.enroll(c.t, c.others)
	c.meddleLists()
	var ids []string
	for _, link := range c.store.links {
		ids = append(ids, link.User)
	}
	slices.Sort(ids)
	if len(ids) == 0 || len(c.store.open) > 0 || rapid.IntRange(0, 2).Draw(c.t, "hand") > 0 {
		return
	}
	id := rapid.SampledFrom(ids).Draw(c.t, "who")
	a := c.duo.users[id]
	if _, theirs := c.foreign[id]; a == nil || theirs { // the link has a wrong id
		return
	}
	what := rapid.SampledFrom([]string{"disable", "rename", "delete", "trash"}).Draw(c.t, "what")
	fmt.Fprintf(&c.log, "somebody: %s %s\n", what, id)
	switch {
	case what == "delete":
		c.duo.purge(id)
		delete(c.byHand, id)
	case what == "rename" && a.Status != dirsync.StatusPendingDeletion:
		a.Realname = "drift"
	case what == "disable" && a.Status == dirsync.StatusActive:
		a.Status = dirsync.StatusDisabled
		c.byHand[id] = true
	case what == "trash" && a.Status == dirsync.StatusActive:
		a.Status = dirsync.StatusPendingDeletion
		c.byHand[id] = true
	}
}

// play makes one run, with faults or without.
func (c *chaos) play() {
	t := c.t
	c.duo.rate = rapid.SampledFrom([]int{0, 0, 3}).Draw(t, "rate")
	opts := engine.Options{Refresh: rapid.Bool().Draw(t, "refresh")}
	if rapid.IntRange(0, 4).Draw(t, "adopt?") == 0 {
		opts.Adopt = []string{fmt.Sprintf("n%d", rapid.IntRange(2, 9).Draw(t, "adopt"))}
	}
	if rapid.IntRange(0, 4).Draw(t, "only?") == 0 {
		opts.Only = fmt.Sprintf("n%d", rapid.IntRange(2, 9).Draw(t, "only"))
	}
	c.protected = map[string]string{}
	for id, a := range c.duo.users {
		if c.rules.Protect[a.Username] {
			c.protected[id] = a.Status
		}
	}
	c.tell(opts)
	c.duo.rate = 0
}

// tell makes a run, notes it, and checks what holds after each.
func (c *chaos) tell(opts engine.Options) *dirsync.Run {
	run := c.run(opts)
	fmt.Fprintf(&c.log, "%+v %v, moved %v, elsewhere %v\n%s%s%s---\n", opts, c.dir.people, c.dir.moved, c.dir.elsewhere, c.report(run), c.accounts(), c.links())
	for id, status := range c.protected {
		if a := c.duo.users[id]; a == nil || a.Status != status {
			c.fatal("the protected user %s has changed", id)
		}
	}
	c.protected = nil
	for id, a := range c.foreign {
		if diff := cmp.Diff(a, *c.duo.users[id]); diff != "" {
			c.fatal("a user of others has changed: %s", diff)
		}
	}
	for id := range c.byHand {
		if a := c.duo.users[id]; a != nil && a.Status == dirsync.StatusActive {
			c.fatal("%s was disabled by hand and is active", id)
		}
	}
	names := map[string]string{}
	for _, a := range c.duo.users {
		for _, name := range a.Names() {
			if other := names[name]; other != "" {
				c.fatal("%s and %s have one name", other, a.ID)
			}
			names[name] = a.ID
		}
	}
	for id, n := range c.duo.mails {
		if n > 1 {
			c.fatal("%s got %d mails", id, n)
		}
	}
	c.others.untouched(c.fatal, c.world)
	return run
}

func (c *chaos) fatal(format string, args ...any) {
	c.t.Fatalf("%s\n%s", fmt.Sprintf(format, args...), c.log.String())
}

// calm lets a few runs go by without faults, at once and when every grace is
// over. The last one has nothing to do.
func (c *chaos) calm() {
	c.dir.people = slices.Concat(c.dir.people, c.dir.moved)
	c.dir.moved = nil
	c.exclude, c.rules.Protect = map[string]bool{}, map[string]bool{}
	for _, later := range []time.Duration{0, 100 * time.Hour} {
		c.clock = c.clock.Add(later)
		var run *dirsync.Run
		for i := range 6 {
			if run = c.tell(engine.Options{Refresh: i == 1}); run.Err != nil {
				c.fatal("%v", run.Err)
			}
		}
		if run.Pending() || run.Usage.Calls != 0 || run.NewConflicts() || len(c.store.open) > 0 {
			c.fatal("not quiet: %d open", len(c.store.open))
		}
		c.settled(run)
	}
}

// settled checks that Duo holds what the directory wants.
func (c *chaos) settled(run *dirsync.Run) {
	owner := map[string]dirsync.SourceID{}
	for id, link := range c.store.links {
		if owner[link.User] != "" {
			c.fatal("two links for %s", link.User)
		}
		owner[link.User] = id
	}
	for id, a := range c.duo.users {
		link, ours := c.store.links[owner[id]]
		if strings.HasPrefix(id, "DU") && !ours && a.Status != dirsync.StatusPendingDeletion {
			c.fatal("%s is nobody's", id)
		}
		if strings.Contains(a.Username, "~") && ours && link.Missing == nil {
			c.fatal("%s has kept a temporary name", id)
		}
	}
	c.noOrphans()
	told := map[dirsync.SourceID]bool{}
	for _, conflict := range run.Conflicts {
		for _, id := range conflict.Sources {
			told[id] = true
		}
	}
	here := map[dirsync.SourceID]bool{}
	for _, p := range c.dir.people {
		here[p.ID] = true
		if !told[p.ID] {
			c.inStep(p)
			if link, ours := c.store.links[p.ID]; ours && link.LetGo == "" && len(p.Attrs["uid"]) > 0 {
				c.holdsLists(c.fatal, run, p, link)
			}
		}
	}
	for id, link := range c.store.links {
		a := c.duo.users[link.User]
		if c.rules.OnMissing.Action != decide.Keep && !here[id] && link.LetGo == "" && !told[id] &&
			a != nil && a.Status == dirsync.StatusActive && link.Missing != nil && link.Missing.Step != "" {
			c.fatal("the leaver %s is active", id)
		}
	}
}

func (c *chaos) inStep(p dirsync.Person) {
	link, ours := c.store.links[p.ID]
	name := p.Attrs["uid"]
	switch {
	case len(name) == 0 || ours && link.LetGo != "":
		return
	case !ours:
		if !c.out(p) {
			c.fatal("%s is not in Duo", p.ID)
		}
		return
	}
	a := c.duo.users[link.User]
	want := dirsync.StatusActive
	if c.out(p) || c.byHand[link.User] {
		want = dirsync.StatusDisabled
	}
	if a == nil || a.Username != name[0] || a.Realname != p.Attrs["cn"][0] || a.Status != want {
		c.fatal("Duo holds %+v for %+v", a, p)
	}
}
