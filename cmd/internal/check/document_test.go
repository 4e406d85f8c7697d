package check_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"duosync/cmd/internal/check"
	"duosync/cmd/internal/report/form"
	"duosync/cmd/internal/report/reporttest"
)

func TestChecksInAllForms(t *testing.T) {
	document := &check.Document{Checks: []check.Check{
		{Name: "configuration", OK: true, Detail: "it can be read"},
		{Name: "LDAP locks", OK: true, Detail: "none can be seen", Hint: "keep them in the user store"},
		{Name: "Duo keys", Detail: "refused\x1b[2J", Hint: "check duo.secret_key"},
		{Name: "Duo write", Detail: "not checked", Skipped: true},
	}}
	for format, want := range map[form.Format]string{
		form.Table: `Check: 1 of 3 checks FAILED, 1 more could not be made; nothing was changed

  ok    configuration  it can be read
  note  LDAP locks     none can be seen → keep them in the user store
  FAIL  Duo keys       refused\u001b[2J → check duo.secret_key
  skip  Duo write      not checked

Check: 1 of 3 checks FAILED, 1 more could not be made; nothing was changed
`,
		form.JSON: `{
  "checks": [
    {
      "name": "configuration",
      "ok": true,
      "detail": "it can be read",
      "hint": ""
    },
    {
      "name": "LDAP locks",
      "ok": true,
      "detail": "none can be seen",
      "hint": "keep them in the user store"
    },
    {
      "name": "Duo keys",
      "ok": false,
      "detail": "refused\u001b[2J",
      "hint": "check duo.secret_key"
    },
    {
      "name": "Duo write",
      "ok": false,
      "detail": "not checked",
      "hint": ""
    }
  ]
}
`,
		form.CSV: `name,result,detail,hint
configuration,ok,it can be read,
LDAP locks,note,none can be seen,keep them in the user store
Duo keys,FAIL,refused\u001b[2J,check duo.secret_key
Duo write,skip,not checked,
`,
	} {
		if diff := cmp.Diff(want, reporttest.Rendered(t, document, format)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", format, diff)
		}
	}
	passed := &check.Document{Checks: document.Checks[:2]}
	for _, format := range form.Formats() {
		if text := reporttest.Rendered(t, passed, format); text == "" || strings.Contains(text, "FAIL") {
			t.Errorf("%s of checks that passed:\n%s", format, text)
		}
	}
}

// FuzzDocument puts any text wherever a server can write.
func FuzzDocument(f *testing.F) {
	f.Add(reporttest.Hostile, "=1+1")
	f.Fuzz(func(t *testing.T, one, other string) {
		reporttest.Harmless(t, &check.Document{Checks: []check.Check{
			{Name: one, OK: true, Detail: other, Hint: one}, {Name: one, Detail: one, Hint: other}, {Name: other, Detail: one, Skipped: true},
		}})
	})
}
