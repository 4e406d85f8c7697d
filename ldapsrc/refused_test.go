package ldapsrc_test

import (
	"strings"
	"sync/atomic"
	"testing"

	"duosync/ldapsrc"
	"duosync/ldapsrc/slapdtest"
	dirsync "duosync/sync"
)

// countLogins stands before a server and counts the binds that go to it in the clear.
func countLogins(t *testing.T, s *slapdtest.Server) (url string, logins *loginCount) {
	t.Helper()
	logins = &loginCount{}
	return startRelay(t, listen(t), s.URL, logins).url(), logins
}

// loginCount counts the pieces with a bind of the reader that are written to it.
type loginCount struct{ atomic.Int32 }

func (n *loginCount) Write(piece []byte) (int, error) {
	if strings.Contains(string(piece), slapdtest.ReaderDN) {
		n.Add(1)
	}
	return len(piece), nil
}

// A login that one server refused is tried nowhere else and not again, whatever is asked:
// each try brings the account nearer to its lockout.
func TestRefusedLoginIsNotRepeated(t *testing.T) {
	t.Parallel()
	s := slapdtest.Start(t, slapdtest.Options{People: 3})
	one, atOne := countLogins(t, s)
	two, atTwo := countLogins(t, s)
	wrong := func(o *ldapsrc.Options) { o.URLs, o.BindPassword = []string{one, two}, "wrong-pw" }
	for name, ask := range map[string]func(t *testing.T, src *ldapsrc.Source) error{
		"read": func(t *testing.T, src *ldapsrc.Source) error { _, _, err := readAll(t, src); return err },
		"lookup": func(t *testing.T, src *ldapsrc.Source) error {
			_, err := src.Lookup(t.Context(), []dirsync.SourceID{"x"})
			return err
		},
		"bases": func(t *testing.T, src *ldapsrc.Source) error { _, err := src.Bases(t.Context()); return err },
		"probe": func(t *testing.T, src *ldapsrc.Source) error { return src.Probe(t.Context())[0].BindErr },
	} {
		t.Run(name, func(t *testing.T) {
			atOne.Store(0)
			atTwo.Store(0)
			src := newSource(t, options(s, wrong))
			wantError(t, ask(t, src), "LDAP code 49", "ldap.bind_password")
			for _, again := range []func() error{
				func() error { _, _, err := readAll(t, src); return err },
				func() error { _, err := src.Bases(t.Context()); return err },
				func() error { return src.Probe(t.Context())[1].BindErr },
			} {
				wantError(t, again(), "not tried again|LDAP code 49", "ldap.bind_password")
			}
			if one, two := atOne.Load(), atTwo.Load(); one != 1 || two != 0 {
				t.Errorf("%d logins at the first server, %d at the other", one, two)
			}
		})
	}
}

// Where one of two servers refuses what the other has accepted, the other goes on being used.
func TestOneServerRefuses(t *testing.T) {
	t.Parallel()
	good := slapdtest.Start(t, slapdtest.Options{People: 3})
	lagging := slapdtest.Start(t, slapdtest.Options{People: 3, Access: "access to attrs=userPassword by * none"})
	src := newSource(t, options(good, func(o *ldapsrc.Options) { o.URLs = []string{good.URL, lagging.URL} }))
	servers := src.Probe(t.Context())
	if servers[0].BindErr != nil || servers[1].BindErr == nil {
		t.Fatalf("%v, %v", servers[0].BindErr, servers[1].BindErr)
	}
	mustRead(t, src)
}
