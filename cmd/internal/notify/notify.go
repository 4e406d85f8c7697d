// Package notify tells people what they should know of a run, by the channels of the section
// notify: news decides what is told, message puts it into words, channel delivers it. What a
// channel has taken is kept in the state, so that the next process goes on from there.
//
// A message is marked as told once its channel has taken it. A process that is killed between
// the two tells that message once more; none is lost. What a channel did not take is kept, too, as
// far as the next message is to tell it. Of a change to Duo it is the other way: a process that is
// killed before it has told one leaves that to the history.
package notify

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/notify/channel"
	"duosync/cmd/internal/notify/message"
	"duosync/cmd/internal/notify/news"
	"duosync/state"
	dirsync "duosync/sync"
	"duosync/sync/secrets"
)

// Store keeps what channels have taken.
type Store interface {
	Notified(ctx context.Context) (map[string]json.RawMessage, error)
	Notify(ctx context.Context, channel string, memory json.RawMessage) error
	// Trouble keeps why a channel could not be told; "" ends that.
	Trouble(ctx context.Context, channel, why string) error
	Close() error
}

// Options are what telling takes.
type Options struct {
	// Version that duosync calls itself by.
	Version string
	// Stays: the process goes on after a run, and remembers by itself what the state can't keep.
	Stays bool
	// Open opens the state of a configuration; nil: beside the runs, where it is there.
	Open func(ctx context.Context, c *config.Config) (Store, error)
	// Now is the clock, and Sleep waits between two tries; nil: the machine's.
	Now   func() time.Time
	Sleep func(ctx context.Context, d time.Duration) error
}

// Teller tells of the runs of a process, one after another.
type Teller struct {
	opts Options
	// own is what channels have taken of this process: it stands in for the state where that
	// can't be read, or did not take what was to be kept.
	own map[string]*memory
}

type memory struct {
	news   news.Memory
	unkept bool // the state does not have it
}

// New makes a teller that has told nothing.
func New(opts Options) *Teller {
	if opts.Open == nil {
		opts.Open = beside
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Teller{opts: opts, own: map[string]*memory{}}
}

func beside(ctx context.Context, c *config.Config) (Store, error) {
	db, err := state.OpenBeside(ctx, c.State.DSN.Reveal(), state.Options{KeepHistory: c.State.KeepHistory, Existing: true})
	if err != nil {
		return nil, err
	}
	return db, nil
}

// Result is what became of telling by one channel.
type Result struct {
	Channel, Where string
	Events         string // the words of notify.on
	Answer         string
	Err            error // nil: it was taken
}

// stateTime is how long the state may take to tell what was told, and to keep what is.
const stateTime = 10 * time.Second

// grace is how long telling may go on once the process is to end.
const grace = 5 * time.Second

// Tell tells of a run whatever its channels are to know. It takes a bit more than a minute at most, and
// [grace] once ctx has ended. skipped: the run did not begin, since writing is paused or the
// state in use. There is a result for each message, and one for what could not be kept.
func (t *Teller) Tell(ctx context.Context, c *config.Config, run *dirsync.Run, skipped bool) []Result {
	return t.tell(ctx, c, run, aboutOf(c, skipped), func(news.Memory) bool { return false })
}

// tell does the same with what messages say beside the run. A channel that knows of it already, by
// what it has taken, is told nothing.
func (t *Teller) tell(ctx context.Context, c *config.Config, run *dirsync.Run, about message.About, knows func(news.Memory) bool) []Result {
	channels := channel.Of(&c.Notify, channel.Options{Version: t.opts.Version, Sleep: t.opts.Sleep})
	if len(channels) == 0 || run.DryRun || run.Only != "" || ctx.Err() != nil && run.Err != nil {
		return nil // whoever stopped a run knows
	}
	ctx, cancel := lasting(ctx)
	defer cancel()
	now := run.Started
	if now.IsZero() {
		now = t.opts.Now()
	}
	store, kept, failed := t.recall(ctx, c, run)
	about.Forgets = store == nil && !t.opts.Stays
	results := make([]Result, len(channels))
	var group sync.WaitGroup
	var mu sync.Mutex // of the memories, the store and failed
	for i, ch := range channels {
		group.Go(func() {
			before := kept[ch.Name()]
			if knows(before) {
				return
			}
			told, after := news.Of(before, run, c.Notify.On, about.Skipped, now)
			if len(told) > 0 {
				m := message.Of(told, run, about)
				m.ID = cmp.Or(m.ID, "run-"+now.UTC().Format("20060102T150405Z"))
				results[i] = Result{Channel: ch.Name(), Where: ch.Where(), Events: news.Words(told)}
				results[i].Answer, results[i].Err = ch.Send(ctx, m)
				if !Taken(results[i].Err) {
					after = news.Undelivered(before, after, told, run, now)
				}
			}
			mu.Lock() // at once: the process may be killed while another channel is waited for
			defer mu.Unlock()
			failed = errors.Join(failed, t.keep(ctx, store, ch.Name(), before, after))
			if len(told) > 0 {
				failed = errors.Join(failed, keepTrouble(ctx, store, ch.Name(), results[i].Err))
			}
		})
	}
	group.Wait()
	all := slices.DeleteFunc(results, func(r Result) bool { return r.Channel == "" })
	if store != nil {
		failed = errors.Join(failed, store.Close())
	}
	if failed != nil && run.Err == nil { // else the run has told what is wrong with the state
		all = append(all, Result{Err: failed})
	}
	return all
}

// keepTrouble keeps that nobody could be told by a channel, or that somebody was.
func keepTrouble(ctx context.Context, store Store, name string, err error) error {
	if store == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stateTime)
	defer cancel()
	why := ""
	if !Taken(err) {
		why = err.Error()
	}
	return store.Trouble(ctx, name, why)
}

