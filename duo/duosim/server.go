package duosim

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// maxBody bounds a request's body, in bytes.
const maxBody = 1 << 20

// Server is a simulated Duo account: an http.Handler that Start puts behind TLS.
// Its methods may be called from several goroutines.
type Server struct {
	options Options
	routes  []route
	keys    map[string]Key // by integration key
	invalid error          // what is wrong with the options; Start tells
	stop    chan struct{}
	closing sync.Once

	mu         sync.Mutex
	account    *account
	rules      []*rule
	seed       uint64
	limiters   []*limiter
	waits      []wait
	calls      []Call
	violations []Violation

	listening listening
}

var _ http.Handler = (*Server)(nil)

// New makes an empty account. What is wrong with its options is told by Start.
func New(options Options) *Server {
	s := &Server{options: options.withDefaults(), routes: routes(), keys: make(map[string]Key), stop: make(chan struct{})}
	s.account = newAccount(&s.options)
	s.limiters, s.invalid = newLimiters(options.RateLimits)
	for _, key := range s.options.Keys {
		if _, taken := s.keys[key.Integration]; taken || key.Integration == "" || key.Secret == "" {
			s.invalid = errors.Join(s.invalid, errors.New("duosim: a key is empty, or there twice"))
		}
		s.keys[key.Integration] = key
	}
	if answers := []string{PushApprove, PushDeny, PushFraud, PushWaiting}; !slices.Contains(answers, s.options.pushAnswer()) {
		s.invalid = errors.Join(s.invalid, fmt.Errorf("duosim: PushAnswer %q is none of %v", options.PushAnswer, answers))
	}
	s.invalid = errors.Join(s.invalid, s.SetFaults(options.Faults))
	return s
}

// Key gives the first key of a kind.
func (s *Server) Key(kind KeyKind) Key {
	key, _ := keyOf(s.options.Keys, kind)
	return key
}

// ServeHTTP answers one call to Duo. It aborts the connection, by the means of
// http.ErrAbortHandler, where a fault says so.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	arrived := s.options.Now()
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		htmlReply(http.StatusRequestEntityTooLarge).write(w, arrived)
		return
	}
	q := request{Request: r, body: body, arrived: arrived}
	call, answer := s.carryOut(&q)
	if s.options.OnCall != nil {
		s.options.OnCall(call)
	}
	if answer.delay > 0 {
		timer := time.NewTimer(answer.delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
			answer = reply{cut: true}
		case <-s.stop:
			answer = reply{cut: true}
		}
	}
	answer.write(w, s.options.Now())
}

// carryOut gives a request its effect, its reply and its record, one at a time.
func (s *Server) carryOut(q *request) (Call, reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.account.tick(q.arrived)
	before := s.account.changes
	call := Call{Time: q.arrived, Method: q.Method, Path: q.URL.Path}
	answer := s.answer(q, &call)
	call.Status, call.Code, call.Wrote = answer.status, answer.code, s.account.changes != before
	s.record(call)
	return call, answer
}

// answer takes a request through its stations: signature, parameters, rate
// limits, faults, permissions, and the account at last.
func (s *Server) answer(q *request, call *Call) reply {
	if bad := q.decode(); bad != nil {
		return bad.reply()
	}
	route, vars, missing := findRoute(s.routes, q.Method, q.URL.Path)
	if missing != nil || route.need != nothing {
		key, bad := verify(q.message(), q.Header.Get("Authorization"), s.keys, q.arrived)
		if bad != nil {
			return bad.reply()
		}
		call.Key, call.Integration = key.Kind, key.Integration
	}
	args, bad := q.args()
	call.Params = args.flat()
	s.watch(*call)
	if bad != nil {
		return bad.reply()
	}
	if answer, full := s.throttle(call.Integration, call.Path, q.arrived); full {
		return answer
	}
	fault := struck(s.rules, call.Method, call.Path, call.Params, s.pageOf(route, q, args))
	if fault != nil {
		call.Fault = fault.Name
		if !fault.Effect.applied() {
			return s.strike(fault, *call, reply{})
		}
	}
	right := s.perform(route, vars, missing, args, call)
	if fault != nil {
		return s.strike(fault, *call, right)
	}
	return right
}

