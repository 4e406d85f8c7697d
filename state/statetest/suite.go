// Package statetest holds the contract of a state: what every implementation of
// dirsync.Store must keep to, whatever database lies below.
package statetest

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	dirsync "duosync/sync"
	"duosync/sync/naming"
)

// Store is what a state offers: the core's port, and what commands need.
type Store interface {
	dirsync.Store
	// CountLinks counts the links.
	CountLinks(ctx context.Context) (int, error)
	// Check fails when the state belongs to another account or directory.
	Check(ctx context.Context, b dirsync.Binding) error
	// Rebind makes the state belong to b.
	Rebind(ctx context.Context, b dirsync.Binding) error
	// TakeOver gives the one directory of the state a name.
	TakeOver(ctx context.Context, given naming.Name, b dirsync.Binding) (ended int, err error)
	// Hold gives what was held or approved under id and is not used yet.
	Hold(ctx context.Context, id string) (*dirsync.Approval, bool, error)
	// Approve keeps an approval.
	Approve(ctx context.Context, a dirsync.Approval) error
	// Revoke takes an approval away, if there is one.
	Revoke(ctx context.Context, id, by string) (bool, error)
	// Mark keeps a user disabled, and Unmark no longer.
	Mark(ctx context.Context, m dirsync.Mark) error
	Unmark(ctx context.Context, user, by string) (bool, error)
	// Pause stops all writing, and Resume lets it go on.
	Pause(ctx context.Context, p dirsync.Pause) error
	Resume(ctx context.Context, by string) (bool, error)
	// Notified gives what each channel has taken, and Notify keeps it.
	Notified(ctx context.Context) (map[string]json.RawMessage, error)
	Notify(ctx context.Context, channel string, memory json.RawMessage) error
	// Days gives how things stood, day by day.
	Days(ctx context.Context, since time.Time) ([]dirsync.Day, error)
	// Close ends the use of the state; a run without an end is interrupted.
	Close() error
}

// Opener opens one and the same state for writing, again and again, each time
// after the last one was closed.
type Opener func(t *testing.T) Store

// contract is what is asked of every state, a test each.
var contract = []struct {
	name string
	test func(*testing.T, Opener)
}{
	{"an empty state knows nothing", testEmpty},
	{"links come back whole", testLinksWhole},
	{"each field of a link is kept", testLinkFields},
	{"each field of a group is kept", testGroupFields},
	{"each field of a mark is kept", testMarkFields},
	{"each field of an approval is kept", testApprovalFields},
	{"each field of a baseline is kept", testBaselineFields},
	{"each field of a pause is kept", testPauseFields},
	{"an approval tells who gave it", testApprovalBy},
	{"a scan goes in the order of ids", testScanOrder},
	{"a scan ends at visit's error", testScanError},
	{"many links are loaded, each once", testLoadMany},
	{"an outcome writes, keeps or removes the link", testOutcomes},
	{"a user belongs to one person", testOneUser},
	{"a link without an origin is refused", testOrigin},
	{"records are all or nothing", testRecordAtomic},
	{"a brief tells what is still to be done", testPending},
	{"a brief tells on what a place rests", testSeen},
	{"groups come back whole, by key", testGroups},
	{"a group changes its name in one record", testGroupRenamed},
	{"the last word about a group counts", testGroupLastWord},
	{"a Duo group has one link", testGroupOnce},
	{"a group's intents need no link", testGroupIntents},
	{"intents stay open until recorded", testIntents},
	{"intents come back whole", testIntentsWhole},
	{"the newest intent of a person is closed first", testNewestIntent},
	{"an intent of a killed run is there for the next", testCrash},
	{"an unknown fate leaves the intent open", testKeep},
	{"a journal ends with its run", testRunOver},
	{"a failed call ends the intents of its run", testBroken},
	{"an end moves what it sets and nothing else", testFinish},
	{"an end without an outcome is refused", testNoOutcome},
	{"what was told is replaced", testTold},
	{"what a channel was notified of is kept apart", testNotified},
	{"a complete run keeps how the day stands", testDays},
	{"a state belongs to the first account that it reached", testBinding},
	{"a failed run binds nothing", testBindingFailedRun},
	{"a directory gets a name", testTakeOver},
	{"a state belongs to its directories by name", testDirectories},
	{"nothing is intended that a mark bars", testBarred},
	{"nothing is sent once writing is paused", testPausedMeanwhile},
	{"marks come back whole, by username", testMarks},
	{"a mark names its user", testMarkNobody},
	{"an approval is used once", testApprovalOnce},
	{"an approval outlasts a run that broke off", testBrokenOff},
	{"an approval of the very operations does not, once one is intended", testBrokenOffExact},
	{"an approval serves several runs until it is used up", testSeveralRuns},
	{"an approval may expire under the run that uses it", testUseExpired},
	{"an approval can be taken back", testRevoke},
	{"an approval of a dry run can be taken back", testRevokeExact},
	{"an approval ends in time", testApprovalExpires},
	{"what was held can be found", testHold},
	{"each guard's hold is approved by itself", testHoldEach},
	{"a new hold wants a new approval", testHoldAgain},
	{"a hold leaves a good approval alone", testHoldApproved},
	{"what a broken-off run did is held anew", testHoldAfterBrokenOff},
}

