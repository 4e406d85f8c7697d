package report_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"duosync/cmd/internal/report"
)

func TestChecksInAllForms(t *testing.T) {
	checks := report.Checks{
		{Name: "configuration", OK: true, Detail: "it can be read"},
		{Name: "LDAP locks", OK: true, Detail: "none can be seen", Hint: "keep them in the user store"},
		{Name: "Duo keys", Detail: "refused\x1b[2J", Hint: "check duo.secret_key"},
		{Name: "Duo write", Detail: "not checked", Skipped: true},
	}
	for format, want := range map[report.Format]string{
		report.Table: `Check: 1 of 3 checks FAILED, 1 more could not be made; nothing was changed

  ok    configuration  it can be read
  note  LDAP locks     none can be seen → keep them in the user store
  FAIL  Duo keys       refused\u001b[2J → check duo.secret_key
  skip  Duo write      not checked
`,
		report.JSON: `{
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
		report.CSV: `name,result,detail,hint
configuration,ok,it can be read,
LDAP locks,note,none can be seen,keep them in the user store
Duo keys,FAIL,refused\u001b[2J,check duo.secret_key
Duo write,skip,not checked,
`,
	} {
		var out bytes.Buffer
		if err := checks.Write(&out, format, false); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, out.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", format, diff)
		}
	}
	for _, format := range report.Formats() {
		var out bytes.Buffer
		if err := checks[:2].Write(&out, format, false); err != nil || out.Len() == 0 || bytes.Contains(out.Bytes(), []byte("FAIL")) {
			t.Errorf("%s of checks that passed: %v\n%s", format, err, out.String())
		}
	}
}
