package expression_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	dirsync "duosync/sync"
	"duosync/sync/expression"
)

func TestExpressionMistakes(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{``, `1:1: the expression is empty`},
		{"  \n", `1:1: the expression is empty`},
		{"lower(\xff)", `1:1: the expression is not UTF-8 text`},
		{strings.Repeat(`(`, 5000), `1:1: the expression is longer than 4096 bytes`},
		{`lower(mail`, `1:11: the expression ends too early`},
		{`(((uid`, `1:7: the expression ends too early`},
		{`lower(mail))`, `1:12: unexpected ")"`},
		{`uid = "x"`, `1:5: a single = is no operator; == compares`},
		{`uid & "x"`, `1:5: unexpected "&"`},
		{`"a\qb"`, `1:4: invalid char escape`},
		{`mail ?? uid + "x"`, `1:13: Operator (+) and coalesce expressions (??) cannot be mixed. Wrap either by parentheses.`},

		{`lowr(mail)`, `1:1: there is no function lowr; lower was meant?`},
		{`toLower(mail)`, `1:1: there is no function toLower; lower was meant?`},
		{`stripDomain(mail)`, `1:1: there is no function stripDomain; strip_domain was meant?`},
		{`lower(uid) + inGroup("x")`, `1:14: there is no function inGroup; in_group was meant?`},
		{`regexp_extract(mail, "x")`, `1:1: there is no function regexp_extract; docs/expressions.md lists those that there are`},
		{`date(mail)`, `1:1: there is no function date; time(…) reads a time, in UTC`},
		{`now()`, `1:1: the expression gives a time, where text or a list is wanted; compare it, or string(…) makes text of it`},
		{`now() - time(uid)`, `1:1: the expression gives a length of time, where text or a list is wanted; compare it, or string(…) makes text of it`},
		{`now(1)`, `1:1: now takes no arguments, not 1`},
		{`accountExpires < now()`, `1:16: the operator < does not go with text and a time`},
		{`time(uid) < 5`, `1:11: the operator < does not go with a time and a number`},
		{`time(uid) < duration("1d")`, `1:11: the operator < does not go with a time and a length of time`},
		{`time(uid) + time(mail)`, `1:11: + joins two texts or adds two numbers, and here are a time and a time`},
		{`time(uid) + 30`, `1:11: + joins two texts or adds two numbers, and here are a time and a number`},
		{`"until " + time(uid)`, `1:10: + joins two texts or adds two numbers, and here are text and a time`},
		{`lower(now())`, `1:1: the argument of lower must be text, not a time; string(…) makes text of it`},
		{`time(uid, "weeks")`, `1:11: there is no form "weeks" of a time; there are "generalized", "kerberos", "ticks", "days", "seconds", "milliseconds"`},
		{`time(uid, mail)`, `1:1: the form of a time is a word in quotes: "generalized", "kerberos", "ticks", "days", "seconds", "milliseconds"`},
		{`time()`, `1:1: time takes 1 or 2 arguments, not 0`},
		{`duration("30 days")`, `1:10: "30 days" is no length of time, such as 30d, 12h or 90m`},
		{`nov()`, `1:1: there is no function nov; now was meant?`},
		{`groupBy(mail, #)`, `1:1: there is no function groupBy; docs/expressions.md lists those that there are`},
		{`keys({"a": 1})`, `1:1: there is no function keys; docs/expressions.md lists those that there are`},
		{`mail.lower()`, `1:6: values have no functions of their own: write f(x), not x.f()`},
		{`lower + uid`, `1:1: lower is a function: write lower(…), or attr("lower") for an attribute of that name`},
		{`$env`, `1:1: "$env" is no attribute's name`},
		{`größe ?? uid`, `1:1: "größe" is no attribute's name`},

		{`lower()`, `1:1: lower takes one argument, not 0`},
		{`lower(mail, uid)`, `1:1: lower takes one argument, not 2`},
		{`replace(mail, "x")`, `1:1: replace takes 3 or 4 arguments, not 2`},
		{`trimPrefix(mail)`, `1:1: trimPrefix takes 2 arguments, not 1`},
		{`concat()`, `1:1: concat takes at least 1 argument, not 0`},
		{`matches(mail)`, `1:1: matches takes 2 arguments, not 1`},
		{`lower(5)`, `1:1: the argument of lower must be text, not a number; string(…) makes text of it`},
		{`lower(values(mail))`, `1:1: the argument of lower must be text, not a list; first(…) or join(…) make text of a list`},
		{`join(lower(mail), ",")`, `1:1: argument 1 of join must be a list, not text; values(…) makes a list of it`},
		{`take(mail, "2")`, `1:1: argument 2 of take must be a number, not text; int(…) makes a number of it`},
		{`lower(mail)[:1]`, `1:12: argument 1 of [:] must be a list, not text; values(…) makes a list of it`},
		{`lower(mail)[0]`, `1:12: only a list or a table has items, not text`},
		{`mail["x"]`, `1:6: an item of a list is named by a number, not text`},
		{`uid + 5`, `1:5: + joins two texts or adds two numbers, and here are text and a number`},
		{`uid == 5`, `1:5: the operator == does not go with text and a number`},
		{`not uid`, `1:1: the operator not does not go with text`},
		{`uid ? "a" : "b"`, `1:1: a condition is true or false, not text; compare it with something, as in uid != ""`},
		{`filter(mail, #)`, `1:14: a condition is true or false, not text; compare it with something, as in # != ""`},
		{`filter(lower(mail), true)`, `1:8: filter takes a list, not text; values(…) makes a list of it`},
		{`5 in mail`, `1:3: a number is not in a list of text`},
		{`{"a": "b"}`, `1:1: the expression gives a table, where text or a list is wanted`},
		{`{"x": {"y": 1}}["x"]`, `1:7: a table can't hold a table`},
		{`b"abc"`, `1:1: text is written "…", without the b in front`},
		{`1..9`, `1:2: there are no ranges here; list[1:3] cuts a list`},

		{`lower(msDS-cloud1)`, `1:7: a name with a hyphen is written attr("msDS-cloud1")`},
		{`mail ?? msDS-cloud-1`, `1:9: a name with a hyphen is written attr("msDS-cloud-1")`},
		{`uid - mail`, `1:5: the operator - does not go with text and text`},
		{`lower(cn);lang-de`, `1:1: what stands before ; has no effect; an attribute with options is written attr("cn;lang-de")`},
		{`attr("a b")`, `1:6: "a b" is no attribute's name`},
		{`values("")`, `1:8: "" is no attribute's name`},
		{`attr(uid)`, `1:1: attr takes the name of an attribute in quotes, as in attr("…")`},
		{`in_group(uid)`, `1:1: in_group takes the name of a group in quotes, as in in_group("…")`},
		{`in_group("")`, `1:1: in_group takes the name of a group in quotes, as in in_group("…")`},
		{`let m = m; m`, `1:9: m has no value here: its let comes later, or ends before`},
		{`let lower = 5; lower`, `1:5: cannot redeclare function lower`},

		{`mail matches "("`, "1:14: the pattern is wrong: missing closing ): `(`"},
		{`matches(mail, "[%z-a]")`, "1:15: the pattern is wrong: invalid character class range: `z-a`"},
		{"lower(uid) +\n  \"äöü\" + lowr(mail)", `2:11: there is no function lowr; lower was meant?`},
	} {
		t.Run(c.text, func(t *testing.T) {
			e, err := expression.Parse(c.text)
			if err == nil {
				t.Fatalf("%v is no mistake", e)
			}
			if _, ok := errors.AsType[*expression.Error](err); !ok || err.Error() != c.want {
				t.Errorf("%v\nwant %s", err, c.want)
			}
		})
	}
}

