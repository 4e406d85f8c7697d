// Package duosim is a Duo account in memory behind Duo's real protocol: TLS,
// signed requests (versions 2 and 5), pages, limits, the Trash, bulk calls and,
// on demand, faults. Tests, the demo and rehearsals talk to it as they would to
// Duo; it shares no code with the client, so that one can prove the other.
//
//	server := duosim.New(duosim.Options{})
//	if err := server.Start("127.0.0.1:0"); err != nil { … }
//	defer server.Close()
//	key := server.Key(duosim.KeyAdmin)   // server.Host(), server.CAPEM()
//
// Where Duo's documentation is silent, the simulator takes the answer that is
// harder on the client, and Rules has a switch for the other one.
//
// What goes on beside the client is done by methods: AddUser, SetUser, RemoveUser,
// AddGroup, AddPhone and AddToken are what somebody does in the panel;
// EnrollDevice, EnrollWith and Activate what people do with their devices. Snapshot
// tells all that the account holds, Mails and Messages whom Duo has written to,
// Calls what was asked of it.
//
// # Faults
//
// A fault is a rule: which calls it is for, which of those it strikes, and what
// happens then. Rules are given by AddFault and SetFaults, or in a file (YAML or
// JSON) for LoadFaults:
//
//	seed: 7                        # of the probabilities; 0 if left out
//	faults:
//	  - name: throttled            # a must, unique; counted in FaultHits
//	    method: POST               # any method if left out
//	    path: /admin/v1/users/*    # any path if left out
//	    params: {username: "z*"}   # every one named must match
//	    after: 10                  # spare the first 10 such calls
//	    times: 3                   # strike at most 3 times
//	    effect: status429
//	    retry_after: 2s
//
// path and the values of params are globs: `?` is one character, `*` a run of
// them (in a path within one segment), `**` a run of any. With "re:" in front
// they are RE2 expressions, unanchored. A parameter that is an array is matched
// as its JSON text.
//
// Which of the matching calls are struck: nth (only that one, from 1), every
// (each such multiple), after, times, probability (0 to 1). All that are given
// must hold; nth stands alone. Each rule counts the calls that it matches,
// whatever other rules do; the first rule that strikes has the call. Signatures
// are verified before, so that a fault never hides a wrong one.
//
// The parts of a bulk call are matched, too, as the calls that they stand for (of
// bulk_create: POST /admin/v1/users): by rules of the effects refuse and "50001"
// that name a path or params. Such a part is refused, and counted, by itself.
//
//	effect        applied?  what the client gets                     fields
//	status429     no        429/42901                                retry_after, reply (json, html, empty)
//	"500"         no        500/50000
//	"50001"       no        500/50001, as a one-to-many limit answers
//	html502       no        502 with an HTML page
//	fail200       no        HTTP 200 with stat FAIL                  code, message, detail
//	empty_code    no        FAIL with code ""                        status, message, detail
//	no_code       no        FAIL without code                        status, message, detail
//	refuse        no        FAIL with that code                      code, message, detail
//	fail_page     no        500/50000 on that page of a list         page (from 1)
//	cut_before    no        the connection closes without a reply
//	cut_after     yes       the connection closes without a reply
//	error_after   yes       500/50000
//	slow          yes       the right reply, late                    delay
//	stale         no        the reply to an earlier call
//	swap          yes       the reply to an earlier call
//	wrong_id      yes       the right reply, with an id of nobody
//	endless       yes       of a list the first page, and one more to come
//	short         yes       of a list all but the last
//	twice         yes       of a list the first one twice
//	reversed      yes       a list in another order
//	stranger      yes       a list with somebody else in the first place
//
// An earlier call is the last one that the rule matches and that nothing has struck: the
// first of all is never struck. Of swapped replies each waits for the next call that the
// rule strikes.
//
// delay goes with every effect: the call has its effect at once, what the client
// gets comes that much later. Go's own HTTP client sends a GET again by itself
// when a kept connection is closed without a reply: such a call shows up twice.
package duosim
