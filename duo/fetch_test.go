package duo_test

import (
	"strings"
	"testing"

	"duosync/duo/api/apitest"
	dirsync "duosync/sync"
)

// TestFetchTellsWhoIsWho: a user is known by the name, and by when Duo created it. Under
// another id it is ours all the same, and whoever else has the id is not.
func TestFetchTellsWhoIsWho(t *testing.T) {
	known := map[string]dirsync.Remembered{"DU1": {Name: "Ann", Created: apitest.Created, Email: "ann@x"}}
	see := func(name string, created int64) exchange {
		return exchange{Call: one, Body: ok(user("DU1", name, "created", created))}
	}
	byName := func(users ...string) exchange {
		return apart(exchange{Call: list, Params: map[string]string{"username": "ann"}, Body: ok("[" + strings.Join(users, ",") + "]")})
	}
	other, mine := see("stranger", stageTime-3600), see("ann", stageTime)
	for name, test := range map[string]struct {
		script []exchange
		found  string // the id
		doubt  string
	}{
		"as remembered":   {[]exchange{mine}, "DU1", ""},
		"renamed by hand": {[]exchange{see("anna", stageTime), byName()}, "DU1", ""},
		"renamed by hand, the name another's now":  {[]exchange{see("anna", stageTime), byName(user("DU7", "ann", "created", stageTime+1))}, "DU1", ""},
		"two of ours that change names":            {[]exchange{see("bob", stageTime), byName(user("DU5", "ann"))}, "DU1", ""},
		"another user of the same second":          {[]exchange{see("stranger", stageTime), byName(user("DU7", "ann", "email", "ann@x"))}, "DU7", ""},
		"renamed, and a namesake of that second":   {[]exchange{{Call: one, Body: ok(user("DU1", "anna", "email", "ann@x"))}, byName(user("DU7", "ann"))}, "DU1", ""},
		"either of that second could be":           {[]exchange{see("anna", stageTime), byName(user("DU7", "ann"))}, "DU1", ""},
		"of that name, whenever created":           {[]exchange{see("ann", stageTime-3600)}, "DU1", ""},
		"another user once":                        {[]exchange{other, apart(mine)}, "DU1", ""},
		"gone once":                                {[]exchange{gone, apart(mine)}, "DU1", ""},
		"gone, the name nobody's":                  {[]exchange{gone, apart(gone), byName()}, "", ""},
		"gone, the name another's":                 {[]exchange{gone, apart(gone), byName(user("DU7", "ann", "created", stageTime+1))}, "", ""},
		"gone, the name an alias of another's":     {[]exchange{gone, apart(gone), byName(user("DU7", "x", "alias1", "ann"))}, "", ""},
		"gone, and there under another id":         {[]exchange{gone, apart(gone), byName(user("DU7", "ann"))}, "DU7", ""},
		"gone, and there under one of ours":        {[]exchange{gone, apart(gone), byName(user("DU5", "ann"))}, "", ""},
		"gone, and seen by name":                   {[]exchange{gone, apart(gone), byName(user("DU1", "ann"))}, "DU1", "found by name"},
		"gone, and another user seen by name":      {[]exchange{gone, apart(gone), byName(user("DU1", "x", "created", stageTime-3600, "alias1", "ann"))}, "", "found by name"},
		"another user, and there under another id": {[]exchange{other, apart(other), byName(user("DU7", "ann"))}, "DU7", ""},
		"another user, and nobody of the name":     {[]exchange{other, apart(other), byName()}, "", `the id DU1 is that of the Duo user "stranger"`},
		"another user, and another of the name":    {[]exchange{other, apart(other), byName(user("DU7", "ann", "created", stageTime+1))}, "", "nothing is written to the other"},
		"another user, then gone":                  {[]exchange{other, apart(gone), byName()}, "", "who was there before"},
	} {
		t.Run(name, func(t *testing.T) {
			target := newPlay(t, test.script...).target()
			target.Know(func(user string) dirsync.SourceID { return map[string]dirsync.SourceID{"DU1": "1", "DU5": "5"}[user] }, met)
			found, doubtful, err := target.Fetch(t.Context(), known)
			if err != nil {
				t.Fatal(err)
			}
			if got := found["DU1"].ID; got != test.found || len(found) > 1 {
				t.Errorf("found %v, want %q", found, test.found)
			}
			if doubt := doubtful["DU1"]; (doubt == nil) != (test.doubt == "") || doubt != nil && !strings.Contains(doubt.Error(), test.doubt) {
				t.Errorf("doubt %v, want %q", doubt, test.doubt)
			} else if doubt != nil && dirsync.Hint(doubt) == "" {
				t.Error("no advice")
			}
		})
	}
	p := newPlay(t, exchange{Call: list, Body: ok("[" + user("DU1", "stranger", "created", stageTime-3600) + "," + user("DU2", "bob") + "]")}, mine)
	known["DU2"] = dirsync.Remembered{Name: "bob", Created: apitest.Created}
	if found, _, err := p.target().Fetch(t.Context(), known); err != nil || found["DU1"].Username != "ann" || found["DU2"].Username != "bob" {
		t.Errorf("another user in a list: %v, %v", found, err)
	}
}

