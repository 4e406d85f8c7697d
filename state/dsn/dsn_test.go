package dsn_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"duosync/state/dsn"
	dirsync "duosync/sync"
)

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for text, want := range map[string]string{
		"plain.db":                           dir + "/plain.db",
		"sub/folder/x.db":                    dir + "/sub/folder/x.db",
		"/var/lib//duosync/./x.db":           "/var/lib/duosync/x.db",
		"odd ?mode=memory #%41&_pragma=x.db": dir + "/odd ?mode=memory #%41&_pragma=x.db",
		"with:colon.db":                      dir + "/with:colon.db",
		"postgres:hunter2":                   dir + "/postgres:hunter2",
		"host=db.example dbname=sync":        dir + "/host=db.example dbname=sync",
	} {
		d, err := dsn.Parse(text)
		if err != nil || d.File != text || d.Server != nil {
			t.Errorf("%q is %+v, %v; want a file", text, d, err)
			continue
		}
		if path, err := d.Path(); err != nil || path != want {
			t.Errorf("%q is %q, %v; want %q", text, path, err, want)
		}
	}
	if _, err := (dsn.DSN{File: "sub/"}).Path(); err == nil || !strings.Contains(err.Error(), "names a folder") || dirsync.Hint(err) == "" {
		t.Errorf("a folder: %v (%s)", err, dirsync.Hint(err))
	}
}

func TestServers(t *testing.T) {
	for text, want := range map[string]struct {
		hosts     []string
		overheard bool
	}{
		"postgres://duo:hunter2@db.example/sync":                          {[]string{"db.example"}, true},
		"postgresql://db.example:1234/sync?sslmode=prefer":                {[]string{"db.example"}, true},
		"postgres://db.example/?dbname=sync&sslmode=verify-full":          {[]string{"db.example"}, false},
		"postgres:///sync?host=/run/postgresql&user=duo&password=hunter2": {[]string{"/run/postgresql"}, false},
		"postgres://duo:hunter%40%2f2@[::1]/sync?search_path=a,b":         {[]string{"::1"}, false},
		"postgres://one:1,two:2/sync":                                     {[]string{"one", "two"}, true},
		"postgres://localhost,127.0.0.1/sync":                             {[]string{"localhost", "127.0.0.1"}, false},
	} {
		d, err := dsn.Parse(text)
		if err != nil || d.File != "" {
			t.Errorf("%q is %+v, %v; want a server", text, d, err)
			continue
		}
		if !slices.Equal(d.Server.Hosts, want.hosts) || d.Server.MayBeOverheard() != want.overheard {
			t.Errorf("%q has the hosts %q, may be overheard: %v; want %q and %v", text, d.Server.Hosts, d.Server.MayBeOverheard(), want.hosts, want.overheard)
		}
		if config, err := d.Server.Config(); err != nil || config.Database != "sync" {
			t.Errorf("%q can't be used: %v", text, err)
		}
		if strings.Contains(text, "hunter") && len(d.Server.Passwords()) == 0 {
			t.Errorf("the password of %q is not known", text)
		}
	}
}

// No half of a password that was not written properly gets into a message.
func TestRefused(t *testing.T) {
	const file, improper = "must be the name of a file", "no proper postgres:// URL"
	for text, want := range map[string]string{
		"":                                    "must not be empty",
		":memory:":                            "must be a file",
		"file:url.db":                         file,
		"file:///a%20b.db":                    file,
		"file:x.db?mode=memory":               file,
		"sqlite:x.db":                         file,
		"mysql://duo:hunter2@db.example/sync": file,
		"PostgreSQL://duo:hunter2@db.example/sync":        file,
		"postgres://duo:hunter2@db.example/":              "must name a database",
		"postgres://duo:hunter2@/sync":                    "must name a host",
		"postgres://duo:hunter2@db.example:0/sync":        "must name a host, and a port",
		"postgres://duo:12/hunter2@db.example/sync":       "must name a database",
		"postgres://duo:12?hunter2=x@db.example/sync":     "must name a database",
		"postgres://duo:12#hunter2@db.example/sync":       "is not the URL",
		"postgres://duo:hunter2@db.example:x/sync":        "is not the URL",
		"postgres://duo:%zzhunter2@db.example/sync":       "is not the URL",
		"postgres://duo:hunter2@[db.example/sync":         "is not the URL",
		"postgres://db.example/sync?password=%zzhunter2":  "has parameters",
		"postgres://duo:hunter2@x@db.example/sync":        improper,
		"postgres://db.example/sync?password=a@hunter2":   improper,
		"postgres://db.example/sync?sslmode=hunter2":      improper,
		"postgres://db.example/sync?sslrootcert=/no/file": "reading a file that state.dsn",
	} {
		d, err := dsn.Parse(text)
		if err == nil && d.Server != nil {
			_, err = d.Server.Config()
		}
		if err == nil || !strings.Contains(err.Error(), want) || dirsync.Hint(err) == "" {
			t.Errorf("%q: %v (%s), want %q", text, err, dirsync.Hint(err), want)
		}
		if seen := fmt.Sprintf("%+v %s", err, dirsync.Hint(err)); strings.Contains(seen, "hunter2") {
			t.Errorf("%q shows in %s", text, seen)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"duosync.db", "/var/lib/duosync.db", "file:x.db", ":memory:", "mysql://x", "a:b", "dir/", "",
		"postgres://u:hunter2@h/d", "postgres://u:hunter2/x@h", "postgres://?a=b@h/d", "postgres://#@h", "postgres://%zz@h/d",
		"postgres://@h:1,i:2/d", "postgres://@/d?host=/run", "postgres://:x@[::1]/d"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := dsn.Parse(text)
		if err != nil {
			return
		}
		if (d.File == "") != (d.Server != nil) {
			t.Fatalf("%q is %+v: neither or both", text, d)
		}
		if d.Server != nil {
			if config, err := d.Server.Config(); err == nil && config.Host == "" {
				t.Errorf("%q names no host", text)
			}
			return
		}
		if path, err := d.Path(); err == nil && (!filepath.IsAbs(path) || path != filepath.Clean(path)) {
			t.Errorf("%q gives %q, which is no clean absolute path", text, path)
		}
	})
}

// What a password hides behind gets into no error.
func FuzzServer(f *testing.F) {
	for _, tail := range []string{"@db.example/sync", "", "/x@h", "?a=b@h/d", "#@h", "%zz@h/d", "@h:1,i:2/d", "@/d?host=/run", ":x@[::1]"} {
		f.Add(tail)
	}
	f.Fuzz(func(t *testing.T, tail string) {
		d, err := dsn.Parse("postgres://duo:hunter2" + tail)
		if err == nil {
			_, err = d.Server.Config()
		}
		if err != nil && strings.Contains(fmt.Sprintf("%+v %s", err, dirsync.Hint(err)), "hunter2") {
			t.Errorf("%q: %v", tail, err)
		}
	})
}