// Run holds a state to its contract. prepare makes a fresh, empty state for one
// test and returns how to open it.
func Run(t *testing.T, prepare func(t *testing.T) Opener) {
	for _, term := range contract {
		t.Run(term.name, func(t *testing.T) {
			t.Parallel()
			term.test(t, prepare(t))
		})
	}
}

// The time and the account that most tests use.
var (
	noon    = time.Date(2026, 3, 4, 12, 0, 0, 123456789, time.UTC)
	account = dirsync.Binding{Host: "api-1234.duosecurity.com", Key: "DIKEY", Directory: "dc=example,dc=org"}
)

// bed is a state under test, closed at the end.
type bed struct {
	t    *testing.T
	open Opener
	puts int
	Store
}

func newBed(t *testing.T, open Opener) *bed {
	t.Helper()
	b := &bed{t: t, open: open}
	b.Store = open(t)
	t.Cleanup(func() { b.must(b.Close()) })
	return b
}

// reopen closes the state, as a killed run leaves it, and opens it anew.
func (b *bed) reopen() {
	b.t.Helper()
	b.must(b.Close())
	b.Store = b.open(b.t)
}

func (b *bed) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bed) begin(id string) dirsync.Journal {
	b.t.Helper()
	j, err := b.Begin(b.t.Context(), dirsync.RunStart{ID: id, Started: noon, Binding: account})
	b.must(err)
	return j
}

// run does one whole run with an outcome other than failed.
func (b *bed) run(id string, end dirsync.RunEnd) {
	b.t.Helper()
	j := b.begin(id)
	if end.Finished.IsZero() {
		end.Finished = noon
	}
	if end.Outcome == "" {
		end.Outcome = "applied"
	}
	b.must(j.Finish(b.t.Context(), end))
}

// put writes links in a run of its own.
func (b *bed) put(links ...dirsync.Link) {
	b.t.Helper()
	b.puts++
	j := b.begin(fmt.Sprintf("put %d", b.puts))
	b.must(j.Record(b.t.Context(), outcomes(links...)))
	b.must(j.Finish(b.t.Context(), dirsync.RunEnd{Finished: noon, Outcome: "applied"}))
}

// intend writes operations down that nothing bars.
func (b *bed) intend(j dirsync.Journal, at time.Time, ops ...*dirsync.Op) {
	b.t.Helper()
	may, err := j.Intend(b.t.Context(), ops, at)
	b.must(err)
	equal(b.t, "operations that may be sent", ops, may)
}

func (b *bed) load(ids ...dirsync.SourceID) []dirsync.Link {
	b.t.Helper()
	links, err := b.Load(b.t.Context(), ids)
	b.must(err)
	return links
}

func (b *bed) scan() []dirsync.Brief {
	b.t.Helper()
	var briefs []dirsync.Brief
	b.must(b.Scan(b.t.Context(), func(brief dirsync.Brief) error {
		briefs = append(briefs, brief)
		return nil
	}))
	return briefs
}

func (b *bed) intents() []dirsync.Intent {
	b.t.Helper()
	intents, err := b.Open(b.t.Context())
	b.must(err)
	return intents
}

func (b *bed) links() int {
	b.t.Helper()
	links, err := b.CountLinks(b.t.Context())
	b.must(err)
	return links
}

func (b *bed) meta() dirsync.Meta {
	b.t.Helper()
	meta, err := b.Meta(b.t.Context())
	b.must(err)
	return meta
}

func (b *bed) approvals(now time.Time) []dirsync.Approval {
	b.t.Helper()
	approvals, err := b.Approvals(b.t.Context(), now)
	b.must(err)
	return approvals
}

// equal fails the test unless both are the same; empty and nil are.
func equal(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// link makes an ordinary link.
func link(id dirsync.SourceID, user string) dirsync.Link {
	return dirsync.Link{
		ID: id, User: user, Origin: dirsync.Created,
		Asked:    dirsync.Fields{dirsync.FieldUsername: "name of " + string(id)},
		Answered: dirsync.Account{ID: user, Username: "name of " + string(id), Status: dirsync.StatusActive, Created: noon},
	}
}

func outcomes(links ...dirsync.Link) []dirsync.Outcome {
	var all []dirsync.Outcome
	for _, l := range links {
		all = append(all, dirsync.Outcome{Source: l.ID, Link: &l})
	}
	return all
}

func op(action dirsync.Action, id dirsync.SourceID) *dirsync.Op {
	return &dirsync.Op{Action: action, Source: id, Username: "name of " + string(id)}
}
