package engine_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"duosync/ldapsrc/several"
	dirsync "duosync/sync"
	"duosync/sync/decide"
	"duosync/sync/engine"
	"duosync/sync/mapping"
	"duosync/sync/naming"
)

// world is everything around the core, in memory.
type world struct {
	t       testing.TB
	clock   time.Time
	dir     *memDirectory
	dirs    map[string]*memDirectory                 // of several directories, by name
	at      string                                   // the directory that a rule is for
	own     map[string]map[string]dirsync.Expression // mapping of one directory alone
	duo     *memDuo
	store   *memStore
	rules   decide.Rules
	exclude map[string]bool
	drift   string
	ends    bool   // the attribute of that name ends accounts, see drawRules
	held    string // the last approval id
	last    *dirsync.Run
	audit   func() *engine.Audit
}

func newWorld(t testing.TB) *world {
	w := &world{t: t, clock: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), dir: &memDirectory{}, store: newMemStore(), exclude: map[string]bool{}, audit: func() *engine.Audit { return nil }}
	w.duo = &memDuo{users: map[string]*dirsync.Account{}, groups: map[string]*dirsync.Group{}, phones: map[string]*dirsync.Phone{}, mails: map[string]int{}, found: map[string]bool{}, now: func() time.Time { return w.clock },
		refuse: map[string]bool{}, doubt: map[string]bool{}, hidden: map[string]bool{}, astray: map[string]string{}, wrong: map[string]bool{}, born: map[string]string{}, spare: map[string]string{}, fail: map[string]bool{}, lose: map[string]bool{}, crash: map[string]bool{}, failop: map[string]bool{}}
	w.rules = decide.Rules{
		Rules: mapping.Rules{
			Mapping: map[string]dirsync.Expression{dirsync.FieldUsername: formula(t, "uid"), dirsync.FieldRealname: formula(t, "cn"), dirsync.FieldEmail: formula(t, "mail")},
			Status:  true, StatusAttributes: []string{"accountLock"}, Primary: []string{"gidNumber"}, LowerUsername: true,
			Protect:     map[string]bool{},
			Directories: dirsync.Directories{{Digest: "uid, cn, mail", Servers: []string{"ldap://a", "ldap://b"}}},
		},
		Existing:     decide.ExistingReport,
		OnMissing:    decide.Removal{Action: dirsync.Disable, Then: dirsync.Trash, Grace: 720 * time.Hour},
		OnOutOfScope: decide.Removal{Action: dirsync.Disable, Then: decide.Keep},
		RefreshEvery: 24 * time.Hour,
		Limits:       limits(t, "off"),
	}
	w.rules.Exclude = func(name, _ string) bool { return w.exclude[name] }
	w.rules.ReportDrift = func(field string) bool { return w.drift == "report" || field != "" && w.drift == field }
	return w
}

func (w *world) step(name, data string) (got string, golden bool) {
	w.t.Helper()
	verb, args, _ := strings.Cut(name, " ")
	lines := strings.Split(strings.TrimSpace(data), "\n")
	switch verb {
	case "rules":
		w.each(lines, w.rule)
	case "directory":
		w.directory(args).people = w.people(lines)
	case "elsewhere":
		w.directory(args).elsewhere = w.people(lines)
	case "named":
		w.named(args)
	case "moved":
		w.directory(args).moved = w.people(lines)
	case "duo":
		w.each(lines, w.hand)
	case "faults":
		w.each(lines, w.fault)
	case "clock":
		d, err := time.ParseDuration(lines[0])
		if err != nil {
			w.t.Fatal(err)
		}
		w.clock = w.clock.Add(d)
	case "run":
		return w.report(w.run(w.options(args))), true
	case "show":
		return w.accounts() + w.links(), true
	default:
		w.t.Fatalf("unknown step %q", name)
	}
	return "", false
}

// directory gives the directory of a name, "" for the only one.
func (w *world) directory(name string) *memDirectory {
	if name == "" {
		return w.dir
	}
	if w.dirs[name] == nil {
		w.t.Fatalf("there is no directory %q", name)
	}
	return w.dirs[name]
}

// directories makes the configuration one of several directories, in this order. Those that
// it had stay as they are.
func (w *world) directories(names []string) {
	var all dirsync.Directories
	for _, name := range names {
		d, known := w.rules.Directories.Get(name)
		if !known || name == "" {
			d = dirsync.Directory{Name: name, Scope: "all", Place: "here", Digest: "uid, cn, mail", Servers: []string{"ldap://" + name}}
		}
		all = append(all, d)
		if w.dirs == nil {
			w.dirs = map[string]*memDirectory{}
		}
		if w.dirs[name] == nil {
			w.dirs[name] = &memDirectory{}
		}
	}
	w.rules.Directories = all
}

// named gives the only directory a name, in the configuration and in the state.
func (w *world) named(name string) {
	d := w.rules.Directories[0]
	d.Name = name
	w.dirs, w.rules.Directories = map[string]*memDirectory{name: w.dir}, dirsync.Directories{d}
	w.store.name(naming.Name(name))
}

// source is what the engine reads: the only directory, or several as one.
func (w *world) source() dirsync.Source {
	if !w.rules.Directories.Named() {
		return w.dir
	}
	var all several.Source
	w.rules.Own = map[string]*mapping.Rules{}
	for _, name := range w.rules.Directories.Names() {
		all = append(all, several.Directory{Name: name, Source: w.dirs[name]})
		own := w.rules.Rules
		own.Own, own.Directory = nil, name
		if len(w.own[name]) > 0 {
			own.Mapping, own.OwnMapping = maps.Clone(own.Mapping), true
			maps.Copy(own.Mapping, w.own[name])
		}
		w.rules.Own[name] = &own
	}
	return all
}

// configured is what the configuration says of the directory that a rule is for.
func (w *world) configured() *dirsync.Directory {
	i := slices.IndexFunc(w.rules.Directories, func(d dirsync.Directory) bool { return d.Name == w.at })
	if i < 0 {
		w.t.Fatalf("there is no directory %q", w.at)
	}
	return &w.rules.Directories[i]
}

func (w *world) run(opts engine.Options) *dirsync.Run {
	w.duo.calls = 0
	e := &engine.Engine{Source: w.source(), Target: w.duo, Store: w.store, Rules: w.rules, Now: func() time.Time { return w.clock }, Audit: w.audit()}
	run := e.Run(context.Background(), opts)
	if run.ApprovalID != "" {
		w.held = run.ApprovalID
	}
	if !opts.DryRun {
		w.last = run
	}
	return run
}
