package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"duosync/cmd/internal/cli/commandline"
	"duosync/cmd/internal/report/form"
	"duosync/cmd/internal/verify"
	dirsync "duosync/sync"
)

type verifyOptions struct {
	formOptions
	verify.Options // where its passcode is "-", it is read from standard input
}

const (
	flagPush     = "push"
	flagPasscode = "passcode"
)

func (o *verifyOptions) addFlags(f *pflag.FlagSet) {
	f.BoolVar(&o.Push, flagPush, false, "send a push to the user's device, and wait for the answer")
	f.StringVar(&o.Passcode, flagPasscode, "", "log in with this passcode or bypass `CODE`; - reads it from standard input")
	f.Var(commandline.Duration(&o.Timeout, 90*time.Second), "timeout", "`TIME` to wait for the answer to a push")
	o.formOptions.addFlags(f, "answer", verify.Formats()...)
}

// verifiable says whom Duo can be asked about.
const verifiable = "Give a username or an alias in Duo, or a Duo user id."

func newVerifyCommand(a *app) *cobra.Command {
	var opts verifyOptions
	cmd := &cobra.Command{
		Use:   "verify USER",
		Short: "Ask Duo whether a user can authenticate",
		Long: `verify asks Duo's Auth API whether a user could authenticate now, must enroll a device
first, or is denied, and says why. USER is a username or an alias in Duo, or a Duo user
id. Nobody is bothered, unless a real login is asked for: --push sends a push and waits
for the answer; --passcode logs in with a passcode, which is used up by that, and a
wrong one counts towards a lockout. A passcode on the command line can be seen by
others; --passcode - reads it from standard input. It needs the keys in duo.auth, and
changes nothing.

Exit status: 0 the user can authenticate; 4 the user cannot; 1 Duo could not be asked.`,
		Example: `  duosync verify alice
  duosync verify alice --push
  duosync verify alice --passcode - < code.txt`,
		Args: commandline.One("USER", verifiable),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := commandline.Exclusive(cmd, flagPush, flagPasscode); err != nil {
				return err
			}
			return a.runVerify(cmd.Context(), opts, args[0], cmd.InOrStdin())
		},
	}
	opts.addFlags(cmd.Flags())
	return cmd
}

func (a *app) runVerify(ctx context.Context, opts verifyOptions, user string, in io.Reader) error {
	switch {
	case strings.TrimSpace(user) == "":
		return dirsync.WithHint(errors.New("USER is empty"), verifiable)
	case opts.Timeout <= 0:
		return errors.New("--timeout must be more than nothing, such as 90s")
	}
	failed := func(err error) form.Renderer { return verify.Unknown(user, err) }
	return a.show(ctx, opts.formOptions, failed, func(ctx context.Context, j *job) (form.Renderer, error) {
		var found *verify.Answer
		var err error
		if opts.Passcode, err = a.passcode(ctx, opts.Passcode, in); err == nil {
			found, err = verify.User(ctx, &j.Config, j.Setup, opts.Options, user, j.line.Show)
		}
		if ctx.Err() != nil {
			err = errors.New("interrupted")
			if opts.Push {
				err = dirsync.WithHint(err, "A push that was sent stays on the phone until it runs out.")
			}
		}
		if err != nil {
			return nil, err
		}
		return found, statusOfAnswer(found)
	})
}

// maxPasscode bounds what is read for one, in bytes. The longest kind, of a YubiKey,
// has 44 characters.
const maxPasscode = 256

// passcode gives the passcode of the flag, read from standard input where it is "-".
func (a *app) passcode(ctx context.Context, flag string, in io.Reader) (string, error) {
	if flag != "-" {
		return flag, nil
	}
	var line string
	var err error
	if file, ok := in.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		_, _ = fmt.Fprint(a.Err, "Passcode: ")
		line, err = typed(ctx, int(file.Fd()))
		_, _ = fmt.Fprintln(a.Err)
	} else {
		line, err = bufio.NewReader(io.LimitReader(in, maxPasscode)).ReadString('\n')
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("reading the passcode from standard input: %w", err)
	}
	if line = strings.TrimSpace(line); line == "" {
		return "", dirsync.WithHint(errors.New("there is no passcode on standard input"), "Give it as the first line.")
	}
	return line, nil
}

// typed reads a line from a terminal without showing it. An interrupted one leaves the
// terminal as it was.
func typed(ctx context.Context, terminal int) (string, error) {
	before, err := term.GetState(terminal)
	if err != nil {
		return "", err
	}
	type answer struct {
		line []byte
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		line, err := term.ReadPassword(terminal)
		answers <- answer{line, err}
	}()
	select {
	case got := <-answers:
		return string(got.line), got.err
	case <-ctx.Done():
		return "", errors.Join(context.Cause(ctx), term.Restore(terminal, before))
	}
}
