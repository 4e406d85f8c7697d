package news_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"duosync/cmd/internal/notify/news"
	dirsync "duosync/sync"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// runOf makes a run of words: "ok", "failed TEXT", "paused", "held GUARD N", "part GUARD N",
// "conflict NAMES", "attention NAMES", "change NAMES", "plan" (about some people only), joined
// by " + ".
func runOf(t interface{ Fatalf(string, ...any) }, text string, at time.Time) (run *dirsync.Run, skipped bool) {
	run = &dirsync.Run{ID: "run", Complete: true, Outcome: dirsync.OutcomeNoChanges, Started: at, Finished: at.Add(time.Minute)}
	for part := range strings.SplitSeq(text, " + ") {
		word, rest, _ := strings.Cut(part, " ")
		switch word {
		case "ok":
		case "failed":
			run.Err, run.Complete, run.Outcome = errors.New(rest), false, dirsync.OutcomeFailed
		case "paused", "busy":
			run.Err, run.Complete, run.Outcome, skipped = &dirsync.Pause{Since: at}, false, dirsync.OutcomeFailed, true
		case "held", "part":
			var g dirsync.Guard
			if _, err := fmt.Sscan(rest, &g.Name, &g.Affected); err != nil {
				t.Fatalf("%q: %v", part, err)
			}
			g.Held, g.Partial = true, word == "part"
			run.Guards, run.Outcome = append(run.Guards, g), dirsync.OutcomeHeld
		case "conflict":
			for name := range strings.FieldsSeq(rest) {
				run.Conflicts = append(run.Conflicts, dirsync.Conflict{Username: name, Reason: "two people claim the name"})
			}
		case "refused", "remembered": // first as what failed, then as a conflict
			for name := range strings.FieldsSeq(rest) {
				id := "id of " + dirsync.SourceID(name)
				if word == "remembered" {
					run.Conflicts = append(run.Conflicts, dirsync.Conflict{Username: name, Sources: []dirsync.SourceID{id}, Reason: "the username has control characters"})
				}
				run.Attention = append(run.Attention, dirsync.Attention{Username: name, Source: id, Reason: "the username has control characters"})
			}
		case "attention":
			for name := range strings.FieldsSeq(rest) {
				run.Attention = append(run.Attention, dirsync.Attention{Username: name, Source: "id of " + dirsync.SourceID(name), Reason: "refused at " + at.String()})
			}
		case "change":
			run.Outcome = dirsync.OutcomeApplied
			for name := range strings.FieldsSeq(rest) {
				run.Operations = append(run.Operations, &dirsync.Operation{Result: dirsync.ResultApplied, Op: &dirsync.Op{Action: dirsync.Create, Username: name}})
			}
		case "plan":
			run.Narrowed = true
		case "only":
			run.Only, run.Narrowed = "anna", true
		case "dry":
			run.DryRun = true
		default:
			t.Fatalf("no such run: %q", part)
		}
	}
	return run, skipped
}

func shown(told []news.Told) string {
	var words []string
	for _, t := range told {
		word := string(t.Event)
		if t.Reminder {
			word += " again"
		}
		if t.Was != "" {
			word += " from " + string(t.Was)
		}
		words = append(words, word)
	}
	return strings.Join(words, ", ")
}

const all = "failure held conflict attention change success"

