package expression_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	dirsync "duosync/sync"
	"duosync/sync/expression"
)

// FuzzExpression holds that any text is a mistake with a place in it or an
// expression, and that an expression gives the same twice of any entry, in whatever
// order its values come.
func FuzzExpression(f *testing.F) {
	for _, text := range []string{
		`uid`, `mail ?? uid`, `first(mail)`, `join(uid, " ")`, `givenName + " " + sn`, `replace(mail, "@example.org", "")`,
		`strip_domain(mail) + domain(uid)`, `mail matches "@corp\\.example$" ? mail : ""`, `in_group("a") ? preset : "disabled"`,
		`attr("msDS-foo")`, `filter(mail, # endsWith "x")`, `mail[1:] | reverse() | join()`, `{"a": 1, "b": uid}[mail]`, `let x = len(uid); x - 1`,
		`if uid == "" { dn } else { groups[0] }`, `not matches(uid, mail)`, `reduce(mail, #acc + #, "")`, `sortBy(uid, left(#, 1))[-1]`,
		`bitand(int(uid), 2) != 0`, `map(mail, any(uid, # in mail))`, `get(split(mail, ""), 2)`, `toBase64(uid) ?? nil`, `[uid, [mail, 1.5e3]]`,
		`count(mail) % 2 == 0 || 1 / 0 > 2 ** 3`, "`raw` + 'x' // end", `take(sort(mail, "desc"), -1)`, `time(uid) < now() ? "disabled" : preset`, `now() + duration("1d") - time(mail, "days")`, `string(time(sn))`, `map(mail, time(#))`, `duration(uid) + now()`, `mail?.x`, `(((`, `"\u00e4`, `#`, `::len(uid)`,
	} {
		f.Add(text, "a@corp.example", "\xff")
	}
	f.Fuzz(func(t *testing.T, text, one, two string) {
		e, err := expression.Parse(text)
		if err != nil {
			mistake, ok := errors.AsType[*expression.Error](err)
			if !ok || mistake.Message == "" {
				t.Fatalf("%#v", err)
			}
			lines := strings.Split(text, "\n")
			if mistake.Line < 1 || mistake.Line > len(lines) || mistake.Column < 1 || mistake.Column > len([]rune(lines[mistake.Line-1]))+1 {
				t.Fatalf("%q: no such place: %v", text, mistake)
			}
			return
		}
		person := func(values ...string) *dirsync.Person {
			return &dirsync.Person{
				DN:       "uid=" + one + ",dc=example",
				Attrs:    map[string][]string{"uid": values[:1], "mail": values, "msds-foo": {two}, "sn": {"1"}},
				Standing: dirsync.Standing(two),
				Groups:   []string{"a", one},
				At:       time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC),
			}
		}
		p, q := person(one, two, "7"), person(one, "7", two)
		value, err := e.Value(p)
		values, errValues := e.Values(p)
		if (err == nil) != (errValues == nil) {
			t.Fatalf("%v and %v", err, errValues)
		}
		if err == nil && !e.Plain() && value != append(values, "")[0] {
			t.Fatalf("%q of %q", value, values)
		}
		if again, _ := e.Value(q); again != value {
			t.Fatalf("%q, then %q", value, again)
		}
		again, _ := e.Values(q)
		if diff := cmp.Diff(values, again); diff != "" {
			t.Fatal(diff)
		}
	})
}

func BenchmarkExpression(b *testing.B) {
	p := ada()
	for _, text := range []string{
		`sn`, `lower(sn)`, `mail ?? uid`, `givenName + " " + sn`, `mail matches "@corp\\.example$" ? mail : ""`, `filter(mail, # endsWith "@example.org")`,
	} {
		b.Run(text, func(b *testing.B) {
			e, err := expression.Parse(text)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := e.Value(p); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
