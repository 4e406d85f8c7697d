package guard_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	dirsync "duosync/sync"
	"duosync/sync/guard"
	"duosync/sync/mapping"
)

// facts are those of a run over 100 persons that are ours, under the limits that the
// configuration has of itself, and of an account in which nothing is amiss.
func facts(ops ...*dirsync.Op) *guard.Facts {
	rules := &mapping.Rules{Mapping: map[string]dirsync.Expression{}}
	sight := guard.NewSight(rules, &dirsync.Reference{})
	sight.InScope = 100
	f := &guard.Facts{
		Plan:  &dirsync.Plan{Waves: [][]*dirsync.Op{ops}},
		Reads: []*guard.Read{{Info: &dirsync.ReadInfo{}, Sight: sight}}, Doubts: &guard.Doubts{},
		Before: &dirsync.Baseline{InScope: 100, Sighted: 100, Scope: "scope", Place: "place", Directories: map[string]dirsync.Reference{}},
		Rules:  rules,
		Policy: guard.Policy{Directories: dirsync.Directories{{Scope: "scope", Place: "place"}}, Limits: dirsync.Limits{
			MaxRemove: dirsync.Percent(5), MaxUpdate: dirsync.Percent(30), MaxEnable: dirsync.Percent(5), MaxCreate: dirsync.Limit{Off: true}, MaxRecreate: dirsync.Percent(5),
			MaxGroupLoss: dirsync.Percent(50), MaxGroupDelete: dirsync.Percent(10), MinSource: dirsync.Percent(90), MinAttribute: dirsync.Percent(50), Floor: 5}},
		State: guard.State{Links: 100, Active: 100},
	}
	for _, o := range ops {
		f.People = append(f.People, &guard.Person{ID: o.Source, Username: o.Username, Link: &dirsync.Link{ID: o.Source, Answered: dirsync.Account{Username: o.Username}}, Ops: []*dirsync.Op{o}})
	}
	return f
}

// each makes operations of one kind on n persons.
func each(n int, op dirsync.Op) []*dirsync.Op {
	var ops []*dirsync.Op
	for i := range n {
		o := op
		o.Source, o.Username = dirsync.SourceID(fmt.Sprintf("id%02d", i)), fmt.Sprintf("user%02d", i)
		o.Changes, o.Asked = slices.Clone(op.Changes), dirsync.Fields{}
		ops = append(ops, &o)
	}
	return ops
}

func status(before, after string) []dirsync.Change {
	return []dirsync.Change{{Field: dirsync.FieldStatus, Before: before, After: after}}
}

var (
	disable  = dirsync.Op{Action: dirsync.Disable, Changes: status("active", "disabled"), Missing: &dirsync.Missing{Why: dirsync.Gone}}
	enable   = dirsync.Op{Action: dirsync.Enable, Changes: status("disabled", "active")}
	create   = dirsync.Op{Action: dirsync.Create, Changes: status("", "active")}
	recreate = dirsync.Op{Action: dirsync.Recreate, Changes: status("", "active")}
	rename   = dirsync.Op{Action: dirsync.Update, Changes: []dirsync.Change{{Field: dirsync.FieldRealname, Before: "A", After: "B"}}}
	leave    = dirsync.Op{Action: dirsync.Update, Changes: []dirsync.Change{{Field: dirsync.FieldGroups, Before: "staff", After: ""}}, Leaves: []dirsync.Membership{{ID: "DG1", Name: "staff"}}}
	drop     = dirsync.Op{Action: dirsync.GroupDelete, Group: &dirsync.GroupLink{ID: "DG1", Name: "staff"}}
)

// others makes operations on other persons of them.
func others(prefix string, ops []*dirsync.Op) []*dirsync.Op {
	for _, o := range ops {
		o.Source, o.Username = dirsync.SourceID(prefix)+o.Source, prefix+o.Username
	}
	return ops
}

func unaudited(f *guard.Facts) { f.Asked.Unaudited = errors.New("no space left on device") }

