package duo_test

import (
	"errors"
	"testing"

	"duosync/duo/api"
	"duosync/duo/api/apitest"
	dirsync "duosync/sync"
)

func TestEnrollMail(t *testing.T) {
	mail := op(dirsync.EnrollMail, "ann")
	there := func(more ...any) exchange { return exchange{Call: one, Body: ok(user("DU1", "ann", more...))} }
	ready := there("email", "a@example.org")
	send := exchange{Call: enrollment, Params: map[string]string{"username": "ann", "email": "a@example.org"}, Body: ok(`"secret-code"`)}
	runListTests(t, map[string]listTest{
		"sent":                    {mail, []exchange{ready, send}, "DU1", ""},
		"sent to another address": {op(dirsync.EnrollMail, "ann", "email", "b@x"), []exchange{ready, {Call: enrollment, Params: map[string]string{"username": "ann", "email": "b@x"}, Body: ok(`""`)}}, "DU1", ""},
		"after a 429":             {mail, []exchange{ready, {Call: enrollment, Status: 429}, send}, "DU1", ""},
		"no such user":            {mail, then([]exchange{gone}, goneFor("ann")), "vanished", "404"},
		"no such user, or not":    {mail, []exchange{gone, apart(ready), send}, "DU1", ""},
		"not seen":                {mail, times(4, exchange{Call: one, Status: 502}), "failed", "502"},
		"enrolled":                {mail, []exchange{there("email", "e", "is_enrolled", true)}, "refused, DU1", "a device already"},
		"a phone":                 {mail, []exchange{{Call: one, Body: ok(ann(phone("DP1", "+1"), ""))}}, "refused, DU1", "a device already"},
		"disabled":                {mail, []exchange{there("email", "e", "status", "disabled")}, "refused, DU1", `is "disabled"`},
		"in the Trash":            {mail, []exchange{there("email", "e", "status", "pending deletion")}, "refused, DU1", "pending deletion"},
		"of Duo's own sync":       {mail, []exchange{there("email", "e", "last_directory_sync", 5)}, "refused, DU1", "directory sync"},
		"no address":              {mail, []exchange{there()}, "refused, DU1", "no e-mail address"},
		"no name":                 {mail, []exchange{{Call: one, Body: ok(user("DU1", "", "email", "e"))}}, "refused, DU1", "no username"},
		"refused":                 {mail, []exchange{ready, refuse(send, 40002, "email")}, "refused, DU1", "the enrollment mail was refused"},
		"not offered":             {mail, []exchange{ready, refuse(send, 40401, "")}, "refused, DU1", "404"},
		"another 4xx":             {mail, []exchange{ready, refuse(send, 40500, "")}, "refused, DU1", "405"},
		"reply lost":              {mail, []exchange{ready, lost(send)}, "unknown, DU1", "is not known"},
		"Duo's own 500":           {mail, []exchange{ready, refuse(send, 50000, "")}, "unknown, DU1", "is not known"},
		"a limit":                 {mail, []exchange{ready, refuse(send, 50001, "")}, "unknown, DU1", "is not known"},
		"a apitest.Gateway":       {mail, []exchange{ready, {Call: enrollment, Status: 502, Body: apitest.Gateway}}, "unknown, DU1", "is not known"},
		"a 404 of a proxy":        {mail, []exchange{ready, {Call: enrollment, Status: 404, Body: "<html>"}}, "unknown, DU1", "is not known"},
		"FAIL with 200":           {mail, []exchange{ready, answer(send, fail(40401, "", ""))}, "unknown, DU1", "is not known"},
		"other fields":            {op(dirsync.EnrollMail, "ann", "notes", "x"), nil, "failed", `"notes"`},
	})
}

func TestAMailNotSentLeavesNoIntent(t *testing.T) {
	mail := op(dirsync.EnrollMail, "ann")
	var l ledger
	if err := newPlay(t, active).target().Apply(t.Context(), []*dirsync.Op{mail}, l.intend, freely, l.record); err != nil || len(l.intended) != 0 {
		t.Errorf("%v, %d intended", err, len(l.intended))
	}
	full := errors.New("disk full")
	ready := exchange{Call: one, Body: ok(user("DU1", "ann", "email", "e"))}
	err := newPlay(t, ready).target().Apply(t.Context(), []*dirsync.Op{mail}, func([]*dirsync.Op) ([]*dirsync.Op, error) { return nil, full }, freely, l.record)
	if !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
	l = ledger{}
	err = newPlay(t, ready, refuse(exchange{Call: enrollment}, 40301, "")).target().Apply(t.Context(), []*dirsync.Op{mail}, l.intend, freely, l.record)
	if !errors.Is(err, api.ErrForbidden) || inWords(l.results[0]) != "failed, DU1" {
		t.Errorf("a missing right: %v, %+v", err, l.results)
	}
}
