package dsn_test

import (
	"fmt"
	"net/url"
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
		"plain.db":                             dir + "/plain.db",
		"sub/folder/x.db":                      dir + "/sub/folder/x.db",
		"/var/lib//duosync/./x.db":             "/var/lib/duosync/x.db",
		"./odd ?mode=memory #%41&_pragma=x.db": dir + "/odd ?mode=memory #%41&_pragma=x.db",
		"./with:colon.db":                      dir + "/with:colon.db",
		"./a=b.db":                             dir + "/a=b.db",
		"../a=b:c.db":                          filepath.Dir(dir) + "/a=b:c.db",
		"sub/with:colon=x.db":                  dir + "/sub/with:colon=x.db",
		"/srv/a=b:c/state 1.db":                "/srv/a=b:c/state 1.db",
		"./duosync@example.db":                 dir + "/duosync@example.db",
		"./a@b/c.db":                           dir + "/a@b/c.db",
		"/compass=x.db":                        "/compass=x.db",
		"./~/x.db":                             dir + "/~/x.db", "./$HOME": dir + "/$HOME", "/srv/~/$x.db": "/srv/~/$x.db", "a~$x": dir + "/a~$x",
		"postgres":      dir + "/postgres",
		"postgres/sync": dir + "/postgres/sync",
		"password.db":   dir + "/password.db",
		"a%b%zz.db":     dir + "/a%b%zz.db",
		".":             dir,
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
	const other = file + ", or a database as postgres://USER@HOST/DATABASE"
	for text, want := range map[string]string{
		"":                                    "must not be empty",
		":memory:":                            "must be a file",
		"file:url.db":                         file,
		"file:///a%20b.db":                    file,
		"file:x.db?mode=memory":               file,
		"sqlite:x.db":                         file,
		" FILE:hunter2.db":                    file,
		"mysql://duo:hunter2@db.example/sync": other,

		// What a shell would have replaced.
		"~/duosync.db": "only a shell", "~": "only a shell", "~duosync/x.db": "only a shell", "$HOME/x.db": "only a shell",
		"${STATE}/x.db": "only a shell", "$(pwd)/x.db": "only a shell", "~/a:b@hunter2": "only a shell",

		// Other schemes, and the right ones in a form that is not read.
		"PostgreSQL://duo:hunter2@db.example/sync":       other,
		"POSTGRES://duo:hunter2@db.example/sync":         other,
		" postgres://duo:hunter2@db.example/sync":        other,
		"\"postgres://duo:hunter2@db.example/sync\"":     other,
		"postgres:/duo:hunter2@db.example/sync":          other,
		"postgres:duo:hunter2@db.example/sync":           other,
		"postgres:hunter2":                               other,
		"postgres:\n//duo:hunter2@db.example/sync":       other,
		`postgres:\\duo:hunter2@db.example\sync`:         other,
		"pgsql://duo:hunter2@db.example/sync":            other,
		"pgsql:host=db.example;password=hunter2":         other,
		"pg://duo:hunter2@db.example/sync":               other,
		"jdbc:postgresql://db.example/?password=hunter2": other,
		"postgresql+psycopg2://duo:hunter2@db.example/":  other,
		"//duo:hunter2@db.example/sync":                  other,
		"//db.example/hunter2":                           other,
		"postgres%3A%2F%2Fduo:hunter2%40db.example":      other,
		"with:colon.db":                                  other,
		`C:\duosync\hunter2.db`:                          other,

		// Users, passwords and hosts without a scheme.
		"duo:hunter2@db.example/sync": other,
		"duo:hunter2@db.example":      other,
		"duo/hunter2@db":              other, "hunter2@db.example": other, "@hunter2": other, "p@sshunter2word": other,
		"duo:hun/ter2@db.example/sync":    other,
		"duo@db.example/hunter2":          other,
		"db.example:5432/hunter2":         other,
		"[::1]:5432/hunter2":              other,
		"./duo:hunter2@db.example/sync":   other,
		"/duo:hun/ter2@db.example/sync":   other,
		"duo%3Ahunter2%40db.example/sync": other,

		// libpq's keywords, and those of other drivers.
		"host=db.example password=hunter2":             other,
		"host=/run/postgresql password=hunter2":        other,
		"host = 'db.example' password = 'hun ter2'":    other,
		"HOST=db.example dbname=hunter2":               other,
		"dbname=hunter2":                               other,
		"user=duo\npassword=hunter2":                   other,
		"'host=db.example password=hunter2'":           other,
		"./x password='hunter2'":                       other,
		"/run/postgresql PASSWORD =hunter2":            other,
		"x sslpassword=hunter2":                        other,
		"x passfile=hunter2":                           other,
		"Server=db.example;Database=x;Pwd=hunter2":     other,
		"Server=db.example;User Id=x;Password=hunter2": other,
		"db.example,password:hunter2":                  other,
		"host%3Ddb.example%20password%3Dhunter2":       other,
		"?host=db.example&password=hunter2":            other,
		"?host=db.example&user=hunter2":                other,

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
		"postgres://@h:1,i:2/d", "postgres://@/d?host=/run", "postgres://:x@[::1]/d",
		"host=h password=p", "./host=h", "/x password = p", "u:p@h/d", "./a=b:c.db", "postgres:p", "POSTGRES:/u:p@h", "u%3Ap%40h"} {
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
		if heldPassword(text) {
			t.Errorf("%q is taken for a file", text)
		}
		if path, err := d.Path(); err == nil && (!filepath.IsAbs(path) || path != filepath.Clean(path)) {
			t.Errorf("%q gives %q, which is no clean absolute path", text, path)
		}
	})
}

// heldPassword reports whether a text has a part in which a password may stand, told
// without the expressions of the package.
func heldPassword(text string) bool {
	unescaped, _ := url.PathUnescape(text)
	for _, text := range []string{text, unescaped} {
		lower := strings.ToLower(strings.Join(strings.Fields(text), ""))
		if strings.Contains(text, "://") || lower == "pwd=" || strings.HasPrefix(lower, "password=") || strings.Contains(strings.ToLower(text), " password=") {
			return true
		}
		if _, behind, ok := strings.Cut(text, ":"); ok && strings.Contains(behind, "@") {
			return true
		}
		if sure := strings.HasPrefix(text, "/") || strings.HasPrefix(text, "./") || strings.HasPrefix(text, "../"); !sure && strings.ContainsAny(strings.SplitN(text, "/", 2)[0], ":=") {
			return true
		}
	}
	return false
}

// Whatever follows a password, what holds it becomes no file.
func FuzzPassword(f *testing.F) {
	for _, tail := range []string{"", "@db.example/sync", " host=/run", "/x", "%zz", "\x00", "'", "\n./x"} {
		f.Add(tail)
	}
	f.Fuzz(func(t *testing.T, tail string) {
		for _, head := range []string{"postgres:", "postgres:/", "POSTGRES://duo:", "pgsql://duo:", "duo:", "host=db.example password=", "password = ", "./x password='", "//duo:"} {
			if d, err := dsn.Parse(head + "hunter2" + tail); err == nil {
				t.Errorf("%q is %+v", head+"hunter2"+tail, d)
			} else if strings.Contains(fmt.Sprintf("%+v %s", err, dirsync.Hint(err)), "hunter2") {
				t.Errorf("%q: %v", head+"hunter2"+tail, err)
			}
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
