package duosim

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"duosync/duo/duosim/internal/account"
	"duosync/duo/duosim/internal/admin"
	"duosync/duo/duosim/internal/auth"
	"duosync/duo/duosim/internal/faults"
	"duosync/duo/duosim/internal/protocol"
	"duosync/duo/duosim/internal/route"
)

// Server is a simulated Duo account: an http.Handler that Start puts behind TLS.
// Its methods may be called from several goroutines.
type Server struct {
	options Options
	routes  []route.Route
	keys    map[string]Key // by integration key
	invalid error          // what is wrong with the options; Start tells
	stop    chan struct{}
	closing sync.Once

	mu       sync.Mutex // one call at a time
	account  *account.Account
	faults   *faults.Set
	throttle *faults.Throttle
	calls    record

	listening listening
}

// listening is what Start leaves behind.
type listening struct {
	server *http.Server
	host   string
	ca     []byte
	served chan struct{}
}

var _ http.Handler = (*Server)(nil)

// New makes an empty account. What is wrong with its options is told by Start.
func New(options Options) *Server {
	s := &Server{
		options: options.withDefaults(),
		routes:  slices.Concat(admin.Routes(), auth.Routes()),
		keys:    make(map[string]Key),
		stop:    make(chan struct{}),
		account: account.New(options.Rules),
	}
	var noThrottle, noFaults error
	s.throttle, noThrottle = faults.NewThrottle(options.RateLimits)
	s.faults, noFaults = faults.NewSet(options.Faults)
	for _, key := range s.options.Keys {
		if _, taken := s.keys[key.Integration]; taken || key.Integration == "" || key.Secret == "" {
			s.invalid = errors.Join(s.invalid, errors.New("duosim: a key is empty, or there twice"))
		}
		s.keys[key.Integration] = key
	}
	s.invalid = errors.Join(noThrottle, s.invalid, options.Rules.Check(), noFaults)
	return s
}

// Key gives the first key of a kind.
func (s *Server) Key(kind KeyKind) Key {
	key, _ := protocol.KeyOf(s.options.Keys, kind)
	return key
}

// ServeHTTP answers one call to Duo. It aborts the connection, by the means of
// http.ErrAbortHandler, where a fault says so.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q, err := protocol.ReadRequest(w, r, s.options.Now())
	if err != nil {
		protocol.HTMLReply(http.StatusRequestEntityTooLarge).Write(w, q.Arrived)
		return
	}
	call, answer := s.carryOut(q)
	if s.options.OnCall != nil {
		s.options.OnCall(call)
	}
	if answer.Delay > 0 {
		timer := time.NewTimer(answer.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
			answer.Cut = true
		case <-s.stop:
			answer.Cut = true
		}
	}
	answer.Write(w, s.options.Now())
}

// carryOut gives a request its effect, its reply and its record, one at a time.
func (s *Server) carryOut(q *protocol.Request) (Call, protocol.Reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.account.Tick(q.Arrived)
	before := s.account.Changes()
	call := Call{Time: q.Arrived, Method: q.Method, Path: q.URL.Path}
	answer := s.answer(q, &call)
	call.Status, call.Code, call.Wrote = answer.Status, answer.Code, s.account.Changes() != before
	s.calls.add(call)
	return call, answer
}

// answer takes a request through its stations: signature, parameters, rate
// limits, faults, permissions, and the account at last.
func (s *Server) answer(q *protocol.Request, call *Call) protocol.Reply {
	if bad := q.Decode(); bad != nil {
		return bad.Reply()
	}
	r, vars, missing := route.Match(s.routes, q.Method, q.URL.Path)
	if missing != nil || r.Need != route.Nothing {
		key, bad := q.Verify(s.keys)
		if bad != nil {
			return bad.Reply()
		}
		call.Key, call.Integration = key.Kind, key.Integration
	}
	args, bad := q.Args()
	call.Params = args.Flat()
	if since, until := s.throttle.Early(call.Integration, call.Path, call.Time); !until.IsZero() {
		s.calls.tooEarly(*call, since, until)
	}
	if bad != nil {
		return bad.Reply()
	}
	if answer, full := s.throttle.Pass(call.Integration, call.Path, q.Arrived); full {
		return answer
	}
	page := s.pageOf(r, q.URL.Path, args)
	fault := s.faults.Strike(call.Method, call.Path, call.Params, page)
	if fault == nil {
		right := s.perform(r, vars, missing, args, call)
		s.faults.Hear(call.Method, call.Path, call.Params, page, right)
		return right
	}
	call.Fault = fault.Name
	var right protocol.Reply
	if fault.Effect.Applied() {
		right = s.perform(r, vars, missing, args, call)
	}
	answer := fault.Answer(right)
	s.throttle.Tell(call.Integration, answer, call.Time)
	return answer
}

// perform lets a permitted call have its effect.
func (s *Server) perform(r route.Route, vars map[string]string, missing *protocol.Refusal, args protocol.Args, c *Call) protocol.Reply {
	if c.Key != "" {
		if bad := route.Permits(c.Key, c.Path, r.Need); bad != nil {
			return bad.Reply()
		}
	}
	if missing != nil {
		return missing.Reply()
	}
	strike := func(method, path string, args protocol.Args) *protocol.Refusal {
		name, bad := s.faults.StrikePart(method, path, args.Flat())
		c.Fault = cmp.Or(c.Fault, name) // the first of them
		return bad
	}
	response, bad := r.Handle(s.account, &route.Call{Vars: vars, Args: args, Strike: strike})
	if bad != nil {
		return bad.Reply()
	}
	return protocol.OKReply(response)
}

// pageOf gives the number, from 1, of the page that a list call asks for; 0 for
// other calls.
func (s *Server) pageOf(r route.Route, path string, args protocol.Args) int {
	if !r.Lists() {
		return 0
	}
	most := s.account.Rules.Limits.Page
	if path == "/admin/v1/users" {
		most = s.account.Rules.Limits.UsersPage
	}
	limit, offset, bad := (&route.Call{Args: args}).Window(most)
	if bad != nil {
		return 0
	}
	return offset/limit + 1
}

// with gives the account at the present time, for the time of do.
func (s *Server) with(do func(*account.Account)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.account.Tick(s.options.Now())
	do(s.account)
}
