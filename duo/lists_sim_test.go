package duo_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"duosync/duo"
	"duosync/duo/duosim"
	dirsync "duosync/sync"
)

// listStorm strikes the calls for phones and groups, each kind at its own beat.
func listStorm() duosim.Faults {
	const users = "/admin/v1/users"
	faults := []duosim.Fault{
		{Method: "POST", Path: users, Every: 5, Effect: duosim.CutAfter},
		{Method: "POST", Path: users + "/*", Every: 4, Effect: duosim.ErrorAfter},
		{Method: "POST", Path: "/admin/v1/phones", Every: 3, Effect: duosim.CutAfter},
		{Method: "POST", Path: "/admin/v1/phones", Every: 5, Effect: duosim.ErrorAfter},
		{Method: "POST", Path: "/admin/v1/phones", Every: 7, Effect: duosim.CutBefore},
		{Method: "POST", Path: "/admin/v1/groups", Every: 2, Effect: duosim.CutAfter},
		{Method: "POST", Path: "/admin/v1/groups", Every: 3, Effect: duosim.Fail200},
		{Method: "POST", Path: users + "/*/*", Every: 4, Effect: duosim.CutAfter},
		{Method: "POST", Path: users + "/*/*", Every: 7, Effect: duosim.HTML502},
		{Method: "DELETE", Every: 4, Effect: duosim.CutAfter},
		{Method: "DELETE", Every: 5, Effect: duosim.Error500},
		{Method: "GET", Every: 9, Effect: duosim.HTML502},
		{Method: "GET", Every: 14, Effect: duosim.CutBefore},
	}
	for i := range faults {
		faults[i].Name = fmt.Sprintf("%d %s %s", i, faults[i].Method, faults[i].Effect)
	}
	return duosim.Faults{Seed: 1, Rules: faults}
}

// wholly checks that everything of some results is done.
func wholly(t *testing.T, results []dirsync.Result) {
	t.Helper()
	for _, r := range results {
		if len(r.Undone) > 0 {
			t.Fatalf("%s %s: %s: %s", r.Op.Action, r.Op.Username, inWords(r), reasons(r))
		}
	}
}

