package duo_test

import (
	"context"
	"crypto/x509"
	"fmt"
	"testing"
	"time"

	"duosync/duo"
	"duosync/duo/api"
	"duosync/duo/api/apitest"
	"duosync/duo/duosim"
	dirsync "duosync/sync"
)

// rehearsal is a Target before the simulator. Time passes only where somebody
// waits, and Duo's clock is ahead of ours by 83.6 seconds.
func rehearsal(t *testing.T, o duosim.Options, signature int) (*duo.Target, *duosim.Server, *apitest.Stage) {
	t.Helper()
	s := apitest.NewStage(time.Date(2026, 3, 1, 12, 0, 0, 250_000_000, time.UTC))
	o.Now = func() time.Time { return s.Now().Add(83600 * time.Millisecond) }
	server := duosim.New(o)
	if err := server.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return duo.NewTarget(clientOf(t, server, s, signature), duo.Options{}), server, s
}

// clientOf calls the simulator in a time of its own.
func clientOf(t *testing.T, server *duosim.Server, s *apitest.Stage, signature int) *api.Client {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(server.CAPEM())
	key := server.Key(duosim.KeyAdmin)
	return apitest.Connect(t, api.Options{
		Host: server.Host(), IntegrationKey: key.Integration, SecretKey: key.Secret,
		RootCAs: roots, Signature: signature, Now: s.Now, Sleep: s.Sleep,
	})
}

// storm strikes every kind of call with every kind of fault, each at its own
// beat, so that they also meet.
func storm() duosim.Faults {
	const users = "/admin/v1/users"
	faults := []duosim.Fault{
		{Method: "POST", Every: 31, Effect: duosim.Status429, RetryAfter: 7 * time.Second},
		{Method: "POST", Every: 43, Effect: duosim.Status429, Reply: "html"},
		{Method: "POST", Path: users, Every: 7, Effect: duosim.CutAfter},
		{Method: "POST", Path: users, Every: 11, Effect: duosim.CutBefore},
		{Method: "POST", Path: users, Every: 13, Effect: duosim.ErrorAfter},
		{Method: "POST", Path: users, Every: 17, Effect: duosim.HTML502},
		{Method: "POST", Path: users, Every: 19, Effect: duosim.Fail200},
		{Method: "POST", Path: users, Every: 23, Effect: duosim.Error500},
		{Method: "POST", Path: users + "/**", Every: 5, Effect: duosim.CutAfter},
		{Method: "POST", Path: users + "/**", Every: 7, Effect: duosim.ErrorAfter},
		{Method: "POST", Path: users + "/**", Every: 9, Effect: duosim.Fail200},
		{Method: "DELETE", Every: 3, Effect: duosim.CutAfter},
		{Method: "DELETE", Every: 4, Effect: duosim.HTML502},
		{Method: "GET", Every: 9, Effect: duosim.HTML502},
		{Method: "GET", Every: 14, Effect: duosim.CutBefore},
		{Method: "GET", Every: 25, Effect: duosim.Status429, RetryAfter: 3 * time.Second, Reply: "empty"},
	}
	for i := range faults {
		faults[i].Name = fmt.Sprintf("%d %s %s", i, faults[i].Method, faults[i].Effect)
	}
	return duosim.Faults{Seed: 1, Rules: faults}
}

func applied(t *testing.T, target *duo.Target, wave []*dirsync.Op) []dirsync.Result {
	t.Helper()
	var l ledger
	if err := target.Apply(t.Context(), wave, l.intend, freely, l.record); err != nil {
		t.Fatalf("Apply: %v", err)
	}
	if len(l.results) != len(wave) {
		t.Fatalf("%d results of %d operations", len(l.results), len(wave))
	}
	for i, r := range l.results {
		if r.Op != wave[i] || r.Fate != dirsync.Done {
			t.Fatalf("%s %s: fate %d, %v", r.Op.Action, r.Op.Username, r.Fate, r.Err)
		}
	}
	return l.results
}

