package duo_test

import (
	"strings"
	"testing"

	dirsync "duosync/sync"
)

// TestFieldsThatDuoNames tells which fields a refusal is about.
func TestFieldsThatDuoNames(t *testing.T) {
	o := update("email", "e")
	for detail, want := range map[string]string{
		"email": "email", "Email": "email", "email, realname": "realname email", "realname;email": "realname email",
		"": "", "brand": "", "email is too long": "", "Managed by directory sync": "",
	} {
		var l ledger
		if err := newPlay(t, refuse(exchange{Call: edit}, 40002, detail)).target().Apply(t.Context(), []*dirsync.Op{o}, l.intend, freely, l.record); err != nil {
			t.Fatal(err)
		}
		r := l.results[0]
		if got := strings.Join(r.Fields, " "); r.Fate != dirsync.Refused || got != want || (want == "") != (r.Fields == nil) {
			t.Errorf("%q: fate %d, fields %q, want %q", detail, r.Fate, got, want)
		}
	}
}

// TestACreateGoesWithoutWhatDuoRefuses: each try has an intent of its own, that lacks the
// value, and what was left out is told.
func TestACreateGoesWithoutWhatDuoRefuses(t *testing.T) {
	all := map[string]string{"username": "ann", "realname": "r", "email": "e", "notes": "n", "status": "disabled", "aliases": "alias1=a"}
	without := func(code int, detail string, fields ...string) exchange {
		params := map[string]string{}
		for name, value := range all {
			params[name] = value
		}
		for _, field := range fields {
			delete(params, field)
		}
		x := exchange{Call: post, Params: params}
		if code != 0 {
			return refuse(x, code, detail)
		}
		var more []any
		for name, value := range params {
			if name == "aliases" {
				name, value = "alias1", "a"
			}
			more = append(more, name, value)
		}
		return answer(x, ok(user("DU7", "ann", more...)))
	}
	spare := []string{"realname", "email", "notes", "aliases"}
	look := exchange{Call: list, Params: map[string]string{"username": "ann"}, Body: ok("[]")}
	have := user("DU7", "ann", "status", "disabled")
	see := exchange{Call: "GET /admin/v1/users/DU7", Body: ok(have)}
	give := func(code int, detail string, fields ...string) exchange {
		x := exchange{Call: "POST /admin/v1/users/DU7", Params: map[string]string{}}
		more := []any{"status", "disabled"}
		for _, field := range fields {
			x.Params[field] = all[field]
			name, value := field, all[field]
			if field == "aliases" {
				name, value = "alias1", "a"
			}
			more = append(more, name, value)
		}
		if code != 0 {
			return refuse(x, code, detail)
		}
		return answer(x, ok(user("DU7", "ann", more...)))
	}
	tests := map[string]struct {
		script   []exchange
		intended string // the fields of each intent
		told     string // of each result
	}{
		"one": {
			[]exchange{without(40002, "email"), without(0, "", "email")},
			"username realname email notes status aliases; username realname notes status aliases",
			"refused; DU7, email refused",
		},
		"one after another": {
			[]exchange{without(40002, "email"), without(40002, "realname", "email"), without(0, "", "email", "realname")},
			"username realname email notes status aliases; username realname notes status aliases; username notes status aliases",
			"refused; refused; DU7, email refused, realname refused",
		},
		"two at once": {
			[]exchange{without(40002, "notes, email"), without(0, "", "email", "notes")},
			"username realname email notes status aliases; username realname status aliases",
			"refused; DU7, email refused, notes refused",
		},
		"none is named": {
			[]exchange{without(40002, ""), without(0, "", spare...), see, give(40002, "", spare...), give(0, "", "email"), give(0, "", "notes"), give(40002, "", "realname"), give(0, "", "aliases")},
			"username realname email notes status aliases; username status; realname email notes aliases",
			"refused; DU7, realname refused, email refused, notes refused, aliases refused; DU7, realname refused",
		},
		"none is named, and together they go": {
			[]exchange{without(40002, ""), without(0, "", spare...), see, give(0, "", spare...)},
			"username realname email notes status aliases; username status; realname email notes aliases",
			"refused; DU7, realname refused, email refused, notes refused, aliases refused; DU7",
		},
		"none is named, and none goes": {
			[]exchange{without(40002, ""), without(0, "", spare...), see, give(40002, "", spare...), give(40002, "", "email"), give(40002, "", "notes"), give(40002, "", "realname"), give(40002, "", "aliases")},
			"username realname email notes status aliases; username status; realname email notes aliases",
			"refused; DU7, realname refused, email refused, notes refused, aliases refused; DU7, realname refused, email refused, notes refused, aliases refused",
		},
		"none is named, and then no answer": {
			then([]exchange{without(40002, ""), without(0, "", spare...)}, times(4, exchange{Call: see.Call, Status: 502})),
			"username realname email notes status aliases; username status; realname email notes aliases",
			"refused; DU7, realname refused, email refused, notes refused, aliases refused; DU7, realname failed, email failed, notes failed, aliases failed",
		},
		"an alias": {
			[]exchange{without(40002, "alias1"), without(0, "", "aliases")},
			"username realname email notes status aliases; username realname email notes status",
			"refused; DU7, aliases refused",
		},
		"none is named, and not even the name goes": {
			[]exchange{without(40002, ""), without(40002, "", spare...)},
			"username realname email notes status aliases; username status",
			"refused; refused",
		},
		"another than was sent": {
			[]exchange{without(40002, "firstname"), look, without(40002, "firstname"), without(0, "", spare...), see, give(0, "", spare...)},
			"username realname email notes status aliases; username status; realname email notes aliases",
			"refused; DU7, realname refused, email refused, notes refused, aliases refused; DU7",
		},
		"the name":              {[]exchange{without(40002, "username")}, "username realname email notes status aliases", "refused"},
		"the name, and a field": {[]exchange{without(40002, "username, email")}, "username realname email notes status aliases", "refused"},
		"a limit": {
			[]exchange{without(50001, ""), {Call: list, Body: ok("[]")}}, "username realname email notes status aliases", "refused",
		},
		"taken in the second try": {
			[]exchange{without(40002, "email"), refuse(without(0, "", "email"), 40003, ""), {Call: list, Body: ok("[" + user("DU9", "ann") + "]")}},
			"username realname email notes status aliases; username realname notes status aliases",
			"refused; taken, DU9",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			create := op(dirsync.Create, "ann", "username", "ann", "realname", "r", "email", "e", "notes", "n", "status", "disabled", "aliases", "a")
			create.Asked = create.After()
			var l ledger
			if err := newPlay(t, append([]exchange{probe}, test.script...)...).target().Apply(t.Context(), []*dirsync.Op{create}, l.intend, freely, l.record); err != nil {
				t.Fatal(err)
			}
			var intended, told []string
			for _, o := range l.intended {
				var fields []string
				for _, c := range o.Changes {
					fields = append(fields, c.Field)
				}
				if len(o.Asked) != len(fields) {
					t.Errorf("intended %v, asks for %v", fields, o.Asked)
				}
				intended = append(intended, strings.Join(fields, " "))
			}
			for _, r := range l.results {
				if r.Op != create {
					t.Errorf("the result of another operation: %+v", r.Op)
				}
				told = append(told, inWords(r))
			}
			if got := strings.Join(intended, "; "); got != test.intended {
				t.Errorf("intended %q, want %q", got, test.intended)
			}
			if got := strings.Join(told, "; "); got != test.told {
				t.Errorf("told %q, want %q", got, test.told)
			}
			if len(create.Changes) != 6 || len(create.Asked) != 6 {
				t.Errorf("the operation was changed: %+v", create)
			}
		})
	}
}