// lasting gives a context that outlasts ctx by a grace.
func lasting(ctx context.Context) (context.Context, func()) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var timer *time.Timer
	var mu sync.Mutex
	stop := context.AfterFunc(ctx, func() {
		mu.Lock()
		defer mu.Unlock()
		timer = time.AfterFunc(grace, cancel)
	})
	return longer, func() {
		stop()
		mu.Lock()
		defer mu.Unlock()
		if timer != nil {
			timer.Stop()
		}
		cancel()
	}
}

// Taken reports whether a channel has taken a message, at least for somebody: it is not told again.
func Taken(err error) bool {
	_, partly := errors.AsType[*channel.Partly](err)
	return err == nil || partly
}

// recall gives what channels have taken: as the state has it, or else this process. Where
// neither knows, each run tells: nobody could say whether it is the first one. A state that
// belongs to another account is left alone.
func (t *Teller) recall(ctx context.Context, c *config.Config, run *dirsync.Run) (Store, map[string]news.Memory, error) {
	kept := map[string]news.Memory{}
	var store Store
	var err error
	if !errors.Is(run.Err, state.ErrBinding) {
		var rows map[string]json.RawMessage
		ctx, cancel := context.WithTimeout(ctx, stateTime)
		defer cancel()
		if store, err = t.opts.Open(ctx, c); err == nil {
			rows, err = store.Notified(ctx)
		}
		for name, row := range rows {
			var m news.Memory
			if json.Unmarshal(row, &m) == nil { // else it is as if it had taken nothing
				kept[name] = m
			}
		}
	}
	for name, own := range t.own {
		if own.unkept || err != nil || store == nil {
			kept[name] = own.news
		}
	}
	return store, kept, err
}

// keep keeps what a channel knows, where that is something else than before. It does so also once
// the process is to end.
func (t *Teller) keep(ctx context.Context, store Store, name string, before, after news.Memory) error {
	own := t.own[name]
	if own == nil {
		own = &memory{}
		t.own[name] = own
	}
	was, err := json.Marshal(before)
	if err != nil {
		return err
	}
	is, err := json.Marshal(after)
	if err != nil {
		return err
	}
	own.news = after
	if string(was) == string(is) && !own.unkept || len(before)+len(after) == 0 {
		return nil
	}
	if store == nil {
		own.unkept = true
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stateTime)
	defer cancel()
	err = store.Notify(ctx, name, is)
	own.unkept = err != nil
	return err
}

// aboutOf gives what messages say beside a run.
func aboutOf(c *config.Config, skipped bool) message.About {
	about := message.About{Account: c.Duo.Host, Skipped: skipped, Secrets: secrets.New(c.Passwords()...)}
	if host, _, err := net.SplitHostPort(c.Duo.Host); err == nil {
		about.Account = host
	}
	var parts []string
	for _, d := range c.Each() {
		part := strings.Join(d.LDAP.Users.Bases, "; ")
		if d.Name != "" {
			part = d.Name + ": " + part
		}
		parts = append(parts, part)
	}
	about.Directory = strings.Join(parts, "; ")
	if c.Notify.PublicURL != "" {
		about.PublicURL = strings.TrimRight(c.Notify.PublicURL, "/") + "/"
	}
	return about
}

// ErrNobody is a configuration without a channel.
var ErrNobody = dirsync.WithHint(errors.New("there is nobody to tell: neither notify.webhook_url nor notify.email is set"),
	"Set one of them, see docs/notifications.md.")

// Try sends a test message by each channel, and gives what each answered. It is an error
// where there is none.
func Try(ctx context.Context, c *config.Config, opts Options) (*Tried, error) {
	channels := channel.Of(&c.Notify, channel.Options{Version: opts.Version, Sleep: opts.Sleep})
	if len(channels) == 0 {
		return nil, ErrNobody
	}
	now := time.Now
	if opts.Now != nil {
		now = opts.Now
	}
	m := message.Test(fmt.Sprintf("test-%s", now().UTC().Format("20060102T150405.000Z")), aboutOf(c, false))
	found := &Tried{Channels: make([]Tell, len(channels))}
	var group sync.WaitGroup
	for i, ch := range channels {
		group.Go(func() {
			answer, err := ch.Send(ctx, m)
			found.Channels[i] = tellOf(ch, answer, err)
		})
	}
	group.Wait()
	return found, nil
}
