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

// guard weighs the whole plan against the limits, before the first write.
func (r *runner) guard() {
	limits := r.engine.Rules.Limits
	ours := r.snap.active()
	r.maximum("max_remove", limits.MaxRemove, ours, func(o *Op) bool { return o.Removes() })
	r.maximum("max_update", limits.MaxUpdate, ours, func(o *Op) bool { return o.Action == Update || o.Action == Adopt })
	r.maximum("max_enable", limits.MaxEnable, ours, func(o *Op) bool { return o.Action == Enable || o.Action == Restore })
	r.maximum("max_create", limits.MaxCreate, ours, func(o *Op) bool { return o.Action == Create })
	r.maximum("max_recreate", limits.MaxRecreate, ours, func(o *Op) bool { return o.Action == Recreate })
	r.minimumSource(limits.MinSource)
	r.minimumAttributes(limits.MinAttribute)
	r.stateLost()
	r.hold()
}

func (r *runner) affected(match func(*Op) bool) (ops []*Op, persons int) {
	who := map[SourceID]bool{}
	for _, op := range r.plan.Ops() {
		if match(op) {
			ops = append(ops, op)
			who[op.Source] = true
		}
	}
	return ops, len(who)
}

func (r *runner) maximum(name string, limit Limit, total int, match func(*Op) bool) {
	if limit.Off {
		return
	}
	ops, n := r.affected(match)
	held := limit.Above(n, total) && n > r.engine.Rules.Limits.Floor
	r.run.Guards = append(r.run.Guards, Guard{Name: name, Limit: limit.String(), Affected: n, Total: total, Held: held, Approvable: true, ops: ops, token: name})
}

// minimumSource holds all removals when the directory has lost too many people
// since the last good run.
func (r *runner) minimumSource(limit Limit) {
	before := r.meta.Baseline
	if limit.Off || before == nil {
		return
	}
	now := r.run.InScope
	lost := max(before.InScope-now, 0)
	ops, _ := r.affected((*Op).Removes)
	r.run.Guards = append(r.run.Guards, Guard{Name: "min_source", Limit: limit.String(), Affected: lost, Total: before.InScope,
		Held: limit.Below(now, before.InScope) && lost > r.engine.Rules.Limits.Floor, Approvable: true, ops: ops,
		token: "min_source=" + strconv.Itoa(now)})
}

// minimumAttributes holds what follows from an attribute that too many people
// have lost since the last good run; missing read rights look like that. One
// that comes back for nobody any more holds whatever the floor.
func (r *runner) minimumAttributes(limit Limit) {
	before := r.meta.Baseline
	if limit.Off || before == nil {
		return
	}
	rules := &r.engine.Rules
	fields := map[string][]string{} // by attribute
	for field, attribute := range rules.Mapping {
		fields[attribute] = append(fields[attribute], field)
	}
	if rules.Status {
		for _, attribute := range rules.StatusAttributes {
			attribute = strings.ToLower(attribute)
			fields[attribute] = append(fields[attribute], FieldStatus)
		}
	}
	attributes := make([]string, 0, len(fields))
	for attribute := range fields {
		attributes = append(attributes, attribute)
	}
	slices.Sort(attributes)
	for _, attribute := range attributes {
		had, have := before.Attributes[attribute], r.census.attributes[attribute]
		if have >= had {
			continue
		}
		ops, persons := r.affected(func(o *Op) bool { return follows(o, fields[attribute]) })
		vanished := have == 0
		// Nothing can be planned for people without a username; yet they have lost it.
		affected := persons > 0 || attribute == rules.Mapping[FieldUsername] && have < r.run.InScope
		fallen := limit.Below(have, had) && had-have > rules.Limits.Floor
		r.run.Guards = append(r.run.Guards, Guard{Name: "min_attribute", Attribute: attribute, Limit: limit.String(), Affected: had - have, Total: had,
			Held: affected && (vanished || fallen), Approvable: true, ops: ops,
			token: "min_attribute:" + attribute + "=" + strconv.Itoa(have)})
	}
}

// follows reports whether an operation on a person in scope changes one of the
// fields to what an absent attribute gives: nothing, or active.
func follows(o *Op, fields []string) bool {
	if o.Missing != nil {
		return false
	}
	return slices.ContainsFunc(o.Changes, func(c Change) bool {
		return slices.Contains(fields, c.Field) && (c.After == "" || c.Field == FieldStatus && c.After == StatusActive)
	})
}

// stateLost holds every creation when the snapshot is empty while Duo already
// holds most of the names: the state was lost, or belongs elsewhere.
func (r *runner) stateLost() {
	if r.snap.links > 0 || r.held == 0 {
		return
	}
	wanted := r.run.InScope
	r.run.Guards = append(r.run.Guards, Guard{Name: "state_lost", Limit: "50%", Affected: r.held, Total: wanted,
		Held: 2*r.held > wanted && r.held > r.engine.Rules.Limits.Floor && r.engine.Rules.Existing == ExistingReport && (r.opts.Adopt == "" || r.opts.Only == ""),
		ops:  r.plan.Ops()})
}

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
