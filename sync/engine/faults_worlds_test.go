package engine_test

import (
	"strings"
	"testing"
	"time"

	dirsync "duosync/sync"
	"duosync/sync/engine"
)

// busy is a world in which a run has some of everything to do: an intent is open, people
// came, left, are back, renamed in a chain, adopted, locked, let in and moved, groups and
// phones come and go, and one name is somebody else's.
func busy(t *testing.T) *world {
	w := untouched(t)
	w.steps("rules", "mails 0", "run", "")
	kim := w.user("kim")
	locked := strings.NewReplacer("l lea  mail=lea@x @dropped", "", "ivy@x", "ivy@x disabled").Replace(inTheBeginning)
	w.steps("directory", locked, "elsewhere", "l lea", "duo", "mark "+kim+" theft", "run", "", "duo", "unmark "+kim,
		"faults", "crash update dan", "directory", strings.Replace(locked, "cn=Dan", "cn=Daniel", 1))
	if run := w.run(w.options("")); run.Err == nil || len(w.store.open) != 1 {
		t.Fatal(w.report(run))
	}
	w.steps("rules", "groups 1=staff 2=vpn 3=old 5=new\nmails 2", "elsewhere", "c cara", "directory", `
a anne mail=anna@x mobile=+12025550101 alias=annie @staff @new
b bob  mail=bob@x  mobile=+12025550109 @staff
d dan  mail=dan@x  cn=Daniel_D @vpn
e eve  mail=eve@x disabled
h anna mail=hal@x disabled
i ivy  mail=ivy@x
j joe  mail=joe@x  mobile=+12025550110 @new
k kim  mail=kim@x
l lea  mail=lea@x
m max  mail=max@x
n nat  mail=nat@x
p pia  mail=pia@x
q quin mail=quin@x cn=Quin
r twin
s twin
t`, "duo", "add DUQ username=quin email=quin@x")
	w.clock = w.clock.Add(time.Hour)
	return w
}

func untouched(t *testing.T) *world {
	w := newWorld(t)
	w.steps("rules", `aliases alias
phones always conflict mobile
mirror staff vpn old new dropped
groups 1=staff 2=vpn 3=old 4=dropped
delete_unmirrored
existing adopt_if_email_matches
mails 2
min_attribute 50%
on_missing delete 0s keep 0s
on_out_of_scope trash 0s keep 0s`, "directory", inTheBeginning, "duo", "add DUX username=max")
	return w
}

// heldWhole is a world in which too many have left, and one more changed.
func heldWhole(t *testing.T) *world {
	w := newWorld(t)
	w.rules.Limits.Floor = 1
	w.steps("rules", "max_remove 1\nmin_source 90%", "directory", inTheBeginning, "run", "",
		"directory", "a anna mail=other@x\nb bob mail=bob@x cn=Bob\nd dan mail=dan@x")
	return w
}

// dim is a world in which the account of the directory lost some of its sight.
func dim(t *testing.T) *world {
	const seen = "a anna mail=anna@x @inner\nb bob mail=bob@x @staff\nc cara mail=cara@x\nd dan mail=dan@x @left\ne eve mail=eve@x cn=Eve\nf fay mail=fay@x"
	w := newWorld(t)
	w.rules.Limits.Floor = 2
	w.steps("rules", "min_attribute 50%\nmirror staff\nexclude_groups left\ngroups 1=staff 7=left\nnested 6=inner:staff",
		"directory", seen, "run", "",
		"rules", "groups 1=staff 7=left\nblind attr:mail dn:cn=inner members:left id:6", "directory", strings.Replace(seen, "cara@x", "cara@x badlock", 1))
	return w
}

// approved is that world once all that was held is approved.
func approved(t *testing.T) *world {
	w := dim(t)
	w.steps("run", "")
	hold := w.store.holds[w.held]
	hold.Until = w.clock.Add(time.Hour)
	w.store.approvals = append(w.store.approvals, hold)
	return w
}

// elsewhere is a busy world in which another server answers.
func elsewhere(t *testing.T) *world {
	w := busy(t)
	w.steps("rules", "server ldap://b")
	return w
}

// drifted is a busy world in which a user is gone, and somebody else has the name.
func drifted(t *testing.T) *world {
	w := busy(t)
	w.steps("duo", "delete "+w.user("nat")+"\nadd DUN username=nat")
	return w
}

func undoable(t *testing.T) *world {
	w := busy(t)
	w.steps("rules", "on_missing disable 0s keep 0s")
	w.run(w.options(""))
	w.run(w.options(""))
	w.steps("directory", "a anne mail=anna@x\nb bob mail=bob@x disabled", "elsewhere", "d dan\nj joe")
	if run := w.run(engine.Options{RunID: "r"}); len(removals(run)) < 4 {
		t.Fatal(w.report(run))
	}
	return w
}

// forgotten is a world that has lost a part of the state, while ids changed.
func forgotten(t *testing.T) *world {
	w := untouched(t)
	w.steps("run", "", "run", "", "directory", strings.Replace(inTheBeginning, "f fay", "ff fay", 1), "duo", "set DUX username=maximilian alias=max")
	for _, id := range []dirsync.SourceID{"a", "b", "c", "d"} {
		delete(w.store.links, id)
	}
	w.store.groups, w.store.meta.Baseline = map[string]dirsync.GroupLink{}, nil
	return w
}
