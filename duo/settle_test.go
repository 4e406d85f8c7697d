package duo_test

import (
	"errors"
	"testing"
	"time"

	"duosync/duo/api"
	"duosync/duo/api/apitest"
	dirsync "duosync/sync"
)

func TestSettle(t *testing.T) {
	at := time.Unix(stageTime, 400_000_000)
	look := func(body string) exchange {
		return exchange{Call: list, Params: map[string]string{"username": "ann"}, Body: body}
	}
	create := op(dirsync.Create, "ann", "username", "ann", "email", "a@example.org", "realname", "")
	found := func(created int64, email string) exchange {
		return look(ok("[" + user("DU7", "Ann", "created", created, "email", email) + "]"))
	}
	tests := map[string]struct {
		op      *dirsync.Op
		script  []exchange
		fate    dirsync.Fate
		account bool
	}{
		"create: nobody":                   {create, []exchange{look(ok("[]"))}, dirsync.Failed, false},
		"create: ours":                     {create, []exchange{found(stageTime, "a@example.org")}, dirsync.Done, true},
		"create: older than the slack":     {create, []exchange{found(stageTime-1, "a@example.org")}, dirsync.Taken, true},
		"create: another address":          {create, []exchange{found(stageTime, "b@example.org")}, dirsync.Taken, true},
		"create: no answer":                {create, times(4, exchange{Call: list, Status: 502}), dirsync.Unknown, false},
		"create: a name that cannot be":    {create, []exchange{refuse(look(""), 40002, "username")}, dirsync.Failed, false},
		"update: held":                     {op(dirsync.Update, "ann", "username", " ANN", "notes", ""), []exchange{active}, dirsync.Done, true},
		"update: not held":                 {op(dirsync.Update, "ann", "email", "x@y"), []exchange{active}, dirsync.Failed, true},
		"update: vanished":                 {op(dirsync.Update, "ann", "email", "x@y"), then([]exchange{gone}, goneFor("ann")), dirsync.Vanished, false},
		"update: vanished, or not":         {op(dirsync.Update, "ann", "email", "x@y"), []exchange{gone, apart(active)}, dirsync.Failed, true},
		"update: no answer":                {op(dirsync.Update, "ann", "email", "x@y"), times(4, exchange{Call: one, Cut: true}), dirsync.Unknown, false},
		"disable: still active":            {op(dirsync.Disable, "ann", "status", "disabled"), []exchange{active}, dirsync.Failed, true},
		"disable: disabled":                {op(dirsync.Disable, "ann", "status", "disabled"), []exchange{disabled}, dirsync.Done, true},
		"adopt: there":                     {op(dirsync.Adopt, "ann"), []exchange{active}, dirsync.Done, true},
		"trash: there":                     {op(dirsync.Trash, "ann"), []exchange{inTrash}, dirsync.Done, true},
		"trash: not there":                 {op(dirsync.Trash, "ann"), []exchange{active}, dirsync.Failed, true},
		"restore: in the Trash":            {op(dirsync.Restore, "ann"), []exchange{inTrash}, dirsync.Failed, true},
		"restore: out of it":               {op(dirsync.Restore, "ann"), []exchange{disabled}, dirsync.Done, true},
		"restore: out, but not enabled":    {op(dirsync.Restore, "ann", "status", "active"), []exchange{disabled}, dirsync.Failed, true},
		"delete: gone":                     {op(dirsync.Delete, "ann"), then([]exchange{gone}, goneFor("ann")), dirsync.Done, false},
		"delete: gone, or not":             {op(dirsync.Delete, "ann"), []exchange{gone, apart(gone), {Call: list, Apart: true, Body: ok("[" + user("DU1", "ann") + "]")}}, dirsync.Unknown, false},
		"delete: gone, the name another's": {op(dirsync.Delete, "ann"), []exchange{gone, apart(gone), {Call: list, Apart: true, Body: ok("[" + user("DU2", "ann") + "]")}}, dirsync.Done, false},
		"delete: still there":              {op(dirsync.Delete, "ann"), []exchange{disabled}, dirsync.Failed, true},
		"delete: hidden by a proxy":        {op(dirsync.Delete, "ann"), times(4, exchange{Call: one, Status: 404, Body: "<html>"}), dirsync.Unknown, false},
		"release":                          {op(dirsync.Release, "ann"), nil, dirsync.Done, false},
		"an intent that cannot be meant":   {&dirsync.Op{Action: dirsync.Delete}, nil, dirsync.Failed, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			results, err := newPlay(t, test.script...).target().Settle(t.Context(), []dirsync.Intent{{Seq: 1, Op: test.op, At: at}})
			if err != nil || len(results) != 1 {
				t.Fatalf("got %+v, %v", results, err)
			}
			r := results[0]
			if r.Op != test.op || r.Fate != test.fate || (r.Account != nil) != test.account {
				t.Errorf("got fate %d, account %v, %v; want fate %d", r.Fate, r.Account, r.Err, test.fate)
			}
			if (r.Err == nil) != (r.Fate == dirsync.Done) {
				t.Errorf("fate %d with error %v", r.Fate, r.Err)
			}
		})
	}
}

