package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	dirsync "duosync/sync"
)

func outcomeWords(h *Head) string {
	switch h.Outcome {
	case dirsync.OutcomeNoChanges:
		return "nothing to do"
	case dirsync.OutcomePlanned:
		return "this is what the run would do; nothing was written"
	case dirsync.OutcomeApplied:
		return "all done"
	case dirsync.OutcomePartial:
		if h.Mode == modeDryRun {
			return "this is what the run would do, but for some objects; nothing was written"
		}
		return "done, but for some objects"
	case dirsync.OutcomeHeld:
		return "HELD by a guard"
	case underWay:
		return "under way"
	}
	if h.Interrupted {
		return "INTERRUPTED"
	}
	return "FAILED"
}

// outcomeWords says of a run that a guard holds whether that goes for all of it.
func (d *Document) outcomeWords() string {
	switch {
	case d.Outcome != dirsync.OutcomeHeld:
		return outcomeWords(&d.Head)
	case d.stopped():
		return "HELD by a guard; nothing was written"
	case d.dryRun():
		return "HELD in part by a guard; nothing was written"
	}
	return "HELD in part by a guard; all else was done"
}

func outcomeTone(h *Head) tone {
	switch h.Outcome {
	case dirsync.OutcomeFailed, dirsync.OutcomeHeld:
		return bad
	case dirsync.OutcomePartial:
		return change
	}
	return strong
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

// commas puts a comma behind each part but the last.
func commas(parts []string) []string {
	out := make([]string, len(parts))
	for i, part := range parts {
		out[i] = part
		if i < len(parts)-1 {
			out[i] += ","
		}
	}
	return out
}

// resultWords tells what became of an operation where that is worth a word.
func resultWords(o *Operation) string {
	text := ""
	if o.Result != dirsync.ResultPlanned && o.Result != dirsync.ResultApplied {
		text = strings.ToUpper(o.Result)
	}
	if o.Error != "" {
		text += ": " + o.Error
	}
	return text
}

// name gives a username, or where there is none the ids.
func name(username string, ids ...dirsync.SourceID) string {
	if username != "" {
		return username
	}
	words := make([]string, len(ids))
	for i, id := range ids {
		words[i] = string(id)
	}
	return strings.Join(words, ", ")
}

// value shows a field's value: nothing as such, and no more than can be read at
// a glance.
func value(v string) string {
	if v == "" {
		return "(none)"
	}
	const most = 120
	if runes := []rune(v); len(runes) > most {
		v = string(runes[:most]) + fmt.Sprintf("… (%s characters)", count(len(runes)))
	}
	return v
}

// minute shows a time of the report to the minute, in UTC; one that is none is
// shown as it is.
func minute(text string) string {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return text
	}
	return t.UTC().Format("2006-01-02 15:04")
}

func tookWords(h *Head) string {
	took, ok := h.took()
	switch {
	case !ok:
		return "?"
	case took < time.Second:
		return "<1s"
	}
	return seconds(int(took / time.Second))
}

// seconds shows a duration without parts that are nought.
func seconds(n int) string {
	text := (time.Duration(n) * time.Second).String()
	if whole, ok := strings.CutSuffix(text, "m0s"); ok {
		text = whole + "m"
	}
	if whole, ok := strings.CutSuffix(text, "h0m"); ok {
		text = whole + "h"
	}
	return text
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return count(n) + " " + word + "s"
}

func people(n int) string {
	if n == 1 {
		return "1 person"
	}
	return count(n) + " people"
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

// Quantity is a number with its word, in the singular or plural.
func Quantity(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// Span is a length of time as one says it: the two largest units at most.
func Span(d time.Duration) string {
	switch d = d.Abs(); {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", int(d.Hours())/24)
	case d >= time.Hour:
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	case d >= time.Minute:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%ds", int(d.Seconds()))
}

// ShortTime shows a time to the minute.
func ShortTime(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
