package planfile_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"duosync/cmd/internal/planfile"
	dirsync "duosync/sync"
)

var (
	binding = dirsync.Binding{Host: "api-1.example.com", Key: "DIWJ8X6AEYOR5OMC6TQ1", Directory: "ou=users,dc=example"}
	began   = time.Date(2026, 3, 4, 12, 0, 0, 123456789, time.UTC)
)

func newKey(t testing.TB, secret string) planfile.Key {
	t.Helper()
	key, err := planfile.NewKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// planOf gives the plan of a dry run with these operations.
func planOf(ops ...*dirsync.Op) *planfile.Plan {
	run := &dirsync.Run{ID: "20260304T120000Z-0a1b2c", DryRun: true, Started: began, ApprovalID: "77665544332211009988",
		PlanID: (&dirsync.Plan{Waves: [][]*dirsync.Op{ops}}).ID(),
		Guards: []dirsync.Guard{{Name: "max_remove", Limit: "5%", Affected: 6, Total: 60, Held: true}}}
	for _, op := range ops {
		run.Operations = append(run.Operations, &dirsync.Operation{Op: op, Result: dirsync.ResultPlanned})
	}
	run.Operations = append(run.Operations, &dirsync.Operation{Op: &dirsync.Op{Action: dirsync.Create, Blocked: "has no username"}, Result: dirsync.ResultFailed})
	p := planfile.Of(run)
	p.Version, p.Binding, p.Settings = "v1", binding, map[string]string{"ldap.users.filter": "00"}
	p.State = planfile.Mark{Run: "20260303T120000Z-0a1b2c", Started: began.Add(-time.Hour), Finished: began.Add(-time.Minute)}
	return p
}

func small() *planfile.Plan {
	return planOf(&dirsync.Op{Action: dirsync.Update, Username: "ada", Source: "id-1", User: "DU1", Reason: "changed in the directory",
		Changes: []dirsync.Change{{Field: dirsync.FieldEmail, Before: "a@example.com", After: "<ada>&@example.com"}}})
}

func seal(t testing.TB, p *planfile.Plan, key planfile.Key) []byte {
	t.Helper()
	file, err := p.Seal(key)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// fill puts a text of its own into every string below v, and something into all
// else.
func fill(v reflect.Value, n *int) {
	*n++
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(began.Add(time.Duration(*n) * time.Second)))
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), n)
		fill(v.Index(1), n)
	case reflect.Map:
		v.Set(reflect.ValueOf(dirsync.Fields{dirsync.FieldEmail: fmt.Sprintf("planted-%03d", *n), dirsync.FieldAliases: fmt.Sprintf("planted-a%03d\nplanted-b%03d", *n, *n)}))
	case reflect.String:
		v.SetString(fmt.Sprintf("planted-%03d", *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int8:
		v.SetInt(int64(*n))
	default:
		panic("a field of kind " + v.Kind().String())
	}
}

// everything gives an operation in which no field is empty.
func everything() *dirsync.Op {
	op, n := &dirsync.Op{}, 0
	fill(reflect.ValueOf(op).Elem(), &n)
	op.Stage, op.Blocked, op.DN = 0, "", ""
	op.Changes[0].Field, op.Changes[0].Before, op.Changes[0].After = dirsync.FieldAliases, "", "planted-x\nplanted-y"
	return op
}

func TestRoundTrip(t *testing.T) {
	key := newKey(t, "secret")
	p := planOf(everything(), small().Ops()[0])
	file := seal(t, p, key)
	back, err := planfile.Read(file, key, binding)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(p, back); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
	if len(back.Ops()) != 2 {
		t.Errorf("%d operations, want 2: one that can't be carried out is no part of a plan", len(back.Ops()))
	}
	if again := seal(t, back, key); !bytes.Equal(file, again) {
		t.Error("the same plan gives another file")
	}
	if !json.Valid(file) || !bytes.Contains(file, []byte(`"after": "<ada>&@example.com"`)) {
		t.Errorf("not readable:\n%s", file)
	}
	if empty, err := planfile.Read(seal(t, planOf(), key), key, binding); err != nil || empty.Ops() == nil {
		t.Errorf("a plan with nothing to do: %v", err)
	}
}

