package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/user"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"duosync/cmd/internal/config"
	"duosync/duo/api"
	"duosync/state"
	dirsync "duosync/sync"
)

type disableOptions struct{ reason, by string }

func newDisableCommand(a *app) *cobra.Command {
	var opts disableOptions
	cmd := &cobra.Command{
		Use:   "disable USER --reason TEXT",
		Short: "Disable an urgent leaver in Duo at once, and keep the user disabled",
		Long: `disable is for somebody who must not log in from now on, whatever the directory says.
It notes that in the state and disables the user in Duo with a single call. Until
duosync enable USER no run creates, enables, restores or takes over this user, or
puts it into a group.

It needs neither the directory nor the lock: it works while a run is held, paused or
under way. No limit weighs it.

USER is the username in Duo, the Duo user id or the directory id of somebody who is
duosync's own. While the state knows nobody, it is a Duo user of exactly that name.

Exit status: 0 the user is disabled; 1 there is no such user, it is not duosync's own
or protected; or Duo could not be asked or has refused. The message says whether the
note was made; where it was, the next run disables the user.`,
		Example: `  duosync disable jdoe --reason "dismissed, ticket 4711"`,
		Args:    cobra.ExactArgs(1),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.runDisable(cmd.Context(), args[0], opts) },
	}
	cmd.Flags().StringVar(&opts.reason, "reason", "", "why, for whoever meets the mark; required")
	cmd.Flags().StringVar(&opts.by, "by", "", "`NAME` of who asks for it (default: the login name)")
	return cmd
}

func (a *app) runDisable(ctx context.Context, name string, opts disableOptions) error {
	if name = strings.TrimSpace(name); name == "" {
		return errors.New("USER is empty")
	}
	if strings.TrimSpace(opts.reason) == "" {
		return dirsync.WithHint(errors.New("--reason is missing"), `Say why, for whoever meets the mark later: --reason "dismissed, ticket 4711"`)
	}
	loaded, err := a.load()
	if err != nil {
		return err
	}
	log, err := a.logger()
	if err != nil {
		return err
	}
	cfg := &loaded.Config
	client, err := duoClient(cfg, api.Rate{N: cfg.Duo.Rate.Calls, Per: cfg.Duo.Rate.Per}, a.timing, log)
	if err != nil {
		return err
	}
	defer client.Close()
	return withState(ctx, loaded, func(db *state.DB) error {
		if err := db.Check(ctx, binding(cfg)); err != nil {
			return err
		}
		d := &disabler{config: cfg, db: db, client: client, name: name}
		mark, err := d.target(ctx)
		if err != nil {
			return err
		}
		mark.Since, mark.Reason, mark.By = time.Now(), strings.TrimSpace(opts.reason), cmp.Or(opts.by, a.loginName())
		if err := db.Mark(ctx, *mark); err != nil {
			return err
		}
		if err := d.disable(ctx, mark); err != nil {
			return err
		}
		_, err = fmt.Fprintf(a.Out, "%s (%s) is disabled in Duo. No run lets this user in again until: duosync enable %s\n", mark.Username, mark.User, mark.Username)
		return err
	})
}

// loginName gives who is logged in, as far as this machine knows.
func (a *app) loginName() string {
	if name, set := a.Env("SUDO_USER"); set && name != "" {
		return name
	}
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	for _, variable := range []string{"LOGNAME", "USER"} {
		if name, set := a.Env(variable); set && name != "" {
			return name
		}
	}
	return "unknown"
}

// disabler finds one Duo user, and disables it.
type disabler struct {
	config *config.Config
	db     *state.DB
	client *api.Client
	name   string // as it was asked for
}

