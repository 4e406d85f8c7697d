// Package wire makes of a configuration the parts of a run (rules.go: the keys of section
// sync, limits too; source.go, duo.go, state.go), and of the parts a run (run.go, and what
// stands before one). It is the only room that knows every adapter.
package wire

import (
	"context"
	"errors"
	"net"
	"strings"
	"time"

	"github.com/sirupsen/logrus"

	"duosync/cmd/internal/audit"
	"duosync/cmd/internal/config"
	"duosync/cmd/internal/report"
	"duosync/duo"
	"duosync/duo/api"
	"duosync/ldapsrc"
	dirsync "duosync/sync"
	"duosync/sync/decide"
	"duosync/sync/engine"
)

// Setup is what parts need that no configuration says.
type Setup struct {
	Log     *logrus.Logger
	Version string // what duosync calls itself by before Duo, and in a plan
	By      string // who asks
	Command string // of duosync, that does it
	Timing  Timing
	// LogsRuns: whoever makes runs logs each, with its warnings.
	LogsRuns bool
}

// Timing are the times of a run that nobody configures. Zero values are the
// binary's; tests have others.
type Timing struct {
	Now       func() time.Time                                 // the clock; nil: the machine's
	Sleep     func(ctx context.Context, d time.Duration) error // between two tries of a call to Duo; nil: it does
	Operation time.Duration                                    // see duo.NewTarget
	Call      time.Duration                                    // see state.Options; 0: duo.Target.OperationTime
	Check     time.Duration                                    // how long `check` reads people for; 0: three seconds
}

// Parts are what a run is put together from.
type Parts struct {
	Config  *config.Config
	Rules   decide.Rules
	Binding dirsync.Binding
	Source  Source
	Client  *api.Client
	Target  *duo.Target
	Flags   string // see engine.Engine
	Setup

	troubles []string // of channels, as warnings, when the run began
}

// Assemble makes the parts of a run. It connects to nothing.
func Assemble(loaded *config.Loaded, setup Setup) (*Parts, error) {
	cfg := &loaded.Config
	p := &Parts{Config: cfg, Binding: BindingOf(cfg), Flags: loaded.Flags(), Setup: setup}
	var err error
	if p.Rules, err = Rules(cfg); err != nil {
		return nil, err
	}
	if !p.Rules.Directories.Named() {
		p.Rules.Directories[0].Former = formerScopes(loaded, setup.Version)
	}
	if p.Source, err = NewSources(cfg, &p.Rules, setup.Log); err != nil {
		return nil, err
	}
	if p.Client, err = NewPacedClient(cfg, setup); err != nil {
		return nil, errors.Join(err, p.Source.Close())
	}
	p.Target = duo.NewTarget(p.Client, duo.Options{Bound: setup.Timing.Operation, Bulk: cfg.Duo.Bulk != "off", InFlight: cfg.Duo.MaxInFlight})
	return p, nil
}

// Close gives all connections back.
func (p *Parts) Close() error {
	p.Client.Close()
	return p.Source.Close()
}

// BindingOf says whose state a run with this configuration uses.
func BindingOf(cfg *config.Config) dirsync.Binding {
	host := cfg.Duo.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	b := dirsync.Binding{Host: strings.ToLower(host), Key: cfg.Duo.IntegrationKey}
	for _, d := range cfg.Each() {
		if d.Name == "" {
			b.Directory = ldapsrc.Directory(d.LDAP.Users.Bases)
			continue
		}
		if b.Directories == nil {
			b.Directories = map[string]string{}
		}
		b.Directories[d.Name] = ldapsrc.Directory(d.LDAP.Users.Bases)
	}
	return b
}

// Engine puts the parts together, with a state and who watches. trail tells of its runs; nil
// where there is no audit, or a dry run.
func (p *Parts) Engine(store dirsync.Store, observer dirsync.Observer, trail *audit.Trail) *engine.Engine {
	e := &engine.Engine{
		Source: p.Source, Target: p.Target, Store: trail.Over(store, p.By, p.Command == commandRebuild), Rules: p.Rules, Binding: p.Binding, By: p.By, Command: p.Command, Flags: p.Flags,
		Observer: observer, Now: p.Timing.Now,
		Encode: func(run *dirsync.Run, end *dirsync.RunEnd) error {
			trail.Heed(run)
			run.Warnings = append(run.Warnings, p.troubles...)
			return report.Keep(run, end)
		},
	}
	settings := &p.Config.Audit
	if settings.File == "" {
		return e
	}
	e.Audit = &engine.Audit{}
	switch {
	case !settings.Required:
	case trail == nil: // a dry run leaves no file behind
		e.Audit.Ready = func(_ context.Context, operations int) error { return audit.Promising(settings, operations) }
	default:
		e.Audit.Ready, e.Audit.Still = trail.Ready, trail.Still
	}
	return e
}

// commandRebuild is the command of duosync that pairs anew.
const commandRebuild = "rebuild"