// TestACreateAnsweredWithAWrongID: where lists follow, the user is looked at, and what became
// of the create is left to be found out by name.
func TestACreateAnsweredWithAWrongID(t *testing.T) {
	create := withGroups(op(dirsync.Create, "ann", "username", "ann"), []dirsync.Membership{{ID: "DG1", Name: "Staff"}}, nil)
	phoned := withPhones(op(dirsync.Create, "ann", "username", "ann"), dirsync.PhoneStep{Do: dirsync.PhoneMake, Number: "+1555", Type: "mobile"})
	made := exchange{Call: post, Body: ok(user("DU1", "ann"))}
	joined := exchange{Call: join, Body: ok(`""`)}
	stranger := exchange{Call: one, Body: ok(user("DU1", "stranger", "created", stageTime-3600, "groups", []map[string]string{{"group_id": "DG1", "name": "Staff"}}))}
	renamed := exchange{Call: one, Body: ok(strings.Replace(ann("", group("DG1", "Staff", "", "Active")), `"ann"`, `"anna"`, 1))}
	there := exchange{Call: one, Body: ok(ann("", group("DG1", "Staff", "", "Active")))}
	runListTests(t, map[string]listTest{
		"nobody's":                   {create, []exchange{probe, made, gone, apart(gone)}, "unknown", "whom Duo answered to the create, is not there"},
		"nobody's, once":             {create, []exchange{probe, made, gone, apart(there), joined, there}, "DU1", ""},
		"a stranger's":               {create, []exchange{probe, made, stranger, apart(stranger)}, "unknown", `the user "stranger", whom the create did not make`},
		"a stranger's, once":         {create, []exchange{probe, made, stranger, apart(there), joined, there}, "DU1", ""},
		"a stranger's, with a phone": {phoned, []exchange{probe, made, stranger, apart(stranger)}, "unknown", `"stranger"`},
		"another's of that second":   {create, []exchange{probe, made, renamed, apart(renamed)}, "unknown", `"anna"`},
		"not to be seen":             {create, append([]exchange{probe, made}, times(4, exchange{Call: one, Status: 502})...), "DU1, groups failed", "not tried"},
	})
	// What follows the create in the same run is not done to anybody else.
	late := following(withGroups(op(dirsync.Update, "ann"), []dirsync.Membership{{ID: "DG1", Name: "Staff"}}, nil))
	mail := following(op(dirsync.EnrollMail, "ann", "email", "a@example.org"))
	only := op(dirsync.Create, "ann", "username", "ann")
	for name, script := range map[string][]exchange{
		"nobody":     {probe, made, gone, apart(gone), gone, apart(gone)},
		"a stranger": {probe, made, stranger, apart(stranger), stranger, apart(stranger)},
	} {
		var l ledger
		if err := newPlay(t, script...).target().Apply(t.Context(), []*dirsync.Op{only, late, mail}, l.intend, freely, l.record); err != nil {
			t.Fatal(err)
		}
		if got := inWords(l.results[0]) + "; " + inWords(l.results[1]) + "; " + inWords(l.results[2]); got != "DU1; failed; failed" || len(l.intended) != 1 {
			t.Errorf("%s: %s, %d intended", name, got, len(l.intended))
		}
	}
}
