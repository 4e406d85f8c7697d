package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	dirsync "duosync/sync"
)

// Guard is one limit or doubt, and how the plan stands to it. WholeRun: where it
// holds, nothing is written; else what follows from it is held, and all else goes
// on. Approve is the command that lets it through, Remedy what else ends it; both
// are "" where nothing is held.
type Guard struct {
	Name       string        `json:"name"`
	Limit      string        `json:"limit"`
	Affected   int           `json:"affected"`
	Total      int           `json:"total"`
	Held       bool          `json:"held"`
	WholeRun   bool          `json:"whole_run"`
	About      dirsync.About `json:"about"`
	ApprovalID string        `json:"approval_id"`
	Approve    string        `json:"approve"`
	Remedy     string        `json:"remedy"`
	Since      string        `json:"since"`  // start of the first run that it held
	Names      []string      `json:"names"`  // of people concerned, ten at most
	Detail     string        `json:"detail"` // what was seen, where the figures do not say it all
}

func guardOf(g *dirsync.Guard, flags string) Guard {
	form := Guard{Name: g.Name, Limit: g.Limit, Affected: g.Affected, Total: g.Total, Held: g.Held, WholeRun: !g.Partial, About: g.About,
		Names: append([]string{}, g.Names...), Detail: g.Detail}
	if !g.Held {
		return form
	}
	form.ApprovalID, form.Approve, form.Remedy = g.ApprovalID, approveCommand(g.ApprovalID, flags), g.Remedy
	if !g.Since.IsZero() {
		form.Since = stamp(g.Since)
	}
	return form
}

// guardOfHold gives what a guard held, as the state keeps it.
func guardOfHold(h *dirsync.Hold) Guard {
	return Guard{Name: h.Guard, Limit: h.Limit, Affected: h.Affected, Total: h.Total, Held: true, WholeRun: h.Whole, About: h.About, Names: []string{}}
}

// approveCommand gives the command that lets through what has this approval id, ""
// where there is none. flags are those of engine.Engine.
func approveCommand(id, flags string) string {
	if id == "" {
		return ""
	}
	return "duosync approve " + id + flags
}

// approveAll gives the command for another id in the form of those of guards.
func approveAll(guards []Guard, id string) string {
	for i := range guards {
		if g := &guards[i]; g.Approve != "" {
			return strings.Replace(g.Approve, g.ApprovalID, id, 1)
		}
	}
	return approveCommand(id, "")
}

// HeldWhole reports whether a guard holds the whole run.
func HeldWhole(run *dirsync.Run) bool {
	return slices.ContainsFunc(run.Guards, func(g dirsync.Guard) bool { return g.Held && !g.Partial })
}

// GuardTitle names a guard, with what it is about.
func GuardTitle(g *dirsync.Guard) string {
	form := guardOf(g, "")
	return form.title()
}

// WayOut gives the command that lets through what a guard holds, or what else ends
// it.
func WayOut(run *dirsync.Run, g *dirsync.Guard) string {
	form := guardOf(g, run.Flags)
	return form.wayOut()
}

func (g *Guard) title() string { return strings.TrimSpace(g.Name + " " + g.About.Text()) }

func (g *Guard) wayOut() string {
	if g.Approve != "" {
		return g.Approve
	}
	return g.Remedy
}

// mostNames is how many names a guard has at most.
const mostNames = 10

// approvable counts the guards that hold something which can be approved.
func approvable(guards []Guard) int {
	n := 0
	for i := range guards {
		if guards[i].Approve != "" {
			n++
		}
	}
	return n
}

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

