package sqlite

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"

	dirsync "duosync/sync"
)

func TestAdvice(t *testing.T) {
	const path = "/nowhere/duosync/duosync.db"
	for _, test := range []struct {
		err  error
		want string
	}{
		{syscall.ENOSPC, "free some space"},
		{syscall.EDQUOT, "free some space"},
		{syscall.EROFS, "read-only file system"},
		{syscall.EACCES, "run duosync as the user who owns the folder /, or"},
		{syscall.EPERM, "run duosync as the user who owns the folder /, or"},
		{syscall.ENAMETOOLONG, "shorter name"},
		{syscall.ELOOP, "in a circle"},
		{&noFileError{path}, "set state.dsn to a file"},
		{&noFileError{path + ".lock"}, "look who put it there, remove it"},
		{syscall.ENOTDIR, "in a folder that exists"},
		{dirsync.WithHint(syscall.ENOSPC, "its own"), "its own"},
		{context.Canceled, ""},
		{errors.New("something else"), ""},
	} {
		got := advice(path, fmt.Errorf("opening: %w", test.err))
		if !strings.Contains(got, test.want) || (test.want == "") != (got == "") {
			t.Errorf("advice for %v is %q, want %q", test.err, got, test.want)
		}
	}
}
