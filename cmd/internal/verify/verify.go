// Package verify asks Duo's Auth API whether a user can authenticate, and puts the
// answer into words.
package verify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/report/phrase"
	"duosync/cmd/internal/wire"
	"duosync/duo/api"
	dirsync "duosync/sync"
)

// Options say how a user is put to the test. Without any, nobody is bothered.
type Options struct {
	Push     bool   // send a push, and wait for the answer
	Passcode string // log in with it; "": don't
	Timeout  time.Duration
}

// verifier asks Duo about one user.
type verifier struct {
	Answer

	auth  *api.AuthClient
	admin *api.Client
	opts  Options
	show  func(text string) // what goes on meanwhile

	asked   string           // USER
	account *dirsync.Account // nil: unknown, or not looked up
	blind   error            // why the Admin API did not look the user up
}

// User finds out whether a user can authenticate. show is told what goes on meanwhile. An
// error means that Duo could not be asked.
func User(ctx context.Context, cfg *config.Config, setup wire.Setup, opts Options, user string, show func(text string)) (*Answer, error) {
	auth, err := wire.NewAuthClient(cfg, setup)
	if err != nil {
		return nil, err
	}
	defer auth.Close()
	admin, err := wire.NewClient(cfg, setup)
	if err != nil {
		return nil, err
	}
	defer admin.Close()
	v := verifier{Answer: Answer{Username: user}, auth: auth, admin: admin, opts: opts, show: show, asked: user}
	if err := v.lookUp(ctx); err != nil {
		return nil, err
	}
	if v.account == nil && v.blind == nil {
		err = v.askUnknown(ctx)
	} else {
		err = v.ask(ctx)
	}
	return &v.Answer, err
}

// lookUp finds the user in the Admin API, by id or else by name. Keys that may not look
// are no hindrance: then the Auth API is asked by name, and what it says of a name need
// not be about a user.
func (v *verifier) lookUp(ctx context.Context) error {
	found, err := wire.FindUser(ctx, v.admin, v.asked)
	if errors.Is(err, api.ErrUnauthorized) || errors.Is(err, api.ErrForbidden) {
		v.blind = err
		return nil
	}
	if err != nil {
		return err
	}
	if v.account = found; found != nil {
		v.Username = found.Username
	}
	return nil
}

func (v *verifier) who() api.Who {
	if v.account != nil {
		return api.Who{ID: v.account.ID}
	}
	if wire.IsUserID(v.asked) {
		return api.Who{ID: v.asked}
	}
	return api.Who{Name: v.asked}
}

// askUnknown asks what would become of a login by a name that no user has.
func (v *verifier) askUnknown(ctx context.Context) error {
	v.conclude(Deny, "cannot authenticate: there is no such user in Duo")
	v.say("No user in Duo has this username, alias or id.")
	defer v.untried("")
	if wire.IsUserID(v.asked) {
		return nil
	}
	preauth, err := v.auth.Preauth(ctx, api.Who{Name: v.asked})
	if errors.Is(err, api.ErrUnknownUser) {
		return nil
	}
	if err != nil {
		return err
	}
	v.unknown(preauth)
	return nil
}

// ask asks what would become of the user's login, and makes one where it was asked
// for and Duo does not rule it out.
func (v *verifier) ask(ctx context.Context) error {
	v.introduce()
	preauth, err := v.auth.Preauth(ctx, v.who())
	if errors.Is(err, api.ErrUnknownUser) {
		v.conclude(Deny, "cannot authenticate: the Auth API does not know the user")
		if v.account != nil {
			v.say("The user may have been deleted just now.")
		}
		return nil
	}
	if err != nil {
		return err
	}
	v.prospects(preauth)
	switch {
	case v.opts.Push:
		return v.push(ctx, preauth)
	case v.opts.Passcode != "":
		return v.login(ctx, preauth)
	}
	return nil
}

// push asks for a push only where Duo asks for a second factor.
func (v *verifier) push(ctx context.Context, preauth *api.Preauth) error {
	if preauth.Result != api.PreauthAuth {
		v.untried("")
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, v.opts.Timeout)
	defer cancel()
	v.show(fmt.Sprintf("a push to %s; waiting for the answer, up to %s …", dirsync.Quote(v.Username), phrase.Span(v.opts.Timeout)))
	verdict, err := v.auth.Push(ctx, v.who(), func(message string) { v.show("Duo says: " + message) })
	switch {
	case errors.Is(err, api.ErrNoDevice):
		v.conclude(Deny, "cannot authenticate by push: no device takes one")
		v.say("Duo Mobile is not activated on any device of the user.")
		v.untried("")
		return nil
	case errors.Is(err, context.DeadlineExceeded) && ctx.Err() != nil:
		return dirsync.WithHint(fmt.Errorf("there was no answer to the push within %s", phrase.Span(v.opts.Timeout)),
			"The push may still be on the phone. Ask the user to look, and try again.")
	case err != nil:
		return unclear(err, "whether the push was sent")
	}
	v.pushed(verdict)
	return nil
}

// login tries the passcode where Duo does not deny or let in anyway. A bypass code
// works without a device.
func (v *verifier) login(ctx context.Context, preauth *api.Preauth) error {
	if preauth.Result == api.PreauthDeny || preauth.Result == api.PreauthAllow {
		v.untried("")
		return nil
	}
	if v.blind != nil && preauth.Result == api.PreauthEnroll {
		v.untried(", since the user may not exist")
		return nil
	}
	verdict, err := v.auth.Passcode(ctx, v.who(), v.opts.Passcode)
	if err != nil {
		return unclear(err, "whether the passcode was used up")
	}
	v.loggedIn(verdict)
	return nil
}

// unclear adds to an error what it leaves open, where the call may have reached Duo and
// no answer of Duo's own came. Such a call is not made again.
func unclear(err error, what string) error {
	var e *api.Error
	if errors.As(err, &e) && e.Sent && !e.FromDuo {
		return fmt.Errorf("it is not known %s: %w", what, err)
	}
	return err
}
