package cli

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"duosync/duo/duosim"
)

// The long form (make kill) sets how often the process is killed, and may set the
// seed; DUOSYNC_KILL_SEED repeats the directory's changes, though not the moments.
const (
	killsVariable = "DUOSYNC_KILLS"
	seedVariable  = "DUOSYNC_KILL_SEED"
)

func numberOf(t *testing.T, variable string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return n
}

// TestKilled kills duosync again and again, at random moments of runs in which much
// is to be done, while Duo has troubles and the directory changes. In the end Duo
// holds what the directory asks for, and nothing was done twice.
func TestKilled(t *testing.T) {
	t.Parallel()
	onEither(t, func(t *testing.T, dsn string) {
		kills := int(numberOf(t, killsVariable, 15)) //nolint:gosec // it is small
		k := &killing{plan: kills, size: 40, each: 8, most: 1, struck: map[string]int{}}
		if kills > 50 {
			k.size, k.each, k.most = 300, 20, 20
		}
		k.play(t, siteOptions{dsn: dsn})
	})
}

// play makes a crowd, on a site with these options beside its own, and kills as often as is planned.
func (k *killing) play(t *testing.T, opts siteOptions) {
	t.Helper()
	seed := numberOf(t, seedVariable, rand.Uint64N(1e6))
	t.Logf("seed %d: %s=%d repeats the changes", seed, seedVariable, seed)
	opts.sync, opts.more = crowdRules, crowdMails+opts.more
	s := newSite(t, opts)
	s.timing.Call = 200 * time.Millisecond // who is killed makes no more calls
	k.crowd = newCrowd(s, seed)
	for k.kills < k.plan {
		k.round()
	}
	t.Logf("%v", k)
}

// killing is a crowd that is kept in step by processes which are killed.
type killing struct {
	*crowd
	plan, each int // kills in all, and about so many a round
	size       int // people of whom something changes in a round
	most       int // times that a fault strikes in a round

	rounds, runs, kills     int
	early, between, settled int // kills before any write, and after one; runs that settled something
	dueMails                int
	batches                 int            // kills at a call of many operations
	struck                  map[string]int // faults
}

func (k *killing) String() string {
	mails := len(k.duo.Mails())
	return fmt.Sprintf("%d rounds, %d runs, %d kills (%d before the first write, %d later, %d at a call of many operations), %d runs settled what was open; %d writes to Duo with effect; %d users, %d phones, %d groups made; %d mails sent, %d people could have had one; faults struck: %v",
		k.rounds, k.runs, k.kills, k.early, k.between, k.batches, k.settled, k.ledger.count(),
		len(k.ledger.made("user")), len(k.ledger.made("phone")), len(k.ledger.made("group")),
		mails, k.dueMails, k.struck)
}

// round changes much in the directory, and has it brought to Duo by as many
// processes as it takes.
func (k *killing) round() {
	k.t.Helper()
	k.rounds++
	k.changes(k.size)
	k.must(k.duo.SetFaults(k.troubles()))
	before, killed := k.ledger.count(), 0
	for tries := 0; ; tries++ {
		if tries > 20*k.each {
			k.t.Fatalf("round %d does not end", k.rounds)
		}
		k.runs++
		if killed < k.each && k.kills < k.plan && k.killedOne() {
			killed++
			if k.IntN(4) == 0 {
				k.meanwhile()
			}
			continue
		}
		r := k.startRun().wait()
		k.look(r)
		if r.code == 0 && r.report.Outcome == "no-changes" {
			break
		}
	}
	for name, n := range k.duo.FaultHits() {
		k.struck[name] += n
	}
	k.duo.ClearFaults()
	k.settledNow(before)
}

