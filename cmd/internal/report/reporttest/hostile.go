// Package reporttest has what every document is tested with: a run of people who mean
// harm, a check of each form that it lets no harm out (harmless.go), and the forms as they
// should be (golden.go).
package reporttest

import (
	"strings"
	"time"

	dirsync "duosync/sync"
)

// Noon is when the reports are made.
var Noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// Hostile is what somebody who may write his own entry could put there.
const Hostile = "\x1b[2J\x1b]0;owned\a\r\n| **bold** [click](https://evil.example) <script>alert(1)</script> `code` \u202eevil\u202c & \u009b31m\xff http://evil.example www.evil.example"

// HostileRun is a held run that has something of everything, and people who mean
// harm among the others.
func HostileRun() *dirsync.Run {
	op := func(result, problem string, op dirsync.Op) *dirsync.Operation {
		return &dirsync.Operation{Op: &op, Result: result, Error: problem}
	}
	change := func(field, before, after string) dirsync.Change {
		return dirsync.Change{Field: field, Before: before, After: after}
	}
	return &dirsync.Run{
		ID: "20260304T120000Z-0a1b2c", DryRun: true, Command: "run", By: "schedule", Outcome: dirsync.OutcomeHeld,
		Account: "api-12345678.duosecurity.com", Directory: "hr: dc=example,dc=com; students: dc=" + Hostile,
		Started: Noon, Finished: Noon.Add(3200 * time.Millisecond), PlanID: "0123456789abcdef0123", ApprovalID: "fedcba98765400112233",
		Read: dirsync.ReadInfo{Server: "ldaps://ldap.example.com", Read: 12345}, InScope: 12300, Complete: true,
		Refreshed: true, RefreshReason: "due", Unchanged: 11200, Skipped: []dirsync.Skipped{{Username: "lrossi", Source: "e30", Reason: dirsync.SkippedLocked}, {Username: Hostile, Source: "e31", Reason: dirsync.SkippedProtected}},
		Operations: []*dirsync.Operation{
			op(dirsync.ResultHeld, "", dirsync.Op{Action: dirsync.Disable, Username: "asilva", Source: "6a1f", User: "DU1", Reason: "gone from the directory",
				Changes: []dirsync.Change{change("status", "active", "disabled")}}),
			op(dirsync.ResultHeld, "", dirsync.Op{Action: dirsync.Disable, Username: Hostile, Source: "6a2f", User: "DU2", Reason: "disabled in the directory",
				Changes: []dirsync.Change{change("status", "active", "disabled")}}),
			op(dirsync.ResultPlanned, "", dirsync.Op{Action: dirsync.Update, Username: "bokoye", Source: "6a3f", User: "DU3", Reason: "changed in the directory",
				Changes: []dirsync.Change{change("realname", "Bintou Okoye", Hostile), change("email", "bokoye@example.com", "=cmd|' /C calc'!A1"), change("notes", "+1 555 0100", "")}}),
			op(dirsync.ResultPlanned, "", dirsync.Op{Action: dirsync.Update, Username: "lcohen", Source: "6a4f", User: "DU4", Reason: "changed in the directory",
				Changes: []dirsync.Change{change("realname", "לאה כהן", "לאה לוי"), change("lastname", "כהן", "לוי")}}),
			op(dirsync.ResultPlanned, "", dirsync.Op{Action: dirsync.Update, Username: "a-username-of-more-than-thirty-two-characters@example.com", Source: "6a5f", User: "DU5", Reason: "changed in the directory",
				Changes: []dirsync.Change{change("notes", strings.Repeat("long ", 50), strings.Repeat("x", 300))}}),
			op(dirsync.ResultPlanned, "", dirsync.Op{Action: dirsync.Create, Username: "hsato", Source: "6a6f", Reason: "in the directory's scope",
				Changes: []dirsync.Change{change("username", "", "hsato"), change("realname", "", "佐藤 花子"), change("firstname", "", "花子"), change("lastname", "", "佐藤"), change("email", "", "hsato@example.com"), change("status", "", "active")}}),
			op(dirsync.ResultFailed, "the mapped username is empty", dirsync.Op{Action: dirsync.Create, Source: "6a7f", Reason: "in the directory's scope"}),
			op(dirsync.ResultPlanned, "", dirsync.Op{Action: dirsync.Trash, Username: "@lefty", Source: "6a8f", User: "DU8", Reason: "gone from the directory since 2026-01-01T00:00:00Z",
				Changes: []dirsync.Change{change("status", "disabled", "pending deletion")}}),
		},
		Conflicts: []dirsync.Conflict{
			{Username: "rkim", Sources: []dirsync.SourceID{"6b1f"}, Reason: "a Duo user of that name exists that is not ours; take it over with --adopt rkim, or rename one of them", New: true,
				People: []dirsync.Who{{Source: "6b1f", DN: "uid=rkim,ou=people,dc=example", Username: "rkim"}}, Remedy: "duosync sync --adopt rkim --config /etc/duo/config.yaml"},
			{Sources: []dirsync.SourceID{"6b2f", "6b3f"}, Reason: "two people claim the name " + Hostile,
				People: []dirsync.Who{{Source: "6b2f", DN: "cn=" + Hostile, Username: Hostile}, {Source: "6b3f"}}, Remedy: "duosync sync --adopt '" + Hostile + "'"},
		},
		Attention: []dirsync.Attention{
			{Username: Hostile, Source: "6b2f", Reason: "two people claim the name " + Hostile, Remedy: "duosync sync --adopt '" + Hostile + "'", Since: Noon.Add(-48 * time.Hour)},
			{Username: "rkim", Source: "6b1f", Reason: "a Duo user of that name exists that is not ours; take it over with --adopt rkim, or rename one of them",
				Remedy: "duosync sync --adopt rkim --config /etc/duo/config.yaml", Since: Noon},
		},
		Shadowed: shadowed(),
		Waiting: []dirsync.Waiting{
			{Username: "dpetrov", Source: "6c1f", Since: Noon.Add(-48 * time.Hour), Action: dirsync.Trash, Due: Noon.Add(28 * 24 * time.Hour)},
			{Username: Hostile, Source: "6c2f", Since: Noon.Add(-24 * time.Hour), Action: dirsync.Delete, Due: Noon.Add(29 * 24 * time.Hour)},
		},
		Guards: []dirsync.Guard{
			{Name: "max_remove", Limit: "5%", Affected: 1024, Total: 12300, Held: true, ApprovalID: "aaaa987654aa00112233", Since: Noon.Add(-12 * 24 * time.Hour),
				Names: []string{"asilva", Hostile}},
			{Name: "min_attribute", About: dirsync.About{Attribute: "mail"}, Limit: "50%", Affected: 7000, Total: 12300, Held: true, Partial: true,
				ApprovalID: "bbbb987654aa00112233", Since: Noon.Add(-time.Hour)},
			{Name: "max_update", Limit: "30%", Affected: 3, Total: 12300, Partial: true},
		},
		Warnings:      []string{"- # 1. " + Hostile, "1. the state is open to other users"},
		Usage:         dirsync.Usage{Calls: 42, Retries: 1},
		ExpectedCalls: 1027, ExpectedDuration: 20*time.Minute + 300*time.Millisecond,
	}
}

func shadowed() []dirsync.Shadowed {
	return []dirsync.Shadowed{
		{Username: Hostile, Directory: "students", Source: "students/6d1f", By: "hr/6d2f", Locked: new(true)},
		{Username: "mlee", Directory: "students", Source: "students/6d3f", By: "hr/6d4f", Locked: new(false)},
		{Username: "nsato", Directory: "students", Source: "students/6d5f", By: "hr/6d6f"},
	}
}
