package ldapsim

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"
)

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
