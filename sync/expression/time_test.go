package expression_test

import (
	"testing"
	"time"

	dirsync "duosync/sync"
	"duosync/sync/expression"
)

// Rules about time, each as of a second before an end, and at it.
func TestTimeInExpressions(t *testing.T) {
	t.Parallel()
	end := time.Date(2026, 3, 31, 12, 0, 0, 0, time.UTC)
	attrs := map[string][]string{
		"accountexpires": {"134194320000000000"}, "pwdendtime": {"20260331140000+0200"}, "shadowexpire": {"20543"}, "samba": {"1774958400"},
		"several": {"20270101000000Z", "20260331120000Z"}, "never": {"0"}, "days": {"20544"}, "bad": {"soon"}, "half": {"20260101000000Z", "soon"}, "empty": {""},
	}
	at := func(text string, now time.Time) (string, error) {
		e, err := expression.Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		return e.Value(&dirsync.Person{Attrs: attrs, At: now})
	}
	for _, tt := range []struct{ text, before, then string }{
		{`time(accountExpires) <= now() ? "disabled" : "active"`, "active", "disabled"},
		{`time(attr("accountExpires")) <= now()`, "false", "true"},
		{`time(pwdEndTime) > now()`, "true", "false"},
		{`time(first(pwdEndTime)) <= now()`, "false", "true"},
		{`time(samba) <= now()`, "false", "true"},
		{`time(samba, "seconds") <= now()`, "false", "true"},
		{`time(several) <= now()`, "false", "true"}, // the earliest
		{`any(several, time(#) <= now())`, "false", "true"},
		{`all(several, time(#) <= now())`, "false", "false"},
		{`time(shadowExpire) <= now() - duration("12h")`, "false", "true"},
		{`time(days, "days") <= now() + duration("12h")`, "false", "true"},
		{`now() + duration("1d") >= time("2026-04-01T12:00:00Z")`, "false", "true"},
		{`duration("1d") + now() >= time("2026-04-01T12:00:00Z")`, "false", "true"},
		{`time(pwdEndTime) - now() <= duration("0s")`, "false", "true"},
		{`time(pwdEndTime) - now() <= duration("1d") + duration("-1d")`, "false", "true"},
		{`time(pwdEndTime) == now()`, "false", "true"},
		{`time(absent) <= now()`, "false", "false"}, // never
		{`time(empty) + duration("100000d") <= now()`, "false", "false"},
		{`time(absent) - now() > duration("36500d")`, "true", "true"},
		{`time(never, "ticks") <= now()`, "false", "false"},
		{`time(absent ?? pwdEndTime) <= now()`, "false", "true"},
		{`let t = time(pwdEndTime); t <= now() ? "gone" : string(t)`, "2026-03-31T12:00:00Z", "gone"},
		{`string(time(absent)) ?? "no end"`, "no end", "no end"},
		{`string(time(pwdEndTime))`, "2026-03-31T12:00:00Z", "2026-03-31T12:00:00Z"},
		{`string(duration("1d12h"))`, "36h0m0s", "36h0m0s"},
		{`time`, "", ""}, // attributes, too, where they are not called
		{`now ?? "x"`, "x", "x"},
		{`lower(duration + time)`, "", ""},
	} {
		for now, want := range map[time.Time]string{end.Add(-time.Second): tt.before, end: tt.then} {
			if got, err := at(tt.text, now); err != nil || got != want {
				t.Errorf("%s at %v: %q, %v; want %q", tt.text, now, got, err, want)
			}
		}
	}
	for text, want := range map[string]string{
		`time(bad) < now()`:              `the expression "time(bad) < now()" can't be worked out: "soon" is no time: a form such as 20260331120000Z is expected (at 1:1)`,
		`time(half) < now()`:             `the expression "time(half) < now()" can't be worked out: "soon" is no time: a form such as 20260331120000Z is expected (at 1:1)`,
		`time(lower(days)) < now()`:      `the expression "time(lower(days)) < now()" can't be worked out: "20544" is no time: of such a number it is not known what it counts, and since when (at 1:1)`,
		`duration(bad) == now() - now()`: `the expression "duration(bad) == now() - now()" can't be worked out: "soon" is no length of time, such as 30d, 12h or 90m (at 1:1)`,
	} {
		if got, err := at(text, end); err == nil || err.Error() != want {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
	if got, err := at(`now() > time("19700101000000Z") ? "active" : "active"`, time.Time{}); err == nil {
		t.Errorf("without a time: %q", got) // nobody is let in for it
	}
}
