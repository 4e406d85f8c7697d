package engine_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write the scenarios' golden parts anew")

// TestScenarios plays the stories of testdata/*.txtar. A story is a list of
// steps: what the directory holds, what somebody does in Duo, and what each run
// then reports, which is the golden part.
//
//	rules            key value, one a line
//	directory [NAME] everybody in scope, of one of several directories: id uid [attribute=value…] [disabled|lockout] [@group…]
//	elsewhere        in the directory, out of scope
//	moved            in scope, but moved while the read went on
//	named NAME       the only directory gets a name, in configuration and state
//	duo              set ID field=value… | add ID field=value… | delete ID
//	faults           refuse NAME or FIELD | spare NAME FIELD | doubt NAME | fail NAME | failop ACTION NAME | lose NAME | crash ACTION NAME | no-trash | read | unaudited [[calls] N] (after N looks, before waves or calls) | clear
//	clock            a duration to go forward, or back where it is negative
//	run [dry] [refresh] [adopt NAME] [only NAME] [approve] [approveguard NAME[/ABOUT[/DETAIL]]]
//	show             Duo's users, and the links to them, as they are (golden)
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			w := newWorld(t)
			for i := range archive.Files {
				f := &archive.Files[i]
				got, golden := w.step(f.Name, string(f.Data))
				if !golden {
					continue
				}
				if *update {
					f.Data = []byte(got)
				} else if diff := cmp.Diff(string(f.Data), got); diff != "" {
					t.Errorf("step %d (%s) (-want +got):\n%s", i+1, f.Name, diff)
				}
			}
			if *update {
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// TestPlansAreTheSame plays the same stories, and plans each run fifty times before it:
// the same input gives the same plan, whatever order a map has.
func TestPlansAreTheSame(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		w := newWorld(t)
		for i, f := range archive.Files {
			verb, args, _ := strings.Cut(f.Name, " ")
			if verb == "run" {
				opts := w.options(args)
				opts.DryRun = true
				first := w.report(w.run(opts))
				for range 49 {
					if again := w.report(w.run(opts)); again != first {
						t.Fatalf("%s, step %d: planned again:\n%s", file, i+1, cmp.Diff(first, again))
					}
				}
			}
			w.step(f.Name, string(f.Data))
		}
	}
}