func TestSettleStops(t *testing.T) {
	intents := make([]dirsync.Intent, 12)
	for i := range intents {
		intents[i] = dirsync.Intent{Seq: int64(i), Op: op(dirsync.Trash, "ann")}
	}
	results, err := newPlay(t, inTrash, refuse(active, 40301, "")).target().Settle(t.Context(), intents)
	if !errors.Is(err, api.ErrForbidden) || len(results) != 1 {
		t.Errorf("a missing right: %d results, %v", len(results), err)
	}
	results, err = newPlay(t, times(40, exchange{Call: one, Status: 502})...).target().Settle(t.Context(), intents)
	if !errors.Is(err, api.ErrServer) || len(results) != 9 {
		t.Errorf("ten in a row: %d results, %v", len(results), err)
	}
}

func TestNowIsDuosTime(t *testing.T) {
	p := newPlay(t, exchange{Call: one, Body: ok(user("DU1", "ann")), Header: map[string]string{"Date": "Sun, 01 Mar 2026 12:01:30 GMT"}})
	target := p.target()
	if !target.Now().Equal(p.Time.Now()) {
		t.Errorf("before any reply: %s", target.Now())
	}
	if _, _, err := target.Fetch(t.Context(), map[string]dirsync.Remembered{"DU1": {Name: "ann"}}); err != nil {
		t.Fatal(err)
	}
	if ahead := target.Now().Sub(p.Time.Now()); ahead > 90*time.Second || ahead < 89*time.Second {
		t.Errorf("ahead by %s, want 90s", ahead)
	}
}

// TestSettleKnowsWhoIsMeant: where the id is somebody else's, what that user shows says nothing
// about the operation.
func TestSettleKnowsWhoIsMeant(t *testing.T) {
	known := dirsync.Remembered{Name: "ann", Created: apitest.Created}
	stranger := exchange{Call: one, Body: ok(user("DU1", "stranger", "created", stageTime-3600, "email", "new@x"))}
	mine := exchange{Call: one, Body: ok(user("DU1", "ann", "email", "new@x"))}
	for name, test := range map[string]struct {
		script []exchange
		want   string
	}{
		"another user":      {[]exchange{stranger, apart(stranger)}, "failed"},
		"another user once": {[]exchange{stranger, apart(mine)}, "DU1"},
		"renamed by hand":   {[]exchange{{Call: one, Body: ok(user("DU1", "anna", "email", "new@x"))}}, "DU1"},
	} {
		intent := dirsync.Intent{Seq: 1, Op: op(dirsync.Update, "ann", "email", "new@x"), At: time.Unix(stageTime, 0), Known: known}
		results, err := newPlay(t, test.script...).target().Settle(t.Context(), []dirsync.Intent{intent})
		if err != nil || len(results) != 1 || inWords(results[0]) != test.want {
			t.Errorf("%s: %v, %v, want %q", name, results, err, test.want)
		}
	}
}