// TestSealRefuses keeps no plan that could not be applied: JSON can't hold bytes
// that are no UTF-8.
func TestSealRefuses(t *testing.T) {
	p := small()
	p.Operations[0].Changes[0].After = "\xff"
	p = planOf(p.Ops()...)
	if _, err := p.Seal(newKey(t, "secret")); err == nil {
		t.Error("sealed")
	}
}

// TestRead is how an admin learns what is wrong with a file.
func TestRead(t *testing.T) {
	key := newKey(t, "secret")
	file := string(seal(t, small(), key))
	elsewhere := binding
	elsewhere.Host = "api-2.example.com"
	later := small()
	later.Schema = 2
	for name, c := range map[string]struct {
		file    string
		key     string
		binding dirsync.Binding
		want    error
		text    string
	}{
		"nothing":            {"", "secret", binding, planfile.ErrForeign, "no plan"},
		"a report":           {`{"schema": 1, "run_id": "x"}`, "secret", binding, planfile.ErrForeign, "no plan"},
		"cut off":            {file[:len(file)-1], "secret", binding, planfile.ErrForeign, "cut off"},
		"written anew":       {strings.ReplaceAll(file, "\n", "\r\n"), "secret", binding, planfile.ErrForeign, "another program"},
		"something behind":   {file + "\n", "secret", binding, planfile.ErrForeign, "another program"},
		"a newer version":    {strings.Replace(file, `"duosync_plan": 1`, `"duosync_plan": 2`, 1), "secret", binding, planfile.ErrNewer, "newer"},
		"a name changed":     {strings.Replace(file, `"ada"`, `"eve"`, 1), "secret", binding, planfile.ErrChanged, "changed"},
		"signed by others":   {file, "other", binding, planfile.ErrChanged, "another Duo secret key"},
		"another account":    {file, "other", elsewhere, planfile.ErrOther, "api-2.example.com"},
		"another host":       {file, "secret", elsewhere, planfile.ErrOther, "api-2.example.com"},
		"redacted":           {string(seal(t, small().Redact(key), key)), "secret", binding, planfile.ErrRedacted, "redacted"},
		"redacted, by other": {string(seal(t, small().Redact(key), key)), "other", binding, planfile.ErrRedacted, "redacted"},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := planfile.Read([]byte(c.file), newKey(t, c.key), c.binding)
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) || dirsync.Hint(err) == "" {
				t.Errorf("%v, advice %q; want %v with %q", err, dirsync.Hint(err), c.want, c.text)
			}
			if p != nil {
				t.Error("there is a plan beside the error")
			}
		})
	}
	if _, err := later.Seal(key); err == nil {
		t.Error("a schema that can't be read back was sealed")
	}
}

// TestOneByte refuses a plan with any one byte changed, left out or put in, and the
// beginnings of one.
func TestOneByte(t *testing.T) {
	key := newKey(t, "secret")
	file := seal(t, small(), key)
	refused := func(what string, i int, changed []byte) {
		t.Helper()
		if _, err := planfile.Read(changed, key, binding); err == nil || dirsync.Hint(err) == "" {
			t.Fatalf("%s at byte %d of %d: %v", what, i, len(file), err)
		}
	}
	for i := range file {
		for _, flip := range []byte{0x01, 0x20, 0x80, 0xff} {
			changed := bytes.Clone(file)
			changed[i] ^= flip
			refused(fmt.Sprintf("flipped by %#x", flip), i, changed)
		}
		refused("cut off", i, file[:i])
		refused("begun late", i+1, file[i+1:])
		refused("left out", i, append(bytes.Clone(file[:i]), file[i+1:]...))
		refused("put in", i, append(append(bytes.Clone(file[:i]), ' '), file[i:]...))
	}
}

