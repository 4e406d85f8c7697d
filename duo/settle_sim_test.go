package duo_test

import (
	"cmp"
	"context"
	"fmt"
	"testing"
	"time"

	"duosync/duo"
	"duosync/duo/duosim"
	dirsync "duosync/sync"
)

// leftOpen are operations of a run that was killed: of each kind some were carried out, some
// were not, and some found a name or a user in another state than was meant.
func leftOpen(t *testing.T, o duosim.Options) (open []dirsync.Intent, server *duosim.Server, settle func([]dirsync.Intent) []dirsync.Result) {
	t.Helper()
	target, server, s := rehearsal(t, o, 5)
	add := func(u duosim.User) string {
		made, err := server.AddUser(u)
		if err != nil {
			t.Fatal(err)
		}
		return made.ID
	}
	for i := range 4 {
		add(duosim.User{Username: fmt.Sprintf("old%d", i)})
		add(duosim.User{Username: fmt.Sprintf("holder%d", i), Aliases: []string{fmt.Sprintf("alias%d", i)}})
	}
	if _, err := target.Find(t.Context(), []string{"old0"}); err != nil { // learns Duo's clock
		t.Fatal(err)
	}
	_ = s.Sleep(context.Background(), 5*time.Second)
	at := target.Now()
	intend := func(op *dirsync.Op, known dirsync.Remembered) {
		open = append(open, dirsync.Intent{Seq: int64(len(open) + 1), Op: op, At: at, Known: known})
	}
	for i := range 130 {
		name := fmt.Sprintf("user%03d", i)
		create := name
		switch {
		case i%10 == 3: // not made
		case i%40 == 5:
			create = fmt.Sprintf("old%d", i/40)
		case i%40 == 6:
			create = fmt.Sprintf("alias%d", i/40)
		default:
			add(duosim.User{Username: name, Email: name + "@x"})
		}
		intend(op(dirsync.Create, create, "username", create, "email", name+"@x"), dirsync.Remembered{})
	}
	for i := range 130 {
		name := fmt.Sprintf("known%03d", i)
		known := dirsync.Remembered{Name: name}
		u := duosim.User{Username: name, Email: "new@x", Status: "disabled"}
		switch {
		case i%10 == 3:
			u.Email, u.Status = "before@x", "active"
		case i%40 == 7: // the id of another user
			known = dirsync.Remembered{Name: "another", Created: time.Unix(1, 0)}
		}
		o := op(dirsync.Update, name, "email", "new@x")
		if i%2 == 0 {
			o = op(dirsync.Disable, name, "status", "disabled")
		}
		if o.User = add(u); i%40 == 8 {
			o.User = fmt.Sprintf("DU%018d", 900+i) // nobody's
		}
		intend(o, known)
	}
	return open, server, func(intents []dirsync.Intent) []dirsync.Result {
		results, err := duo.NewTarget(clientOf(t, server, s, 5), duo.Options{}).Settle(t.Context(), intents)
		if err != nil || len(results) != len(intents) {
			t.Fatalf("%d results, %v", len(results), err)
		}
		return results
	}
}

// TestOpenOperationsAreLookedAtTogether: the same is found out as by a look at each, whatever
// becomes of the calls that look at many, and with few calls where these are answered.
func TestOpenOperationsAreLookedAtTogether(t *testing.T) {
	open, server, settle := leftOpen(t, duosim.Options{})
	alone := make([]dirsync.Result, len(open))
	fates := map[dirsync.Fate]int{}
	for i := range open {
		alone[i] = settle(open[i : i+1])[0]
		fates[alone[i].Fate]++
	}
	if fates[dirsync.Done] < 200 || fates[dirsync.Failed] < 20 || fates[dirsync.Taken] < 4 || fates[dirsync.Vanished] < 3 {
		t.Errorf("fates %v", fates)
	}
	for _, effect := range []duosim.Effect{
		"", duosim.Short, duosim.Twice, duosim.Reversed, duosim.Stranger, duosim.HTML502, duosim.CutBefore, duosim.Error500, duosim.Refuse,
	} {
		t.Run(cmp.Or(string(effect), "answered"), func(t *testing.T) {
			server.ClearFaults()
			for _, param := range []string{"username_list", "user_id_list"} {
				f := duosim.Fault{Name: param, Method: "GET", Path: "/admin/v1/users", Params: map[string]string{param: "*"}, Effect: effect}
				if effect == duosim.Refuse {
					f.Code = 40002
				}
				if effect == "" {
					break
				}
				if err := server.AddFault(f); err != nil {
					t.Fatal(err)
				}
			}
			before := len(server.Calls())
			for i, r := range settle(open) {
				want := alone[i]
				if r.Op != open[i].Op || inWords(r) != inWords(want) || fmt.Sprint(r.Err) != fmt.Sprint(want.Err) {
					t.Errorf("%s of %s: %s, %v; alone %s, %v", r.Op.Action, r.Op.Username, inWords(r), r.Err, inWords(want), want.Err)
				}
			}
			calls := len(server.Calls()) - before
			t.Logf("%d calls for %d operations", calls, len(open))
			if effect == "" && calls > 60 {
				t.Errorf("%d calls for %d operations", calls, len(open))
			}
			if effect != "" && server.FaultHits()["username_list"] == 0 {
				t.Error("the fault never struck")
			}
		})
	}
}