// target finds out who is meant: somebody who is ours, or while nobody is, the Duo
// user of that name.
func (d *disabler) target(ctx context.Context) (*dirsync.Mark, error) {
	meta, err := d.db.Meta(ctx)
	if err != nil {
		return nil, err
	}
	find := d.ours
	if meta.Links == 0 {
		find = d.inDuo
	}
	mark, err := find(ctx)
	if err != nil {
		return nil, err
	}
	for _, name := range d.config.Sync.Scope.Protect {
		if folded := dirsync.FoldName(name); folded == dirsync.FoldName(mark.Username) || folded == dirsync.FoldName(d.name) {
			return nil, dirsync.WithHint(fmt.Errorf("%s is protected by sync.scope.protect, and was left as it is", dirsync.Quote(mark.Username)),
				"Disable this user in the Duo Admin Panel, or take the name out of sync.scope.protect first.")
		}
	}
	return mark, nil
}

// ours finds the link that is meant.
func (d *disabler) ours(ctx context.Context) (*dirsync.Mark, error) {
	var found []dirsync.Link
	var names []string
	if err := eachLink(ctx, d.db, func(dirsync.Brief) bool { return true }, func(l *dirsync.Link) {
		names = append(names, l.Answered.Username)
		if d.means(l.Answered.Username, l.User, l.ID) {
			found = append(found, *l)
		}
	}); err != nil {
		return nil, err
	}
	switch {
	case len(found) == 0:
		return nil, d.nobody("is not a user of duosync's, and was left as it is", names)
	case len(found) > 1:
		users := make([]string, len(found))
		for i := range found {
			users[i] = found[i].User
		}
		return nil, dirsync.WithHint(fmt.Errorf("several users are meant by %s: %s", dirsync.Quote(d.name), strings.Join(users, ", ")), "Name one of them by its Duo user id.")
	case found[0].LetGo == dirsync.LetGoSynced:
		return nil, dirsync.WithHint(fmt.Errorf("%s is managed by Duo's own directory sync, and was left as it is", dirsync.Quote(found[0].Answered.Username)),
			"Disable the person in the directory that Duo reads, or see the Duo Admin Panel.")
	}
	l := &found[0]
	return &dirsync.Mark{User: l.User, Username: l.Answered.Username, Source: l.ID}, nil
}

// means reports whether a user is the one that was asked for.
func (d *disabler) means(username, id string, source dirsync.SourceID) bool {
	return dirsync.FoldName(username) == dirsync.FoldName(d.name) || id == d.name || source != "" && strings.EqualFold(string(source), d.name)
}

// nobody says that a name is not found, and how it may have been meant.
func (d *disabler) nobody(what string, names []string) error {
	hint := "Disable this user in the Duo Admin Panel."
	if near := config.Nearest(d.name, names); near != "" {
		hint = fmt.Sprintf("Did you mean %s? If not: disable this user in the Duo Admin Panel.", dirsync.Quote(near))
	}
	return dirsync.WithHint(fmt.Errorf("%s %s", dirsync.Quote(d.name), what), hint)
}

// inDuo finds the Duo user of exactly that name, and looks once more, by id.
func (d *disabler) inDuo(ctx context.Context) (*dirsync.Mark, error) {
	unmarked := func(err error) error {
		return fmt.Errorf("nothing was done: the state knows nobody, so %s has to be found in Duo: %w", dirsync.Quote(d.name), err)
	}
	found, err := d.client.UserByName(ctx, d.name)
	if err != nil {
		return nil, unmarked(err)
	}
	if found == nil {
		return nil, d.nobody("is the username of nobody in Duo, and the state knows nobody", nil)
	}
	if dirsync.FoldName(found.Username) != dirsync.FoldName(d.name) {
		return nil, dirsync.WithHint(fmt.Errorf("%s is an alias of the Duo user %s, who was left as it is", dirsync.Quote(d.name), dirsync.Quote(found.Username)),
			"If this user is meant, give the username.")
	}
	again, err := d.client.User(ctx, found.ID)
	if err != nil {
		return nil, unmarked(err)
	}
	if dirsync.FoldName(again.Username) != dirsync.FoldName(d.name) {
		return nil, unmarked(fmt.Errorf("the user %s is called %s at a second look", found.ID, dirsync.Quote(again.Username)))
	}
	return &dirsync.Mark{User: again.ID, Username: again.Username}, nil
}

