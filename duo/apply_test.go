package duo_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"duosync/duo/api"
	"duosync/duo/api/apitest"
	dirsync "duosync/sync"
)

// ledger is what the core does around calls: it writes down what is intended,
// and what became of it.
type ledger struct {
	intended []*dirsync.Op
	results  []dirsync.Result
}

func (l *ledger) intend(ops []*dirsync.Op) ([]*dirsync.Op, error) {
	l.intended = append(l.intended, ops...)
	return ops, nil
}

func (l *ledger) record(results []dirsync.Result) error {
	l.results = append(l.results, results...)
	return nil
}

func op(action dirsync.Action, name string, changes ...string) *dirsync.Op {
	o := &dirsync.Op{Action: action, Username: name, Source: dirsync.SourceID("id-" + name)}
	if action != dirsync.Create {
		o.User = "DU1"
	}
	for i := 0; i+1 < len(changes); i += 2 {
		o.Changes = append(o.Changes, dirsync.Change{Field: changes[i], After: changes[i+1]})
	}
	return o
}

// Duo's clock in these tests, in Unix seconds, as they begin.
var stageTime = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).Unix()

var (
	probe = exchange{Call: list, Params: map[string]string{"limit": "1", "offset": "0"}, Body: page(nil, `{"total_objects":0}`)}

	trash    = exchange{Call: "POST /admin/v1/users/bulk_send_to_trash", Params: map[string]string{"user_id_list": `["DU1"]`}, Body: ok(`""`)}
	restore  = exchange{Call: "POST /admin/v1/users/bulk_restore", Params: map[string]string{"user_id_list": `["DU1"]`}, Body: ok(`""`)}
	gone     = exchange{Call: one, Status: 404, Body: apitest.NotFound}
	inTrash  = exchange{Call: one, Body: ok(user("DU1", "ann", "status", "pending deletion"))}
	active   = exchange{Call: one, Body: ok(user("DU1", "ann"))}
	disabled = exchange{Call: one, Body: ok(user("DU1", "ann", "status", "disabled"))}
)

// refuse is an exchange that Duo answers with a failure; the status are the
// first digits of the code.
func refuse(x exchange, code int, detail string) exchange {
	x.Status, x.Body = code/100, fail(code, "Invalid request parameters", detail)
	return x
}

func times(n int, x exchange) []exchange {
	var script []exchange
	for range n {
		script = append(script, x)
	}
	return script
}

