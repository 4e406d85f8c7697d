package duo_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"duosync/duo"
	"duosync/duo/duosim"
	dirsync "duosync/sync"
)

var errPause = fmt.Errorf("since noon: %w", dirsync.ErrPaused)

// watched is a gate that somebody may close, or bar one person from.
type watched struct {
	mu     sync.Mutex
	closed bool
	barred dirsync.SourceID
	passed int // attempts that were let through
}

func (w *watched) recheck(ops []*dirsync.Op) (map[*dirsync.Op]string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil, errPause
	}
	withdrawn := map[*dirsync.Op]string{}
	for _, op := range ops {
		if op.Source == w.barred {
			withdrawn[op] = "kept disabled"
		}
	}
	if len(ops) > 0 && len(withdrawn) == 0 {
		w.passed++
	}
	return withdrawn, nil
}

func (w *watched) set(change func(*watched)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(w)
}

// gateWaves are waves of every kind of call that writes, on an account made for them.
func gateWaves(t *testing.T) map[string]func(*duosim.Server) []*dirsync.Op {
	t.Helper()
	of := func(server *duosim.Server, n int, as duosim.User, make func(*duosim.User) *dirsync.Op) []*dirsync.Op {
		var wave []*dirsync.Op
		for i := range n {
			as.Username = fmt.Sprintf("user%04d", i)
			u, err := server.AddUser(as)
			if err != nil {
				t.Fatal(err)
			}
			op := make(&u)
			op.User, op.Source, op.Username = u.ID, dirsync.SourceID("id-"+u.Username), u.Username
			wave = append(wave, op)
		}
		return wave
	}
	simple := func(action dirsync.Action, status string, changes ...dirsync.Change) func(*duosim.Server) []*dirsync.Op {
		return func(server *duosim.Server) []*dirsync.Op {
			return of(server, 52, duosim.User{Status: status}, func(*duosim.User) *dirsync.Op {
				return &dirsync.Op{Action: action, Changes: slices.Clone(changes)}
			})
		}
	}
	return map[string]func(*duosim.Server) []*dirsync.Op{
		"creates":  func(*duosim.Server) []*dirsync.Op { return newPeople(104) },
		"enables":  simple(dirsync.Enable, "disabled", dirsync.Change{Field: "status", Before: "disabled", After: "active"}),
		"disables": simple(dirsync.Disable, "active", dirsync.Change{Field: "status", Before: "active", After: "disabled"}),
		"aliases":  simple(dirsync.Update, "active", dirsync.Change{Field: "aliases", After: ""}, dirsync.Change{Field: "realname", After: "Zoë"}),
		"trash":    simple(dirsync.Trash, "disabled"),
		"deletes":  simple(dirsync.Delete, "disabled"),
		"restores": simple(dirsync.Restore, "pending deletion", dirsync.Change{Field: "status", Before: "pending deletion", After: "active"}),
		"mails": func(server *duosim.Server) []*dirsync.Op {
			return of(server, 20, duosim.User{Status: "active", Email: "a@example.org"}, func(*duosim.User) *dirsync.Op {
				return &dirsync.Op{Action: dirsync.EnrollMail}
			})
		},
		"phones": func(server *duosim.Server) []*dirsync.Op {
			n := 0
			return of(server, 20, duosim.User{Status: "active"}, func(*duosim.User) *dirsync.Op {
				n++
				number := fmt.Sprintf("+49301234%03d", n)
				return &dirsync.Op{Action: dirsync.Update, Changes: []dirsync.Change{{Field: "phones", After: number}},
					Phones: []dirsync.PhoneStep{{Do: dirsync.PhoneMake, Number: number, Type: "mobile"}}}
			})
		},
		"joins": func(server *duosim.Server) []*dirsync.Op {
			g, err := server.AddGroup(duosim.Group{Name: "staff"})
			if err != nil {
				t.Fatal(err)
			}
			return of(server, 52, duosim.User{Status: "active"}, func(*duosim.User) *dirsync.Op {
				return &dirsync.Op{Action: dirsync.Update, Changes: []dirsync.Change{{Field: "groups", After: "staff"}}, Joins: []dirsync.Membership{{ID: g.ID, Name: "staff"}}}
			})
		},
		"groups": func(*duosim.Server) []*dirsync.Op {
			var wave []*dirsync.Op
			for i := range 20 {
				name := fmt.Sprintf("group%d", i)
				wave = append(wave, groupOp(dirsync.GroupCreate, name, "name", name))
			}
			return wave
		},
	}
}

