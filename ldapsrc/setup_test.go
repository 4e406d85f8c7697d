package ldapsrc_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"duosync/ldapsrc"
	"duosync/ldapsrc/conn"
	"duosync/ldapsrc/ldapsim"
	"duosync/ldapsrc/schema"
	"duosync/ldapsrc/slapdtest"
	dirsync "duosync/sync"
)

// options are those for a test server's reader, over TLS.
func options(s *slapdtest.Server, change func(*ldapsrc.Options)) ldapsrc.Options {
	opts := ldapsrc.Options{
		Servers: conn.Servers{
			URLs:         []string{s.TLSURL},
			CAFile:       s.CAFile,
			BindDN:       slapdtest.ReaderDN,
			BindPassword: slapdtest.ReaderPassword,
			Timeout:      20 * time.Second,
			PageSize:     100,
		},
		Users:      ldapsrc.Users{Bases: []string{slapdtest.UsersDN}},
		Attributes: []string{"uid", "cn", "mail"},
		Preset:     schema.WSO2IS,
	}
	if change != nil {
		change(&opts)
	}
	return opts
}

func newSource(t *testing.T, opts ldapsrc.Options) *ldapsrc.Source {
	t.Helper()
	src, err := ldapsrc.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = src.Close() })
	return src
}

// readAll reads everybody.
func readAll(t *testing.T, src *ldapsrc.Source) ([]dirsync.Person, dirsync.ReadInfo, error) {
	t.Helper()
	var people []dirsync.Person
	info, err := src.Read(t.Context(), func(p dirsync.Person) error {
		people = append(people, p)
		return nil
	})
	return people, info, err
}

func mustRead(t *testing.T, src *ldapsrc.Source) []dirsync.Person {
	t.Helper()
	people, info, err := readAll(t, src)
	if err != nil {
		t.Fatalf("Read: %v", err)
	}
	if info.Read != len(people) {
		t.Errorf("Read says %d entries and gave %d", info.Read, len(people))
	}
	return people
}

func byUID(t *testing.T, people []dirsync.Person, uid string) dirsync.Person {
	t.Helper()
	for _, p := range people {
		if len(p.Attrs["uid"]) > 0 && p.Attrs["uid"][0] == uid {
			return p
		}
	}
	t.Fatalf("%s was not read", uid)
	return dirsync.Person{}
}

// wantError checks an error and its advice for words.
func wantError(t *testing.T, err error, words, hint string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error; want one with %q", words)
	}
	for word := range strings.SplitSeq(words, "|") {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("error %q does not say %q", err, word)
		}
	}
	if !strings.Contains(dirsync.Hint(err), hint) {
		t.Errorf("advice %q does not say %q (error %v)", dirsync.Hint(err), hint, err)
	}
	for _, secret := range []string{slapdtest.ReaderPassword, simPassword, "wrong-pw"} {
		if strings.Contains(err.Error()+dirsync.Hint(err), secret) {
			t.Errorf("the password is in the error: %v", err)
		}
	}
}

const (
	simDN       = "uid=admin,ou=system"
	simPassword = "sim-secret"
	simUsers    = "ou=Users,dc=example,dc=com"
	simLeft     = "ou=Left,dc=example,dc=com"
)

// newSim starts a simulated directory of n people.
func newSim(t *testing.T, n int) *ldapsim.Server {
	t.Helper()
	return newSimWith(t, n, ldapsim.Options{})
}

func newSimWith(t *testing.T, n int, opts ldapsim.Options) *ldapsim.Server {
	t.Helper()
	opts.Suffixes, opts.Binds = []string{"dc=example,dc=com"}, map[string]string{simDN: simPassword}
	sim, err := ldapsim.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	if err := sim.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sim.Close() })
	for _, dn := range []string{"dc=example,dc=com", simUsers, simLeft} {
		if err := sim.Add(dn, ldapsim.Attributes{"objectClass": {"top"}}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range n {
		simAdd(t, sim, i, simUsers)
	}
	return sim
}

func simUser(i int) string { return fmt.Sprintf("uid=sim%04d,%s", i, simUsers) }

func simAdd(t *testing.T, sim *ldapsim.Server, i int, parent string) {
	t.Helper()
	err := sim.Add(fmt.Sprintf("uid=sim%04d,%s", i, parent), ldapsim.Attributes{
		"objectClass": {"person"}, "cn": {fmt.Sprintf("Sim %d", i)}, "mail": {fmt.Sprintf("sim%04d@example.com", i)},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// simOptions are those to read a simulated directory, in pages of 100.
func simOptions(sim *ldapsim.Server, change func(*ldapsrc.Options)) ldapsrc.Options {
	opts := ldapsrc.Options{
		Servers: conn.Servers{
			URLs:         []string{sim.URL()},
			BindDN:       simDN,
			BindPassword: simPassword,
			Timeout:      20 * time.Second,
			PageSize:     100,
		},
		Users:      ldapsrc.Users{Bases: []string{simUsers}},
		Attributes: []string{"uid", "cn", "mail"},
		Preset:     schema.WSO2IS,
	}
	if change != nil {
		change(&opts)
	}
	return opts
}

func simID(t *testing.T, sim *ldapsim.Server, dn string) dirsync.SourceID {
	t.Helper()
	attrs, ok := sim.Entry(dn)
	if !ok {
		t.Fatalf("no entry %s", dn)
	}
	return dirsync.SourceID(attrs["entryUUID"][0])
}

func lookup(t *testing.T, src *ldapsrc.Source, ids ...dirsync.SourceID) map[dirsync.SourceID]dirsync.Whereabouts {
	t.Helper()
	found, err := src.Lookup(context.WithoutCancel(t.Context()), ids)
	if err != nil {
		t.Fatalf("Lookup: %v", err)
	}
	if len(found) != len(ids) {
		t.Fatalf("Lookup answered %d of %d ids", len(found), len(ids))
	}
	return found
}
