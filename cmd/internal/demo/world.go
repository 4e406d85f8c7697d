package demo

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"duosync/cmd/internal/config"
	"duosync/duo/duosim"
	"duosync/ldapsrc/ldapsim"
	dirsync "duosync/sync"
)

// world is a directory and a Duo account, and a configuration for them.
type world struct {
	dir       string
	directory *ldapsim.Server
	duo       *duosim.Server
	config    *config.Loaded
}

// The people of the demo: uid, first and last name. The names are in several
// scripts, as real ones are.
var crew = [][3]string{
	{"asilva", "Anna", "Silva"}, {"bokoye", "Bintou", "Okoye"}, {"cmeyer", "Çağla", "Meyer"}, {"dpetrov", "Дмитрий", "Петров"},
	{"eangstrom", "Elsa", "Ångström"}, {"fkhan", "Farah", "Khan"}, {"gwei", "伟", "高"}, {"hsato", "花子", "佐藤"},
	{"igarcia", "Iñaki", "García"}, {"jobrien", "Jane", "O'Brien"}, {"kpapadopoulos", "Κώστας", "Παπαδόπουλος"}, {"lcohen", "לאה", "כהן"},
	{"mali", "محمد", "علي"}, {"nnguyen", "Nam", "Nguyễn"}, {"oschmidt", "Otto", "Schmidt"}, {"psharma", "प्रिया", "शर्मा"},
	{"qdubois", "Quentin", "Dubois"}, {"rkim", "민준", "김"}, {"ssmith", "Sam", "Smith"}, {"tjansen", "Tess", "Jansen"},
	{"uferrari", "Ugo", "Ferrari"}, {"vnovak", "Věra", "Nováková"}, {"wlopez", "Will", "Lopez"}, {"xchen", "Xu", "Chen"},
}

const (
	suffix   = "dc=WSO2,dc=ORG"
	usersDN  = "ou=Users," + suffix
	admin    = "uid=admin,ou=system"
	password = "demo-bind-password"
)

// build starts the directory and the simulator, and writes a configuration.
func (w *world) build(env func(string) (string, bool)) (err error) {
	w.directory, err = ldapsim.New(ldapsim.Options{Suffixes: []string{suffix}, Binds: map[string]string{admin: password}})
	if err != nil {
		return err
	}
	if err := w.directory.Start("127.0.0.1:0"); err != nil {
		return err
	}
	for _, entry := range []struct {
		dn         string
		attributes ldapsim.Attributes
	}{
		{suffix, ldapsim.Attributes{"objectClass": {"domain"}}},
		{usersDN, ldapsim.Attributes{"objectClass": {"organizationalUnit"}}},
		{"ou=Groups," + suffix, ldapsim.Attributes{"objectClass": {"organizationalUnit"}}},
	} {
		if err := w.directory.Add(entry.dn, entry.attributes); err != nil {
			return err
		}
	}
	for _, p := range crew {
		if err := w.add(p[0], p[1], p[2]); err != nil {
			return err
		}
	}
	w.duo = duosim.New(duosim.Options{})
	if err := w.duo.Start("127.0.0.1:0"); err != nil {
		return err
	}
	if err := w.duo.WriteFiles(w.dir); err != nil {
		return err
	}
	return w.configure(env)
}

// configure writes config.yaml: the simulator's duo: section, and the rest.
func (w *world) configure(env func(string) (string, bool)) error {
	section, err := os.ReadFile(filepath.Join(w.dir, "duo.yaml"))
	if err != nil {
		return err
	}
	for _, old := range []string{"demo.db", "demo.db-wal", "demo.db-shm", "demo.db.lock"} { // of an earlier demo
		if err := os.Remove(filepath.Join(w.dir, old)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	text := ownMark + fmt.Sprintf("ldap:\n  preset: wso2is\n  urls: [%q]\n  bind_dn: %q\n  bind_password: %q\nstate:\n  dsn: demo.db\n%s",
		w.directory.URL(), admin, password, section)
	path := filepath.Join(w.dir, "config.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return err
	}
	w.config, err = config.Load(path, env)
	return err
}

func (w *world) add(uid, first, last string) error {
	return w.directory.Add("uid="+uid+","+usersDN, ldapsim.Attributes{
		"objectClass": {"top", "person", "organizationalPerson", "inetOrgPerson", "identityPerson"},
		"uid":         {uid}, "cn": {first + " " + last}, "givenName": {first}, "sn": {last}, "mail": {uid + "@example.com"},
	})
}

func (w *world) close() error {
	var errs []error
	if w.directory != nil {
		errs = append(errs, w.directory.Close())
	}
	if w.duo != nil {
		errs = append(errs, w.duo.Close())
	}
	return errors.Join(errs...)
}

// ownMark is the first line of the demo's configuration.
const ownMark = "# Written by duosync demo, which writes it anew each time.\n"

// claim refuses a folder whose configuration is somebody's own.
func claim(dir string) error {
	path := filepath.Join(dir, "config.yaml")
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) || strings.HasPrefix(string(data), ownMark) {
		return nil
	}
	return errors.Join(err, dirsync.WithHint(fmt.Errorf("%s is not the demo's", path), "Give the demo a folder of its own with --dir."))
}

// change makes the everyday changes.
func (w *world) change() error {
	return errors.Join(
		w.add("yyoung", "Yara", "Young"),
		w.directory.Replace("uid=asilva,"+usersDN, "mail", "anna.silva@example.com"),
		w.directory.Replace("uid=bokoye,"+usersDN, "accountLock", "true"),
		w.directory.Rename("uid=cmeyer,"+usersDN, "uid=cmeyer-yilmaz"),
		w.directory.Delete("uid=dpetrov,"+usersDN),
	)
}

// lose takes ten people out of the directory.
func (w *world) lose() error {
	var errs []error
	for _, p := range crew[10:20] {
		errs = append(errs, w.directory.Delete("uid="+p[0]+","+usersDN))
	}
	return errors.Join(errs...)
}