func TestAStormLeavesPhonesAndGroupsThereExactlyOnce(t *testing.T) {
	for _, signature := range []int{5, 2} {
		t.Run(fmt.Sprintf("signature %d", signature), func(t *testing.T) {
			const people = 40
			target, server, _ := rehearsal(t, duosim.Options{Faults: listStorm(), Rules: duosim.Rules{Shuffle: true, Seed: 3}}, signature)
			var made []*dirsync.Op
			for g := range 6 {
				name := fmt.Sprintf("Group %d", g)
				made = append(made, groupOp(dirsync.GroupCreate, name, "name", name))
			}
			wholly(t, applied(t, target, made))

			number := func(i int) string { return fmt.Sprintf("+155501%05d", i) }
			var created []*dirsync.Op
			for i := range people {
				name := fmt.Sprintf("user%d", i)
				o := withPhones(op(dirsync.Create, name, "username", name, "realname", "Zoë"), dirsync.PhoneStep{Do: dirsync.PhoneMake, Number: number(i), Type: "mobile"})
				o.Changes = append(o.Changes, dirsync.Change{Field: dirsync.FieldAliases, After: dirsync.ListOf([]string{name + "@example.org", "ex\\" + name})})
				o.Joins = []dirsync.Membership{{Name: fmt.Sprintf("group %d", i%6)}, {Name: fmt.Sprintf("group %d", (i+1)%6)}}
				created = append(created, o)
			}
			results := applied(t, target, created)
			wholly(t, results)
			for i, r := range results {
				if len(r.Made) != 1 || r.Made[0].Number != number(i) || len(r.Account.Phones) != 1 || r.Account.Phones[0].ID != r.Made[0].ID {
					t.Fatalf("%s: made %+v, has %+v", r.Op.Username, r.Made, r.Account.Phones)
				}
				if len(r.Account.Groups) != 2 || len(r.Account.Aliases) != 2 {
					t.Fatalf("%s: %+v", r.Op.Username, r.Account)
				}
			}
			snapshot := server.Snapshot()
			if len(snapshot.Users) != people || len(snapshot.Phones) != people || len(snapshot.Groups) != 6 {
				t.Fatalf("%d users, %d phones, %d groups", len(snapshot.Users), len(snapshot.Phones), len(snapshot.Groups))
			}

			// Everybody gets another phone, another alias and leaves a group.
			var updates []*dirsync.Op
			for i, r := range results {
				old := r.Made[0]
				o := withPhones(op(dirsync.Update, r.Op.Username, "email", fmt.Sprintf("u%d@example.org", i)),
					dirsync.PhoneStep{Do: dirsync.PhoneMake, Number: number(people + i), Extension: "7", Type: "landline"},
					dirsync.PhoneStep{Do: dirsync.PhoneRemove, ID: old.ID, Number: old.Number})
				o.User, o.Leaves = r.Account.ID, r.Account.Groups[:1]
				o.Changes = append(o.Changes, dirsync.Change{
					Field: dirsync.FieldAliases, Before: r.Account.Field(dirsync.FieldAliases), After: "ex\\" + r.Op.Username,
				})
				updates = append(updates, o)
			}
			later := applied(t, target, updates)
			wholly(t, later)
			for i, r := range later {
				if diff := cmp.Diff([]string{results[i].Made[0].ID}, r.Removed); diff != "" {
					t.Fatal(diff)
				}
				if a := r.Account; a.Field(dirsync.FieldPhones) != number(people+i)+";ext=7" || len(a.Groups) != 1 || a.Field(dirsync.FieldAliases) != "ex\\"+r.Op.Username {
					t.Fatalf("%+v", a)
				}
			}
			if phones := server.Snapshot().Phones; len(phones) != people {
				t.Errorf("%d phones", len(phones))
			}

			// The end of all.
			var last []*dirsync.Op
			for i, r := range later {
				gone := op(dirsync.Delete, r.Op.Username)
				gone.User = r.Account.ID
				last = append(last, gone, &dirsync.Op{
					Action: dirsync.PhoneDelete, Username: r.Op.Username, User: r.Account.ID,
					Phones: []dirsync.PhoneStep{{Do: dirsync.PhoneRemove, ID: later[i].Made[0].ID, Number: number(people + i), Extension: "7"}},
				})
			}
			for _, g := range snapshot.Groups {
				last = append(last, &dirsync.Op{Action: dirsync.GroupDelete, Username: g.Name, User: g.ID})
			}
			wholly(t, applied(t, target, last))
			if left := server.Snapshot(); len(left.Users)+len(left.Phones)+len(left.Groups) != 0 {
				t.Errorf("left: %d users, %d phones, %d groups", len(left.Users), len(left.Phones), len(left.Groups))
			}
			for name, hits := range server.FaultHits() {
				if hits == 0 {
					t.Errorf("the fault %q never struck", name)
				}
			}
		})
	}
}