// TestATryThatIsNotIntendedIsNotSent: the journal may bar it, and then the first result
// stands.
func TestATryThatIsNotIntendedIsNotSent(t *testing.T) {
	create := op(dirsync.Create, "ann", "username", "ann", "email", "e")
	var l ledger
	err := newPlay(t, probe, refuse(exchange{Call: post}, 40002, "email")).target().Apply(t.Context(), []*dirsync.Op{create},
		func(ops []*dirsync.Op) ([]*dirsync.Op, error) {
			if len(l.results) > 0 {
				return nil, nil
			}
			return ops, nil
		}, freely, l.record)
	if err != nil || len(l.results) != 1 || l.results[0].Fate != dirsync.Refused {
		t.Errorf("%v, %+v", err, l.results)
	}
}

// TestARefusedValueHoldsItselfAlone: what Duo will not have keeps no other value from its
// user, whether Duo names it or not.
func TestARefusedValueHoldsItselfAlone(t *testing.T) {
	one := func(fields ...string) exchange {
		x := exchange{Call: edit, Params: map[string]string{}}
		var shown []any
		for _, field := range fields {
			x.Params[field] = field[:1]
			shown = append(shown, field, field[:1])
		}
		return answer(x, ok(user("DU1", "anna", shown...)))
	}
	o := update("realname", "r", "email", "e", "notes", "n")
	for name, test := range map[string]struct {
		script []exchange
		told   string
	}{
		"named":                    {[]exchange{refuse(one("realname", "email", "notes"), 40002, "realname"), one("email", "notes")}, "realname refused"},
		"two, one after the other": {[]exchange{refuse(one("realname", "email", "notes"), 40002, "realname"), refuse(one("email", "notes"), 40002, "email"), one("notes")}, "realname refused, email refused"},
		"not named":                {[]exchange{refuse(one("realname", "email", "notes"), 40002, ""), one("email"), one("notes"), refuse(one("realname"), 40002, "")}, "realname refused"},
		"every one":                {[]exchange{refuse(one("realname", "email", "notes"), 40002, ""), refuse(one("email"), 40002, ""), refuse(one("notes"), 40002, ""), refuse(one("realname"), 40002, "")}, "all refused"},
	} {
		t.Run(name, func(t *testing.T) {
			var l ledger
			if err := newPlay(t, test.script...).target().Apply(t.Context(), []*dirsync.Op{o}, l.intend, freely, l.record); err != nil {
				t.Fatal(err)
			}
			r := l.results[0]
			var told []string
			for _, u := range r.Undone {
				if u.Fate == dirsync.Refused && u.Err != nil {
					told = append(told, u.Field+" refused")
				}
			}
			if r.Fate == dirsync.Refused {
				told = append(told, "all refused")
				for _, field := range []string{"realname", "email", "notes"} { // in the words of those that are undone
					if !strings.Contains(r.Err.Error(), field+": Duo refuses "+field+" (1 characters long): ") {
						t.Errorf("%s does not stand in %q", field, r.Err)
					}
				}
			}
			if got := strings.Join(told, ", "); got != test.told {
				t.Errorf("fate %d, %q, want %q", r.Fate, got, test.told)
			}
		})
	}
}