// settledNow checks that the round came to its end.
func (k *killing) settledNow(before int) {
	k.t.Helper()
	k.site.settled()
	k.dueMails = 0
	users := k.ledger.made("user")
	for _, h := range k.heads {
		if _, exists := users[h.cn]; exists && h.mailed {
			k.dueMails++
		}
	}
	wrong := k.wrong()
	for _, call := range k.ledger.twice(before) {
		wrong = append(wrong, "done twice: "+call)
	}
	if len(wrong) > 0 {
		k.t.Fatalf("round %d:\n%s\ncalls:\n%s", k.rounds, strings.Join(wrong, "\n"), brief(strings.Join(k.ledger.since(before), "\n")))
	}
}

// look checks how a run ended that was not killed.
func (k *killing) look(r result) {
	k.t.Helper()
	if r.code != 0 && r.code != 4 || len(r.report.Conflicts) > 0 {
		k.t.Fatalf("round %d: exit %d, conflicts %v\n%s%s", k.rounds, r.code, r.report.Conflicts, r.err, brief(r.out))
	}
	for _, warning := range r.report.Warnings {
		if strings.Contains(warning, "an earlier run left open") {
			k.settled++
			break
		}
	}
}

// killedOne starts a run and kills it at a random moment: some time after its
// start, or at one of its writes, before the reply or soon after. It reports
// whether the kill came before the end.
func (k *killing) killedOne() bool {
	k.t.Helper()
	p := k.command("sync", "--format", "json")
	var writes atomic.Int64
	var timer *time.Timer
	var struck atomic.Bool // at a call of many operations
	last, counted := int64(1+k.IntN(k.size/k.each)), count
	if k.IntN(3) == 0 {
		last, counted = int64(1+k.IntN(4)), countBulk
	}
	if k.IntN(4) == 0 {
		p.start()
		timer = time.AfterFunc(time.Duration(k.IntN(600))*time.Millisecond, p.kill)
		k.before(func(c duosim.Call) { writes.Add(count(c)) })
	} else {
		late := time.Duration(max(0, k.IntN(8)-4)) * time.Millisecond
		k.before(func(c duosim.Call) {
			if counted(c) == 0 || writes.Add(1) != last {
				return
			}
			struck.Store(countBulk(c) > 0)
			if late == 0 { // the reply never comes
				p.kill()
				<-p.done
				return
			}
			time.AfterFunc(late, p.kill)
		})
		p.start()
	}
	r := p.wait()
	if timer != nil {
		timer.Stop()
	}
	k.onCall.Store(nil)
	if r.code >= 0 {
		k.look(r)
		return false
	}
	k.kills++
	if struck.Load() {
		k.batches++
	}
	if writes.Load() == 0 {
		k.early++
	} else {
		k.between++
	}
	return true
}

func count(c duosim.Call) int64 {
	if c.Method == "GET" {
		return 0
	}
	return 1
}

// countBulk counts calls of many operations.
func countBulk(c duosim.Call) int64 {
	if c.Path == "/admin/v1/bulk" || c.Path == "/admin/v1/users/bulk_create" {
		return 1
	}
	return 0
}

// troubles are faults that a run copes with, or that the next one does: each kind,
// and a burst of 429.
func (k *killing) troubles() duosim.Faults {
	faults := duosim.Faults{Seed: k.Uint64(), Rules: []duosim.Fault{
		{Name: "burst", Method: "POST", After: 10 + k.IntN(k.size), Times: 3, Effect: duosim.Status429, RetryAfter: time.Second},
	}}
	for _, f := range []duosim.Fault{
		{Name: "lost", Method: "POST", Probability: .03, Effect: duosim.CutAfter},
		{Name: "lost delete", Method: "DELETE", Probability: .2, Effect: duosim.CutAfter},
		{Name: "500 after", Method: "POST", Probability: .02, Effect: duosim.ErrorAfter},
		{Name: "500", Method: "POST", Probability: .02, Effect: duosim.Error500},
		{Name: "cut", Method: "POST", Probability: .02, Effect: duosim.CutBefore},
		{Name: "html", Method: "GET", Probability: .02, Effect: duosim.HTML502},
	} {
		f.Times = k.most
		faults.Rules = append(faults.Rules, f)
	}
	return faults
}
