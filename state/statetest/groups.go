package statetest

import (
	"testing"

	dirsync "duosync/sync"
)

func group(id, name string) *dirsync.GroupLink {
	return &dirsync.GroupLink{ID: id, Name: name, Origin: dirsync.Created, Sources: []dirsync.SourceID{"source of " + dirsync.SourceID(name)}}
}

// groupOutcome is an outcome about a group; it comes with Same.
func groupOutcome(link *dirsync.GroupLink, drop string) dirsync.Outcome {
	key := drop
	if link != nil {
		key = link.Key()
	}
	return dirsync.Outcome{Source: dirsync.SourceID("group|" + key), Group: link, DropGroup: drop, Same: true}
}

func (b *bed) groups() []dirsync.GroupLink {
	b.t.Helper()
	groups, err := b.Groups(b.t.Context())
	b.must(err)
	return groups
}

func testSeen(t *testing.T, open Opener) {
	b := newBed(t, open)
	placed, nowhere := link("placed", "DU1"), link("nowhere", "DU2")
	placed.Seen = dirsync.Seen{Base: "ou=people", Groups: []string{"staff"}}
	b.put(placed, nowhere)
	b.reopen()
	equal(t, "briefs", []dirsync.Brief{nowhere.Brief(), placed.Brief()}, b.scan())
	if seen := b.scan(); seen[0].Seen != 0 || seen[1].Seen == 0 {
		t.Errorf("seen %d and %d, want none and some", seen[0].Seen, seen[1].Seen)
	}
	placed.Seen.Base = "ou=others"
	b.put(placed)
	equal(t, "after a move", []dirsync.Brief{nowhere.Brief(), placed.Brief()}, b.scan())
}

func testPending(t *testing.T, open Opener) {
	b := newBed(t, open)
	mail, field, done := link("mail", "DU1"), link("field", "DU2"), link("done", "DU3")
	mail.Mail, done.Mail = dirsync.MailDue, dirsync.MailSent
	field.Unfinished = []string{dirsync.FieldPhones}
	b.put(mail, field, done)
	b.reopen()
	equal(t, "briefs", []dirsync.Brief{done.Brief(), field.Brief(), mail.Brief()}, b.scan())
	equal(t, "pending", []bool{false, true, true}, []bool{b.scan()[0].Pending, b.scan()[1].Pending, b.scan()[2].Pending})
	field.Unfinished, mail.Mail = nil, dirsync.MailSent
	b.put(field, mail)
	equal(t, "once it is done", []dirsync.Brief{done.Brief(), field.Brief(), mail.Brief()}, b.scan())
}

func testGroups(t *testing.T, open Opener) {
	b := newBed(t, open)
	equal(t, "groups of an empty state", []dirsync.GroupLink(nil), b.groups())
	full := filled[dirsync.GroupLink](1)
	full.ID, full.Name, full.Origin = "DGfull", "Ärzte \"&\" <Nurses>", dirsync.Adopted
	bare := dirsync.GroupLink{Name: "bare", Origin: dirsync.Created}
	upper, other := group("DG2", "Zulu"), group("DG3", "alpha-1")
	j := b.begin("first")
	b.must(j.Record(t.Context(), []dirsync.Outcome{
		groupOutcome(upper, ""), groupOutcome(&full, ""), groupOutcome(other, ""), groupOutcome(&bare, ""),
	}))
	b.reopen()
	equal(t, "groups in the order of keys", []dirsync.GroupLink{*other, bare, *upper, full}, b.groups())
	equal(t, "links of persons", 0, b.links())

	// The key is the folded name.
	upper.Name, upper.Sources = " ZULU", []dirsync.SourceID{"another"}
	j = b.begin("second")
	b.must(j.Record(t.Context(), []dirsync.Outcome{groupOutcome(upper, ""), groupOutcome(nil, "bare"), groupOutcome(nil, "nobody's")}))
	equal(t, "groups after a change", []dirsync.GroupLink{*other, *upper, full}, b.groups())
}

func testGroupRenamed(t *testing.T, open Opener) {
	b := newBed(t, open)
	j := b.begin("first")
	b.must(j.Record(t.Context(), []dirsync.Outcome{groupOutcome(group("DG1", "old"), "")}))
	b.must(j.Record(t.Context(), []dirsync.Outcome{groupOutcome(group("DG1", "new"), "old")}))
	equal(t, "groups", []dirsync.GroupLink{*group("DG1", "new")}, b.groups())
	// Two that change places.
	b.must(j.Record(t.Context(), []dirsync.Outcome{groupOutcome(group("DG2", "other"), "")}))
	b.must(j.Record(t.Context(), []dirsync.Outcome{groupOutcome(nil, "other"), groupOutcome(group("DG2", "new"), ""), groupOutcome(group("DG1", "other"), "")}))
	equal(t, "groups that changed places", []dirsync.GroupLink{*group("DG2", "new"), *group("DG1", "other")}, b.groups())
}

func testGroupLastWord(t *testing.T, open Opener) {
	b := newBed(t, open)
	j := b.begin("first")
	b.must(j.Record(t.Context(), []dirsync.Outcome{
		groupOutcome(group("DG1", "a"), ""), groupOutcome(nil, "a"),
		groupOutcome(nil, "b"), groupOutcome(group("DG2", "b"), ""), groupOutcome(group("DG3", "b"), ""),
	}))
	equal(t, "groups", []dirsync.GroupLink{*group("DG3", "b")}, b.groups())
}

func testGroupOnce(t *testing.T, open Opener) {
	b := newBed(t, open)
	j := b.begin("first")
	b.must(j.Record(t.Context(), []dirsync.Outcome{groupOutcome(group("DG1", "a"), "")}))
	l := link("p", "DU1")
	if err := j.Record(t.Context(), []dirsync.Outcome{{Source: "p", Link: &l}, groupOutcome(group("DG1", "b"), "")}); err == nil {
		t.Error("one Duo group has two links")
	}
	nobodys := group("DG2", "c")
	nobodys.Origin = ""
	if err := j.Record(t.Context(), []dirsync.Outcome{groupOutcome(nobodys, "")}); err == nil {
		t.Error("a group was stored without its origin, on which it hangs whether it may be deleted")
	}
	equal(t, "groups", []dirsync.GroupLink{*group("DG1", "a")}, b.groups())
	equal(t, "links of a record that failed", []dirsync.Link(nil), b.load("p"))
}

func testGroupIntents(t *testing.T, open Opener) {
	b := newBed(t, open)
	j := b.begin("first")
	made := dirsync.Op{Action: dirsync.GroupCreate, Source: "group|staff", Username: "Staff", Group: &dirsync.GroupLink{Name: "Staff", Origin: dirsync.Created}}
	b.intend(j, noon, &made, op(dirsync.Update, "p"))
	b.reopen()
	left := b.intents()
	equal(t, "open intents", []string{"group_create group|staff", "update p"}, actions(left))
	equal(t, "the group's operation", &made, left[0].Op)

	j = b.begin("second")
	done := groupOutcome(group("DG1", "Staff"), "")
	done.Seq = left[0].Seq
	b.must(j.Record(t.Context(), []dirsync.Outcome{done}))
	b.intend(j, noon, &dirsync.Op{Action: dirsync.GroupDelete, Source: "group|staff"})
	b.must(j.Record(t.Context(), []dirsync.Outcome{groupOutcome(nil, "staff")}))
	equal(t, "open intents", []string{"update p"}, actions(b.intents()))
	equal(t, "groups", []dirsync.GroupLink(nil), b.groups())
	equal(t, "links of persons", []dirsync.Link(nil), b.load("group|staff"))
}
