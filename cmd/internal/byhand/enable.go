package byhand

import (
	"context"
	"fmt"
	"strings"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/past"
	"duosync/cmd/internal/wire"
	"duosync/state"
	dirsync "duosync/sync"
)

// Enable takes the mark of [Disable] away, and gives it. It asks Duo nothing. by is who
// asks for it.
func Enable(ctx context.Context, cfg *config.Config, name, by string) (gone *dirsync.Mark, err error) {
	spot := wire.SpotOf(cfg)
	spot.Existing = true // a mark that is there is taken away
	err = spot.ChangeOwn(ctx, func(db *state.DB) error {
		mark, err := markOf(ctx, db, name)
		if err != nil {
			return err
		}
		if _, err := db.Unmark(ctx, mark.User, by); err != nil {
			return err
		}
		gone = mark
		return nil
	})
	return gone, err
}

// markOf finds the mark that is meant.
func markOf(ctx context.Context, db *state.DB, name string) (*dirsync.Mark, error) {
	marks, err := past.StandingMarks(ctx, db)
	if err != nil {
		return nil, err
	}
	var found []dirsync.Mark
	var names, users []string
	for _, m := range marks {
		names = append(names, m.Username)
		if means(name, m.Username, m.User, m.Source) {
			found, users = append(found, m), append(users, m.User)
		}
	}
	switch len(found) {
	case 1:
		return &found[0], nil
	case 0:
		hint := "`duosync due` lists those who are kept disabled. Whom others have disabled in Duo is enabled in the Duo Admin Panel."
		if near := dirsync.Nearest(name, names); near != "" {
			hint = fmt.Sprintf("Did you mean %s? ", dirsync.Quote(near)) + hint
		}
		return nil, dirsync.WithHint(fmt.Errorf("%s is not kept disabled by duosync disable", dirsync.Quote(name)), hint)
	}
	return nil, several(name, users)
}

// means reports whether a user is the one that was asked for.
func means(name, username, id string, source dirsync.SourceID) bool {
	return dirsync.FoldName(username) == dirsync.FoldName(name) || id == name || source != "" && strings.EqualFold(string(source), name)
}

func several(name string, users []string) error {
	return dirsync.WithHint(fmt.Errorf("several users are meant by %s: %s", dirsync.Quote(name), strings.Join(users, ", ")), "Name one of them by its Duo user id.")
}