// TestAKillBetweenAnyTwoStepsIsSettled breaks an operation off after each of its
// calls, before anything is recorded. What Settle then says, and what is planned
// of it, must leave everything there once, and all of it known.
func TestAKillBetweenAnyTwoStepsIsSettled(t *testing.T) {
	const number = "+15550100"
	for kill := 1; ; kill++ {
		ctx, cancel := context.WithCancel(t.Context())
		calls := 0
		target, server, s := rehearsal(t, duosim.Options{OnCall: func(duosim.Call) {
			if calls++; calls == kill {
				cancel()
			}
		}}, 5)
		old, err := server.AddPhone(duosim.Phone{Number: "+15550999", Type: "mobile", Platform: "generic smartphone"})
		if err != nil {
			t.Fatal(err)
		}
		left, err := server.AddGroup(duosim.Group{Name: "Old"})
		if err != nil {
			t.Fatal(err)
		}
		u, err := server.AddUser(duosim.User{Username: "ann", Aliases: []string{"a"}, Phones: []string{old.ID}, Groups: []string{left.ID}})
		if err != nil {
			t.Fatal(err)
		}
		plan := func(o *dirsync.Op) *dirsync.Op { o.User = u.ID; return o }
		change := plan(aliases("a", "b", "email", "a@example.org"))
		change.Phones = []dirsync.PhoneStep{
			{Do: dirsync.PhoneMake, Number: number, Type: "mobile"}, {Do: dirsync.PhoneRemove, ID: old.ID, Number: old.Number},
		}
		change.Joins, change.Leaves = []dirsync.Membership{{Name: "Staff"}}, []dirsync.Membership{{ID: left.ID, Name: left.Name}}
		wave := []*dirsync.Op{groupOp(dirsync.GroupCreate, "Staff", "name", "Staff"), change}

		var intents []dirsync.Intent
		recorded := 0
		killed := fmt.Errorf("killed")
		err = target.Apply(ctx, wave, func(ops []*dirsync.Op) ([]*dirsync.Op, error) {
			intents = append(intents, dirsync.Intent{Seq: int64(len(intents)), Op: ops[0], At: target.Now()})
			return ops, nil
		}, freely, func([]dirsync.Result) error {
			if ctx.Err() != nil {
				return killed
			}
			recorded++
			return nil
		})
		cancel()
		if err == nil {
			if kill < 8 {
				t.Fatalf("only %d calls", calls)
			}
			return
		}

		next := duo.NewTarget(clientOf(t, server, s, 5), duo.Options{})
		results, err := next.Settle(t.Context(), intents[recorded:])
		if err != nil {
			t.Fatal(err)
		}
		var again []*dirsync.Op
		made := 0
		for i, r := range results {
			o := *intents[recorded+i].Op
			switch {
			case r.Fate == dirsync.Done && o.OnGroup():
				continue
			case r.Fate == dirsync.Done: // what a plan makes of what is undone
				o.Changes = slices.DeleteFunc(slices.Clone(o.Changes), func(c dirsync.Change) bool { return !isUndone(r, c.Field) })
				if !isUndone(r, dirsync.FieldGroups) {
					o.Joins, o.Leaves = nil, nil
				}
				if !isUndone(r, dirsync.FieldPhones) {
					o.Phones = nil
				}
				for _, own := range r.Made {
					made++
					if own.Number == number && len(o.Phones) > 0 {
						o.Phones = append([]dirsync.PhoneStep{{Do: dirsync.PhoneAttach, ID: own.ID, Number: number}}, o.Phones[1:]...)
					}
				}
			case r.Fate != dirsync.Failed:
				t.Fatalf("kill %d: %s: %s", kill, inWords(r), reasons(r))
			}
			again = append(again, &o)
		}
		if len(intents) == 1 {
			again = append(again, change)
		}
		rest := applied(t, next, again)
		wholly(t, rest)
		for _, r := range rest {
			made += len(r.Made)
		}

		held := server.Snapshot()
		var got []string
		for _, p := range held.Phones {
			got = append(got, p.Number+" "+strings.Join(p.Users, " "))
		}
		for _, g := range held.Groups {
			got = append(got, g.Name)
		}
		ann, _ := server.User("ann")
		got = append(got, ann.Email, fmt.Sprint(ann.Aliases), fmt.Sprint(len(ann.Groups)), fmt.Sprint(made))
		want := []string{number + " " + u.ID, "Old", "Staff", "a@example.org", "[b]", "1", "1"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("kill after call %d: %s", kill, diff)
		}
		if kill > 40 {
			t.Fatal("no end")
		}
	}
}

func isUndone(r dirsync.Result, field string) bool {
	return slices.ContainsFunc(r.Undone, func(u dirsync.Undone) bool { return u.Field == field })
}