// TestRedact looks for what was planted in every text of an operation. Only what
// names nobody stays.
func TestRedact(t *testing.T) {
	key := newKey(t, "secret")
	op := everything()
	op.Reason = `takes over from "planted-reason" and ` + string(op.From) + "'s " + string(op.Source) + `: planted-words of an administrator`
	p := planOf(op, small().Ops()[0])
	p.Options = planfile.Options{Only: "planted-only", Adopt: planfile.Names{"planted-adopt"}}
	p.Guards[0].About = dirsync.About{Group: "planted-group", Base: "ou=planted-base", Directory: "planted-directory"}
	before := seal(t, p, key)
	file := string(seal(t, p.Redact(key), key))
	if !bytes.Equal(before, seal(t, p, key)) {
		t.Error("redacting changes the plan itself")
	}
	stays := map[string]bool{string(op.Action): true, op.Changes[1].Field: true, op.Missing.Why: true, op.Missing.Scope: true, string(op.Missing.Step): true, string(op.Group.Origin): true, string(op.Origin): true}
	for _, s := range op.Phones {
		stays[string(s.Do)], stays[s.Type] = true, true
	}
	for _, field := range op.Unfinished {
		stays[field] = true
	}
	for rest := file; ; {
		i := strings.Index(rest, "planted-")
		if i < 0 {
			break
		}
		word := rest[i : i+strings.IndexByte(rest[i:], '"')]
		rest = rest[i+len(word):]
		if !stays[word] {
			t.Errorf("%s is still there", word)
		}
	}
	for _, secret := range []string{"example.com", "id-1", "DU1", `"ada"`, binding.Key, "dc=example", p.PlanID, p.ApprovalID} {
		if strings.Contains(file, secret) {
			t.Errorf("%s is still there", secret)
		}
	}
	same := planOf(&dirsync.Op{Action: dirsync.Create, Username: "ada", Source: "id-9"}, small().Ops()[0]).Redact(key)
	if a, b := same.Operations[0].Username, same.Operations[1].Username; a != b || a == "" || same.Operations[0].Source == same.Operations[1].Source {
		t.Errorf("the digests %q and %q", a, b)
	}
	if other := small().Redact(newKey(t, "other")); other.Operations[0].Username == same.Operations[1].Username {
		t.Error("digests do without the key")
	}
	if strings.Contains(fmt.Sprintf("%v %+v %#v", key, &key, key), fmt.Sprintf("%v", []byte("secret"))) || fmt.Sprint(key) != "<key>" {
		t.Error("a key is printed")
	}
}