// ways are how calls may go.
var ways = map[string]duo.Options{"alone": {}, "four in flight": {InFlight: 4}, "together": {Bulk: true, InFlight: 4}}

// eachWave runs a test for every kind of call that writes, in every way. Time passes only
// where somebody waits; first is done with the first call that writes.
func eachWave(t *testing.T, fault duosim.Fault, first func(*watched, *dirsync.Op), test func(t *testing.T, s gateScene)) {
	for name := range gateWaves(t) {
		for way, options := range ways {
			t.Run(name+", "+way, func(t *testing.T) {
				s := gateScene{gate: &watched{}, ledger: newBatchLedger(t)}
				strike := sync.OnceFunc(func() { s.gate.set(func(w *watched) { first(w, s.wave[0]) }) })
				begun := false
				arrived := make(chan struct{}) // the call that is to have the first one in it, where calls are shared
				arrive := sync.OnceFunc(func() { close(arrived) })
				_, server, stage := rehearsal(t, duosim.Options{OnCall: func(c duosim.Call) {
					if !begun || c.Method == "GET" {
						return
					}
					strike()
					if users, many := c.Params["users"]; !many || strings.Contains(users, s.wave[1].Username) {
						arrive()
					} else if fault.Times > 0 { // or the one beside it may use up what strikes
						<-arrived
					}
				}}, 5)
				s.server, s.wave = server, gateWaves(t)[name](server)
				for _, method := range []string{"POST", "DELETE"} {
					fault.Name, fault.Method = method, method
					if err := server.AddFault(fault); err != nil {
						t.Fatal(err)
					}
				}
				begun = true
				server.ResetCalls()
				from := stage.Waited()
				s.err = duo.NewTarget(clientOf(t, server, stage, 5), options).Apply(t.Context(), s.wave, func(ops []*dirsync.Op) ([]*dirsync.Op, error) {
					if fault.Times > 0 && options.InFlight > 1 && len(ops) == 1 && ops[0] == s.wave[0] {
						strike() // or it may be sent beside the first one, also where others share calls
					}
					return s.ledger.intend(ops)
				}, s.gate.recheck, s.ledger.record)
				s.waited = stage.Waited() - from
				for _, c := range server.Calls() {
					if c.Method != "GET" {
						s.writes++
					}
				}
				test(t, s)
			})
		}
	}
}

type gateScene struct {
	server *duosim.Server
	wave   []*dirsync.Op
	gate   *watched
	ledger *batchLedger
	err    error
	writes int
	waited time.Duration
}

// TestAPauseEndsAWait: once writing is paused while calls wait, for a Retry-After or for their
// turn, none of them is sent, also none of those in flight; what was intended is recorded as
// not done, and nobody waits until the end.
func TestAPauseEndsAWait(t *testing.T) {
	fault := duosim.Fault{Effect: duosim.Status429, RetryAfter: 5 * time.Minute}
	eachWave(t, fault, func(w *watched, _ *dirsync.Op) { w.closed = true }, func(t *testing.T, s gateScene) {
		if !errors.Is(s.err, dirsync.ErrPaused) || s.err.Error() != errPause.Error() {
			t.Errorf("ended with %v", s.err)
		}
		if s.writes > 4 || s.writes != s.gate.passed {
			t.Errorf("%d calls were sent, %d let through", s.writes, s.gate.passed)
		}
		if s.waited > time.Minute {
			t.Errorf("waited for %s", s.waited)
		}
		if len(s.ledger.open) > 0 {
			t.Errorf("%d operations are left open", len(s.ledger.open))
		}
		for _, r := range s.ledger.fates {
			if r.Fate != dirsync.Failed || !errors.Is(r.Err, dirsync.ErrPaused) {
				t.Errorf("%s: fate %d, %v, %v", r.Op.Username, r.Fate, r.Err, r.Undone)
			}
		}
	})
}

