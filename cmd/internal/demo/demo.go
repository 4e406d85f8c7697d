// Package demo plays the main job on a built-in directory and a simulated Duo.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"

	"duosync/cmd/internal/report"
	"duosync/cmd/internal/report/form"
	"duosync/cmd/internal/watch"
	"duosync/cmd/internal/wire"
	dirsync "duosync/sync"
	"duosync/sync/printed"
)

// Options are what the demo is given.
type Options struct {
	Dir   string // for reports and configuration; "": a new temporary folder
	Out   io.Writer
	Look  form.Look // of Out
	Env   func(name string) (string, bool)
	Setup func() (wire.Setup, error)
	Watch func() (observer dirsync.Observer, end func()) // of each run
}

// demo plays in its world, stage by stage.
type demo struct {
	Options
	*world
	stage int
}

// Play runs the demo. It is an error where it does not come to what it should.
func Play(ctx context.Context, options Options) (err error) {
	if options.Dir == "" {
		if options.Dir, err = os.MkdirTemp("", "duosync-demo-"); err != nil {
			return err
		}
	}
	if options.Dir, err = filepath.Abs(options.Dir); err != nil {
		return err
	}
	if err := os.MkdirAll(options.Dir, 0o700); err != nil {
		return err
	}
	if err := claim(options.Dir); err != nil {
		return err
	}
	d := &demo{Options: options, world: &world{dir: options.Dir}}
	defer func() { err = errors.Join(err, d.close()) }()
	if err := d.build(options.Env); err != nil {
		return fmt.Errorf("setting the demo up: %w", err)
	}
	return d.play(ctx)
}

// play runs the stages. Each says what it should come to, and is an error when
// it does not.
func (d *demo) play(ctx context.Context) error {
	d.say("duosync demo: %d people in a directory like WSO2 Identity Server's at %s,\nand an empty simulated Duo at https://%s. Reports and configuration: %s",
		len(crew), d.directory.URL(), d.duo.Host(), d.Dir)

	n := len(crew)
	stages := []stage{
		{"first-dry-run", "What would the first run do? A dry run reads everything and writes nothing.",
			wire.RunOptions{DryRun: true}, nil, dirsync.OutcomePlanned, map[dirsync.Action]int{dirsync.Create: n}},
		{"first-run", "Now let it write: each person gets a Duo user.",
			wire.RunOptions{}, nil, dirsync.OutcomeApplied, map[dirsync.Action]int{dirsync.Create: n}},
		{"second-run", "Once more: nothing is left to do, and Duo is not even called.",
			wire.RunOptions{}, nil, dirsync.OutcomeNoChanges, nil},
		{"changes", "In the directory one person is added, one changes her mail address, one is locked,\none is renamed, one leaves. The dry run shows just that.",
			wire.RunOptions{DryRun: true}, d.change, dirsync.OutcomePlanned, map[dirsync.Action]int{dirsync.Create: 1, dirsync.Update: 2, dirsync.Disable: 2}},
		{"changes-applied", "And the run does it. The renamed person keeps the same Duo user, and so the phone;\nwhoever left is disabled at once, and would go to Duo's Trash in 30 days.",
			wire.RunOptions{}, nil, dirsync.OutcomeApplied, map[dirsync.Action]int{dirsync.Create: 1, dirsync.Update: 2, dirsync.Disable: 2}},
		{"mass-removal", "Somebody moves 10 people away by mistake. A guard holds the run before its first write.",
			wire.RunOptions{}, d.lose, dirsync.OutcomeHeld, map[dirsync.Action]int{dirsync.Disable: 10}},
	}
	for _, s := range stages {
		if err := d.run(ctx, s); err != nil {
			return err
		}
	}
	d.say("That was the main job. To go on with your own directory, and this simulator in Duo's place:\n\n" +
		"  duosync simulator --listen 127.0.0.1:8443 --dir sim &     # a Duo account to rehearse with\n" +
		"  duosync config init                                       # fill in ldap:, and duo: from sim/duo.yaml\n" +
		"  duosync sync --dry-run                                    # read this before anything else\n" +
		"  duosync sync                                              # let it write\n")
	return nil
}

// stage is one run of the demo, and what it should come to.
type stage struct {
	name, words string
	opts        wire.RunOptions
	before      func() error
	outcome     string
	counts      map[dirsync.Action]int
}

func (d *demo) run(ctx context.Context, s stage) error {
	d.stage++
	words := []string{"sync"}
	if s.opts.DryRun {
		words = append(words, "--dry-run")
	}
	d.say("%s\n%d. %s\n\n$ %s", strings.Repeat("─", 78), d.stage, s.words,
		printed.Command("", append(words, "--config", filepath.Join(d.Dir, "config.yaml"))...))
	if s.before != nil {
		if err := s.before(); err != nil {
			return err
		}
	}
	setup, err := d.Setup()
	if err != nil {
		return err
	}
	observer, end := d.Watch()
	run, err := wire.Run(ctx, d.config, setup, s.opts, fmt.Sprintf("demo-%d", d.stage), watch.New(observer))
	end()
	if err != nil {
		return err
	}
	if err := report.Of(run).Write(d.Out, form.Table, d.Look); err != nil {
		return err
	}
	data, err := form.Encode(report.Of(run))
	if err != nil {
		return err
	}
	name := fmt.Sprintf("%d-%s.json", d.stage, s.name)
	if err := os.WriteFile(filepath.Join(d.Dir, name), append(data, '\n'), 0o600); err != nil {
		return err
	}
	d.say("(JSON: %s)", name)
	if run.Err != nil {
		return run.Err
	}
	counts := map[dirsync.Action]int{}
	for _, o := range run.Operations {
		counts[o.Action]++
	}
	if run.Outcome != s.outcome || !maps.Equal(counts, s.counts) {
		return fmt.Errorf("stage %d came to %s %v, it should have come to %s %v; please report this as a bug", d.stage, run.Outcome, counts, s.outcome, s.counts)
	}
	return nil
}

func (d *demo) say(format string, args ...any) { _, _ = fmt.Fprintf(d.Out, format+"\n\n", args...) }
