package ldapsrc

import (
	"context"
	"crypto/tls"
	"errors"
	"sync"

	"duosync/ldapsrc/dn"
	"duosync/ldapsrc/schema"
	dirsync "duosync/sync"
)

// Source is a directory that is read over LDAP. Its methods may be called from
// several goroutines. The connection of the last complete read is kept: Lookup,
// LookupGroups and Stamps ask over it, one at a time.
type Source struct {
	opts       Options
	kind       schema.Kind
	endpoints  []endpoint
	tls        *tls.Config
	bases      []dn.DN
	groupBases []string // folded
	scope      int
	attributes []string // asked for in a read, as configured
	inner      []string // of these, in lower case, what is not given on
	decoder    decoder

	life context.Context // ends with Close
	end  context.CancelCauseFunc

	turn chan struct{} // held by who uses the session

	mu      sync.Mutex
	session *session               // of the last complete read; nil before one
	probes  [][]dirsync.SourceID   // by base: some ids that the last read saw
	twins   map[dn.Digest]struct{} // folded names that several of its people bore
}

var _ dirsync.Source = (*Source)(nil)

var errClosed = errors.New("the LDAP source was closed")

// Close ends what is under way, and the connection. Later calls fail. It always
// returns nil.
func (s *Source) Close() error {
	s.end(errClosed)
	s.swap(nil)
	return nil
}

// tie binds ctx to the life of the source.
func (s *Source) tie(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	untie := context.AfterFunc(s.life, func() { cancel(context.Cause(s.life)) })
	return ctx, func() {
		untie()
		cancel(nil)
	}
}
