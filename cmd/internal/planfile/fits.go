package planfile

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	dirsync "duosync/sync"
)

// bound fails unless the plan is for this Duo account and directory.
func (p *Plan) bound(b dirsync.Binding) error {
	for _, part := range []struct{ name, planned, now string }{
		{"Duo host", p.Binding.Host, b.Host},
		{"Duo integration key", p.Binding.Key, b.Key},
		{"directory", p.Binding.Where(), b.Where()},
	} {
		if part.planned != part.now {
			return dirsync.WithHint(fmt.Errorf("%w: it is for the %s %s, and the configuration for %s", ErrOther, part.name,
				dirsync.Quote(part.planned), dirsync.Quote(part.now)),
				"Apply it with the configuration that it was made with, or make a new plan.")
		}
	}
	return nil
}

// Under fails unless the plan was made under these settings, which [Key.Settings]
// gave, and names those that differ.
func (p *Plan) Under(settings map[string]string) error {
	differ := map[string]bool{}
	for path := range settings {
		differ[path] = p.Settings[path] != settings[path]
	}
	for path := range p.Settings {
		differ[path] = p.Settings[path] != settings[path]
	}
	maps.DeleteFunc(differ, func(_ string, differs bool) bool { return !differs })
	if len(differ) == 0 {
		return nil
	}
	const most = 5
	paths := slices.Sorted(maps.Keys(differ))
	if n := len(paths); n > most {
		paths = append(paths[:most], fmt.Sprintf("%d more", n-most))
	}
	return dirsync.WithHint(fmt.Errorf("%w: it was made under another value of %s", ErrOther, strings.Join(paths, ", ")),
		"Put the old value back, or make a new plan: `duosync sync --dry-run --plan-out FILE`")
}

// Known fails unless the state is the one that the plan was made of, and no older.
// now is what that state says of the plan's newest run; known is false where it
// knows no such run.
func (p *Plan) Known(now Mark, known bool) error {
	was := p.State
	switch {
	case was.Run == "":
		return nil // there was nothing, and nothing is older
	case !known:
		return dirsync.WithHint(fmt.Errorf("%w: the state does not know run %s, which it knew when the plan was made: it is another state, or was restored from an older copy",
			ErrOther, dirsync.Quote(was.Run)), Anew)
	case !now.Started.Equal(was.Started) || !was.Finished.IsZero() && !now.Finished.Equal(was.Finished):
		return dirsync.WithHint(fmt.Errorf("%w: the state does not know how run %s ended, though it did when the plan was made: it was restored from an older copy",
			ErrOther, dirsync.Quote(was.Run)), Anew)
	}
	return nil
}