// perform lets a permitted call have its effect.
func (s *Server) perform(r route, vars map[string]string, missing *refusal, from args, c *Call) reply {
	if c.Key != "" {
		if bad := permits(c.Key, c.Path, r.need); bad != nil {
			return bad.reply()
		}
	}
	if missing != nil {
		return missing.reply()
	}
	response, bad := r.handle(s.account, &call{vars: vars, args: from, strike: s.strikePart(c)})
	if bad != nil {
		return bad.reply()
	}
	return okReply(response)
}

// strike gives a fault's reply, and remembers what it told the client.
func (s *Server) strike(fault *rule, call Call, right reply) reply {
	answer := fault.reply(right)
	if answer.retryAfter > 0 {
		s.told(call.Integration, nil, answer, call.Time)
	}
	return answer
}

// strikePart gives the faults that strike parts of a bulk call, which names the
// first of them.
func (s *Server) strikePart(whole *Call) func(method, path string, from args) *refusal {
	return func(method, path string, from args) *refusal {
		fault := struckPart(s.rules, method, path, from.flat())
		if fault == nil {
			return nil
		}
		whole.Fault = cmp.Or(whole.Fault, fault.Name)
		if fault.Effect == Error50001 {
			return refuse(limitExceeded, "")
		}
		return fault.refusal(fault.Code)
	}
}

// watch records a call that came before it was allowed to.
func (s *Server) watch(call Call) {
	if w, early := s.early(call.Integration, call.Path, call.Time); early {
		s.violations = append(s.violations, Violation{Call: call, Until: w.until, Since: call.Time.Sub(w.since)})
	}
}

// pageOf gives the number, from 1, of the page that a list call asks for; 0 for
// other calls.
func (s *Server) pageOf(r route, q *request, from args) int {
	if !r.lists() {
		return 0
	}
	most := s.options.Limits.Page
	if q.URL.Path == "/admin/v1/users" {
		most = s.options.Limits.UsersPage
	}
	limit, offset, bad := (&call{args: from}).window(most)
	if bad != nil {
		return 0
	}
	return offset/limit + 1
}

// request is an HTTP request, read whole.
type request struct {
	*http.Request
	body    []byte
	arrived time.Time
	query   []pair
	form    []pair
	kind    string // media type of the body
}

// decode reads the query, and the body where it is a form.
func (q *request) decode() *refusal {
	var err error
	if q.query, err = decodePairs(q.URL.RawQuery); err != nil {
		return refuse(badParameters, "query")
	}
	if q.kind, _, err = mime.ParseMediaType(q.Header.Get("Content-Type")); err != nil {
		q.kind = ""
	}
	if q.kind == "application/x-www-form-urlencoded" {
		if q.form, err = decodePairs(string(q.body)); err != nil {
			return refuse(badParameters, "body")
		}
	}
	return nil
}

func (q *request) message() *message {
	return &message{
		method: strings.ToUpper(q.Method), hosts: signedHosts(q.Host), path: q.URL.EscapedPath(), header: q.Header,
		query: q.query, form: q.form, body: q.body, isForm: q.kind == "application/x-www-form-urlencoded",
	}
}

// args gives the parameters of query and body. Even a bad body leaves those of
// the query, for the record.
func (q *request) args() (args, *refusal) {
	all := make(args)
	all.add(slices.Concat(q.query, q.form))
	switch {
	case len(q.body) == 0, q.kind == "application/x-www-form-urlencoded":
	case q.kind != "application/json":
		return all, refuse(badParameters, "Content-Type")
	case all.addJSON(q.body) != nil:
		return all, refuse(badParameters, "body")
	}
	return all, nil
}