// TestSequences plays runs that follow one another: after each so long, what it was like,
// and what is told.
func TestSequences(t *testing.T) {
	type step struct {
		after time.Duration
		run   string
		told  string
	}
	const half, night = 30 * time.Minute, 12 * time.Hour
	for name, test := range map[string]struct {
		on    string
		steps []step
	}{
		"twelve runs of mixed outcomes": {"failure held conflict", []step{
			{0, "ok", ""},
			{half, "change anna ben", ""},
			{half, "failed LDAP: 10.0.0.1:636: connection refused", "failure"},
			{half, "failed LDAP: 10.0.0.2:1636: connection refused", ""},
			{half, "ok", "recovered from failure"},
			{half, "conflict carl", "conflict"},
			{half, "held max_remove 40 + conflict carl", "held"},
			{half, "held max_remove 41 + conflict carl", ""},
			{half, "held max_remove 41 + conflict carl dora", "conflict"},
			{half, "change anna + conflict carl dora", "recovered from held"},
			{half, "conflict dora", ""},
			{half, "ok", ""},
		}},
		"another kind of failure is news, the first one again is not": {"failure", []step{
			{0, "failed no such base", "failure"}, {half, "failed wrong password", "failure"}, {half, "failed no such base", ""}, {half, "failed wrong password", ""},
			{half, "ok", "recovered from failure"}, {half, "failed no such base", "failure"},
		}},
		"a failure of another kind each time is told four times a day": {"failure", []step{
			{0, "failed no anna", "failure"}, {half, "failed no ben", "failure"}, {half, "failed no carl", "failure"}, {half, "failed no dora", "failure"},
			{half, "failed no emil", ""}, {half, "failed no fritz", ""}, {2 * night, "failed no gina", "failure"}, {half, "failed no hans", "failure"},
			{half, "failed no gina", ""}, {half, "ok", "recovered from failure"}, {half, "failed no emil", "failure"},
		}},
		"a failure is told once a day": {"failure", []step{
			{0, "failed x", "failure"}, {night, "failed x", ""}, {night - time.Minute, "failed x", "failure again"}, {night, "failed x", ""}, {night, "failed x", "failure again"},
		}},
		"a failure does not end a hold": {"failure held", []step{
			{0, "held max_remove 40", "held"}, {half, "failed x", "failure"}, {half, "held max_remove 40", "recovered from failure"}, {half, "ok", "recovered from held"}, {half, "ok", ""},
		}},
		"a hold that grows is told when it has doubled": {"held", []step{
			{0, "part min_group 3", "held"}, {half, "part min_group 5", ""}, {half, "part min_group 6", "held"}, {half, "part min_group 11", ""},
			{half, "part min_group 2 + part min_attribute 1", "held"}, {half, "part min_attribute 1", ""}, {half, "held min_attribute 1", "held"}, {half, "ok", "recovered from held"},
		}},
		"who is added is news, who goes is not": {"attention", []step{
			{0, "attention anna ben", "attention"}, {half, "attention ben", ""}, {half, "attention ben carl", "attention"}, {half, "ok", ""}, {half, "attention ben", "attention"},
		}},
		"one reminder for all that stands": {"held conflict attention", []step{
			{0, "attention anna", "attention"}, {night, "attention anna + conflict anna + part min_group 1", "held, conflict"},
			{night, "attention anna + conflict anna + part min_group 1", ""},
			{night, "attention anna + conflict anna + part min_group 1", "held again, conflict again, attention again"},
		}},
		"who failed is a conflict from the next run on, and is told once": {"conflict attention", []step{
			{0, "refused anna ben", "attention"}, {half, "remembered anna ben", ""}, {half, "remembered anna ben + conflict anna", "conflict"},
			{half, "remembered anna ben", ""}, {half, "remembered anna ben carl", "conflict, attention"}, {half, "refused anna + remembered ben", ""},
			{2 * night, "remembered anna ben", "conflict again, attention again"},
		}},
		"another cause that no message had makes a conflict news": {"conflict attention", []step{
			{0, "attention anna", "attention"}, {half, "refused anna", ""}, {half, "remembered anna", "conflict"}, {half, "remembered anna", ""},
		}},
		"whoever is told of conflicts alone is told of them": {"conflict", []step{{0, "refused anna", ""}, {half, "remembered anna", "conflict"}}},
		"each change, the very same within a day once": {"change", []step{
			{0, "ok", ""}, {half, "change anna", "change"}, {half, "ok", ""}, {half, "change anna", ""}, {half, "change ben", "change"}, {half, "change anna", "change"},
			{2 * night, "change anna", "change"}, {half, "held max_remove 9 + change anna", ""},
		}},
		"success once, then daily, and anew after what was none": {"success", []step{
			{0, "change anna", "success"}, {half, "ok", ""}, {2 * night, "part min_group 2", "success again"}, {half, "failed x", ""}, {half, "ok", "success"},
			{half, "held max_remove 40", ""}, {half, "ok", "success"},
		}},
		"a message a run": {all, []step{
			{0, "change anna + attention ben + conflict carl", "conflict, attention, change, success"},
			{half, "failed x", "failure"},
			{half, "held max_remove 40 + attention ben carl", "held, attention, recovered from failure"},
			{half, "change anna ben", "recovered from held, change, success"},
		}},
		"nobody is told of what nobody wants to know": {"success", []step{
			{0, "failed x", ""}, {half, "held max_remove 40", ""}, {half, "conflict carl", "success"}, {half, "failed x", ""},
		}},
		"a pause is told once it was forgotten": {"failure held", []step{
			{0, "held max_remove 40", "held"}, {half, "paused", ""}, {night, "paused", ""}, {night, "paused", "failure"}, {night, "paused", ""}, {night, "paused", "failure again"},
			{half, "held max_remove 40", "held again, recovered from failure"},
		}},
		"a pause that ends in time": {"failure", []step{
			{0, "paused", ""}, {night, "ok", ""}, {half, "busy", ""}, {night, "busy", ""}, {night, "busy", "failure"}, {half, "ok", "recovered from failure"},
		}},
		"a plan adds, and ends nothing": {all, []step{
			{0, "failed x", "failure"}, {half, "plan + change anna", "change"}, {half, "plan + held max_update 9", "held"}, {half, "ok", "recovered from failure, recovered from held, success"},
			{half, "plan + failed the plan is of another state", ""},
		}},
		"dry runs and runs for one person tell nothing": {all, []step{
			{0, "dry + held max_remove 40", ""}, {half, "only + change anna + conflict anna", ""}, {half, "only + failed x", ""},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var memory news.Memory
			at := noon
			for i, s := range test.steps {
				at = at.Add(s.after)
				run, skipped := runOf(t, s.run, at)
				var told []news.Told
				told, memory = news.Of(memory, run, strings.Fields(test.on), skipped, at)
				if got := shown(told); got != s.told {
					t.Fatalf("run %d, %q: told %q, want %q", i+1, s.run, got, s.told)
				}
			}
		})
	}
}