// disable sends the one call, and looks at what Duo answers. The mark was made.
func (d *disabler) disable(ctx context.Context, mark *dirsync.Mark) error {
	who := dirsync.Quote(mark.Username)
	account, err := d.client.ModifyUser(ctx, mark.User, dirsync.Fields{dirsync.FieldStatus: dirsync.StatusDisabled})
	switch {
	case errors.Is(err, api.ErrNotFound):
		return dirsync.WithHint(fmt.Errorf("the user %s (%s) is not in Duo any more. The mark is kept: no run creates this user again", who, mark.User),
			"See in the Duo Admin Panel whether somebody else holds the name.")
	case err != nil:
		return dirsync.WithHint(fmt.Errorf("%s is NOT disabled in Duo yet. The mark is kept, and the next run disables this user: %w", who, err),
			"If it can't wait, disable this user in the Duo Admin Panel.")
	case slices.Contains([]string{dirsync.StatusDisabled, dirsync.StatusPendingDeletion}, account.Status):
		return nil
	}
	return dirsync.WithHint(fmt.Errorf("the status that Duo answers is %s for %s. The mark is kept, and the next run disables this user", dirsync.Quote(account.Status), who),
		"Look at this user in the Duo Admin Panel now.")
}

func newEnableCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "enable USER",
		Short: "Take back what duosync disable has noted; the next run decides",
		Long: `enable takes the mark of duosync disable away. It makes no call to Duo: the next run
enables the user, if the directory says so and no guard holds that.

USER is the username in Duo, the Duo user id or the directory id. duosync due lists
the marks.

Exit status: 0 the mark is gone; 1 there was none.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.runEnable(cmd.Context(), args[0]) },
	}
}

func (a *app) runEnable(ctx context.Context, name string) error {
	loaded, err := a.load()
	if err != nil {
		return err
	}
	return withState(ctx, loaded, func(db *state.DB) error {
		if err := db.Check(ctx, binding(&loaded.Config)); err != nil {
			return err
		}
		mark, err := markOfUser(ctx, db, strings.TrimSpace(name))
		if err != nil {
			return err
		}
		if _, err := db.Unmark(ctx, mark.User); err != nil {
			return err
		}
		_, err = fmt.Fprintf(a.Out, "%s (%s) is no longer kept disabled. It was since %s, by %s: %s\nNothing was sent to Duo: the next run decides, by the directory.\n",
			mark.Username, mark.User, shortTime(mark.Since), mark.By, mark.Reason)
		return err
	})
}

// standingMarks gives the marks that were not taken back.
func standingMarks(ctx context.Context, store interface {
	Marks(ctx context.Context) ([]dirsync.Mark, error)
}) ([]dirsync.Mark, error) {
	marks, err := store.Marks(ctx)
	return slices.DeleteFunc(marks, func(m dirsync.Mark) bool { return !m.Stands() }), err
}

// markOfUser finds the mark that is meant.
func markOfUser(ctx context.Context, db *state.DB, name string) (*dirsync.Mark, error) {
	marks, err := standingMarks(ctx, db)
	if err != nil {
		return nil, err
	}
	d := &disabler{name: name}
	var found []dirsync.Mark
	var names, users []string
	for _, m := range marks {
		names = append(names, m.Username)
		if d.means(m.Username, m.User, m.Source) {
			found, users = append(found, m), append(users, m.User)
		}
	}
	switch len(found) {
	case 1:
		return &found[0], nil
	case 0:
		hint := "`duosync due` lists those who are kept disabled. Whom others have disabled in Duo is enabled in the Duo Admin Panel."
		if near := config.Nearest(name, names); near != "" {
			hint = fmt.Sprintf("Did you mean %s? ", dirsync.Quote(near)) + hint
		}
		return nil, dirsync.WithHint(fmt.Errorf("%s is not kept disabled by duosync disable", dirsync.Quote(name)), hint)
	}
	return nil, dirsync.WithHint(fmt.Errorf("several users are meant by %s: %s", dirsync.Quote(name), strings.Join(users, ", ")), "Name one of them by its Duo user id.")
}
