// Package channel brings messages to people: by a webhook, or by mail. A try has an end, and
// so have all tries of a message together; nothing that a receiver does holds a run up for
// longer than [Longest].
package channel

import (
	"cmp"
	"context"
	"errors"
	"time"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/notify/message"
)

// The names of the channels, which are also those by which the state knows them.
const (
	Webhook = "webhook"
	Email   = "email"
)

const (
	// Longest is how long the tries of one message may take together.
	Longest = 45 * time.Second
	// tryTime is how long one may take.
	tryTime = 10 * time.Second
	// mostTries of a message, and firstWait between the first two of them; it doubles.
	mostTries = 4
	firstWait = time.Second
	// longestWait is how long a receiver may have us wait (Retry-After). Who asks for more
	// is told with the next run.
	longestWait = 20 * time.Second
)

// Channel is a way to people.
type Channel interface {
	// Name is Webhook or Email, and Where the host of the receiver: no more of its URL is
	// ever told.
	Name() string
	Where() string
	// Send delivers a message, and gives what the receiver answered. Once it has returned
	// nil the receiver has taken it. Errors have no secret, and may carry advice.
	Send(ctx context.Context, m *message.Message) (answer string, err error)
}

// Options are what channels work with.
type Options struct {
	// Version that duosync calls itself by.
	Version string
	// Sleep waits between two tries; nil: by the machine's clock. Tests have another one.
	Sleep func(ctx context.Context, d time.Duration) error
	// Timeout is how long one try may take; 0: ten seconds.
	Timeout time.Duration
}

// Of gives the channels of a configuration.
func Of(n *config.Notify, opts Options) []Channel {
	if opts.Sleep == nil {
		opts.Sleep = sleep
	}
	opts.Timeout = cmp.Or(opts.Timeout, tryTime)
	var all []Channel
	if !n.WebhookURL.IsEmpty() {
		all = append(all, newWebhook(n.WebhookURL, n.WebhookFormat, opts))
	}
	if !n.Email.SMTPURL.IsEmpty() {
		all = append(all, newMailer(&n.Email, opts))
	}
	return all
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// passing is an error that may be gone with the next try, after so long; 0: soon.
type passing struct {
	error
	after time.Duration
}

func (p *passing) Unwrap() error { return p.error }

// try tries until it succeeds, an error is there to stay, or there is no time left.
func (o *Options) try(ctx context.Context, once func(context.Context) (string, error)) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, Longest)
	defer cancel()
	wait := firstWait
	for n := 1; ; n++ {
		one, end := context.WithTimeout(ctx, o.Timeout)
		answer, err := once(one)
		end()
		again, ok := errors.AsType[*passing](err)
		if !ok || n == mostTries || again.after > longestWait || ctx.Err() != nil {
			if ok {
				err = again.error
			}
			return answer, err
		}
		if o.Sleep(ctx, max(wait, again.after)) != nil {
			return answer, again.error
		}
		wait *= 2
	}
}