// heldWords say what a guard holds: what was seen, since when, and who is
// concerned. A hold that nobody has looked at for long says so first.
func (g *Guard) heldWords(at time.Time) string {
	text := guardWords(g)
	if days := g.daysHeld(at); days > 0 {
		text = fmt.Sprintf("HELD FOR %d DAYS: %s", days, text)
	}
	if g.Since != "" {
		text += ". Held since " + minute(g.Since) + " UTC"
	}
	if g.WholeRun {
		text += ". It holds the whole run"
	}
	if len(g.Names) > 0 {
		text += ". Concerned: " + strings.Join(g.Names, ", ")
		if len(g.Names) >= mostNames && len(g.Names) < g.Affected {
			text += " and others"
		}
	}
	return text
}

// sayGuards tells of each guard that holds, with its own way out.
func (b *block) sayGuards(guards []Guard, at time.Time) {
	for i := range guards {
		g := &guards[i]
		if !g.Held {
			continue
		}
		b.say(item, bad, g.heldWords(at))
		switch {
		case g.Approve != "":
			b.say(command, strong, g.Approve)
		case g.Remedy != "":
			b.say(prose, plain, "No approval lifts this. What ends it: "+g.Remedy)
		}
		if text := advice(g); text != "" {
			b.say(prose, plain, text)
		}
	}
}

// advice says more of a guard that no approval lifts.
func advice(g *Guard) string {
	switch g.Name {
	case "state_lost":
		return "If the state was moved, bring it back. If it was lost, rebuild pairs the directory and Duo anew; it shows how, and writes nothing without --write. " +
			"If these users were never duosync's, but are yours, take them over: sync.existing: adopt_if_email_matches (or adopt), " +
			"and read the dry run; or one by one with duosync sync --only USER --adopt USER."
	case "ids_changed":
		return "If the directory was restored or moved, these are the same people: rebuild pairs them with their users. " +
			"If somebody else has got the name, remove the old entry's user by hand."
	}
	return ""
}

// guardWords say what a guard has seen.
func guardWords(g *Guard) string {
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
	people := figures(g.Affected, g.Total, "person", "people")
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
		return fmt.Sprintf("the group %s would lose %s", g.About.Group, figures(g.Affected, g.Total, "member", "members")) + g.limitWords()
	case "max_group_delete":
		return figures(g.Affected, g.Total, "mirrored group", "mirrored groups") + " would be deleted" + g.limitWords()
	case "min_source":
		return g.sourceWords(people)
	case "min_attribute":
		return g.attributeWords(people)
	case "min_group":
		return g.groupWords()
	case "scope_changed":
		return "what decides who is in has changed since the last good run (directory, bases, filter, groups, or the mapping of the username), and " +
			people + " would be removed or renamed by it, at once or later"
	case "state_lost":
		return "the state knows nobody, but Duo already has users named like " + figures(g.Affected, g.Total, "person", "people") + " in scope"
	case "ids_changed":
		return people + " would be removed, but seem to be there under a new id: an entry has the same username, and the same mail address or full name"
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
	return fmt.Sprintf("; at the last good run %s %s", verb, people(n))
}

// sourceWords say of whom too few are there: of all, of one of several directories,
// or below one base.
func (g *Guard) sourceWords(people string) string {
	where := ""
	switch {
	case g.About.Base != "":
		where = " below the base " + g.About.Base
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
		text = fmt.Sprintf("the group %s, which decides something, has lost its last member or is gone", g.About.Group)
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
		return fmt.Sprintf("nobody has the attribute %s any more", g.About.Attribute) + had(g.Total, "it was seen of") + g.blindness()
	}
	text := fmt.Sprintf("%s have lost the attribute %s since the last good run", people, g.About.Attribute)
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
		return fmt.Sprintf("; the limit is %s of %s", g.Limit, count(g.Total))
	}
	return "; the limit is " + g.Limit
}

// figures gives a count out of a total. A total that is no more than the count tells
// nothing, and is left out.
func figures(n, total int, one, many string) string {
	switch {
	case total >= n && total > 0:
		return fmt.Sprintf("%s of %s %s", count(n), count(total), many)
	case n == 1:
		return "1 " + one
	}
	return count(n) + " " + many
}
