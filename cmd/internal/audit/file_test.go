package audit

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	dirsync "duosync/sync"
)

func batchOf(from, n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, `{"number":%d,"text":"anna und %d"}`+"\n", from+i, i%3)
	}
	return b.Bytes()
}

// Whatever a writer that was killed left of a batch, the next one completes it: the file has
// each line of it once, whole.
func TestTorn(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		path := filepath.Join(dir, "audit.jsonl")
		_ = os.Remove(path)
		before := batchOf(1, rapid.IntRange(0, 3).Draw(t, "before"))
		batch := batchOf(4, rapid.IntRange(1, 5).Draw(t, "lines"))
		want := append(bytes.Clone(before), batch...)
		got := bytes.Clone(before)
		for range rapid.IntRange(0, 3).Draw(t, "kills") {
			got = want[:rapid.IntRange(len(got), len(want)).Draw(t, "up to")]
		}
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := file(path).append(batch); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(data, want) {
			t.Fatalf("%v\n%s\nwant\n%s\nwas\n%s", err, data, want, got)
		}
	})
}

// A line of something else that broke off is ended, and what stands there stays.
func TestForeignEnd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	for _, there := range []string{`{"number":1,"te`, "x", "{\"number\":9,\"a\":1}\n{\"num"} {
		if err := os.WriteFile(path, []byte(there), 0o600); err != nil {
			t.Fatal(err)
		}
		batch := batchOf(4, 2)
		if err := file(path).append(batch); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if text := string(data); err != nil || text != there+"\n"+string(batch) && text != strings.TrimSuffix(there, `{"num`)+string(batch) {
			t.Errorf("%v: %q after %q", err, text, there)
		}
	}
}

// A file that is moved away makes room for a new one, which others can't read.
func TestRotated(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	for n := range 3 {
		if err := file(path).append(batchOf(n, 1)); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm()&^mode != 0 {
			t.Fatalf("%v: mode %v", err, info.Mode())
		}
		if err := os.Rename(path, fmt.Sprintf("%s.%d", path, n)); err != nil {
			t.Fatal(err)
		}
	}
}

// What can't be written is told with advice, before and while it is written, and a look alone leaves
// nothing behind.
func TestUnwritable(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{pipe, dir, filepath.Join(dir, "no", "audit.jsonl"), filepath.Join(pipe, "audit.jsonl")} {
		f := file(path)
		for what, err := range map[string]error{"append": f.append(batchOf(1, 1)), "ready": f.ready(1), "promising": f.promising(0)} {
			if err == nil || dirsync.Hint(err) == "" || !strings.Contains(err.Error(), "audit.file") {
				t.Errorf("%s of %s: %v (%s)", what, path, err, dirsync.Hint(err))
			}
		}
	}
	f := file(filepath.Join(dir, "audit.jsonl"))
	if err := f.promising(0); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(string(f)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a look has left a file: %v", err)
	}
	aim := filepath.Join(dir, "link")
	if err := os.Symlink(filepath.Join(dir, "no", "audit.jsonl"), aim); err != nil {
		t.Fatal(err)
	}
	if err := file(aim).promising(0); err == nil {
		t.Error("a link into a folder that is not there is promising")
	}
	for _, err := range []error{f.ready(1 << 60), f.promising(1 << 60)} {
		if !strings.Contains(err.Error(), " are free, and 1099511627776 MB are wanted") {
			t.Errorf("how much is wanted is not told: %v", err)
		}
	}
	if err := f.ready(1 << 60); !errors.Is(err, unix.ENOSPC) || !strings.Contains(dirsync.Hint(err), "space") {
		t.Errorf("%v (%s)", err, dirsync.Hint(err))
	}
}