func TestAStormLeavesEveryoneThereExactlyOnce(t *testing.T) {
	for _, signature := range []int{5, 2} {
		t.Run(fmt.Sprintf("signature %d", signature), func(t *testing.T) {
			const people = 300
			faults := storm()
			target, server, _ := rehearsal(t, duosim.Options{Faults: faults, Rules: duosim.Rules{Shuffle: true, Seed: 3}}, signature)

			var names []string
			var wave []*dirsync.Op
			for i := range people {
				name := fmt.Sprintf("User %03d", i)
				names = append(names, name)
				wave = append(wave, op(dirsync.Create, name, "username", name, "realname", "Zoë & Co", "email", fmt.Sprintf("u%d@example.org", i), "status", "active"))
			}
			ids := make(map[string]string)
			for _, r := range applied(t, target, wave) {
				ids[r.Op.Username] = r.Account.ID
			}
			found, err := target.Find(t.Context(), names)
			if err != nil || len(found) != people {
				t.Errorf("Find: %d users, %v", len(found), err)
			}
			all := 0
			complete, err := target.Inventory(t.Context(), func(dirsync.Account) error { all++; return nil })
			if err != nil || !complete || all != people {
				t.Errorf("Inventory: %d users, complete %v, %v", all, complete, err)
			}
			if users := server.Users(); len(users) != people {
				t.Errorf("%d users, want %d", len(users), people)
			}
			for name, id := range ids {
				if u, there := server.User(name); !there || u.ID != id || u.Realname != "Zoë & Co" || u.Status != "active" {
					t.Errorf("%s: %+v, recorded as %s", name, u, id)
				}
			}

			// Each third goes another way: disabled; trashed and back; deleted.
			var first, second []*dirsync.Op
			for i, name := range names[:90] {
				step := func(action dirsync.Action, changes ...string) *dirsync.Op {
					o := op(action, name, changes...)
					o.User = ids[name]
					return o
				}
				switch i % 3 {
				case 0:
					first = append(first, step(dirsync.Disable, "status", "disabled"))
				case 1:
					first = append(first, step(dirsync.Trash))
					second = append(second, step(dirsync.Restore, "status", "active", "realname", ""))
				case 2:
					first = append(first, step(dirsync.Delete))
				}
			}
			applied(t, target, first)
			applied(t, target, second)
			for i, name := range names[:90] {
				u, there := server.User(name)
				switch i % 3 {
				case 0:
					if !there || u.Status != "disabled" {
						t.Errorf("%s is not disabled: %+v", name, u)
					}
				case 1:
					if !there || u.Status != "active" || u.Realname != "" || u.ID != ids[name] {
						t.Errorf("%s is not back: %+v", name, u)
					}
				case 2:
					if there {
						t.Errorf("%s is still there: %+v", name, u)
					}
				}
			}

			if v := server.Violations(); len(v) != 0 {
				t.Errorf("%d calls before their Retry-After was over, the first: %+v", len(v), v[0])
			}
			for name, hits := range server.FaultHits() {
				if hits == 0 {
					t.Errorf("the fault %q never struck", name)
				}
			}
			if calls, told := len(server.Calls()), target.Usage().Calls; calls != told {
				t.Errorf("Duo saw %d calls, we count %d", calls, told)
			}
		})
	}
}

func TestAutomaticRateLivesWithALimit(t *testing.T) {
	for _, told := range []bool{true, false} {
		target, server, s := rehearsal(t, duosim.Options{
			RateLimits: []duosim.RateLimit{{Calls: 50, Window: time.Minute, RetryAfter: told}},
		}, 5)
		var wave []*dirsync.Op
		for i := range 150 {
			name := fmt.Sprintf("user%d", i)
			wave = append(wave, op(dirsync.Create, name, "username", name))
		}
		start := s.Now()
		applied(t, target, wave)
		if n := len(server.Users()); n != len(wave) {
			t.Errorf("%d users", n)
		}
		if v := server.Violations(); len(v) != 0 {
			t.Errorf("Retry-After not kept: %+v", v[0])
		}
		if took := s.Now().Sub(start); took < 2*time.Minute || took > 10*time.Minute {
			t.Errorf("150 calls at 50 a minute took %s", took)
		}
	}
}

// TestACrashIsSettled breaks a run off after its intent: before the call, after
// it, and with somebody else coming in between.
func TestACrashIsSettled(t *testing.T) {
	target, server, s := rehearsal(t, duosim.Options{}, 5)
	create := func(name string) *dirsync.Op {
		return op(dirsync.Create, name, "username", name, "email", name+"@example.org")
	}
	if _, err := server.AddUser(duosim.User{Username: "Old", Email: "old@example.org"}); err != nil {
		t.Fatal(err)
	}
	_ = s.Sleep(context.Background(), 5*time.Second)
	if _, err := target.Find(t.Context(), []string{"old"}); err != nil { // learns Duo's clock
		t.Fatal(err)
	}
	intents := []dirsync.Intent{
		{Seq: 1, Op: create("made"), At: target.Now()},
		{Seq: 2, Op: create("notmade"), At: target.Now()},
		{Seq: 3, Op: create("other"), At: target.Now()},
		{Seq: 4, Op: create("old"), At: target.Now()},
	}
	applied(t, target, []*dirsync.Op{intents[0].Op})
	if _, err := server.AddUser(duosim.User{Username: "other", Email: "else@example.org"}); err != nil {
		t.Fatal(err)
	}
	results, err := target.Settle(t.Context(), intents)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []dirsync.Fate{dirsync.Done, dirsync.Failed, dirsync.Taken, dirsync.Taken} {
		if results[i].Fate != want {
			t.Errorf("%s: fate %d, want %d (%v)", intents[i].Op.Username, results[i].Fate, want, results[i].Err)
		}
	}
}