// What leaves the list of events is forgotten without a word.
func TestNoLongerWanted(t *testing.T) {
	run, _ := runOf(t, "held max_remove 40", noon)
	_, memory := news.Of(nil, run, []string{"held"}, false, noon)
	run, _ = runOf(t, "ok", noon)
	told, after := news.Of(memory, run, []string{"failure"}, false, noon)
	if len(told) > 0 || len(after) > 0 {
		t.Errorf("told %q, and %v is known", shown(told), after)
	}
}

// A clock that ran ahead keeps nobody from being told.
func TestClockAhead(t *testing.T) {
	run, _ := runOf(t, "failed x", noon)
	_, memory := news.Of(nil, run, []string{"failure"}, false, noon.AddDate(10, 0, 0))
	if told, _ := news.Of(memory, run, []string{"failure"}, false, noon); shown(told) != "failure again" {
		t.Errorf("told %q", shown(told))
	}
}

// TestAnySequence plays random runs, with a channel that does not take every message:
//   - the same run again at once is told nothing, once the first one was taken;
//   - who was told of a failure or a hold is told of its end exactly once, and nobody else is;
//   - whatever begins is told by the first message that is taken;
//   - nothing is told that is not asked for.
func TestAnySequence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		on := rapid.SliceOfDistinct(rapid.SampledFrom(strings.Fields(all)), rapid.ID).Draw(t, "on")
		runs := rapid.SliceOfN(rapid.SampledFrom([]string{
			"ok", "failed x", "failed y", "held max_remove 9", "held max_remove 40", "part min_group 2", "conflict anna", "conflict anna ben",
			"attention carl", "attention carl dora + change anna", "change ben", "paused", "plan + change anna", "plan + held max_update 2",
		}), 1, 40).Draw(t, "runs")
		var memory news.Memory
		open := map[news.Event]bool{} // what the channel was told of, and not the end
		at := noon
		for _, text := range runs {
			at = at.Add(rapid.SampledFrom([]time.Duration{30 * time.Minute, 23 * time.Hour, 50 * time.Hour}).Draw(t, "later"))
			run, skipped := runOf(t, text, at)
			told, after := news.Of(memory, run, on, skipped, at)
			for _, x := range told {
				if !slices.Contains(on, string(x.Event)) && x.Event != news.Recovered {
					t.Fatalf("%q: %s was not asked for", text, x.Event)
				}
			}
			standing := run.Err == nil && run.Held()
			if standing && slices.Contains(on, "held") && !open[news.Held] && !strings.Contains(shown(told), "held") {
				t.Fatalf("%q: a hold that nobody knows of is not told: %q", text, shown(told))
			}
			if !rapid.Bool().Draw(t, "taken") && len(told) > 0 {
				memory = news.Undelivered(memory, after, told, run, at)
				continue
			}
			memory = after
			for _, x := range told {
				switch x.Event {
				case news.Failure, news.Held:
					open[x.Event] = true
				case news.Recovered:
					if !open[x.Was] {
						t.Fatalf("%q: recovered from %s, which was not told, or has ended before", text, x.Was)
					}
					open[x.Was] = false
				}
			}
			whole := run.Err == nil && !run.Narrowed
			if whole && open[news.Failure] || whole && open[news.Held] && !standing {
				t.Fatalf("%q: its end is not told; open %v", text, open)
			}
			if again, same := news.Of(memory, run, on, skipped, at); len(again) > 0 || len(same) != len(memory) {
				t.Fatalf("%q is told again at once: %q", text, shown(again))
			}
		}
	})
}

