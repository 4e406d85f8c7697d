package ldapsim

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// Options say what a directory is like.
type Options struct {
	// Suffixes are its naming contexts. Their entries are not made by
	// themselves.
	Suffixes []string
	// Binds are passwords by DN. Anyone who has bound may read and write all.
	Binds map[string]string
	// Anonymous lets clients in without a bind.
	Anonymous bool
	// SizeLimit is the most entries that an unpaged search gives; 0 is without
	// limit. Pages may be larger.
	SizeLimit int
	// Vendor is what it calls itself (vendorName); "" for its own name.
	Vendor string
	// RootDSE are attributes of its root DSE besides the usual ones, or in their place.
	RootDSE Attributes
	// DomainScope offers Active Directory's control 1.2.840.113556.1.4.1339, with
	// which a search brings no continuations (Faults.Referral).
	DomainScope bool
	// ExactBlanks tells DNs apart by escaped blanks at the ends of their values, as
	// Active Directory does.
	ExactBlanks bool
	// TLS offers StartTLS, or with Implicit TLS from the first byte on (ldaps).
	TLS      *tls.Config
	Implicit bool
	// Now is the clock of the timestamps; nil for time.Now.
	Now func() time.Time
}

// Server is a directory. Its methods may be called from several goroutines,
// also while clients are served.
type Server struct {
	tree

	opts  Options
	binds map[string]string // by normalised DN

	mu       sync.Mutex
	faults   Faults
	rootDSE  Attributes
	listener net.Listener
	conns    map[net.Conn]struct{}
	closed   bool
	serving  sync.WaitGroup
}

// New makes an empty directory. It does not listen yet.
func New(opts Options) (*Server, error) {
	s := &Server{opts: opts, binds: make(map[string]string), conns: make(map[net.Conn]struct{})}
	s.now = opts.Now
	if s.now == nil {
		s.now = time.Now
	}
	s.byKey = make(map[string]*entry)
	s.exactBlanks, s.rootDSE = opts.ExactBlanks, opts.RootDSE
	for _, text := range opts.Suffixes {
		path, _, err := s.parseDN(text)
		if err != nil || len(path) == 0 {
			return nil, fmt.Errorf("suffix %q is no DN of an entry", text)
		}
		s.tops = append(s.tops, key(path))
	}
	for dn, password := range opts.Binds {
		path, _, err := s.parseDN(dn)
		if err != nil || len(path) == 0 || password == "" {
			return nil, fmt.Errorf("bind DN %q needs a DN and a password", dn)
		}
		s.binds[key(path)] = password
	}
	if opts.Implicit && opts.TLS == nil {
		return nil, errors.New("ldaps needs a TLS configuration")
	}
	return s, nil
}

// Start listens on addr, such as 127.0.0.1:0, and serves until Close.
func (s *Server) Start(addr string) error {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("LDAP simulator: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.listener != nil {
		_ = listener.Close()
		return errors.New("LDAP simulator: started or closed already")
	}
	s.listener = listener
	s.serving.Add(1)
	go s.accept(listener)
	return nil
}

// URL is where the directory is reached; empty before Start.
func (s *Server) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listener == nil {
		return ""
	}
	scheme := "ldap"
	if s.opts.Implicit {
		scheme = "ldaps"
	}
	return scheme + "://" + s.listener.Addr().String()
}

// SetRootDSE replaces Options.RootDSE.
func (s *Server) SetRootDSE(attributes Attributes) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rootDSE = attributes
}

// Drop closes all connections, as a server does with idle ones.
func (s *Server) Drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for conn := range s.conns {
		_ = conn.Close()
	}
}

// Close ends all connections, and returns when nothing of the server runs any
// more. A BeforePage hook must not call it.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	var err error
	if s.listener != nil {
		if err = s.listener.Close(); errors.Is(err, net.ErrClosed) {
			err = nil
		}
	}
	for conn := range s.conns {
		_ = conn.Close()
	}
	s.mu.Unlock()
	s.serving.Wait()
	return err
}

func (s *Server) accept(listener net.Listener) {
	defer s.serving.Done()
	for {
		conn, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(10 * time.Millisecond) // such as too many open files
			continue
		}
		if !s.keep(conn) {
			return
		}
		go func() {
			defer s.serving.Done()
			defer s.forget(conn)
			s.serve(conn)
		}()
	}
}

// keep enters a connection, unless the server is closed.
func (s *Server) keep(conn net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = conn.Close()
		return false
	}
	s.conns[conn] = struct{}{}
	s.serving.Add(1)
	return true
}

func (s *Server) forget(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = conn.Close()
	delete(s.conns, conn)
}

// serve answers one client, one request after another, until it goes or a
// request can't be read.
func (s *Server) serve(conn net.Conn) {
	c := &client{server: s, stream: conn}
	if s.opts.Implicit {
		c.stream, c.encrypted = tls.Server(conn, s.opts.TLS), true
	}
	c.in, c.out = bufio.NewReader(c.stream), bufio.NewWriter(c.stream)
	for {
		request, err := readMessage(c.in)
		if err != nil {
			return
		}
		if err := c.answer(request); err != nil {
			return
		}
		if err := c.out.Flush(); err != nil {
			return
		}
	}
}
