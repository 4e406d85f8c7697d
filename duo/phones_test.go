package duo_test

import (
	"strings"
	"testing"

	"duosync/duo/api/apitest"
	dirsync "duosync/sync"
)

func TestPhones(t *testing.T) {
	const number = "+15550100"
	step := dirsync.PhoneStep{Do: dirsync.PhoneMake, Number: number, Type: "mobile"}
	add := withPhones(update(), step)
	desk := withPhones(update(), dirsync.PhoneStep{Do: dirsync.PhoneMake, Number: number, Extension: "12", Type: "landline"})
	give := withPhones(update(), dirsync.PhoneStep{Do: dirsync.PhoneAttach, ID: "DP1", Number: number})
	shared := step
	shared.Share = true
	share := withPhones(update(), shared)
	remove := withPhones(update(), dirsync.PhoneStep{Do: dirsync.PhoneRemove, ID: "DP1", Number: number})

	post := exchange{Call: makePhone, Params: map[string]string{"number": number, "type": "mobile", "platform": "generic smartphone"}}
	made := answer(post, ok(phone("DP1", number)))
	find := func(body string) exchange {
		return exchange{Call: phones, Params: map[string]string{"number": number}, Body: ok("[" + body + "]")}
	}
	attached := exchange{Call: attach, Params: map[string]string{"phone_id": "DP1"}, Body: ok(`""`)}
	has := exchange{Call: one, Body: ok(ann(phone("DP1", number), ""))}
	hasNot := exchange{Call: one, Body: ok(ann("", ""))}
	see := func(body string) exchange { return exchange{Call: onePhone, Body: ok(body)} }
	there := see(phone("DP1", number))
	nine := func(body string) exchange { return exchange{Call: "GET /admin/v1/phones/DP9", Body: ok(body)} }
	noPhone := exchange{Call: onePhone, Status: 404, Body: apitest.NotFound}
	sure := []exchange{apart(noPhone), apart(find(""))} // that it is gone
	detached := exchange{Call: detach, Params: map[string]string{}, Body: ok(`""`)}
	deleted := exchange{Call: dropPhone, Body: ok(`""`)}
	create := withPhones(op(dirsync.Create, "ann", "username", "ann"), step)
	createdAs1 := exchange{Call: "POST /admin/v1/users", Params: map[string]string{"username": "ann"}, Body: ok(user("DU1", "ann"))}

	runListTests(t, map[string]listTest{
		"made and attached": {add, []exchange{made, there, attached, has}, "DU1, made DP1 " + number, ""},
		"a desk phone": {
			desk, []exchange{
				{Call: makePhone, Params: map[string]string{"number": number, "extension": "12", "type": "landline"}, Body: ok(phone("DP1", number+";ext=12"))},
				see(phone("DP1", number+";ext=12")), attached, {Call: one, Body: ok(ann(phone("DP1", number+";ext=12"), ""))},
			}, "DU1, made DP1 " + number + ";ext=12", "",
		},
		"with a new user":                {create, []exchange{probe, createdAs1, hasNot, made, there, attached, has}, "DU1, made DP1 " + number, ""},
		"not for a user who is not made": {create, []exchange{probe, refuse(exchange{Call: "POST /admin/v1/users"}, 40002, "username")}, "refused", "username"},
		"with other fields": {
			withPhones(update("email", "e"), step),
			[]exchange{{Call: edit, Params: map[string]string{"email": "e"}, Body: ok(user("DU1", "ann", "email", "E"))}, made, there, attached, has}, "DU1, made DP1 " + number, "",
		},
		"another phone answered, made":   {add, []exchange{answer(post, ok(phone("DP9", "+15550199"))), find(phone("DP1", number)), attached, has}, "DU1, made DP1 " + number, ""},
		"another's phone answered, made": {add, []exchange{answer(post, ok(phone("DP9", number))), nine(phone("DP9", "+15550199", "DU9")), find(phone("DP1", number)), attached, has}, "DU1, made DP1 " + number, ""},
		"an id of none answered, made":   {add, []exchange{answer(post, ok(phone("DP9", number))), refuse(nine(""), 40401, ""), find(phone("DP1", number)), attached, has}, "DU1, made DP1 " + number, ""},
		"an id of none answered, unseen": {add, append(append([]exchange{answer(post, ok(phone("DP9", number))), refuse(nine(""), 40401, "")}, times(4, exchange{Call: phones, Status: 502})...), hasNot), "DU1, phones unknown", "which is not there"},
		"made, and another's meanwhile":  {add, []exchange{made, see(phone("DP1", number, "DU2")), find(phone("DP1", number, "DU2")), hasNot}, "DU1, phones taken", "another Duo user (DU2)"},
		"made, and not seen":             {add, append(append([]exchange{made}, times(4, exchange{Call: onePhone, Status: 502})...), find(phone("DP1", number)), attached, has), "DU1, made DP1 " + number, ""},
		"kept in another form": {
			add, []exchange{answer(post, ok(phone("DP1", "+15550199"))), find(""), refuse(post, 40003, ""), find(""), hasNot},
			"DU1, phones failed", "no phone is found",
		},

		"there, free":                 {add, []exchange{refuse(post, 40003, ""), find(phone("DP1", number)), attached, has}, "DU1", ""},
		"there, the user's own":       {add, []exchange{refuse(post, 40003, ""), find(activated(phone("DP1", number, "DU1"))), attached, has}, "DU1", ""},
		"there, another's":            {add, []exchange{refuse(post, 40003, ""), find(phone("DP1", number, "DU1", "DU2")), hasNot}, "DU1, phones taken", "another Duo user (DU2)"},
		"there, but not to be found":  {add, []exchange{refuse(post, 40003, ""), find(phone("DP2", number+";ext=1") + "," + phone("DP3", number+";ext=2")), hasNot}, "DU1, phones failed", "no phone is found"},
		"there, whose is not told":    {add, then([]exchange{refuse(post, 40003, "")}, apitest.Again(find(strings.Replace(phone("DP1", number), "users", "owners", 1))), []exchange{hasNot}), "DU1, phones unknown", "who has it"},
		"there, an answer of others'": {add, then([]exchange{refuse(post, 40003, "")}, apitest.Again(find(phone("DP2", "+1")+","+phone("DP3", "+2"))), []exchange{hasNot}), "DU1, phones unknown", "not asked for"},

		"reply lost, made":            {add, []exchange{lost(post), find(phone("DP1", number)), attached, has}, "DU1, made DP1 " + number, ""},
		"reply lost, not made":        {add, []exchange{lost(post), find(""), made, there, attached, has}, "DU1, made DP1 " + number, ""},
		"reply lost, then there":      {add, []exchange{lost(post), find(""), refuse(post, 40003, ""), find(phone("DP1", number)), attached, has}, "DU1, made DP1 " + number, ""},
		"reply lost, another's":       {add, []exchange{lost(post), find(phone("DP1", number, "DU2")), hasNot}, "DU1, phones taken", "DU2"},
		"reply lost, of another type": {add, []exchange{lost(post), find(strings.Replace(phone("DP1", number), "Mobile", "Landline", 1)), attached, has}, "DU1", ""},
		"reply lost, the user's own":  {add, []exchange{lost(post), find(activated(phone("DP1", number, "DU1"))), attached, has}, "DU1", ""},
		"reply lost, no look":         {add, append(append([]exchange{lost(post)}, times(4, exchange{Call: phones, Status: 502})...), hasNot), "DU1, phones unknown", "could not be seen"},
		"reply lost for good": {
			add, []exchange{lost(post), find(""), lost(post), find(""), lost(post), find(""), lost(post), find(""), hasNot}, "DU1, phones unknown", "no answer",
		},
		"Duo's own 500, made": {add, []exchange{refuse(post, 50000, ""), find(phone("DP1", number)), attached, has}, "DU1, made DP1 " + number, ""},
		"refused, made":       {add, []exchange{refuse(post, 40002, "number"), find(phone("DP1", number)), attached, has}, "DU1, made DP1 " + number, ""},
		"refused":             {add, []exchange{refuse(post, 40002, "number"), hasNot}, "DU1, phones refused", "the phone +15550100 was refused"},
		"a limit":             {add, []exchange{refuse(post, 50001, ""), find(""), hasNot}, "DU1, phones refused", "a limit is exceeded"},

		"attached":                     {give, []exchange{attached, has}, "DU1", ""},
		"attached, reply lost":         {give, []exchange{lost(attached), attached, has}, "DU1", ""},
		"attached, but not":            {give, []exchange{attached, hasNot}, "DU1, phones failed", "accepted, but the user does not have the phone"},
		"attached, a limit":            {give, []exchange{refuse(attached, 50001, ""), hasNot}, "DU1, phones refused", "a limit is exceeded"},
		"attached, the phone is gone":  {give, []exchange{refuse(attached, 40401, ""), hasNot, hasNot}, "DU1, phones failed", "does not exist any more"},
		"attached, the user is gone":   {give, then([]exchange{refuse(attached, 40401, ""), gone}, goneFor("ann")), "vanished", "404"},
		"attached, the user is not":    {give, []exchange{refuse(attached, 40401, ""), gone, apart(has), has}, "DU1, phones failed", "does not exist any more"},
		"attached, never seen":         {give, append([]exchange{attached}, times(4, exchange{Call: one, Status: 502})...), "failed, phones unknown", "not seen"},
		"made, and the user is gone":   {add, then([]exchange{made, there, refuse(attached, 40401, ""), gone}, goneFor("ann")), "vanished, made DP1 " + number, "404"},
		"attached to a new, not seen":  {create, append([]exchange{probe, createdAs1, hasNot, made, there, attached}, times(4, exchange{Call: one, Status: 502})...), "DU1, phones unknown, made DP1 " + number, "not seen since"},
		"there, another's, and shared": {share, []exchange{refuse(post, 40003, ""), find(phone("DP1", number, "DU2")), attached, has}, "DU1", ""},

		"removed":                           {remove, []exchange{see(phone("DP1", number, "DU1")), detached, see(phone("DP1", number)), deleted, sure[0], sure[1], hasNot}, "DU1, removed DP1", ""},
		"removed, but not":                  {remove, []exchange{see(phone("DP1", number)), deleted, apart(see(phone("DP1", number))), hasNot}, "DU1, phones failed", "not gone for certain"},
		"removed, in use by others":         {remove, []exchange{see(phone("DP1", number, "DU1", "DU2")), detached, see(phone("DP1", number, "DU2")), hasNot}, "DU1", ""},
		"removed, activated":                {remove, []exchange{see(activated(phone("DP1", number, "DU1"))), has}, "DU1, let go DP1: it has been activated", ""},
		"removed, activated in between":     {remove, []exchange{see(phone("DP1", number, "DU1")), detached, see(activated(phone("DP1", number))), hasNot}, "DU1, let go DP1: it has been activated", ""},
		"removed, gone already":             {remove, []exchange{noPhone, sure[0], sure[1], hasNot}, "DU1, removed DP1", ""},
		"removed, gone already, or not":     {remove, []exchange{noPhone, apart(see(phone("DP1", number, "DU1"))), has}, "DU1, phones failed", "not gone for certain"},
		"removed, gone, but for its number": {remove, []exchange{noPhone, sure[0], apart(find(phone("DP1", number, "DU1"))), has}, "DU1, phones failed", "found by number"},
		"removed, gone in between":          {remove, []exchange{see(phone("DP1", number, "DU1")), detached, noPhone, sure[0], sure[1], hasNot}, "DU1, removed DP1", ""},
		"removed, whose is not told":        {remove, then(apitest.Again(see(`{"phone_id":"DP1","activated":false}`)), []exchange{has}), "DU1, phones failed", "who has it"},
		"removed, whether active unknown":   {remove, then(apitest.Again(see(`{"phone_id":"DP1","users":[]}`)), []exchange{has}), "DU1, phones failed", "whether it is activated"},
		"removed, another phone":            {remove, then(apitest.Again(see(phone("DP2", number))), []exchange{has}), "DU1, phones failed", "not asked for"},
		"removed, not detached":             {remove, append(append([]exchange{see(phone("DP1", number, "DU1"))}, times(4, lost(detached))...), see(phone("DP1", number, "DU1")), has), "DU1, phones failed", "no answer"},
		"removed, detached without reply":   {remove, append(append([]exchange{see(phone("DP1", number, "DU1"))}, times(4, lost(detached))...), see(phone("DP1", number)), deleted, sure[0], sure[1], hasNot), "DU1, removed DP1", ""},
		"removed, detached before":          {remove, []exchange{see(phone("DP1", number)), deleted, sure[0], sure[1], hasNot}, "DU1, removed DP1", ""},
		"removed, not deleted":              {remove, append(append([]exchange{see(phone("DP1", number, "DU1")), detached, see(phone("DP1", number))}, times(4, exchange{Call: dropPhone, Status: 502})...), hasNot), "DU1, phones failed", "502"},
		"removed, from one who is gone":     {remove, then([]exchange{see(phone("DP1", number, "DU1")), refuse(detached, 40401, ""), see(phone("DP1", number)), deleted, sure[0], sure[1], gone}, goneFor("ann")), "vanished, removed DP1", "404"},

		"removed, of another number":             {remove, []exchange{see(phone("DP1", "+15550199", "DU1")), {Call: one, Body: ok(ann(phone("DP1", "+15550199"), ""))}}, "DU1, let go DP1: it was changed in Duo to +15550199", ""},
		"removed, of another extension":          {remove, []exchange{see(phone("DP1", number+";ext=1", "DU1")), {Call: one, Body: ok(ann(phone("DP1", number+";ext=1"), ""))}}, "DU1, let go DP1: it was changed in Duo to " + number + ";ext=1", ""},
		"removed, without a number":              {remove, []exchange{see(phone("DP1", "", "DU1")), {Call: one, Body: ok(ann(phone("DP1", ""), ""))}}, "DU1, let go DP1: it was changed in Duo to one without a number", ""},
		"removed, of another number, detached":   {remove, []exchange{see(phone("DP1", "+15550199")), hasNot}, "DU1, let go DP1: it was changed in Duo to +15550199", ""},
		"removed, of another number, in between": {remove, []exchange{see(phone("DP1", number, "DU1")), detached, see(phone("DP1", "+15550199")), hasNot}, "DU1, let go DP1: it was changed in Duo to +15550199", ""},

		"one refused, the next one given": {
			withPhones(update(), dirsync.PhoneStep{Do: dirsync.PhoneMake, Number: "+1999", Type: "mobile"}, step),
			[]exchange{refuse(exchange{Call: makePhone}, 40002, "number"), made, there, attached, has}, "DU1, phones refused, made DP1 " + number, "+1999",
		},
		"one unknown, one failed": {
			withPhones(update(), step, dirsync.PhoneStep{Do: dirsync.PhoneAttach, ID: "DP1", Number: number}),
			append(append([]exchange{lost(post)}, times(4, exchange{Call: phones, Status: 502})...), refuse(attached, 40500, ""), hasNot), "DU1, phones unknown", "; ",
		},
		"attached, to whom can't be told": {give, append(append([]exchange{refuse(attached, 40401, "")}, times(4, exchange{Call: one, Status: 502})...), has), "DU1, phones failed", "could not be seen"},
		"two failures in one line": {
			withPhones(update(), step, dirsync.PhoneStep{Do: dirsync.PhoneAttach, ID: "DP1", Number: number}),
			[]exchange{refuse(post, 40002, "number"), refuse(attached, 40500, ""), hasNot}, "DU1, phones failed", "; ",
		},
		"no such step": {withPhones(update(), dirsync.PhoneStep{Do: "melt", ID: "DP1"}), nil, "failed", `"melt"`},
		"no id":        {withPhones(update(), dirsync.PhoneStep{Do: dirsync.PhoneRemove}), nil, "failed", "not something to do"},
	})

	deletes := &dirsync.Op{Action: dirsync.PhoneDelete, Username: "ann", User: "DU1", Phones: remove.Phones, Changes: []dirsync.Change{{Field: dirsync.FieldPhones, Before: number}}}
	runListTests(t, map[string]listTest{
		"of one who is gone":              {deletes, []exchange{see(phone("DP1", number)), deleted, sure[0], sure[1]}, "removed DP1", ""},
		"of one who is gone, gone":        {deletes, []exchange{noPhone, sure[0], sure[1]}, "removed DP1", ""},
		"of one who is gone, activated":   {deletes, []exchange{see(activated(phone("DP1", number)))}, "let go DP1: it has been activated", ""},
		"of one who is gone, changed":     {deletes, []exchange{see(phone("DP1", "+15550199"))}, "let go DP1: it was changed in Duo to +15550199", ""},
		"of one who is gone, in use":      {deletes, []exchange{see(phone("DP1", number, "DU2"))}, "let go DP1: it belongs to another Duo user now (DU2)", ""},
		"of one who is gone, no answer":   {deletes, times(4, lost(see(""))), "phones failed", "no answer"},
		"of one who is gone, but to give": {&dirsync.Op{Action: dirsync.PhoneDelete, Phones: give.Phones}, nil, "failed", "cannot be deleted"},
	})
}
