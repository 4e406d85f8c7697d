// Package pgtest runs a private PostgreSQL server for tests: real protocol, real
// TLS, on loopback and a socket, with its data in a temporary folder.
package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// The role that tests use. It may make databases, and is no superuser.
const (
	User     = "duosync"
	Password = "pg-secret-3f9c"
)

// Server is a running PostgreSQL server.
type Server struct {
	Socket  string // folder of the socket, which asks for no password
	Port    int    // of 127.0.0.1, which asks for one and offers TLS
	CAFile  string // authority of the server's certificate, which is for localhost
	OtherCA string // an authority that did not sign it

	dir   string
	bin   string
	who   *syscall.Credential // nil: this user
	cmd   *exec.Cmd
	done  chan struct{}
	count atomic.Int64

	mu    sync.Mutex
	admin *pgx.Conn // to the database postgres, as the superuser
}

// Launch makes a database cluster in a new folder below dir ("": the usual one
// for temporary files) and starts a server on it. Close ends it.
func Launch(dir string) (s *Server, err error) {
	s = &Server{}
	if s.bin, err = binaries(); err != nil {
		return nil, err
	}
	if s.who, err = unprivileged(); err != nil {
		return nil, err
	}
	if s.dir, err = os.MkdirTemp(dir, "duosync-pg-"); err != nil {
		return nil, err
	}
	if err := s.start(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// binaries finds Debian's folder with initdb and postgres, the newest version's.
func binaries() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", err
	}
	best, newest := "", 0
	for _, path := range found {
		dir := filepath.Dir(path)
		if version, err := strconv.Atoi(filepath.Base(filepath.Dir(dir))); err == nil && version > newest {
			best, newest = dir, version
		}
	}
	if best != "" {
		return best, nil
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	return "", errors.New("these tests need a real PostgreSQL server: apt-get install postgresql")
}

// unprivileged gives whom the server runs as: PostgreSQL refuses root.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		who, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(who.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(who.Gid, 10, 32)
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, errors.New("there is no user postgres or nobody for the server to run as")
}

func (s *Server) path(name string) string { return filepath.Join(s.dir, name) }

func (s *Server) start() error {
	s.Socket = s.dir
	if err := s.certify(); err != nil {
		return err
	}
	if err := s.own(); err != nil {
		return err
	}
	// The language of a real database: its order is not that of bytes.
	out, err := s.command("initdb", "--pgdata", s.path("data"), "--username", "postgres", "--encoding", "UTF8", "--no-sync",
		"--auth-local", "trust", "--auth-host", "scram-sha-256", "--locale", "C.UTF-8", "--locale-provider", "icu", "--icu-locale", "en").CombinedOutput()
	if err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	if err := s.Start(); err != nil {
		return err
	}
	return s.Admin(fmt.Sprintf(`CREATE ROLE %s LOGIN CREATEDB PASSWORD '%s'`, User, Password))
}

// own gives the folder and what is in it to the server's user.
func (s *Server) own() error {
	if s.who == nil {
		return nil
	}
	return filepath.Walk(s.dir, func(path string, _ os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(path, int(s.who.Uid), int(s.who.Gid))
	})
}

func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(context.Background(), filepath.Join(s.bin, name), args...)
	cmd.Dir = s.dir
	cmd.Env = []string{"PATH=" + s.bin + ":/usr/bin:/bin", "TZ=UTC", "LC_ALL=C.UTF-8"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.who}
	endWithUs(cmd.SysProcAttr)
	return cmd
}

// Start starts a stopped server again, with its data, on the same port. Another
// process may take a free port before PostgreSQL does, hence the tries.
func (s *Server) Start() error {
	var err error
	first := s.Port == 0
	for range 5 {
		if first {
			if s.Port, err = freePort(); err != nil {
				return err
			}
		}
		if err = s.try(); err == nil {
			return nil
		}
		s.Stop()
	}
	return fmt.Errorf("PostgreSQL does not start: %w", err)
}

func (s *Server) try() error {
	var log bytes.Buffer
	settings := []string{"-D", s.path("data"), "-k", s.dir, "-p", strconv.Itoa(s.Port)}
	for name, value := range map[string]string{
		"listen_addresses": "127.0.0.1",
		"fsync":            "off", // the machine does not crash in these tests
		"max_connections":  "60",
		"shared_buffers":   "16MB",
		"ssl":              "on",
		"ssl_cert_file":    s.path("server.pem"),
		"ssl_key_file":     s.path("server.key"),
		"log_min_messages": "fatal",
	} {
		settings = append(settings, "-c", name+"="+value)
	}
	s.cmd = s.command("postgres", settings...)
	s.cmd.Stdout, s.cmd.Stderr = &log, &log
	if err := s.cmd.Start(); err != nil {
		return err
	}
	s.done = make(chan struct{})
	go func(cmd *exec.Cmd, done chan struct{}) {
		_ = cmd.Wait()
		close(done)
	}(s.cmd, s.done)
	limit, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	for {
		err := s.Admin(`SELECT 1`)
		if err == nil {
			return nil
		}
		select {
		case <-s.done:
			return fmt.Errorf("it ended: %s", log.String())
		case <-limit.Done():
			return fmt.Errorf("it does not answer: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func freePort() (int, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// Stop ends the server at once, as a crash does. It may be started again.
func (s *Server) Stop() {
	if s.cmd == nil || s.cmd.Process == nil {
		return
	}
	_ = s.cmd.Process.Signal(syscall.SIGQUIT)
	<-s.done
	s.cmd = nil
}

// Close ends the server and removes its data.
func (s *Server) Close() error {
	s.Stop()
	return os.RemoveAll(s.dir)
}

// Admin runs statements in the database postgres as the superuser.
func (s *Server) Admin(statements ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.admin == nil || s.admin.IsClosed() {
		var err error
		if s.admin, err = pgx.Connect(ctx, s.socketURL("postgres", "postgres", "")); err != nil {
			return err
		}
	}
	for _, statement := range statements {
		if _, err := s.admin.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// Schema makes an empty schema for a test, and returns a state.dsn for it, over
// the socket.
func (s *Server) Schema(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("t%d", s.count.Add(1))
	if err := s.Admin(`CREATE SCHEMA ` + name + ` AUTHORIZATION ` + User); err != nil {
		t.Fatal(err)
	}
	return s.socketURL(User, "postgres", name)
}

// Database makes an empty database that the tests' role owns, and returns its
// name.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("d%d", s.count.Add(1))
	if err := s.Admin(`CREATE DATABASE ` + name + ` OWNER ` + User); err != nil {
		t.Fatal(err)
	}
	return name
}

func (s *Server) socketURL(user, database, schema string) string {
	query := url.Values{"host": {s.Socket}, "port": {strconv.Itoa(s.Port)}, "user": {user}, "sslmode": {"disable"}}
	if schema != "" {
		query.Set("search_path", schema)
	}
	return "postgres:///" + database + "?" + query.Encode()
}

// URL is a state.dsn for a database over loopback, with a password and these
// parameters, such as sslmode=disable.
func (s *Server) URL(database, password string, params ...string) string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(User, password),
		Host: net.JoinHostPort("localhost", strconv.Itoa(s.Port)), Path: "/" + database, RawQuery: strings.Join(params, "&"),
	}
	return u.String()
}
