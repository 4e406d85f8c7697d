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

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/report"
	"duosync/cmd/internal/watch"
	"duosync/cmd/internal/wire"
	"duosync/duo/duosim"
	"duosync/ldapsrc/ldapsim"
	dirsync "duosync/sync"
)

// Options are the world around the demo.
type Options struct {
	Dir    string // for reports and configuration; "": a new temporary folder
	Out    io.Writer
	Colour bool // Out is a terminal that shows colours
	Env    func(name string) (string, bool)
	Setup  func() (wire.Setup, error)
	Watch  func() (observer dirsync.Observer, end func()) // of each run
}

// demo is the stage: a directory, a Duo account, and a configuration for them.
type demo struct {
	Options
	directory *ldapsim.Server
	duo       *duosim.Server
	config    *config.Loaded
	stage     int
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
	d := &demo{Options: options}
	defer func() { err = errors.Join(err, d.close()) }()
	if err := d.build(); err != nil {
		return fmt.Errorf("setting the demo up: %w", err)
	}
	return d.play(ctx)
}

// ownMark is the first line of the demo's configuration.
const ownMark = "# Written by duosync demo, which writes it anew each time.\n"

// claim refuses a folder whose configuration is somebody's own.
func claim(dir string) error {
	path := filepath.Join(dir, "config.yaml")
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) || strings.HasPrefix(string(data), ownMark) {
		return nil
	}
	return errors.Join(err, dirsync.WithHint(fmt.Errorf("%s is not the demo's", path), "Give the demo a folder of its own with --dir."))
}

// The people of the demo: uid, first and last name. The names are in several
// scripts, as real ones are.
var crew = [][3]string{
	{"asilva", "Anna", "Silva"}, {"bokoye", "Bintou", "Okoye"}, {"cmeyer", "Çağla", "Meyer"}, {"dpetrov", "Дмитрий", "Петров"},
	{"eangstrom", "Elsa", "Ångström"}, {"fkhan", "Farah", "Khan"}, {"gwei", "伟", "高"}, {"hsato", "花子", "佐藤"},
	{"igarcia", "Iñaki", "García"}, {"jobrien", "Jane", "O'Brien"}, {"kpapadopoulos", "Κώστας", "Παπαδόπουλος"}, {"lcohen", "לאה", "כהן"},
	{"mali", "محمد", "علي"}, {"nnguyen", "Nam", "Nguyễn"}, {"oschmidt", "Otto", "Schmidt"}, {"psharma", "प्रिया", "शर्मा"},
	{"qdubois", "Quentin", "Dubois"}, {"rkim", "민준", "김"}, {"ssmith", "Sam", "Smith"}, {"tjansen", "Tess", "Jansen"},
	{"uferrari", "Ugo", "Ferrari"}, {"vnovak", "Věra", "Nováková"}, {"wlopez", "Will", "Lopez"}, {"xchen", "Xu", "Chen"},
}

const (
	suffix   = "dc=WSO2,dc=ORG"
	usersDN  = "ou=Users," + suffix
	admin    = "uid=admin,ou=system"
	password = "demo-bind-password"
)

// build starts the directory and the simulator, and writes a configuration.
func (d *demo) build() (err error) {
	d.directory, err = ldapsim.New(ldapsim.Options{Suffixes: []string{suffix}, Binds: map[string]string{admin: password}})
	if err != nil {
		return err
	}
	if err := d.directory.Start("127.0.0.1:0"); err != nil {
		return err
	}
	for _, entry := range []struct {
		dn         string
		attributes ldapsim.Attributes
	}{
		{suffix, ldapsim.Attributes{"objectClass": {"domain"}}},
		{usersDN, ldapsim.Attributes{"objectClass": {"organizationalUnit"}}},
		{"ou=Groups," + suffix, ldapsim.Attributes{"objectClass": {"organizationalUnit"}}},
	} {
		if err := d.directory.Add(entry.dn, entry.attributes); err != nil {
			return err
		}
	}
	for _, p := range crew {
		if err := d.add(p[0], p[1], p[2]); err != nil {
			return err
		}
	}
	d.duo = duosim.New(duosim.Options{})
	if err := d.duo.Start("127.0.0.1:0"); err != nil {
		return err
	}
	if err := d.duo.WriteFiles(d.Dir); err != nil {
		return err
	}
	return d.configure()
}

// configure writes config.yaml: the simulator's duo: section, and the rest.
func (d *demo) configure() error {
	section, err := os.ReadFile(filepath.Join(d.Dir, "duo.yaml"))
	if err != nil {
		return err
	}
	for _, old := range []string{"demo.db", "demo.db-wal", "demo.db-shm", "demo.db.lock"} { // of an earlier demo
		if err := os.Remove(filepath.Join(d.Dir, old)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	text := ownMark + fmt.Sprintf("ldap:\n  preset: wso2is\n  urls: [%q]\n  bind_dn: %q\n  bind_password: %q\nstate:\n  dsn: demo.db\n%s",
		d.directory.URL(), admin, password, section)
	path := filepath.Join(d.Dir, "config.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return err
	}
	d.config, err = config.Load(path, d.Env)
	return err
}

func (d *demo) add(uid, first, last string) error {
	return d.directory.Add("uid="+uid+","+usersDN, ldapsim.Attributes{
		"objectClass": {"top", "person", "organizationalPerson", "inetOrgPerson", "identityPerson"},
		"uid":         {uid}, "cn": {first + " " + last}, "givenName": {first}, "sn": {last}, "mail": {uid + "@example.com"},
	})
}

func (d *demo) close() error {
	var errs []error
	if d.directory != nil {
		errs = append(errs, d.directory.Close())
	}
	if d.duo != nil {
		errs = append(errs, d.duo.Close())
	}
	return errors.Join(errs...)
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

type stage struct {
	name, words string
	opts        wire.RunOptions
	before      func() error
	outcome     string
	counts      map[dirsync.Action]int
}

func (d *demo) run(ctx context.Context, s stage) error {
	d.stage++
	flags := ""
	if s.opts.DryRun {
		flags = " --dry-run"
	}
	d.say("%s\n%d. %s\n\n$ duosync sync%s --config %s", strings.Repeat("─", 78), d.stage, s.words, flags, filepath.Join(d.Dir, "config.yaml"))
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
	if err := report.Write(d.Out, run, report.Table, d.Colour); err != nil {
		return err
	}
	data, err := report.Encode(run)
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

// change makes the everyday changes.
func (d *demo) change() error {
	return errors.Join(
		d.add("yyoung", "Yara", "Young"),
		d.directory.Replace("uid=asilva,"+usersDN, "mail", "anna.silva@example.com"),
		d.directory.Replace("uid=bokoye,"+usersDN, "accountLock", "true"),
		d.directory.Rename("uid=cmeyer,"+usersDN, "uid=cmeyer-yilmaz"),
		d.directory.Delete("uid=dpetrov,"+usersDN),
	)
}

// lose takes ten people out of the directory.
func (d *demo) lose() error {
	var errs []error
	for _, p := range crew[10:20] {
		errs = append(errs, d.directory.Delete("uid="+p[0]+","+usersDN))
	}
	return errors.Join(errs...)
}
