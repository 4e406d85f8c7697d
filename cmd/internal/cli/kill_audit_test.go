package cli

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"duosync/cmd/internal/audit/audittest"
)

// audited is a section audit whose file is in a folder of the test.
func audited(t *testing.T, more string) (file, section string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "audit.jsonl")
	return file, fmt.Sprintf("audit: {file: %q%s}\n", file, more)
}

// auditLines reads the audit files, with which nothing may be wrong.
func auditLines(t *testing.T, ocsf bool, files ...string) []audittest.Line {
	t.Helper()
	lines, wrong := audittest.Read(ocsf, files...)
	for _, what := range wrong {
		t.Error(what)
	}
	return lines
}

// TestAuditKilled kills duosync again and again, at random writes and moments. In the end the
// audit file tells of each change that Duo's simulator has seen, its numbers have no gap, and
// each line is an event by the schema.
func TestAuditKilled(t *testing.T) {
	t.Parallel()
	onEither(t, func(t *testing.T, dsn string) {
		kills := int(numberOf(t, killsVariable, 12)) //nolint:gosec // it is small
		k := &killing{plan: kills, size: 40, each: 6, most: 1, struck: map[string]int{}}
		if kills > 30 {
			k.size, k.each, k.most = 100, 17, 5
		}
		file, section := audited(t, "")
		k.play(t, siteOptions{dsn: dsn, more: section})
		lines := auditLines(t, true, file)
		for _, entry := range missingIn(lines, k.ledger.since(0)) {
			t.Errorf("Duo has, and the audit has not: %s", entry)
		}
		failed := 0
		for _, l := range lines {
			if l.Run == "" || l.By == "" || l.By == "unknown" {
				t.Errorf("nobody, or no run: %s", l.Text)
			}
			if l.Result != "applied" {
				failed++
			}
		}
		t.Logf("%d lines, %d of them not applied, for %d changes", len(lines), failed, k.ledger.count())
	})
}

// missingIn gives the entries of a ledger of which no line tells.
func missingIn(lines []audittest.Line, entries []string) (missing []string) {
	told := map[string]bool{}
	for i := range lines {
		l := &lines[i]
		told["mail"] = told["mail"] || l.Action == "enroll_mail"
		told[l.UserID+" "+l.Action] = true
		if l.Group != "" {
			told["group "+l.Action+" "+l.Group] = true
		}
		for _, c := range l.Changes {
			told[l.UserID+" "+c.Field] = true
			told[fmt.Sprintf("%s %s = %v", l.UserID, c.Field, c.After)] = true
			told[fmt.Sprintf("%s %s %v", l.Action, c.Field, c.After)] = true
			for _, list := range []any{c.Before, c.After} {
				items, _ := list.([]any)
				for _, item := range items {
					told[fmt.Sprintf("%s %v", c.Field, item)] = true
				}
			}
		}
	}
	for _, entry := range entries {
		if !isTold(told, entry) {
			missing = append(missing, entry)
		}
	}
	return missing
}

// isTold reports whether a change of Duo's is among what lines tell. Of a phone or a group
// itself the lines of its user, or of its name, tell.
func isTold(told map[string]bool, entry string) bool {
	one := func(keys ...string) bool {
		return slices.ContainsFunc(keys, func(key string) bool { return told[key] })
	}
	words := strings.Fields(entry)
	switch words[0] + " " + words[1] {
	case "mail to":
		return told["mail"]
	case "made user":
		return one("create realname "+words[2], "recreate realname "+words[2])
	case "made phone":
		return told["phones "+words[2]]
	case "made group":
		return told["group group_create "+words[2]]
	case "removed user":
		return told[words[2]+" delete"]
	}
	if words[0] != "user" {
		return true
	}
	user, field := words[1], strings.ToLower(words[2])
	_, value, _ := strings.Cut(entry, " = ")
	switch {
	case field == "groups":
		return one(user+" join", user+" leave", user+" trash", user+" delete")
	case field == "phones":
		return one(user+" phones", user+" phone_delete", user+" trash")
	case field == "aliases":
		return one(user+" aliases", user+" create")
	case field == "status" && value == "pending deletion":
		return told[user+" trash"]
	case field == "status", field == "username", field == "realname", field == "email":
		return one(user + " " + field + " = " + value)
	}
	return one(user+" create", user+" trash", user+" restore") // what Duo sets by itself
}