// TestAMarkTakesOneOut: who is withdrawn while the call waits is not in it, and all others
// are carried out.
func TestAMarkTakesOneOut(t *testing.T) {
	fault := duosim.Fault{Effect: duosim.Status429, RetryAfter: 10 * time.Second, Times: 4} // the first of each in flight
	eachWave(t, fault, func(w *watched, op *dirsync.Op) { w.barred = op.Source }, func(t *testing.T, s gateScene) {
		if s.err != nil || len(s.ledger.open) > 0 || len(s.ledger.fates) != len(s.wave) {
			t.Fatalf("ended with %v, %d open, %d recorded", s.err, len(s.ledger.open), len(s.ledger.fates))
		}
		if s.writes != s.gate.passed {
			t.Errorf("%d calls were sent, %d let through", s.writes, s.gate.passed)
		}
		for _, op := range s.wave {
			r := s.ledger.fates[string(op.Source)]
			var why dirsync.Withdrawn
			switch {
			case op != s.wave[0]:
				if r.Fate != dirsync.Done || len(r.Undone) > 0 {
					t.Errorf("%s: fate %d, %v, %v", op.Username, r.Fate, r.Err, r.Undone)
				}
			case r.Fate != dirsync.Failed || !errors.As(r.Err, &why) || why != "kept disabled":
				t.Errorf("%s: fate %d, %v", op.Username, r.Fate, r.Err)
			}
		}
	})
}

// TestWhatWasSentStaysOpen: an attempt that may have been carried out is not told as not
// sent because the next one was not let through.
func TestWhatWasSentStaysOpen(t *testing.T) {
	for _, effect := range []duosim.Effect{duosim.CutBefore, duosim.CutAfter, duosim.HTML502, duosim.ErrorAfter} {
		for _, path := range []string{"creates", "enables", "joins"} {
			for way, options := range ways {
				t.Run(fmt.Sprintf("%s of %s, %s", effect, path, way), func(t *testing.T) {
					gate := &watched{}
					begun := false
					_, server, stage := rehearsal(t, duosim.Options{OnCall: func(c duosim.Call) {
						if begun && c.Method != "GET" {
							gate.set(func(w *watched) { w.closed = true })
						}
					}}, 5)
					wave := gateWaves(t)[path](server)[:30]
					if err := server.AddFault(duosim.Fault{Name: "lost", Method: "POST", Effect: effect}); err != nil {
						t.Fatal(err)
					}
					begun = true
					l := newBatchLedger(t)
					err := duo.NewTarget(clientOf(t, server, stage, 5), options).Apply(t.Context(), wave, l.intend, gate.recheck, l.record)
					if err == nil && len(l.fates) < len(wave) {
						t.Error("the run went on")
					}
					there := map[string]bool{}
					groups := map[string]int{}
					for _, u := range server.Users() {
						there[u.Username] = u.Status == "active"
						groups[u.Username] = len(u.Groups)
					}
					for _, r := range l.fates {
						done := there[r.Op.Username]
						if path == "joins" {
							done = groups[r.Op.Username] > 0
						}
						if done && r.Fate != dirsync.Done && r.Fate != dirsync.Unknown && !slices.ContainsFunc(r.Undone, func(u dirsync.Undone) bool { return u.Fate == dirsync.Unknown }) {
							t.Errorf("%s is done in Duo: fate %d, %v, %v", r.Op.Username, r.Fate, r.Err, r.Undone)
						}
					}
				})
			}
		}
	}
}
