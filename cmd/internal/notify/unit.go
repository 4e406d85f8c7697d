package notify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/notify/channel"
	"duosync/cmd/internal/notify/news"
	dirsync "duosync/sync"
)

// Unit is a unit of systemd that failed, as systemd tells its OnFailure= of it (systemd.exec(5),
// $MONITOR_SERVICE_RESULT and its kin, from version 251 on).
type Unit struct {
	Name   string
	Result string // "" where systemd does not say
	Code   string // exited, killed or dumped
	Status string // the exit status, or the name of the signal
}

// UnitOf gives what the environment tells of a unit.
func UnitOf(name string, env func(string) (string, bool)) Unit {
	get := func(key string) string { value, _ := env("MONITOR_" + key); return value }
	return Unit{Name: name, Result: get("SERVICE_RESULT"), Code: get("EXIT_CODE"), Status: get("EXIT_STATUS")}
}

// told reports whether a run that ended so has told people itself; perhaps: where they know that
// runs fail.
func (u *Unit) told() (sure, perhaps bool) {
	status, err := strconv.Atoi(u.Status)
	if u.Result != "exit-code" || err != nil {
		return false, false
	}
	return status > 1 && status < 5, status == 1
}

// err says how the unit ended, and what to do.
func (u *Unit) err() error {
	look := fmt.Sprintf("Look at `journalctl -u %s`, whose last lines tell more.", u.Name)
	words := "it failed"
	switch u.Result {
	case "exit-code":
		words = "it ended with status " + cmp.Or(u.Status, "unknown")
		if status, err := strconv.Atoi(u.Status); err != nil || status >= 200 { // of systemd itself, systemd.exec(5)
			words = "systemd could not start it (" + cmp.Or(u.Status, "no status") + ")"
		}
	case "signal":
		words = "it was killed by the signal " + cmp.Or(u.Status, "that is not known")
	case "core-dump":
		words = "it crashed with the signal " + cmp.Or(u.Status, "that is not known")
		look += " Please report it with what stands there."
	case "oom-kill":
		words = "it was killed, for there was no memory left"
		look = "Give it more memory, see docs/performance.md. " + look
	case "watchdog":
		words = "it was silent for too long, and was killed"
	case "timeout":
		words = "it took longer than its unit allows, and was killed"
	case "start-limit-hit":
		words = "it failed several times in a row, and is not started again"
		look += fmt.Sprintf(" Then: `systemctl reset-failed %s` and `systemctl start %s`", u.Name, u.Name)
	case "protocol", "resources":
		words = "systemd could not set it up (" + u.Result + ")"
	}
	return dirsync.WithHint(errors.New(words), look)
}

// Failed tells people, by the channels of section notify that want to know of failures, that a
// unit has failed, unless its run told them itself; what each was told, or why it was not.
func Failed(ctx context.Context, c *config.Config, u Unit, opts Options) (*Tried, error) {
	channels := channel.Of(&c.Notify, channel.Options{Version: opts.Version})
	if len(channels) == 0 {
		return nil, ErrNobody
	}
	found := &Tried{Channels: make([]Tell, len(channels))}
	for i, ch := range channels {
		found.Channels[i] = tellOf(ch, "nothing that is new to it", nil)
	}
	sure, perhaps := u.told()
	if sure {
		return found, nil
	}
	t := New(opts)
	now := t.opts.Now()
	run := &dirsync.Run{Outcome: dirsync.OutcomeFailed, Err: u.err(), Started: now, Finished: now}
	about := aboutOf(c, false)
	about.Unit = u.Name
	knows := func(m news.Memory) bool { return perhaps && m[news.Failure] != nil && !m[news.Failure].Told.IsZero() }
	for _, r := range t.tell(ctx, c, run, about, knows) {
		if r.Channel == "" {
			return found, dirsync.WithHint(fmt.Errorf("people were told, and that can't be kept, so they may be told again: %w", r.Err), dirsync.Hint(r.Err))
		}
		for i, ch := range channels {
			if ch.Name() == r.Channel {
				found.Channels[i] = tellOf(ch, r.Answer, r.Err)
			}
		}
	}
	return found, nil
}
