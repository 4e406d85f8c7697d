package report

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
	"unicode/utf8"

	dirsync "duosync/sync"
)

// table renders a run for a terminal, a mail or a ticket: the verdict first,
// then what is held and why, then each operation.
func table(out io.Writer, run *dirsync.Run, colour bool) error {
	b := bufio.NewWriter(out)
	p := painter{colour}
	verdict(b, run, p)
	held(b, run, p)
	operations(b, run, p)
	section(b, "CONFLICTS", len(run.Conflicts), func(w io.Writer) {
		for _, c := range run.Conflicts {
			mark := ""
			if !c.New {
				mark = " (told before)"
			}
			line(w, p, conflicting, clean(name(c.Username, c.Sources)), clean(c.Reason)+mark)
		}
	})
	section(b, "WAITING", len(run.Waiting), func(w io.Writer) {
		for _, x := range run.Waiting {
			line(w, p, plain, clean(name(x.Username, []dirsync.SourceID{x.Source})),
				fmt.Sprintf("%s on %s; missing since %s", x.Action, day(x.Due), day(x.Since)))
		}
	})
	section(b, "WARNINGS", len(run.Warnings), func(w io.Writer) {
		for _, text := range run.Warnings {
			_, _ = fmt.Fprintf(w, "  %s\n", clean(text))
		}
	})
	return b.Flush()
}

func verdict(w io.Writer, run *dirsync.Run, p painter) {
	mode := "Run"
	if run.DryRun {
		mode = "Dry run"
	}
	_, _ = fmt.Fprintf(w, "%s\n\n", p.paint(outcomeColour(run), mode+": "+outcomeWords(run)))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) {
		_, _ = fmt.Fprintf(t, "  %s\t%s\n", name, fmt.Sprintf(format, args...))
	}
	switch {
	case run.Complete:
		row("directory", "%s read, %s in scope, %s unchanged", count(run.Read.Read), count(run.InScope), count(run.Unchanged))
	case run.Read.Read > 0:
		row("directory", "%s read, then the read failed", count(run.Read.Read))
	}
	row("plan", "%s", planWords(run))
	duo := fmt.Sprintf("%s made", plural(run.Usage.Calls, "call"))
	if run.Usage.Retries > 0 {
		duo += fmt.Sprintf(", %d of them retries", run.Usage.Retries)
	}
	if run.Refreshed {
		duo += fmt.Sprintf("; read whole (%s)", reasonWords(run.RefreshReason))
	}
	if run.DryRun && run.ExpectedCalls > 0 {
		duo += fmt.Sprintf("; the run would make %s, about %s", plural(run.ExpectedCalls, "call"), run.ExpectedDuration.Round(time.Second))
	}
	row("Duo", "%s", duo)
	row("run", "%s, started %s, took %s", run.ID, stamp(run.Started), run.Finished.Sub(run.Started).Round(10*time.Millisecond))
	_ = t.Flush()
}

func outcomeWords(run *dirsync.Run) string {
	switch run.Outcome {
	case dirsync.OutcomeNoChanges:
		return "nothing to do"
	case dirsync.OutcomePlanned:
		return "this is what the run would do; nothing was written"
	case dirsync.OutcomeApplied:
		return "all done"
	case dirsync.OutcomePartial:
		if run.DryRun {
			return "this is what the run would do, but for some objects; nothing was written"
		}
		return "done, but for some objects"
	case dirsync.OutcomeHeld:
		return "HELD by a guard; nothing was written"
	}
	return "FAILED: " + clean(Explain(run.Err))
}

func reasonWords(reason string) string {
	switch reason {
	case "first":
		return "for the first time"
	case "flag":
		return "as asked"
	}
	return reason
}

// planWords counts the operations by action, in the report's order.
func planWords(run *dirsync.Run) string {
	s := Summarize(run)
	counters := s.actions()
	var parts []string
	for _, action := range []dirsync.Action{dirsync.Create, dirsync.Recreate, dirsync.Update, dirsync.Disable, dirsync.Enable,
		dirsync.Restore, dirsync.Trash, dirsync.Delete, dirsync.Adopt, dirsync.Release} {
		if n := *counters[action]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %s", count(n), action))
		}
	}
	if len(parts) == 0 {
		parts = append(parts, "no operations")
	}
	for _, more := range []struct {
		n    int
		word string
	}{{s.Failed, "failed"}, {s.Held, "held"}, {s.Skipped, "skipped"}, {s.Conflict, "in conflict"}, {s.Waiting, "waiting"}} {
		if more.n > 0 {
			parts = append(parts, fmt.Sprintf("%s %s", count(more.n), more.word))
		}
	}
	return strings.Join(parts, ", ")
}

// held says what the guards hold, what that means and how to go on.
func held(w io.Writer, run *dirsync.Run, p painter) {
	if !run.Held() {
		return
	}
	_, _ = fmt.Fprintf(w, "\nHELD\n")
	approvable := true
	for _, g := range run.Guards {
		if g.Held {
			_, _ = fmt.Fprintf(w, "  %s\n", p.paint(bad, guardWords(g)))
			approvable = approvable && g.Approvable
		}
	}
	_, _ = fmt.Fprintf(w, "\n  Nothing was written, and each further run will be held the same way.\n")
	if !approvable {
		_, _ = fmt.Fprintf(w, "  No approval lifts this. If these users are yours, take them over: sync.existing: adopt_if_email_matches\n"+
			"  (or adopt), and read the dry run; or one by one with duosync sync --adopt USER. If the state file was\n  moved or lost, bring it back.\n")
		return
	}
	_, _ = fmt.Fprintf(w, "  If it is wrong, mend the directory or the configuration. If it is right, let it through once with\n\n    %s\n\n",
		p.paint(strong, "duosync approve "+run.ApprovalID))
	_, _ = fmt.Fprintf(w, "  and run again; these operations pass, others do not.\n")
}