// mixUp strikes each kind of call with answers to others, each at its own beat.
func mixUp() duosim.Faults {
	const users = "/admin/v1/users"
	faults := []duosim.Fault{
		{Method: "POST", Path: users, Every: 3, Effect: duosim.Swap},
		{Method: "POST", Path: users, Every: 7, Effect: duosim.Stale},
		{Method: "POST", Path: users + "/DU*", Every: 3, Effect: duosim.Swap},
		{Method: "POST", Path: users + "/DU*", Every: 5, Effect: duosim.Stale},
		{Method: "POST", Path: users + "/DU*", Every: 7, Effect: duosim.WrongID},
		{Method: "GET", Path: users + "/*", Every: 5, Effect: duosim.Swap},
		{Method: "GET", Path: users + "/*", Every: 9, Effect: duosim.Stale},
		{Method: "GET", Path: users + "/*", Every: 8, Effect: duosim.Refuse, Code: 40401},
		{Method: "DELETE", Path: users + "/*", Every: 4, Effect: duosim.Stale},
	}
	for i := range faults {
		faults[i].Name = fmt.Sprintf("%d %s %s", i, faults[i].Method, faults[i].Effect)
	}
	return duosim.Faults{Seed: 1, Rules: faults}
}

// TestMixedUpAnswersBindNobodyToAnother has each third answer or so be one to another
// call. What is said to be done is done, to the right user; nobody vanishes who is
// there, and what is not certain is told as such and comes right later.
func TestMixedUpAnswersBindNobodyToAnother(t *testing.T) {
	const people = 120
	target, server, _ := rehearsal(t, duosim.Options{Faults: mixUp()}, 5)
	ids := make(map[string]string)
	perform := func(wave []*dirsync.Op) {
		t.Helper()
		for range 20 {
			var l ledger
			if err := target.Apply(t.Context(), wave, l.intend, freely, l.record); err != nil {
				t.Fatal(err)
			}
			var again []*dirsync.Op
			for _, r := range l.results {
				u, there := server.User(r.Op.Username)
				switch r.Fate {
				case dirsync.Done:
					if r.Op.Action == dirsync.Delete {
						if there {
							t.Errorf("%s is said to be deleted", r.Op.Username)
						}
						continue
					}
					if !there || r.Account.ID != u.ID || r.Account.Email != u.Email {
						t.Errorf("%s of %s: told %+v, there is %+v", r.Op.Action, r.Op.Username, r.Account, u)
					}
					ids[r.Op.Username] = u.ID
				case dirsync.Vanished, dirsync.Taken, dirsync.Refused:
					t.Errorf("%s of %s: fate %d, %v", r.Op.Action, r.Op.Username, r.Fate, r.Err)
				default:
					again = append(again, r.Op)
				}
			}
			if wave = again; len(wave) == 0 {
				return
			}
		}
		t.Errorf("%d operations never came right, the first: %+v", len(wave), wave[0])
	}
	var create, change, remove []*dirsync.Op
	for i := range people {
		name := fmt.Sprintf("user%03d", i)
		create = append(create, op(dirsync.Create, name, "username", name, "email", name+"@old.example"))
	}
	perform(create)
	for i, o := range create {
		step := op(dirsync.Update, o.Username)
		step.Changes = []dirsync.Change{{Field: dirsync.FieldEmail, Before: o.Username + "@old.example", After: o.Username + "@example.org"}}
		if i%2 == 0 {
			step = op(dirsync.Delete, o.Username)
			remove = append(remove, step)
		} else {
			change = append(change, step)
		}
		step.User = ids[o.Username]
	}
	perform(change)
	for _, o := range change {
		if u, _ := server.User(o.Username); u.Email != o.Username+"@example.org" {
			t.Errorf("%s has the address %s", o.Username, u.Email)
		}
	}
	perform(remove)
	names := make(map[string]dirsync.Remembered)
	for name, id := range ids {
		names[id] = dirsync.Remembered{Name: name}
	}
	found, doubtful, err := target.Fetch(t.Context(), names)
	if err != nil {
		t.Fatal(err)
	}
	for id, known := range names {
		name := known.Name
		_, there := server.User(name)
		if _, ok := found[id]; ok != there && doubtful[id] == nil {
			t.Errorf("%s: found %v, there %v", name, ok, there)
		}
	}
	for name, hits := range server.FaultHits() {
		if hits == 0 {
			t.Errorf("the fault %q never struck", name)
		}
	}
}
