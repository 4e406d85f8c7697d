package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	dirsync "duosync/sync"
	"duosync/sync/engine"
)

// trouble counts the calls that an engine makes, and has one fail.
type trouble struct {
	*world
	at     int
	kind   string
	n      int
	failed string // the first call that did
}

func (x *trouble) engine() *engine.Engine {
	e := x.world.engine()
	e.Source, e.Target, e.Store = troubledSource{e.Source, x}, troubledTarget{e.Target, x}, troubledStore{e.Store, x}
	return e
}

// meet makes a call, unless it is the one that fails.
func (x *trouble) meet(name string, call func() error) error {
	if x.kind == answerLost && !slices.Contains(changes, name) {
		return call()
	}
	x.n++
	fails := x.n == x.at || x.n > x.at && x.kind == outage
	if fails && x.failed == "" {
		x.failed = name
	}
	if !fails || x.kind == answerLost {
		if err := call(); err != nil || !fails {
			return err
		}
	}
	return fmt.Errorf("%s: %w", name, errTrouble)
}

// half fails once on the way through a list.
func (x *trouble) half(name string) func() error {
	n := 0
	return func() error {
		if n++; n != 2 {
			return nil
		}
		return x.meet("half of "+name, func() error { return nil })
	}
}

// accountedFor checks that whatever has changed in Duo since a start stands in the state
// as it is, or as intended.
func (x *trouble) accountedFor(name string, start *world) {
	x.t.Helper()
	links := map[string]dirsync.Link{}
	for _, link := range x.store.links {
		links[link.User] = link
	}
	intended := func(id, username string) bool {
		return slices.ContainsFunc(x.store.open, func(in dirsync.Intent) bool {
			return in.Op.User == id || in.Op.User == "" && dirsync.FoldName(in.Op.Name()) == username || in.Op.Action == dirsync.GroupDelete
		})
	}
	for id, a := range x.duo.users {
		now, link := x.duo.account(a), links[id]
		if was := start.duo.users[id]; was != nil && start.duo.account(was).Hash() == now.Hash() {
			continue
		}
		link.Answered.Groups = slices.DeleteFunc(slices.Clone(link.Answered.Groups), func(m dirsync.Membership) bool { return x.duo.groups[m.ID] == nil })
		if link.Answered.Hash() != now.Hash() && !intended(id, a.Username) {
			x.t.Errorf("%s: Duo holds %+v, the state knows %+v", name, now, link.Answered)
		}
	}
	for id, a := range start.duo.users {
		if link, ours := links[id]; x.duo.users[id] == nil && ours && !intended(id, a.Username) && link.Missing.Step != dirsync.Delete {
			x.t.Errorf("%s: %s is deleted, and the state knows %+v", name, a.Username, link)
		}
	}
}

type troubledSource struct {
	dirsync.Source
	x *trouble
}

func (s troubledSource) Read(ctx context.Context, visit func(dirsync.Person) error) (info dirsync.ReadInfo, err error) {
	half := s.x.half("Read")
	err = s.x.meet("Read", func() error {
		info, err = s.Source.Read(ctx, func(p dirsync.Person) error { return errors.Join(half(), visit(p)) })
		return err
	})
	return info, err
}

func (s troubledSource) Lookup(ctx context.Context, ids []dirsync.SourceID) (found map[dirsync.SourceID]dirsync.Whereabouts, err error) {
	err = s.x.meet("Lookup", func() error {
		found, err = s.Source.Lookup(ctx, ids)
		return err
	})
	return found, err
}

func (s troubledSource) LookupGroups(ctx context.Context, groups []dirsync.GroupEntry) (found map[string]dirsync.GroupEntry, err error) {
	err = s.x.meet("LookupGroups", func() error {
		found, err = s.Source.LookupGroups(ctx, groups)
		return err
	})
	return found, err
}

func (s troubledSource) StillMembers(ctx context.Context, group dirsync.GroupEntry, ids []dirsync.SourceID) (still bool, err error) {
	err = s.x.meet("StillMembers", func() error {
		still, err = s.Source.StillMembers(ctx, group, ids)
		return err
	})
	return still, err
}

func (s troubledSource) Stamps(ctx context.Context, ids []dirsync.SourceID, dns []string) (byID map[dirsync.SourceID]string, byDN map[string]string, err error) {
	err = s.x.meet("Stamps", func() error {
		byID, byDN, err = s.Source.Stamps(ctx, ids, dns)
		return err
	})
	return byID, byDN, err
}

type troubledTarget struct {
	dirsync.Target
	x *trouble
}

func (d troubledTarget) Inventory(ctx context.Context, visit func(dirsync.Account) error) (complete bool, err error) {
	half := d.x.half("Inventory")
	err = d.x.meet("Inventory", func() error {
		complete, err = d.Target.Inventory(ctx, func(a dirsync.Account) error { return errors.Join(half(), visit(a)) })
		return err
	})
	return complete, err
}

func (d troubledTarget) Find(ctx context.Context, names []string) (found []dirsync.Account, err error) {
	err = d.x.meet("Find", func() error {
		found, err = d.Target.Find(ctx, names)
		return err
	})
	return found, err
}