func TestApply(t *testing.T) {
	create := op(dirsync.Create, "ann", "username", "Ann", "email", "a@example.org", "notes", "")
	created := exchange{Call: post, Params: map[string]string{"username": "Ann", "email": "a@example.org"}}
	look := exchange{Call: list, Params: map[string]string{"username": "Ann"}}
	answer := func(x exchange, body string) exchange { x.Body = body; return x }
	lost := func(x exchange) exchange { x.Cut = true; return x }
	newAnn := user("DU7", "ann", "email", "A@example.org ")
	ours := ok("[" + user("DU7", "ann", "email", "a@example.org", "created", stageTime) + "]")
	old := ok("[" + user("DU8", "ann", "email", "a@example.org", "created", stageTime-2) + "]")
	other := ok("[" + user("DU9", "ann", "email", "b@example.org", "created", stageTime) + "]")
	synced := ok("[" + user("DU6", "ann", "email", "a@example.org", "created", stageTime, "last_directory_sync", stageTime) + "]")

	rename := op(dirsync.Update, "ann", "username", "anna", "realname", "Anna")
	renamed := exchange{Call: edit, Params: map[string]string{"username": "anna", "realname": "Anna"}, Body: ok(user("DU1", "anna", "realname", "Anna"))}
	otherwise := exchange{Call: edit, Params: map[string]string{"realname": "Anna"}, Body: ok(user("DU1", "ann", "realname", "Anna"))}
	lookNew := exchange{Call: list, Params: map[string]string{"username": "anna"}}
	long := op(dirsync.Update, "ann", "realname", strings.Repeat("ä", 4096))
	disable := op(dirsync.Disable, "ann", "status", "disabled")
	disabling := exchange{Call: edit, Params: map[string]string{"status": "disabled"}, Body: ok(user("DU1", "ann", "status", "disabled"))}

	back := op(dirsync.Restore, "ann", "status", "active")
	enabling := exchange{Call: edit, Params: map[string]string{"status": "active"}, Body: ok(user("DU1", "ann"))}

	tests := map[string]struct {
		op      *dirsync.Op
		script  []exchange
		fate    dirsync.Fate
		account string // id
		text    string // of the error
	}{
		"create": {create, []exchange{probe, answer(created, ok(newAnn))}, dirsync.Done, "DU7", ""},
		"create, reply lost, made": {
			create, []exchange{probe, lost(created), answer(look, ours)}, dirsync.Done, "DU7", "",
		},
		"create, reply lost, not made": {
			create, []exchange{probe, lost(created), answer(look, ok("[]")), answer(created, ok(newAnn))}, dirsync.Done, "DU7", "",
		},
		"create, reply lost, an older user": {create, []exchange{probe, lost(created), answer(look, old)}, dirsync.Taken, "DU8", "DU8"},
		"create, reply lost, another user":  {create, []exchange{probe, lost(created), answer(look, other)}, dirsync.Taken, "DU9", "DU9"},
		"create, reply lost, a synced user": {create, []exchange{probe, lost(created), answer(look, synced)}, dirsync.Taken, "DU6", "DU6"},
		"create, reply lost, no look-up": {
			create, append([]exchange{probe, lost(created)}, times(4, exchange{Call: list, Status: 502, Body: apitest.Gateway})...), dirsync.Unknown, "", "could not be seen",
		},
		"create, reply lost again and again": {
			create, append([]exchange{probe}, lost(created), answer(look, ok("[]")), lost(created), answer(look, ok("[]")),
				lost(created), answer(look, ok("[]")), lost(created), answer(look, ok("[]"))),
			dirsync.Unknown, "", "no answer",
		},
		"create, FAIL with 200, made":       {create, []exchange{probe, answer(created, fail(50000, "", "")), answer(look, ours)}, dirsync.Done, "DU7", ""},
		"create, HTML, made":                {create, []exchange{probe, answer(created, apitest.Gateway), answer(look, ours)}, dirsync.Done, "DU7", ""},
		"create, OK without the user, made": {create, []exchange{probe, answer(created, ok(`""`)), answer(look, ours)}, dirsync.Done, "DU7", ""},
		"create, 500 of Duo's, again and again": {
			create, append([]exchange{probe}, refuse(created, 50000, ""), answer(look, ok("[]")), refuse(created, 50000, ""), answer(look, ok("[]")),
				refuse(created, 50000, ""), answer(look, ok("[]")), refuse(created, 50000, ""), answer(look, ok("[]"))),
			dirsync.Failed, "", "500/50000",
		},
		"create, a limit":       {create, []exchange{probe, refuse(created, 50001, ""), answer(look, ok("[]"))}, dirsync.Refused, "", "limit"},
		"create, a limit, made": {create, []exchange{probe, refuse(created, 50001, ""), answer(look, ours)}, dirsync.Done, "DU7", ""},
		"create, refused, made": {create, []exchange{probe, refuse(created, 40002, "username"), answer(look, ours)}, dirsync.Done, "DU7", ""},
		"create, a 404, made":   {create, []exchange{probe, refuse(created, 40401, ""), answer(look, ours)}, dirsync.Done, "DU7", ""},
		"create, a 405, old":    {create, []exchange{probe, refuse(created, 40501, ""), answer(look, old)}, dirsync.Taken, "DU8", "DU8"},
		"create, refused, no look-up": {
			create, append([]exchange{probe, refuse(created, 40002, "email")}, times(4, exchange{Call: list, Status: 502, Body: apitest.Gateway})...), dirsync.Unknown, "", "could not be seen",
		},
		"create, refused, and so is the look": {
			create, []exchange{probe, refuse(created, 40002, "username"), refuse(look, 40002, "username")}, dirsync.Refused, "", "Duo refuses username (3 characters long): Invalid",
		},
		"create, refused":        {create, []exchange{probe, refuse(created, 40002, "username")}, dirsync.Refused, "", "Duo refuses username (3 characters long): Invalid"},
		"create, taken":          {create, []exchange{probe, refuse(created, 40003, ""), answer(look, old)}, dirsync.Taken, "DU8", "not the one asked for"},
		"create, taken by ours":  {create, []exchange{probe, lost(created), answer(look, ok("[]")), refuse(created, 40003, ""), answer(look, ours)}, dirsync.Done, "DU7", ""},
		"create, taken, told":    {create, []exchange{probe, refuse(created, 40003, ""), answer(look, ok("["+user("DU8", apitest.SecretKey, "aliases", map[string]string{"alias1": "ann"})+"]"))}, dirsync.Taken, "DU8", `(username "<secret>"`},
		"create, taken by none":  {create, []exchange{probe, refuse(created, 40003, ""), answer(look, ok("[]"))}, dirsync.Failed, "", "no user is found"},
		"create, taken, unseen":  {create, []exchange{probe, refuse(created, 40003, ""), refuse(look, 40001, "")}, dirsync.Unknown, "", "could not be seen"},
		"create, a 4xx":          {create, []exchange{probe, refuse(created, 40500, "")}, dirsync.Failed, "", "405/40500"},
		"create, code missing":   {create, []exchange{probe, {Call: post, Status: 400, Body: `{"stat":"FAIL","message":"no"}`}}, dirsync.Failed, "", "HTTP 400: no"},
		"recreate":               {op(dirsync.Recreate, "Ann", "email", "a@example.org"), []exchange{probe, answer(created, ok(newAnn))}, dirsync.Done, "DU7", ""},
		"create without a clock": {create, times(4, exchange{Call: list, Status: 502}), dirsync.Failed, "", "HTTP 502"},

		"update":                         {rename, []exchange{renamed}, dirsync.Done, "DU1", ""},
		"update, the answer is empty":    {rename, []exchange{answer(renamed, ok(`""`)), apart(exchange{Call: one, Body: renamed.Body})}, dirsync.Done, "DU1", ""},
		"update, vanished":               {rename, then([]exchange{refuse(renamed, 40401, "")}, goneFor("ann", "anna")), dirsync.Vanished, "", "404"},
		"update, refused":                {long, []exchange{refuse(exchange{Call: edit}, 40002, "realname")}, dirsync.Refused, "", "Duo refuses realname (4096 characters long): Invalid"},
		"update, refused, who knows":     {long, []exchange{refuse(exchange{Call: edit}, 40002, "brand")}, dirsync.Refused, "", "(brand)"},
		"update, a limit":                {rename, []exchange{refuse(renamed, 50001, ""), active}, dirsync.Refused, "", "limit"},
		"update, a limit, but held":      {disable, []exchange{refuse(disabling, 50001, ""), disabled}, dirsync.Done, "DU1", ""},
		"update, taken":                  {rename, []exchange{refuse(renamed, 40003, ""), otherwise, answer(lookNew, ok("["+user("DU2", "anna")+"]"))}, dirsync.Done, "DU1", ""},
		"update, taken by itself":        {rename, []exchange{refuse(renamed, 40003, ""), otherwise, answer(lookNew, ok("["+user("DU1", "anna", "realname", "Anna")+"]"))}, dirsync.Done, "DU1", ""},
		"update, lost for good":          {rename, times(4, lost(renamed)), dirsync.Unknown, "", "no answer"},
		"clear":                          {op(dirsync.Update, "ann", "email", ""), []exchange{{Call: edit, Params: map[string]string{"email": ""}, Body: ok(user("DU1", "ann"))}}, dirsync.Done, "DU1", ""},
		"disable":                        {disable, []exchange{disabling}, dirsync.Done, "DU1", ""},
		"disable that does not":          {disable, []exchange{answer(disabling, ok(user("DU1", "ann"))), apart(active)}, dirsync.Failed, "DU1", `still "active"`},
		"enable one in the Trash":        {op(dirsync.Enable, "ann", "status", "active"), []exchange{answer(enabling, inTrash.Body), apart(inTrash)}, dirsync.Failed, "DU1", `still "pending deletion"`},
		"adopt":                          {op(dirsync.Adopt, "ann"), []exchange{active}, dirsync.Done, "DU1", ""},
		"adopt with changes":             {op(dirsync.Adopt, "ann", "status", "disabled"), []exchange{disabling}, dirsync.Done, "DU1", ""},
		"adopt, vanished":                {op(dirsync.Adopt, "ann"), then([]exchange{gone}, goneFor("ann")), dirsync.Vanished, "", "404"},
		"restore":                        {back, []exchange{restore, enabling, active}, dirsync.Done, "DU1", ""},
		"restore without changes":        {op(dirsync.Restore, "ann"), []exchange{restore, active}, dirsync.Done, "DU1", ""},
		"restore, still in the Trash":    {back, []exchange{restore, enabling, inTrash, apart(inTrash)}, dirsync.Failed, "DU1", "still in Duo's Trash"},
		"restore, purged since":          {back, then([]exchange{refuse(restore, 40401, ""), gone}, goneFor("ann")), dirsync.Vanished, "", "404"},
		"restore, out of it already":     {back, []exchange{refuse(restore, 40002, ""), active, enabling, active}, dirsync.Done, "DU1", ""},
		"restore, refused":               {back, []exchange{refuse(restore, 40002, "user_id_list"), inTrash}, dirsync.Failed, "DU1", "not restored"},
		"restore, never seen":            {op(dirsync.Restore, "ann"), append([]exchange{restore}, times(4, lost(active))...), dirsync.Unknown, "", "not seen since"},
		"trash":                          {op(dirsync.Trash, "ann"), []exchange{trash, inTrash}, dirsync.Done, "DU1", ""},
		"trash that does not":            {op(dirsync.Trash, "ann"), []exchange{trash, disabled, apart(disabled)}, dirsync.Refused, "DU1", `still "disabled"`},
		"trash, seen at the second look": {op(dirsync.Trash, "ann"), []exchange{trash, disabled, apart(inTrash)}, dirsync.Done, "DU1", ""},
		"trash, refused":                 {op(dirsync.Trash, "ann"), []exchange{refuse(trash, 40002, "user_id_list"), disabled, apart(disabled)}, dirsync.Refused, "DU1", "not put into Duo's Trash"},
		"trash, not offered":             {op(dirsync.Trash, "ann"), []exchange{refuse(trash, 40501, ""), disabled, apart(disabled)}, dirsync.Refused, "DU1", "not put into Duo's Trash"},
		"trash, vanished":                {op(dirsync.Trash, "ann"), then([]exchange{trash, gone}, goneFor("ann")), dirsync.Vanished, "", "404"},
		"trash, never seen":              {op(dirsync.Trash, "ann"), append([]exchange{trash}, times(4, lost(active))...), dirsync.Unknown, "", "not seen there"},
		"delete":                         {op(dirsync.Delete, "ann"), then([]exchange{{Call: erase, Body: ok(`""`)}}, goneFor("ann")), dirsync.Done, "", ""},
		"delete, gone already":           {op(dirsync.Delete, "ann"), then([]exchange{{Call: erase, Status: 404, Body: apitest.NotFound}}, goneFor("ann")), dirsync.Done, "", ""},
		"delete that does not":           {op(dirsync.Delete, "ann"), []exchange{{Call: erase, Body: ok(`""`)}, apart(disabled)}, dirsync.Failed, "", "was accepted, but"},
		"delete, hidden":                 {op(dirsync.Delete, "ann"), []exchange{{Call: erase, Body: ok(`""`)}, apart(gone), {Call: list, Apart: true, Body: ok("[" + user("DU1", "ann") + "]")}}, dirsync.Unknown, "", "found by name"},
		"delete, not seen":               {op(dirsync.Delete, "ann"), then([]exchange{{Call: erase, Body: ok(`""`)}}, times(4, exchange{Call: one, Status: 502})), dirsync.Unknown, "", "502"},
		"delete, a 404 of a proxy":       {op(dirsync.Delete, "ann"), times(4, exchange{Call: erase, Status: 404, Body: "<html>"}), dirsync.Failed, "", "HTTP 404"},
		"release":                        {op(dirsync.Release, "ann"), nil, dirsync.Done, "", ""},
		"blocked":                        {&dirsync.Op{Action: dirsync.Create, Blocked: "no username"}, nil, dirsync.Failed, "", "no username"},
		"no username":                    {op(dirsync.Create, " "), nil, dirsync.Failed, "", "without a username"},
		"no id":                          {&dirsync.Op{Action: dirsync.Delete, Username: "ann"}, nil, dirsync.Failed, "", "not the id"},
		"a field that is none of ours":   {op(dirsync.Update, "ann", "user_id", "DU2"), nil, dirsync.Failed, "", `"user_id"`},
		"an operation that is none":      {op("explode", "ann"), nil, dirsync.Failed, "", `"explode"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var l ledger
			if err := newPlay(t, test.script...).target().Apply(t.Context(), []*dirsync.Op{test.op}, l.intend, freely, l.record); err != nil {
				t.Fatalf("Apply: %v", err)
			}
			if len(l.results) != 1 || l.results[0].Op != test.op {
				t.Fatalf("results: %+v", l.results)
			}
			r := l.results[0]
			if r.Fate != test.fate {
				t.Errorf("fate %d, want %d (%v)", r.Fate, test.fate, r.Err)
			}
			id := ""
			if r.Account != nil {
				id = r.Account.ID
			}
			if id != test.account {
				t.Errorf("account %q, want %q", id, test.account)
			}
			if (r.Err == nil) != (r.Fate == dirsync.Done) || r.Err != nil && !strings.Contains(r.Err.Error(), test.text) {
				t.Errorf("error %v, want %q", r.Err, test.text)
			}
		})
	}
}

func TestIntentBeforeTheCallOutcomeBeforeTheNext(t *testing.T) {
	var steps []string
	note := func(step string) func() { return func() { steps = append(steps, step) } }
	p := newPlay(t,
		exchange{Call: edit, Before: note("call"), Body: ok(user("DU1", "ann", "email", "e"))},
		exchange{Call: "POST /admin/v1/users/DU2", Before: note("call"), Body: ok(user("DU2", "bob", "email", "e"))},
	)
	second := op(dirsync.Update, "bob", "email", "e")
	second.User = "DU2"
	err := p.target().Apply(t.Context(), []*dirsync.Op{op(dirsync.Update, "ann", "email", "e"), op(dirsync.Release, "cyd"), second},
		func(ops []*dirsync.Op) ([]*dirsync.Op, error) { note("intend")(); return ops, nil },
		func(ops []*dirsync.Op) (map[*dirsync.Op]string, error) { note("recheck")(); return nil, nil },
		func([]dirsync.Result) error { note("record")(); return nil })
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(steps, " "); got != "intend recheck call record record intend recheck call record" {
		t.Errorf("steps: %s", got)
	}
}

func TestAnErrorOfTheJournalStopsAtOnce(t *testing.T) {
	full := errors.New("disk full")
	wave := []*dirsync.Op{op(dirsync.Delete, "ann"), op(dirsync.Delete, "bob")}
	var l ledger
	err := newPlay(t).target().Apply(t.Context(), wave, func([]*dirsync.Op) ([]*dirsync.Op, error) { return nil, full }, freely, l.record)
	if !errors.Is(err, full) || len(l.results) != 0 {
		t.Errorf("intend: %v, %v", err, l.results)
	}
	p := newPlay(t, then([]exchange{{Call: erase, Body: ok(`""`)}}, goneFor("ann"))...)
	err = p.target().Apply(t.Context(), wave, l.intend, freely, func([]dirsync.Result) error { return full })
	if !errors.Is(err, full) || len(l.intended) != 1 {
		t.Errorf("record: %v, %d intended", err, len(l.intended))
	}
}

// TestWhatIsNotIntendedIsNotSent: the journal may leave an operation out at the last
// moment; the others go on.
func TestWhatIsNotIntendedIsNotSent(t *testing.T) {
	var l ledger
	second := op(dirsync.Delete, "bob")
	second.User = "DU2"
	wave := []*dirsync.Op{op(dirsync.Delete, "ann"), second}
	p := newPlay(t, exchange{Call: "DELETE /admin/v1/users/DU2", Body: ok(`""`)},
		exchange{Call: "GET /admin/v1/users/DU2", Status: 404, Body: apitest.NotFound}, exchange{Call: list, Body: ok("[]")})
	err := p.target().Apply(t.Context(), wave, func(ops []*dirsync.Op) ([]*dirsync.Op, error) {
		return slices.DeleteFunc(slices.Clone(ops), func(o *dirsync.Op) bool { return o.User == "DU1" }), nil
	}, freely, l.record)
	if err != nil || len(l.results) != 1 || l.results[0].Op != second {
		t.Errorf("%v, recorded %+v", err, l.results)
	}
}

func TestARefusedKeyStopsTheRun(t *testing.T) {
	for _, kind := range []struct {
		code int
		want api.Kind
	}{{40103, api.ErrUnauthorized}, {40301, api.ErrForbidden}} {
		var l ledger
		p := newPlay(t, refuse(exchange{Call: erase}, kind.code, ""))
		err := p.target().Apply(t.Context(), []*dirsync.Op{op(dirsync.Delete, "ann"), op(dirsync.Delete, "bob")}, l.intend, freely, l.record)
		if !errors.Is(err, kind.want) || dirsync.Hint(err) == "" {
			t.Errorf("got %v", err)
		}
		if len(l.results) != 1 || l.results[0].Fate != dirsync.Failed || len(l.intended) != 1 {
			t.Errorf("recorded %+v", l.results)
		}
	}
}

func TestTenFailuresInARowStopTheRun(t *testing.T) {
	down := times(4, exchange{Call: erase, Status: 502, Body: apitest.Gateway})
	var wave []*dirsync.Op
	var script []exchange
	for range 9 {
		script = append(script, down...)
	}
	script = append(script, then([]exchange{{Call: erase, Body: ok(`""`)}}, goneFor("ann"))...) // resets
	for range 10 {
		script = append(script, down...)
	}
	for range 25 {
		wave = append(wave, op(dirsync.Delete, "ann"))
	}
	var l ledger
	err := newPlay(t, script...).target().Apply(t.Context(), wave, l.intend, freely, l.record)
	if !errors.Is(err, api.ErrServer) || !strings.Contains(err.Error(), "10 writes to Duo failed in a row") || dirsync.Hint(err) == "" {
		t.Errorf("got %v, hint %q", err, dirsync.Hint(err))
	}
	if len(l.results) != 20 || len(l.intended) != 20 {
		t.Errorf("%d intended, %d recorded, want 20", len(l.intended), len(l.results))
	}
}

func TestALongPauseStopsTheRun(t *testing.T) {
	p := newPlay(t, exchange{Call: erase, Status: 429, Header: map[string]string{"Retry-After": "3600"}})
	var l ledger
	err := p.target().Apply(t.Context(), []*dirsync.Op{op(dirsync.Delete, "ann"), op(dirsync.Delete, "bob")}, l.intend, freely, l.record)
	if !errors.Is(err, api.ErrRateLimited) || !strings.Contains(err.Error(), "1h0m0s") || len(l.results) != 1 {
		t.Errorf("got %v, %+v", err, l.results)
	}
}

func TestAnInterruptionFinishesTheCallUnderWay(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	t.Run("answered", func(t *testing.T) {
		p := newPlay(t, exchange{Call: edit, Before: cancel, Body: ok(user("DU1", "ann", "email", "e"))})
		var l ledger
		err := p.target().Apply(ctx, []*dirsync.Op{op(dirsync.Update, "ann", "email", "e"), op(dirsync.Delete, "bob")}, l.intend, freely, l.record)
		if !errors.Is(err, context.Canceled) || len(l.intended) != 1 || len(l.results) != 1 || l.results[0].Fate != dirsync.Done {
			t.Errorf("got %v, %+v", err, l.results)
		}
	})
	t.Run("lost", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		p := newPlay(t, probe, exchange{Call: post, Before: cancel, Cut: true})
		var l ledger
		err := p.target().Apply(ctx, []*dirsync.Op{op(dirsync.Create, "ann", "username", "ann")}, l.intend, freely, l.record)
		if !errors.Is(err, context.Canceled) || len(l.results) != 1 || l.results[0].Fate != dirsync.Unknown {
			t.Errorf("got %v, %+v", err, l.results)
		}
	})
	t.Run("not begun", func(t *testing.T) {
		var l ledger
		err := newPlay(t).target().Apply(ctx, []*dirsync.Op{op(dirsync.Delete, "ann")}, l.intend, freely, l.record)
		if !errors.Is(err, context.Canceled) || len(l.intended) != 0 {
			t.Errorf("got %v, %+v", err, l.intended)
		}
	})
}