func TestExpressionThatFails(t *testing.T) {
	long := strings.Repeat("x", 1<<19)
	for _, c := range []struct{ text, want string }{
		{`mail[5]`, `there is no item 5 in a list of 3; get(…) gives an empty value then (at 1:5)`},
		{`int(sn)`, `"Lovelace" is no whole number (at 1:1)`},
		{`int(absent)`, `"" is no whole number (at 1:1)`},
		{`sort(mail, "up")`, `sort knows the orders "asc" and "desc", not "up" (at 1:1)`},
		{`{"x": sn != "" ? {"y": 1} : 1}["x"]`, `a table can't hold a table (at 1:30)`},
		{`reduce(absent, #acc + #)`, `reduce of an empty list needs a third argument, the value to begin with (at 1:1)`},
		{`1 / 0`, `it gives no number that can be written; was it divided by zero?`},
		{`1 % 0`, `a value is of another kind than its place needs (at 1:3)`},
		{`{"x": 1}["x"] contains "y"`, `a value is of another kind than its place needs (at 1:15)`},
		{`filter(sn != "" ? {"x": 1} : "", true)`, `a list is needed (at 1:1)`},
		{`sn matches givenName + "("`, "the pattern is wrong: missing closing ): `Ada(` (at 1:4)"},
		{`lower({"x": [1]}["x"])`, `the argument of lower must be text, not a list; first(…) or join(…) make text of a list (at 1:1)`},
		{`long + long + long`, `the text grows beyond 1 MiB (at 1:13)`},
		{`join([long, long, long])`, `the text grows beyond 1 MiB (at 1:1)`},
		{`replace(long, "x", "xxx")`, `the text grows beyond 1 MiB (at 1:1)`},
		{`any(split(left(long, 1200), ""), any(split(left(long, 1200), ""), # == "y"))`, `it takes more than 1000000 steps (at 1:69)`},
		{`split(long, "")`, `the list grows beyond 131072 values (at 1:1)`},
	} {
		t.Run(c.text, func(t *testing.T) {
			e, err := expression.Parse(c.text)
			if err != nil {
				t.Fatal(err)
			}
			p := ada()
			p.Attrs["long"] = []string{long}
			want := fmt.Sprintf("the expression %s can't be worked out: %s", dirsync.Quote(c.text), c.want)
			if value, err := e.Value(p); err == nil || err.Error() != want {
				t.Errorf("Value = %.99q, %v\nwant %s", value, err, want)
			}
			if values, err := e.Values(p); err == nil || err.Error() != want {
				t.Errorf("%d values, %v\nwant %s", len(values), err, want)
			}
		})
	}
}
