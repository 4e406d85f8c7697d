package ldapsim_test

import (
	"crypto/tls"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/ldapsim"
)

func TestTLS(t *testing.T) {
	t.Parallel()
	cert, pool, err := ldapsim.SelfSigned("127.0.0.1", "localhost")
	if err != nil {
		t.Fatal(err)
	}
	server := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	client := &tls.Config{RootCAs: pool, ServerName: "localhost", MinVersion: tls.VersionTLS12}

	c := connect(t, start(t, func(o *ldapsim.Options) { o.TLS = server }))
	if err := c.StartTLS(client); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Search(&ldap.SearchRequest{BaseDN: people, Filter: "(objectClass=*)"}); err == nil {
		t.Error("the bind from before StartTLS still counts")
	}
	if err := c.Bind(bindDN, password); err != nil {
		t.Fatal(err)
	}

	implicit := start(t, func(o *ldapsim.Options) { o.TLS, o.Implicit = server, true })
	c2, err := ldap.DialURL(implicit.URL(), ldap.DialWithTLSConfig(client))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c2.Close() }()
	if err := c2.Bind(bindDN, password); err != nil {
		t.Error(err)
	}
}

// Close ends stalled and idle clients, too, and leaves nothing running.
func TestCloseEndsAll(t *testing.T) { //nolint:paralleltest // it counts goroutines
	before := runtime.NumGoroutine()
	s := start(t, nil)
	s.SetFaults(ldapsim.Faults{StallOnPage: 1})
	var idle []net.Conn
	for range 5 {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "ldap://"))
		if err != nil {
			t.Fatal(err)
		}
		idle = append(idle, conn)
	}
	c := connect(t, s)
	stalled := make(chan error)
	go func() {
		_, err := c.Search(&ldap.SearchRequest{BaseDN: people, Filter: "(objectClass=*)"})
		stalled <- err
	}()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-stalled; err == nil {
		t.Error("a stalled search ended without an error")
	}
	for _, conn := range idle {
		if _, err := conn.Read(make([]byte, 1)); err == nil {
			t.Error("an idle connection was sent something")
		}
		_ = conn.Close()
	}
	_ = c.Close()
	if err := s.Close(); err != nil {
		t.Errorf("a second Close: %v", err)
	}
	if err := s.Start("127.0.0.1:0"); err == nil {
		t.Error("Start after Close")
	}
	for deadline := time.Now().Add(time.Minute); runtime.NumGoroutine() > before; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
}

// Whatever a client sends, the others are served.
func TestGarbage(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	for _, data := range []string{
		"GET / HTTP/1.1\r\n\r\n", "\x30\x84\xff\xff\xff\xff", "\x30\x80\x00\x00", "\x30\x03\x02\x01\x01", "\x00", "\x30\x05\x02\x01\x01\x7f\x00",
		"\x30\x07\x02\x01\x01\x60\x02\x02\x00",     // a bind without a name
		"\x30\x08\x02\x01\x01\x63\x03\x04\x01\x00", // a search of one field
	} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "ldap://"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, data); err != nil {
			t.Error(err)
		}
		_ = conn.(*net.TCPConn).CloseWrite()
		_, _ = io.Copy(io.Discard, conn)
		_ = conn.Close()
	}
	if got := find(t, connect(t, s), ldap.ScopeSingleLevel, "(uid=anna)"); len(got) != 1 {
		t.Errorf("%q", got)
	}
}
