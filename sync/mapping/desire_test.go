package mapping_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	dirsync "duosync/sync"
	"duosync/sync/expression"
	"duosync/sync/mapping"
)

func TestMapOnePerson(t *testing.T) {
	rules := mapping.Rules{
		Mapping: map[string]dirsync.Expression{dirsync.FieldUsername: formula(t, "uid"), dirsync.FieldEmail: formula(t, "mail")},
		Status:  true, LowerUsername: true,
	}
	person := dirsync.Person{DN: "uid=Anna,dc=x", Standing: dirsync.Disabled, Attrs: map[string][]string{"uid": {" Anna "}, "mail": {"nowhere"}}}
	fields, problem, warnings := rules.Map(&person)
	want := dirsync.Fields{dirsync.FieldUsername: "anna", dirsync.FieldEmail: "", dirsync.FieldStatus: dirsync.StatusDisabled}
	if diff := cmp.Diff(want, fields); diff != "" || problem != "" {
		t.Errorf("problem %q, fields (-want +got):\n%s", problem, diff)
	}
	if len(warnings) != 1 || !strings.Contains(warnings[0], `"nowhere"`) {
		t.Errorf("warnings %q, want one of the address", warnings)
	}
	nameless := dirsync.Person{DN: "cn=N,dc=x"}
	if _, problem, _ := rules.Map(&nameless); !strings.Contains(problem, "username is missing") || !strings.Contains(problem, "cn=N,dc=x") {
		t.Errorf("a person without a username: problem %q", problem)
	}
}

// TestAUsableValueBesideOneThatIsNone: the usable one counts, wherever it stands, and the
// other is told.
func TestAUsableValueBesideOneThatIsNone(t *testing.T) {
	rules := mapping.Rules{Mapping: map[string]dirsync.Expression{dirsync.FieldUsername: formula(t, "uid"), dirsync.FieldEmail: formula(t, "mail")}}
	for name, test := range map[string]struct {
		mail []string
		want string
		told []string
	}{
		"usable first":   {[]string{"a@example.com", "nonsense"}, "a@example.com", []string{`"nonsense"`}},
		"usable last":    {[]string{"0nonsense", "a@example.com"}, "a@example.com", []string{`"0nonsense"`}},
		"two of each":    {[]string{"0", "a@example.com", "b@example.com", "z"}, "a@example.com", []string{`"0"`, `"z"`}},
		"none is usable": {[]string{"0", "z"}, "", []string{`"0"`, `"z"`}},
		"all usable":     {[]string{"b@example.com", "a@example.com"}, "a@example.com", nil},
	} {
		person := dirsync.Person{DN: "uid=anna,dc=x", Attrs: map[string][]string{"uid": {"anna"}, "mail": test.mail}}
		d := rules.Desire(&person)
		if d.Fields[dirsync.FieldEmail] != test.want || len(d.Warnings) != len(test.told) {
			t.Errorf("%s: %q, told %q", name, d.Fields[dirsync.FieldEmail], d.Warnings)
			continue
		}
		for i, told := range test.told {
			if !strings.Contains(d.Warnings[i], told) {
				t.Errorf("%s: told %q, want %s", name, d.Warnings[i], told)
			}
		}
	}
}

func formula(t *testing.T, text string) dirsync.Expression {
	t.Helper()
	e, err := expression.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestSigns: what is no printable sign is looked at wherever it stands among ASCII.
func TestSigns(t *testing.T) {
	rules := mapping.Rules{Mapping: map[string]dirsync.Expression{
		dirsync.FieldUsername: formula(t, "uid"), dirsync.FieldRealname: formula(t, "cn"), dirsync.FieldEmail: formula(t, "mail"),
	}}
	for name, tt := range map[string]struct {
		sign                     string
		username, realname, mail bool // it stays as it is
	}{
		"blank":             {" ", true, true, false},
		"the last of ASCII": {"~", true, true, true},
		"below a blank":     {"\x1f", false, false, false},
		"delete":            {"\x7f", false, false, false},
		"a tabulator":       {"\t", false, false, false},
		"a control sign":    {"\u0085", false, false, false},
		"a letter":          {"é", true, true, true},
		"no text":           {"\xff", false, false, false},
		"two ats":           {"@", true, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			uid, cn, mail := "an"+tt.sign+"na", "An"+tt.sign+"na", "an"+tt.sign+"na@example.com"
			d := rules.Desire(&dirsync.Person{DN: "cn=x", Attrs: map[string][]string{"uid": {uid}, "cn": {cn}, "mail": {mail}}})
			if got := d.Fields[dirsync.FieldUsername] == uid && d.Problem == ""; got != tt.username {
				t.Errorf("username %q, %s", d.Fields[dirsync.FieldUsername], d.Problem)
			}
			if got := d.Fields[dirsync.FieldRealname] == cn; got != tt.realname {
				t.Errorf("realname %q", d.Fields[dirsync.FieldRealname])
			}
			if got := d.Fields[dirsync.FieldEmail] == mail; got != tt.mail {
				t.Errorf("email %q", d.Fields[dirsync.FieldEmail])
			}
		})
	}
}