func (d troubledTarget) Fetch(ctx context.Context, known map[string]dirsync.Remembered) (found map[string]dirsync.Account, doubtful map[string]error, err error) {
	err = d.x.meet("Fetch", func() error {
		found, doubtful, err = d.Target.Fetch(ctx, known)
		return err
	})
	return found, doubtful, err
}

func (d troubledTarget) Groups(ctx context.Context) (groups []dirsync.Group, err error) {
	err = d.x.meet("Groups", func() error {
		groups, err = d.Target.Groups(ctx)
		return err
	})
	return groups, err
}

func (d troubledTarget) Phones(ctx context.Context, numbers []string) (found map[string]dirsync.Phone, err error) {
	err = d.x.meet("Phones", func() error {
		found, err = d.Target.Phones(ctx, numbers)
		return err
	})
	return found, err
}

func (d troubledTarget) Settle(ctx context.Context, intents []dirsync.Intent) (results []dirsync.Result, err error) {
	err = d.x.meet("Settle", func() error {
		results, err = d.Target.Settle(ctx, intents)
		return err
	})
	return results, err
}

func (d troubledTarget) Apply(ctx context.Context, wave []*dirsync.Op, intend func([]*dirsync.Op) ([]*dirsync.Op, error),
	recheck func([]*dirsync.Op) (map[*dirsync.Op]string, error), record func([]dirsync.Result) error,
) error {
	return d.x.meet("Apply", func() error { return d.Target.Apply(ctx, wave, intend, recheck, record) })
}

type troubledStore struct {
	dirsync.Store
	x *trouble
}

func (s troubledStore) Meta(ctx context.Context) (meta dirsync.Meta, err error) {
	err = s.x.meet("Meta", func() error {
		meta, err = s.Store.Meta(ctx)
		return err
	})
	return meta, err
}

func (s troubledStore) Scan(ctx context.Context, visit func(dirsync.Brief) error) error {
	half := s.x.half("Scan")
	return s.x.meet("Scan", func() error {
		return s.Store.Scan(ctx, func(b dirsync.Brief) error { return errors.Join(half(), visit(b)) })
	})
}

func (s troubledStore) Load(ctx context.Context, ids []dirsync.SourceID) (links []dirsync.Link, err error) {
	err = s.x.meet("Load", func() error {
		links, err = s.Store.Load(ctx, ids)
		return err
	})
	return links, err
}

func (s troubledStore) Told(ctx context.Context) (told map[string]dirsync.Told, err error) {
	err = s.x.meet("Told", func() error {
		told, err = s.Store.Told(ctx)
		return err
	})
	return told, err
}

func (s troubledStore) Approvals(ctx context.Context, now time.Time) (all []dirsync.Approval, err error) {
	err = s.x.meet("Approvals", func() error {
		all, err = s.Store.Approvals(ctx, now)
		return err
	})
	return all, err
}

func (s troubledStore) Marks(ctx context.Context) (marks []dirsync.Mark, err error) {
	err = s.x.meet("Marks", func() error {
		marks, err = s.Store.Marks(ctx)
		return err
	})
	return marks, err
}

func (s troubledStore) Groups(ctx context.Context) (links []dirsync.GroupLink, err error) {
	err = s.x.meet("Groups of the state", func() error {
		links, err = s.Store.Groups(ctx)
		return err
	})
	return links, err
}

func (s troubledStore) Open(ctx context.Context) (intents []dirsync.Intent, err error) {
	err = s.x.meet("Open", func() error {
		intents, err = s.Store.Open(ctx)
		return err
	})
	return intents, err
}

func (s troubledStore) Begin(ctx context.Context, start dirsync.RunStart) (dirsync.Journal, error) {
	var journal dirsync.Journal
	err := s.x.meet("Begin", func() (err error) {
		journal, err = s.Store.Begin(ctx, start)
		return err
	})
	if err != nil {
		return nil, err
	}
	return troubledJournal{journal, s.x}, nil
}

type troubledJournal struct {
	dirsync.Journal
	x *trouble
}

func (j troubledJournal) Intend(ctx context.Context, ops []*dirsync.Op, at time.Time) (sent []*dirsync.Op, err error) {
	err = j.x.meet("Intend", func() error {
		sent, err = j.Journal.Intend(ctx, ops, at)
		return err
	})
	return sent, err
}

func (j troubledJournal) Recheck(ctx context.Context, ops []*dirsync.Op) (may []*dirsync.Op, err error) {
	err = j.x.meet("Recheck", func() error {
		may, err = j.Journal.Recheck(ctx, ops)
		return err
	})
	return may, err
}

func (j troubledJournal) Record(ctx context.Context, outcomes []dirsync.Outcome) error {
	return j.x.meet("Record", func() error { return j.Journal.Record(ctx, outcomes) })
}

func (j troubledJournal) Use(ctx context.Context, ids []string) error {
	return j.x.meet("Use", func() error { return j.Journal.Use(ctx, ids) })
}

func (j troubledJournal) Finish(ctx context.Context, end dirsync.RunEnd) error {
	return j.x.meet("Finish", func() error { return j.Journal.Finish(ctx, end) })
}