// TestANewUserHasEveryGoodAlias: of several aliases the one that Duo will not have is left
// out alone, and named.
func TestANewUserHasEveryGoodAlias(t *testing.T) {
	create := op(dirsync.Create, "ann", "username", "ann")
	create.Changes = append(create.Changes, dirsync.Change{Field: dirsync.FieldAliases, After: dirsync.ListOf([]string{"a", "bad", "c"})})
	have := func(aliases ...any) string { return ok(user("DU7", "ann", aliases...)) }
	give := func(pairs, body string) exchange {
		return exchange{Call: "POST /admin/v1/users/DU7", Params: map[string]string{"aliases": pairs}, Body: body}
	}
	bare := exchange{Call: post, Params: map[string]string{"username": "ann"}, Body: have()}
	see := exchange{Call: "GET /admin/v1/users/DU7", Body: have()}
	const all = "alias1=a&alias2=bad&alias3=c"
	for detail, script := range map[string][]exchange{
		"aliases": {refuse(give(all, ""), 40002, "aliases"), give("alias1=a", have("alias1", "a")), refuse(give("alias2=bad", ""), 40002, "aliases"), give("alias3=c", have("alias1", "a", "alias3", "c"))},
		"alias2":  {refuse(give(all, ""), 40002, "alias2"), give("alias1=a&alias3=c", have("alias1", "a", "alias3", "c"))},
		"":        {refuse(give(all, ""), 40002, ""), give("alias1=a", have("alias1", "a")), refuse(give("alias2=bad", ""), 40002, ""), give("alias3=c", have("alias1", "a", "alias3", "c"))},
	} {
		t.Run(detail, func(t *testing.T) {
			refused := refuse(exchange{Call: post, Params: map[string]string{"username": "ann", "aliases": all}}, 40002, detail)
			var l ledger
			if err := newPlay(t, then([]exchange{probe, refused, bare, see}, script)...).target().Apply(t.Context(), []*dirsync.Op{create}, l.intend, freely, l.record); err != nil {
				t.Fatal(err)
			}
			last := l.results[len(l.results)-1]
			if got := inWords(last); got != "DU7, aliases refused" || last.Op != create || last.Account.Field(dirsync.FieldAliases) != dirsync.ListOf([]string{"a", "c"}) {
				t.Errorf("got %q, %+v", got, last.Account)
			}
			if got := reasons(last); !strings.Contains(got, `Duo refuses the alias "bad": Invalid`) || strings.Contains(got, `"a"`) {
				t.Errorf("told %q", got)
			}
		})
	}
}