// What could not be delivered is told by the next message: the changes of each run once, with how many
// they were, and a failure or a hold as of when it began.
func TestUndelivered(t *testing.T) {
	type step struct {
		run   string
		taken bool
		told  string
	}
	for name, test := range map[string]struct {
		on    string
		steps []step
	}{
		"changes":                     {"change", []step{{"change anna ben", false, "change"}, {"change carl", false, "change, late 2 of 1 since 0"}, {"change dora", true, "change, late 3 of 2 since 0"}, {"ok", true, ""}}},
		"changes, and then none":      {"change", []step{{"change anna ben", false, "change"}, {"ok", false, "change, late 2 of 1 since 0"}, {"failed x", true, ""}, {"ok", true, "change, late 2 of 1 since 0"}, {"ok", true, ""}}},
		"success with changes":        {"success", []step{{"change anna", false, "success"}, {"ok", true, "success, late 1 of 1 since 0"}, {"change ben", true, ""}, {"ok", true, ""}}},
		"what is beside":              {"held change", []step{{"change anna", false, "change"}, {"part min_group 2", true, "held since 1; change, late 1 of 1 since 0"}, {"ok", true, "recovered from held since 1"}}},
		"a failure since it began":    {"failure", []step{{"failed x", false, "failure since 0"}, {"failed y", false, "failure since 0"}, {"failed x", true, "failure since 0"}, {"ok", true, "recovered from failure since 0"}}},
		"a hold since it began":       {"held", []step{{"held max_remove 9", false, "held since 0"}, {"held max_remove 9", true, "held since 0"}, {"ok", false, "recovered from held since 0"}, {"ok", true, "recovered from held since 0"}, {"ok", true, ""}}},
		"what began and ended untold": {"failure", []step{{"failed x", false, "failure since 0"}, {"ok", true, ""}, {"failed x", true, "failure since 2"}}},
		"people":                      {"attention", []step{{"attention anna", false, "attention"}, {"attention anna ben", true, "attention"}, {"attention anna ben", true, ""}}},
		"nothing twice":               {"change", []step{{"change anna", true, "change"}, {"change anna", true, ""}, {"change ben", false, "change"}, {"change anna", true, "change, late 1 of 1 since 2"}}},
	} {
		t.Run(name, func(t *testing.T) {
			var memory news.Memory
			for i, s := range test.steps {
				at := noon.Add(time.Duration(i) * time.Hour)
				run, skipped := runOf(t, s.run, at)
				told, after := news.Of(memory, run, strings.Fields(test.on), skipped, at)
				var words []string
				for _, x := range told {
					word := shown([]news.Told{x})
					if x.Event == news.Failure || x.Event == news.Held || x.Was != "" {
						word += fmt.Sprintf(" since %.0f", x.Since.Sub(noon).Hours())
					}
					if m := x.Missed; m != nil {
						word += fmt.Sprintf(", late %d of %d since %.0f", m.Counts[dirsync.Create], m.Runs, m.Since.Sub(noon).Hours())
					}
					words = append(words, word)
				}
				if got := strings.Join(words, "; "); got != s.told {
					t.Fatalf("run %d, %q: told %q, want %q", i, s.run, got, s.told)
				}
				if !s.taken {
					after = news.Undelivered(memory, after, told, run, at)
				}
				memory = after
			}
		})
	}
}