func guardWords(g dirsync.Guard) string {
	switch g.Name {
	case "min_source":
		return fmt.Sprintf("min_source: %s of %s people are missing since the last good run; at least %s must be there",
			count(g.Affected), count(g.Total), g.Limit)
	case "min_attribute":
		return fmt.Sprintf("min_attribute: %s of %s people have lost the attribute %s since the last good run; at least %s must keep it (missing read rights look like this)",
			count(g.Affected), count(g.Total), g.Attribute, g.Limit)
	case "state_lost":
		return fmt.Sprintf("state_lost: the state knows nobody, but Duo already has users named like %s of the %s people in scope",
			count(g.Affected), count(g.Total))
	}
	return fmt.Sprintf("%s: %s of %s people are affected; the limit is %s", g.Name, count(g.Affected), count(g.Total), g.Limit)
}

func operations(w io.Writer, run *dirsync.Run, p painter) {
	if len(run.Operations) == 0 {
		return
	}
	_, _ = fmt.Fprintf(w, "\nOPERATIONS\n")
	widest := 0
	for _, o := range run.Operations {
		widest = max(widest, utf8.RuneCountInString(clean(name(o.Username, []dirsync.SourceID{o.Source}))))
	}
	widest = min(widest, 32)
	for _, o := range run.Operations {
		result := o.Result
		if o.Result == dirsync.ResultPlanned || o.Result == dirsync.ResultApplied {
			result = ""
		}
		text := fmt.Sprintf("  %-8s  %s  %s", o.Action, pad(clean(name(o.Username, []dirsync.SourceID{o.Source})), widest), changes(o))
		text = strings.TrimRight(text, " ")
		if o.Action != dirsync.Create {
			text += "  (" + clean(o.Reason) + ")"
		}
		if result != "" {
			text += "  " + strings.ToUpper(result)
		}
		if o.Error != "" {
			text += ": " + clean(o.Error)
		}
		_, _ = fmt.Fprintln(w, p.paint(colourOf(o), text))
	}
}

// changes shows an operation's fields. A creation shows what there will be.
func changes(o *dirsync.Operation) string {
	var parts []string
	for _, c := range o.Changes {
		if o.Action == dirsync.Create || o.Action == dirsync.Recreate {
			usual := c.Field == dirsync.FieldUsername || c.Field == dirsync.FieldStatus && c.After == dirsync.StatusActive
			if !usual {
				parts = append(parts, fmt.Sprintf("%s %s", c.Field, value(c.After)))
			}
			continue
		}
		parts = append(parts, fmt.Sprintf("%s %s → %s", c.Field, value(c.Before), value(c.After)))
	}
	return strings.Join(parts, ", ")
}

func section(w io.Writer, title string, n int, body func(io.Writer)) {
	if n == 0 {
		return
	}
	_, _ = fmt.Fprintf(w, "\n%s\n", title)
	body(w)
}

func line(w io.Writer, p painter, c colour, who, what string) {
	_, _ = fmt.Fprintln(w, p.paint(c, fmt.Sprintf("  %s: %s", who, what)))
}

// name gives a username, or where there is none the ids.
func name(username string, ids []dirsync.SourceID) string {
	if username != "" {
		return username
	}
	words := make([]string, len(ids))
	for i, id := range ids {
		words[i] = string(id)
	}
	return strings.Join(words, ", ")
}

// value shows a field's value: nothing as such, and no more than a line holds.
func value(v string) string {
	if v == "" {
		return "(none)"
	}
	const most = 60
	if runes := []rune(v); len(runes) > most {
		v = string(runes[:most]) + fmt.Sprintf("… (%d characters)", len(runes))
	}
	return clean(v)
}

// clean makes text from outside harmless to a terminal: control characters,
// and those that turn the direction of text, are shown, not sent.
func clean(text string) string {
	harmful := func(c rune) bool {
		return unicode.IsControl(c) || c == utf8.RuneError || unicode.In(c, unicode.Bidi_Control) || c == '\u2028' || c == '\u2029'
	}
	if !strings.ContainsFunc(text, harmful) {
		return text
	}
	var b strings.Builder
	for _, c := range text {
		if harmful(c) {
			fmt.Fprintf(&b, "\\u%04x", c)
		} else {
			b.WriteRune(c)
		}
	}
	return b.String()
}

func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(s)))
}

func day(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return count(n) + " " + word + "s"
}

// count groups a number's digits.
func count(n int) string {
	digits := fmt.Sprint(n)
	var groups []string
	for len(digits) > 3 {
		groups = append(groups, digits[len(digits)-3:])
		digits = digits[:len(digits)-3]
	}
	groups = append(groups, digits)
	slices.Reverse(groups)
	return strings.Join(groups, ",")
}