// TestRedactReasons looks at the reasons that name somebody. The same person has the same
// digest there and elsewhere in the plan.
func TestRedactReasons(t *testing.T) {
	key := newKey(t, "secret")
	const former = "jane.roe+x@example.com"
	digest := func(text string) string {
		return planOf(&dirsync.Op{Username: text}).Redact(key).Operations[0].Username
	}
	for _, c := range []struct {
		op   dirsync.Op
		want string
	}{
		{dirsync.Op{From: former, Reason: "adopted: the user was " + former + "'s, who is missing from the directory"},
			"adopted: the user was " + digest(former) + "'s, who is missing from the directory"},
		{dirsync.Op{From: "e", Source: "in", Reason: "the user was e's, changed in the directory"}, "the user was " + digest("e") + "'s, changed " + digest("in") + " the directory"},
		{dirsync.Op{Reason: `takes over from "jane \"j\" roe"`}, "takes over from " + digest(`jane "j" roe`)},
		{dirsync.Op{Marked: true, Reason: "disabled by duosync disable: Jane was dismissed: urgent"}, "disabled by duosync disable: " + digest("Jane was dismissed: urgent")},
		{dirsync.Op{Reason: "gone from the directory since 2026-03-04T12:00:00Z"}, "gone from the directory since 2026-03-04T12:00:00Z"},
	} {
		p := planOf(&c.op).Redact(key)
		if got := p.Operations[0].Reason; got != c.want {
			t.Errorf("%q became %q, want %q", c.op.Reason, got, c.want)
		}
		if from := p.Operations[0].From; c.op.From != "" && string(from) != digest(string(c.op.From)) {
			t.Errorf("%q became %q", c.op.From, from)
		}
	}
	p := planOf(&dirsync.Op{
		Changes: []dirsync.Change{{Field: dirsync.FieldStatus, Before: "disabled", After: "jane@example.com"}}, Takes: &dirsync.Belongings{Aliases: []string{"jane"}},
		Group: &dirsync.GroupLink{Sources: []dirsync.SourceID{former}},
	}).Redact(key).Operations[0]
	if p.Changes[0].Before != "disabled" || p.Changes[0].After != digest("jane@example.com") || p.Takes.Aliases[0] != digest("jane") || string(p.Group.Sources[0]) != digest(former) {
		t.Errorf("%+v, takes %+v, group %+v", p, p.Takes, p.Group)
	}
}

func TestUnderAndKnown(t *testing.T) {
	type inner struct {
		Filter string   `yaml:"filter"`
		Bases  []string `yaml:"base_dns"`
	}
	type section struct {
		Users inner             `yaml:"users"`
		Names map[string]string `yaml:"rename"`
	}
	key := newKey(t, "secret")
	of := func(s section) map[string]string {
		digests, err := key.Settings(map[string]any{"ldap": s})
		if err != nil {
			t.Fatal(err)
		}
		return digests
	}
	p := small()
	p.Settings = of(section{Users: inner{Filter: "(a=b)", Bases: []string{}}, Names: map[string]string{"a": "1", "b": "2"}})
	if len(p.Settings) != 3 || strings.Contains(fmt.Sprint(p.Settings), "(a=b)") {
		t.Errorf("settings %v", p.Settings)
	}
	if err := p.Under(of(section{Users: inner{Filter: "(a=b)"}, Names: map[string]string{"b": "2", "a": "1"}})); err != nil {
		t.Errorf("the same settings: %v", err)
	}
	err := p.Under(of(section{Users: inner{Filter: "(a=c)"}, Names: map[string]string{"b": "2", "a": "3"}}))
	if !errors.Is(err, planfile.ErrOther) || !strings.Contains(err.Error(), "ldap.rename, ldap.users.filter") || strings.Contains(err.Error(), "base") || dirsync.Hint(err) == "" {
		t.Errorf("other settings: %v", err)
	}
	newer := of(section{Users: inner{Filter: "(a=b)"}, Names: map[string]string{"b": "2", "a": "1"}})
	newer["sync.new"] = "00"
	if err := p.Under(newer); err == nil || !strings.Contains(err.Error(), "sync.new") {
		t.Errorf("a setting that was not there: %v", err)
	}

	open := p.State
	open.Finished = time.Time{}
	for name, c := range map[string]struct {
		was, now planfile.Mark
		known    bool
		ok       bool
	}{
		"nothing then":             {planfile.Mark{}, planfile.Mark{}, false, true},
		"the same":                 {p.State, p.State, true, true},
		"under way then":           {open, p.State, true, true},
		"not known":                {p.State, planfile.Mark{}, false, false},
		"still under way":          {p.State, open, true, false},
		"another run of that name": {p.State, planfile.Mark{Run: p.State.Run, Started: began, Finished: p.State.Finished}, true, false},
	} {
		p.State = c.was
		if err := p.Known(c.now, c.known); (err == nil) != c.ok || err != nil && (!errors.Is(err, planfile.ErrOther) || dirsync.Hint(err) == "") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
