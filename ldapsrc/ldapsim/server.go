// Package ldapsim is a small LDAP directory in the process, over the real
// protocol (RFC 4511) on a TCP port: for tests that need faults at will, and for
// the demo, which needs nothing installed.
//
// It has no schema: attributes are what was added, compared without case, in the
// manner of caseIgnoreMatch. Binds, searches with all scopes and the usual
// filters, paged results, add, modify, delete and modifyDN work; entries get
// entryUUID, createTimestamp and modifyTimestamp. Faults make it misbehave in
// one chosen way.
package ldapsim

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"
)

// Options say what a directory is like.
type Options struct {
	// Suffixes are its naming contexts. Their entries are not made by
	// themselves.
	Suffixes []string
	// Binds are passwords by DN, or by the other names of an account that Active Directory
	// takes: user@domain and DOMAIN\user. Anyone who has bound may read and write all.
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
	// Catalog has it hold what is below its suffixes' entries as other domains: with that
	// control, a search of a subtree from a suffix gives nothing of it.
	Catalog bool
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
		if loginName(dn) {
			path, err = []string{fold(dn)}, nil
		}
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

// loginName reports whether a bind names an account other than by its DN.
func loginName(name string) bool {
	return strings.ContainsAny(name, `@\`) && !strings.Contains(name, "=")
}

// SetRootDSE replaces Options.RootDSE.
func (s *Server) SetRootDSE(attributes Attributes) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rootDSE = attributes
}

// SetFaults replaces the faults, from the next request on.
func (s *Server) SetFaults(f Faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = f
}

func (s *Server) currentRootDSE() Attributes {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rootDSE
}

func (s *Server) currentFaults() Faults {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults
}