// told tells what guards hold, one line each.
func told(v *guard.Verdicts) string {
	var b strings.Builder
	for _, g := range v.Guards {
		if g.Held {
			fmt.Fprintf(&b, "%s%s %d of %d, %d held", g.Name, strings.TrimRight(" "+g.About.Text(), " "), g.Affected, g.Total, len(g.Ops))
			if !g.Partial {
				b.WriteString(", the whole run")
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

func TestLimits(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		ops    []*dirsync.Op
		change func(*guard.Facts)
		want   string
	}{
		"at the limit":                         {ops: each(5, disable)},
		"max_remove":                           {ops: each(6, disable), want: "max_remove 6 of 100, 6 held, the whole run\n"},
		"max_remove is off":                    {ops: each(6, disable), change: func(f *guard.Facts) { f.Policy.Limits.MaxRemove.Off = true }},
		"above the limit, not the floor":       {ops: each(5, disable), change: func(f *guard.Facts) { f.State.Active = 10 }},
		"for one person no removal is weighed": {ops: each(6, disable), change: func(f *guard.Facts) { f.Asked.Only = true }},
		"marked by hand":                       {ops: each(6, func() dirsync.Op { o := disable; o.Marked = true; return o }())},
		"approved to go":                       {ops: each(6, func() dirsync.Op { o := disable; o.Missing = &dirsync.Missing{Approved: true}; return o }())},
		"max_enable":                           {ops: each(6, enable), want: "max_enable 6 of 100, 6 held\n"},
		"max_enable lets removals go on": {ops: append(each(6, enable), &dirsync.Op{Action: dirsync.Disable, Source: "x", Username: "x", Changes: status("active", "disabled")}),
			want: "max_enable 6 of 100, 6 held\n"},
		"max_recreate":                {ops: each(6, recreate), want: "max_recreate 6 of 100, 6 held\n"},
		"max_create is off of itself": {ops: each(90, create)},
		"max_create":                  {ops: each(7, create), change: func(f *guard.Facts) { f.Policy.Limits.MaxCreate = dirsync.Limit{Count: 6} }, want: "max_create 7 of 100, 7 held\n"},
		"max_update":                  {ops: each(31, rename), want: "max_update 31 of 100, 31 held\n"},
		"max_update of what is taken": {ops: each(31, leave), change: func(f *guard.Facts) { f.Policy.Limits.MaxGroupLoss.Off = true },
			want: "max_update 31 of 100, 31 held\n"},
		"leaving a group that lets nobody in is enabling": {ops: each(6, leave), change: func(f *guard.Facts) {
			f.Policy.Limits.MaxGroupLoss.Off = true
			f.Groups.Status = map[string]string{"DG1": "disabled"}
		}, want: "max_enable 6 of 100, 6 held\n"},
		"the audit holds what gives": {ops: slices.Concat(each(3, create), others("a", each(3, disable)), others("b", each(2, leave))), change: unaudited, want: "audit 3 of 8, 3 held\n"},
		"the audit holds an enabling": {ops: append(each(6, enable), others("a", each(3, leave))...), change: func(f *guard.Facts) {
			unaudited(f)
			f.Groups.Status = map[string]string{"DG1": "disabled"}
		}, want: "audit 9 of 9, 9 held\n"}, // and not max_enable
		"the audit holds nothing that takes":    {ops: append(each(1, drop), others("a", each(5, disable))...), change: unaudited},
		"max_group_loss":                        {ops: each(10, leave), change: func(f *guard.Facts) { f.Reads[0].Sight.Members["staff"] = 5 }, want: "max_group_loss staff 10 of 15, 10 held\n"},
		"of a small group":                      {ops: each(6, leave), change: func(f *guard.Facts) { f.Reads[0].Sight.Members["staff"] = 1 }},
		"one group may always go":               {ops: each(1, drop), change: func(f *guard.Facts) { f.Groups.Links = 2 }},
		"max_group_delete":                      {ops: each(2, drop), change: func(f *guard.Facts) { f.Groups.Links = 10 }, want: "max_group_delete 2 of 10, 2 held\n"},
		"min_source":                            {change: func(f *guard.Facts) { f.Reads[0].Sight.InScope = 89 }, want: "min_source 11 of 100, 0 held, the whole run\n"},
		"who is excluded is not lost":           {change: func(f *guard.Facts) { f.Reads[0].Sight.InScope, f.Reads[0].Sight.Excluded = 89, 11 }},
		"nothing to compare with":               {change: func(f *guard.Facts) { f.Reads[0].Sight.InScope, f.Before = 89, nil }},
		"state_lost":                            {ops: each(6, create), change: func(f *guard.Facts) { f.State = guard.State{Strangers: 60} }, want: "state_lost 60 of 100, 6 held, the whole run\n"},
		"an empty state beside another account": {ops: each(6, create), change: func(f *guard.Facts) { f.State = guard.State{Strangers: 40} }},
		"strangers are adopted":                 {ops: each(6, create), change: func(f *guard.Facts) { f.State, f.Policy.Adopts = guard.State{Strangers: 60}, true }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := facts(test.ops...)
			if test.change != nil {
				test.change(f)
			}
			if diff := cmp.Diff(test.want, told(guard.Weigh(f))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestOtherScope(t *testing.T) {
	t.Parallel()
	f := facts(each(3, disable)...)
	f.Policy.Directories[0].Scope = "narrower"
	f.People[0].NotAccepted = true
	v := guard.Weigh(f)
	if diff := cmp.Diff("scope_changed 1 of 100, 1 held\n", told(v)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	f.Asked.Approvals = v.Holdings()
	f.People[0].Missing = &dirsync.Missing{Why: dirsync.OutOfScope, Scope: "narrower"}
	v = guard.Weigh(f)
	if told(v) != "" || len(v.Used) != 1 || !v.Forgiven["id00"] || f.People[0].Missing.Scope != "" {
		t.Errorf("approved: held %q, used %q, forgiven %v", told(v), v.Used, v.Forgiven)
	}
}

func TestIDsChanged(t *testing.T) {
	t.Parallel()
	f := facts(each(2, rename)...)
	f.People[0].Heir, f.People[0].Adopt = "new", "duosync sync --adopt user00 --config /x"
	f.Asked.Flags = " --config /x"
	v := guard.Weigh(f)
	if len(v.Guards) == 0 || !strings.HasPrefix(told(v), "ids_changed 1 of 100") {
		t.Fatalf("held %q", told(v))
	}
	for _, g := range v.Guards {
		if g.Name == dirsync.GuardIDsChanged && (g.Remedy != "duosync sync --adopt user00 --config /x" || g.ApprovalID != "") {
			t.Errorf("remedy %q, approval %q", g.Remedy, g.ApprovalID)
		}
	}
}

// An approval lets through what was held, and further ones stay held; of a whole run it
// lets through that and fewer, and never more.
func TestApproval(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		op              dirsync.Op
		approved, after int
		want            string
	}{
		"partial, the same":   {enable, 7, 7, ""},
		"partial, more":       {enable, 7, 9, "max_enable 2 of 100, 2 held\n"},
		"whole run, the same": {disable, 7, 7, ""},
		"whole run, fewer":    {disable, 8, 7, ""},
		"whole run, more":     {disable, 7, 8, "max_remove 8 of 100, 8 held, the whole run\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			held := guard.Weigh(facts(each(test.approved, test.op)...)).Holdings()
			f := facts(each(test.after, test.op)...)
			f.Asked.Approvals = held
			v := guard.Weigh(f)
			if diff := cmp.Diff(test.want, told(v)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if id := held[0].ID; !guard.KnownApproval(id, f.Asked.Binding) || guard.KnownApproval(id, dirsync.Binding{Host: "other"}) {
				t.Errorf("the id %s is not bound to its state", id)
			}
		})
	}
}

// What needs a name that a held operation would have freed is held with it.
func TestDependents(t *testing.T) {
	t.Parallel()
	ops := each(6, enable)
	ops[0].Changes = append(ops[0].Changes, dirsync.Change{Field: dirsync.FieldUsername, Before: "user00", After: "new"})
	ops[0].Action = dirsync.Restore
	ops = append(ops, &dirsync.Op{Action: dirsync.Create, Source: "x", Username: "user00", Changes: []dirsync.Change{{Field: dirsync.FieldUsername, After: "user00"}}})
	v := guard.Weigh(facts(ops...))
	if diff := cmp.Diff("max_enable 6 of 100, 7 held\n", told(v)); diff != "" || !v.Held[ops[6]] {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
