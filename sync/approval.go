package dirsync

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// hold gives what is held an approval id, and lifts the guards that an
// approval covers.
func (r *runner) hold() {
	held := r.heldOps()
	tokens := r.heldTokens()
	if len(tokens) == 0 {
		return
	}
	if !r.approvable() {
		return
	}
	r.run.ApprovalID = approvalID(held, tokens, r.engine.Binding)
	for _, approval := range r.approvals {
		if approval.ID == r.run.ApprovalID || approval.covers(held, r.run.Guards) {
			r.used = append(r.used, approval.ID)
			for i := range r.run.Guards {
				r.run.Guards[i].Held = false
			}
			r.run.ApprovalID = ""
			return
		}
	}
}

// approvable reports whether an approval can lift all that is held.
func (r *runner) approvable() bool {
	return !slices.ContainsFunc(r.run.Guards, func(g Guard) bool { return g.Held && !g.Approvable })
}

func (r *runner) heldOps() []*Op {
	held := map[*Op]bool{}
	for _, g := range r.run.Guards {
		if g.Held {
			for _, op := range g.ops {
				held[op] = true
			}
		}
	}
	var ops []*Op
	for _, op := range r.plan.Ops() {
		if held[op] {
			ops = append(ops, op)
		}
	}
	return ops
}

func (r *runner) heldTokens() []string {
	var tokens []string
	for _, g := range r.run.Guards {
		if g.Held {
			tokens = append(tokens, g.token)
		}
	}
	return tokens
}

// covers reports whether an approval lets these operations and guards through:
// fewer operations than were approved may pass, more never; a count may have
// risen since, not fallen further.
func (a Approval) covers(held []*Op, guards []Guard) bool {
	if a.Keys == nil {
		return false // an id alone lets only the very same operations pass
	}
	approved := make(map[string]bool, len(a.Keys))
	for _, key := range a.Keys {
		approved[key] = true
	}
	for _, op := range held {
		if !approved[op.Key()] {
			return false
		}
	}
	for _, g := range guards {
		if g.Held && !slices.ContainsFunc(a.Guards, func(token string) bool { return accepts(token, g.token) }) {
			return false
		}
	}
	return true
}

// accepts reports whether an approved token covers another one: the same
// guard, with a count that is no lower.
func accepts(approved, token string) bool {
	name, count, counted := strings.Cut(approved, "=")
	otherName, otherCount, _ := strings.Cut(token, "=")
	if name != otherName {
		return false
	}
	low, err1 := strconv.Atoi(count)
	high, err2 := strconv.Atoi(otherCount)
	return !counted || err1 == nil && err2 == nil && high >= low
}

// The first part of an approval id is a digest of what is held, the second
// proves that a run against this account and directory gave it.
const (
	approvalDigest = 12 // hex digits
	approvalProof  = 8
)

func approvalID(held []*Op, tokens []string, binding Binding) string {
	h := sha256.New()
	keys := make([]string, len(held))
	for i, op := range held {
		keys[i] = op.Key()
	}
	slices.Sort(keys)
	slices.Sort(tokens)
	for _, text := range append(keys, tokens...) {
		_, _ = fmt.Fprintln(h, text)
	}
	digest := hex.EncodeToString(h.Sum(nil))[:approvalDigest]
	return digest + proof(digest, binding)
}

func proof(digest string, binding Binding) string {
	text, _ := json.Marshal(binding)
	mac := hmac.New(sha256.New, text)
	_, _ = mac.Write([]byte(digest))
	return hex.EncodeToString(mac.Sum(nil))[:approvalProof]
}

// KnownApproval reports whether id has the form of an approval id that a run
// against this account and directory gave. It tells mistyped ids and those of
// other states.
func KnownApproval(id string, binding Binding) bool {
	if len(id) != approvalDigest+approvalProof {
		return false
	}
	return id[approvalDigest:] == proof(id[:approvalDigest], binding)
}
