package cli

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"

	"github.com/sirupsen/logrus"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/daemon"
	"duosync/cmd/internal/report"
	"duosync/duo"
	"duosync/duo/api"
	"duosync/ldapsrc"
	"duosync/ldapsrc/schema"
	dirsync "duosync/sync"
)

// parts are what a run is put together from.
type parts struct {
	config  *config.Config
	log     *logrus.Logger
	rules   dirsync.Rules
	binding dirsync.Binding
	source  *ldapsrc.Source
	client  *api.Client
	target  *duo.Target
	timing  timing
	flags   string // see dirsync.Engine
}

// assemble makes the parts of a run. It connects to nothing.
func (a *app) assemble(loaded *config.Loaded) (*parts, error) {
	cfg := &loaded.Config
	log, err := a.logger()
	if err != nil {
		return nil, err
	}
	p := &parts{config: cfg, log: log, timing: a.timing, flags: loaded.Flags()}
	if p.rules, err = rules(cfg); err != nil {
		return nil, err
	}
	if p.source, err = source(cfg, &p.rules, log); err != nil {
		return nil, err
	}
	if p.client, err = duoClient(cfg, api.Rate{N: cfg.Duo.Rate.Calls, Per: cfg.Duo.Rate.Per}, a.timing, log); err != nil {
		return nil, errors.Join(err, p.source.Close())
	}
	p.target = duo.NewTarget(p.client, a.timing.operation)
	p.binding = binding(cfg)
	return p, nil
}

// Close gives all connections back.
func (p *parts) Close() error {
	p.client.Close()
	return p.source.Close()
}

// binding says whose state a run with this configuration uses.
func binding(cfg *config.Config) dirsync.Binding {
	host := cfg.Duo.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return dirsync.Binding{Host: strings.ToLower(host), Key: cfg.Duo.IntegrationKey, Directory: ldapsrc.Directory(cfg.LDAP.Users.Bases)}
}

// sync makes one run, which watch observes. Without a run, the error says why it
// did not begin; beside one, what could not be closed after it.
func (a *app) sync(ctx context.Context, loaded *config.Loaded, opts syncOptions, id string, watch *daemon.Watch) (run *dirsync.Run, err error) {
	plan, err := readPlan(ctx, &loaded.Config, opts.apply)
	if err != nil {
		return nil, err
	}
	p, err := a.assemble(loaded)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	watch.CountCalls(func() int { return p.target.Usage().Calls })
	store, err := openState(ctx, p, opts.dryRun)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	warned := store.Warnings()
	for _, warning := range warned {
		p.log.Warn(warning)
	}
	if err := store.Check(ctx, p.binding); err != nil {
		return nil, err
	}
	if plan != nil { // once more, now that nobody else can write
		if err := knownTo(ctx, store, plan); err != nil {
			return nil, err
		}
	}
	approval, err := p.approveForRun(ctx, store, opts)
	if err != nil {
		return nil, err
	}
	engine := &dirsync.Engine{
		Source: p.source, Target: p.target, Store: store, Rules: p.rules, Binding: p.binding, Flags: p.flags,
		Observer: watch, Now: p.timing.now, Encode: report.Encode,
	}
	options := dirsync.Options{
		RunID: id, DryRun: opts.dryRun, Refresh: opts.refresh, Only: opts.only, Adopt: opts.adopt, Approve: approval, AsOf: opts.at,
	}
	if plan != nil {
		exactly(&options, plan)
	}
	run = engine.Run(ctx, options)
	for _, warning := range store.Warnings()[len(warned):] {
		p.log.Warn(warning)
	}
	return run, keepPlan(ctx, &opts, p, store, run)
}

func source(cfg *config.Config, rules *dirsync.Rules, log *logrus.Logger) (*ldapsrc.Source, error) {
	c := cfg.LDAP
	return ldapsrc.New(ldapsrc.Options{
		URLs: c.URLs, StartTLS: c.StartTLS, CAFile: c.CAFile, ServerName: c.ServerName,
		ClientCertFile: c.ClientCertFile, ClientKeyFile: c.ClientKeyFile,
		BindDN: c.BindDN, BindPassword: c.BindPassword.Reveal(), AllowPlaintext: c.AllowPlaintext,
		Timeout: c.Timeout, PageSize: c.PageSize, ReferralHosts: c.ReferralHosts,
		Users:  ldapsrc.Users{Bases: c.Users.Bases, Filter: c.Users.Filter, Scope: ldapsrc.Scope(c.Users.Scope), IDAttribute: c.Users.IDAttribute},
		Groups: groups(cfg, rules), Attributes: attributes(rules), Preset: schema.Preset(c.Preset), Log: log,
	})
}

// attributes lists the LDAP attributes that the expressions read, each once.
func attributes(rules *dirsync.Rules) []string {
	var all []string
	for _, e := range rules.Expressions() {
		all = append(all, e.Attributes()...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// duoClient makes the client of a configuration, at a rate of its own.
func duoClient(cfg *config.Config, rate api.Rate, timing timing, log *logrus.Logger) (*api.Client, error) {
	c := cfg.Duo
	return api.New(api.Options{
		Host: c.Host, IntegrationKey: c.IntegrationKey, SecretKey: c.SecretKey.Reveal(), Signature: c.Signature,
		CAFile: c.CAFile, ProxyURL: c.ProxyURL.Reveal(), Timeout: c.Timeout,
		Rate: rate, Now: timing.now, Sleep: timing.sleep, Version: Version(), Log: log,
	})
}

// groups asks for the groups that the scope or an expression names, and for those
// that are mirrored; for none, none is read.
func groups(cfg *config.Config, rules *dirsync.Rules) ldapsrc.Groups {
	c := cfg.LDAP.Groups
	g := ldapsrc.Groups{Bases: c.Bases, Filter: c.Filter, NameAttribute: c.NameAttribute, MemberAttribute: c.MemberAttribute, Nested: c.Nested}
	named := slices.Concat(rules.IncludeGroups, rules.ExcludeGroups)
	for _, e := range rules.Expressions() {
		named = append(named, e.Groups()...)
	}
	mirrored := rules.Groups.Mirror
	if len(named) > 0 || mirrored != nil {
		g.Want = func(name string) bool {
			return mirrored != nil && mirrored(name) || slices.ContainsFunc(named, func(n string) bool { return dirsync.SameGroup(n, name) })
		}
	}
	return g
}