// TestWhatIsOthersStays puts what is not ours in the way of every step.
func TestWhatIsOthersStays(t *testing.T) {
	target, server, _ := rehearsal(t, duosim.Options{}, 5)
	add := func(name string, aliases ...string) duosim.User {
		u, err := server.AddUser(duosim.User{Username: name, Aliases: aliases})
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	ann, bob := add("ann", "others"), add("bob", "bobby")
	shared, err := server.AddPhone(duosim.Phone{Number: "+15550101", Type: "mobile", Users: []string{ann.ID, bob.ID}})
	if err != nil {
		t.Fatal(err)
	}
	live, err := server.AddPhone(duosim.Phone{Number: "+15550102", Type: "mobile", Activated: true, Users: []string{ann.ID}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := server.AddPhone(duosim.Phone{Number: "+15550103", Type: "mobile", Users: []string{bob.ID}}); err != nil {
		t.Fatal(err)
	}
	synced, err := server.AddGroup(duosim.Group{Name: "Staff", SyncedFrom: "Acme"})
	if err != nil {
		t.Fatal(err)
	}
	change := withPhones(update(),
		dirsync.PhoneStep{Do: dirsync.PhoneRemove, ID: shared.ID, Number: shared.Number},
		dirsync.PhoneStep{Do: dirsync.PhoneRemove, ID: live.ID, Number: live.Number},
		dirsync.PhoneStep{Do: dirsync.PhoneMake, Number: "+15550103", Type: "mobile"})
	change.User = ann.ID
	change.Joins = []dirsync.Membership{{ID: synced.ID, Name: "Staff"}}
	r := applied(t, target, []*dirsync.Op{change})[0]
	if got := inWords(r); got != ann.ID+", phones taken, groups refused, let go "+live.ID+": it has been activated" {
		t.Errorf("got %q: %s", got, reasons(r))
	}
	if got := r.Account.Field(dirsync.FieldPhones); got != "+15550102" {
		t.Errorf("phones: %q", got)
	}

	taken := aliases("", "Bobby")
	taken.User = ann.ID
	var l ledger
	if err := target.Apply(t.Context(), []*dirsync.Op{taken}, l.intend, freely, l.record); err != nil || inWords(l.results[0]) != "taken, "+bob.ID {
		t.Errorf("a taken alias: %v, %+v", err, l.results)
	}
	more := aliases("", "new")
	more.User = ann.ID
	applied(t, target, []*dirsync.Op{more})
	if u, _ := server.User("ann"); !slices.Equal(u.Aliases, []string{"others", "new"}) {
		t.Errorf("aliases: %q", u.Aliases)
	}
	groups, err := target.Groups(t.Context())
	if err != nil || len(groups) != 1 || !groups[0].Synced {
		t.Errorf("groups: %+v, %v", groups, err)
	}
	found, err := target.Phones(t.Context(), []string{"+15550101", "+15550101;ext=1"})
	if err != nil || len(found) != 1 || !slices.Equal(found["+15550101"].Users, []string{bob.ID}) {
		t.Errorf("phones: %+v, %v", found, err)
	}
}

// TestNamesSwapWithinAUser lets a username and an alias of one user change places,
// which Duo takes in steps only.
func TestNamesSwapWithinAUser(t *testing.T) {
	for _, free := range []bool{false, true} {
		target, server, _ := rehearsal(t, duosim.Options{Rules: duosim.Rules{OwnNamesMove: free}}, 5)
		u, err := server.AddUser(duosim.User{Username: "ann", Aliases: []string{"x", "anna"}})
		if err != nil {
			t.Fatal(err)
		}
		swap := aliases("anna x", "ann x", "username", "anna")
		swap.User = u.ID
		wholly(t, applied(t, target, []*dirsync.Op{swap}))
		if got, _ := server.User("ann"); got.Username != "anna" || !slices.Equal(got.Aliases, []string{"x", "ann"}) {
			t.Errorf("got %+v", got)
		}
	}
}

func TestOneMailIsSentAtMost(t *testing.T) {
	for _, effect := range []duosim.Effect{duosim.CutAfter, duosim.CutBefore, duosim.ErrorAfter, duosim.HTML502, duosim.Fail200} {
		target, server, _ := rehearsal(t, duosim.Options{Faults: duosim.Faults{Rules: []duosim.Fault{
			{Name: "mail", Path: "/admin/v1/users/enroll", Effect: effect},
		}}}, 5)
		u, err := server.AddUser(duosim.User{Username: "ann", Email: "a@example.org"})
		if err != nil {
			t.Fatal(err)
		}
		mail := op(dirsync.EnrollMail, "ann")
		mail.User = u.ID
		var l ledger
		if err := target.Apply(t.Context(), []*dirsync.Op{mail}, l.intend, freely, l.record); err != nil || l.results[0].Fate != dirsync.Unknown {
			t.Errorf("%s: %v, %+v", effect, err, l.results)
		}
		results, err := target.Settle(t.Context(), []dirsync.Intent{{Seq: 1, Op: mail, At: target.Now().Add(-time.Second)}})
		if err != nil || results[0].Fate != dirsync.Done {
			t.Errorf("%s: settled as %+v, %v", effect, results, err)
		}
		sent := 0
		for _, call := range server.Calls() {
			if strings.HasSuffix(call.Path, "/enroll") {
				sent++
			}
		}
		if sent != 1 {
			t.Errorf("%s: sent %d times", effect, sent)
		}
	}
	target, server, _ := rehearsal(t, duosim.Options{}, 5)
	u, err := server.AddUser(duosim.User{Username: "ann", Email: "a@example.org"})
	if err != nil {
		t.Fatal(err)
	}
	mail := op(dirsync.EnrollMail, "ann")
	mail.User = u.ID
	applied(t, target, []*dirsync.Op{mail})
	if mails := server.Snapshot().Mails; len(mails) != 1 || mails[0].To != "a@example.org" {
		t.Errorf("mails: %+v", mails)
	}
}
