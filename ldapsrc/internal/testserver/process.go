package testserver

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// Process is a server on loopback, with its files in a directory of the test.
type Process struct {
	Port, TLSPort int

	t    testing.TB
	dir  string
	cmd  *exec.Cmd
	done chan struct{}
}

// NewProcess makes a place for a server, which ends with the test.
func NewProcess(t testing.TB) *Process {
	t.Helper()
	p := &Process{t: t, dir: t.TempDir()}
	t.Cleanup(p.Stop)
	return p
}

// Path is where a file of the server is; "" gives the directory.
func (p *Process) Path(name string) string { return filepath.Join(p.dir, name) }

// Write writes a file of the server.
func (p *Process) Write(name string, data []byte) {
	p.t.Helper()
	if err := os.WriteFile(p.Path(name), data, 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// URL is where the server is reached unencrypted.
func (p *Process) URL() string { return fmt.Sprintf("ldap://127.0.0.1:%d", p.Port) }

// TLSURL is where it is reached encrypted.
func (p *Process) TLSURL() string { return fmt.Sprintf("ldaps://127.0.0.1:%d", p.TLSPort) }

// Launch has the server started, on new ports the first time. Another process may take
// a free port before the server does, hence the tries.
func (p *Process) Launch(tries int, start func() error) {
	p.t.Helper()
	var err error
	known := p.Port != 0
	for range tries {
		if !known {
			p.Port, p.TLSPort = freePort(p.t), freePort(p.t)
		}
		if err = start(); err == nil {
			return
		}
		p.Stop()
	}
	p.t.Fatalf("the server does not start: %v", err)
}

// Run runs the server's command until it is ready. It asks after each pause.
func (p *Process) Run(cmd *exec.Cmd, ready func() error, limit, pause time.Duration) error {
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		return err
	}
	done := make(chan struct{})
	p.cmd, p.done = cmd, done
	go func() {
		_ = cmd.Wait()
		close(done)
	}()
	late := time.After(limit)
	for {
		err := ready()
		if err == nil {
			return nil
		}
		select {
		case <-done:
			return fmt.Errorf("it ended: %s", log.String())
		case <-late:
			return fmt.Errorf("it does not answer: %w", err)
		case <-time.After(pause):
		}
	}
}

// Listens reports whether both ports are open.
func (p *Process) Listens() error {
	for _, port := range []int{p.Port, p.TLSPort} {
		c, err := new(net.Dialer).DialContext(p.t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			return err
		}
		_ = c.Close()
	}
	return nil
}

// Stop kills the server at once, as a crash does, with its children where it leads a
// process group. It may be launched again.
func (p *Process) Stop() {
	if p.cmd == nil {
		return
	}
	if attr := p.cmd.SysProcAttr; attr != nil && attr.Setpgid {
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // and what it started
	}
	_ = p.cmd.Process.Kill()
	<-p.done
	p.cmd = nil
}

// freePort gives a TCP port of the loopback address that is free now.
func freePort(t testing.TB) int {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}
