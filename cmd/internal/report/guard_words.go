package report

import (
	"fmt"
	"strings"
	"time"

	"duosync/cmd/internal/report/phrase"
)

// mostNames is how many names a guard has at most.
const mostNames = 10

// longHold is from when on a hold is told with its age first.
const longHold = 7 * 24 * time.Hour

// daysHeld gives for how many whole days the guard has held at a time; 0 where that
// is not known, or not long.
func (g *Guard) daysHeld(at time.Time) int {
	since, err := time.Parse(time.RFC3339, g.Since)
	if age := at.Sub(since); err == nil && age > longHold {
		return int(age / (24 * time.Hour))
	}
	return 0
}

// HeldWords say what a guard holds: what was seen, since when, and who is
// concerned. A hold that nobody has looked at for long says so first.
func (g *Guard) HeldWords(at time.Time) string {
	text := g.Words()
	if days := g.daysHeld(at); days > 0 {
		text = fmt.Sprintf("HELD FOR %d DAYS: %s", days, text)
	}
	if g.Since != "" {
		text += ". Held since " + phrase.Minute(g.Since) + " UTC"
	}
	if g.WholeRun {
		text += ". It holds the whole run"
	}
	if g.ApprovedBy != "" {
		text += ". A part was approved by " + g.ApprovedBy
	}
	if len(g.Names) > 0 {
		text += ". Concerned: " + strings.Join(g.Names, ", ")
		if len(g.Names) >= mostNames && len(g.Names) < g.Affected {
			text += " and others"
		}
	}
	return text
}

// Words say what a guard has seen.
func (g *Guard) Words() string {
	text := g.Name + ": " + g.seen()
	if g.Detail != "" && !g.detailSaysAll() {
		text += " (" + g.Detail + ")"
	}
	return text
}

// detailSaysAll reports whether the detail stands in the place of the figures.
func (g *Guard) detailSaysAll() bool {
	return g.Detail != "" && (g.Name == "min_group" || g.Name == "min_attribute" && g.Remedy != "")
}

func (g *Guard) seen() string {
	people := phrase.OutOf(g.Affected, g.Total, "person", "people")
	switch g.Name {
	case "max_remove":
		return people + " would be disabled, put into the Trash, deleted or released" + g.limitWords()
	case "max_update":
		return people + " would be updated or adopted" + g.limitWords()
	case "max_enable":
		return people + " would be enabled, restored or given bypass" + g.limitWords()
	case "max_create":
		return people + " would be created" + g.limitWords()
	case "max_recreate":
		return people + ", whom somebody deleted in Duo, would be created again" + g.limitWords()
	case "max_group_loss":
		return fmt.Sprintf("the group %s would lose %s", g.About.Group, phrase.OutOf(g.Affected, g.Total, "member", "members")) + g.limitWords()
	case "max_group_delete":
		return phrase.OutOf(g.Affected, g.Total, "mirrored group", "mirrored groups") + " would be deleted" + g.limitWords()
	case "min_source":
		return g.sourceWords(people)
	case "min_attribute":
		return g.attributeWords(people)
	case "min_group":
		return g.groupWords()
	case "scope_changed":
		return g.scopeWords(people)
	case "status_changed":
		return fmt.Sprintf("the status%s was made of %s at the last good run, and by the configuration (preset, ldap.expires_attribute, sync.mapping.status) it is not any more: %s who had a value would be let in",
			g.of(), g.About.Attribute, people)
	case "state_lost":
		return "the state knows nobody, but Duo already has users named like " + phrase.OutOf(g.Affected, g.Total, "person", "people") + " in scope"
	case "audit":
		if g.Affected > 0 {
			return "the audit file, which is required, can't be written, and " + people + " wait for it"
		}
	case "ids_changed":
		return people + " would be removed, but seem to be there under a new id: exactly one entry has the same username, and the same mail address or full name"
	}
	if g.Affected == 0 && g.Total == 0 {
		return "it wants a human" + g.limitWords()
	}
	return people + " are affected" + g.limitWords()
}

// blindness says why a loss is doubted, where the detail does not.
func (g *Guard) blindness() string {
	if g.Detail != "" && !g.detailSaysAll() {
		return ""
	}
	return " (missing read rights look like this)"
}

// had says how many there were.
func had(n int, verb string) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("; at the last good run %s %s", verb, phrase.People(n))
}

// scopeWords say what is different about who is in: of all, or of one of several directories.
func (g *Guard) scopeWords(people string) string {
	if g.About.Directory != "" {
		return fmt.Sprintf("what decides who of the directory %s is in has changed since the last good run (it was taken out of the configuration, or its bases, filter, groups or the mapping of the username are others), and %s would be removed or renamed by it, at once or later",
			g.About.Directory, people)
	}
	return "what decides who is in has changed since the last good run (directory, bases, filter, groups, or the mapping of the username), and " +
		people + " would be removed or renamed by it, at once or later"
}

// of says of which of several directories a part is.
func (g *Guard) of() string {
	if g.About.Directory == "" {
		return ""
	}
	return " of the directory " + g.About.Directory
}

// sourceWords say of whom too few are there: of all, of one of several directories,
// or below one base.
func (g *Guard) sourceWords(people string) string {
	where := ""
	switch {
	case g.About.Base != "":
		where = " below the base " + g.About.Base + g.of()
		if g.Affected >= g.Total {
			return "nobody is left" + where + had(max(g.Affected, g.Total), "it had") + g.blindness()
		}
	case g.About.Directory != "":
		where = " of the directory " + g.About.Directory
	}
	text := people + where + " are missing since the last good run"
	if g.Limit != "" {
		text += "; at least " + g.Limit + " must be there"
	}
	return text
}

// groupWords say what became of a group by which something is decided.
func (g *Guard) groupWords() string {
	text := g.Detail
	if text == "" {
		text = fmt.Sprintf("the group %s%s, which decides something, has lost its last member or is gone", g.About.Group, g.of())
	}
	return text + had(max(g.Affected, g.Total), "it had") + g.blindness()
}

// attributeWords say what became of an attribute. Where no approval lifts that, it is
// one that everybody has.
func (g *Guard) attributeWords(people string) string {
	switch {
	case g.detailSaysAll():
		return g.Detail
	case g.Remedy != "":
		return fmt.Sprintf("the attribute %s, which everybody has and by which a lock is known, can't be read of %s", g.About.Attribute, people)
	case g.Affected >= g.Total:
		return fmt.Sprintf("nobody%s has the attribute %s any more", g.of(), g.About.Attribute) + had(g.Total, "it was seen of") + g.blindness()
	}
	text := fmt.Sprintf("%s%s have lost the attribute %s since the last good run", people, g.of(), g.About.Attribute)
	if g.Limit != "" {
		text += "; at least " + g.Limit + " must keep it"
	}
	return text + g.blindness()
}

// limitWords tell the limit, and of how many it is where the figures before do not.
func (g *Guard) limitWords() string {
	switch {
	case g.Limit == "":
		return ""
	case g.Total > 0 && g.Affected > g.Total && strings.HasSuffix(g.Limit, "%"):
		return fmt.Sprintf("; the limit is %s of %s", g.Limit, phrase.Count(g.Total))
	}
	return "; the limit is " + g.Limit
}
