package cli

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/pflag"

	dirsync "duosync/sync"
)

// Who asks where nobody is named: of the commands, and of the runs on a schedule.
const (
	loggedIn  = "the login name"
	scheduled = "schedule"
)

// byFlag adds the name of who asks to a command that changes something, or makes a run.
func (a *app) byFlag(f *pflag.FlagSet, otherwise string) {
	f.StringVar(&a.by, "by", "", fmt.Sprintf("`NAME` of who asks for it (default: %s)", otherwise))
}

// mostBy is how many characters a name has at most: it stands in lines of reports.
const mostBy = 100

// who gives the name of who asks: what --by says, else the login name.
func (a *app) who() (string, error) {
	if a.by == "" {
		return a.loginName(), nil
	}
	by := strings.TrimSpace(a.by)
	if by == "" || utf8.RuneCountInString(by) > mostBy || strings.ContainsFunc(by, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return "", dirsync.WithHint(errors.New("--by is no name"), fmt.Sprintf("Give the name of a person or job, of %d characters at most, in one line.", mostBy))
	}
	return by, nil
}

// loginName gives who is logged in, as far as this machine knows: whoever used sudo, the
// name of this user, or its number where it has none, as in a container.
func (a *app) loginName() string {
	if name, set := a.Env("SUDO_USER"); set && name != "" {
		return name
	}
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return fmt.Sprintf("uid %d", os.Getuid())
}
