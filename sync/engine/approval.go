package engine

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	dirsync "duosync/sync"
)

// The first part of an approval id is a digest of what is held, the second
// proves that a run against this account and directory gave it.
const (
	approvalDigest = 12 // hex digits
	approvalProof  = 8
)

// approvalID digests what guards hold.
func approvalID(holds []dirsync.Hold, binding dirsync.Binding) string {
	h := sha256.New()
	for _, hold := range holds {
		hold.Keys, hold.People = slices.Clone(hold.Keys), slices.Clone(hold.People)
		slices.Sort(hold.Keys)
		slices.Sort(hold.People)
		hold.Limit, hold.Affected, hold.Total = "", 0, 0 // what is held is the same whatever else there is
		text, _ := json.Marshal(hold)                    // texts and numbers always marshal
		_, _ = fmt.Fprintf(h, "%s\n", text)
	}
	digest := hex.EncodeToString(h.Sum(nil))[:approvalDigest]
	return digest + proof(digest, binding)
}

func proof(digest string, binding dirsync.Binding) string {
	text, _ := json.Marshal(binding)
	mac := hmac.New(sha256.New, text)
	_, _ = mac.Write([]byte(digest))
	return hex.EncodeToString(mac.Sum(nil))[:approvalProof]
}

// KnownApproval reports whether id has the form of an approval id that a run
// against this account and directory gave. It tells mistyped ids and those of
// other states.
func KnownApproval(id string, binding dirsync.Binding) bool {
	if len(id) != approvalDigest+approvalProof {
		return false
	}
	return id[approvalDigest:] == proof(id[:approvalDigest], binding)
}

// holdings are what the run's guards hold, for the state to know: all of it under the
// report's approval id, and each guard under its own.
func (r *runner) holdings() []dirsync.Approval {
	var all []dirsync.Approval
	var holds []dirsync.Hold
	for _, g := range r.run.Guards {
		if g.Held && g.ApprovalID != "" {
			all = append(all, dirsync.Approval{ID: g.ApprovalID, Holds: []dirsync.Hold{g.Hold}})
			holds = append(holds, g.Hold)
		}
	}
	if r.run.ApprovalID != "" && len(all) > 1 {
		all = append(all, dirsync.Approval{ID: r.run.ApprovalID, Holds: holds})
	}
	return all
}

// approve lets through what approvals cover. Of what a partial guard holds the approved
// passes and the rest stays held; what holds the whole run passes whole or not at all.
func (r *runner) approve(ctx context.Context) {
	for i := range r.run.Guards { // now that nothing is split any more
		if g := &r.run.Guards[i]; g.Held {
			keepHold(g, r.engine.Binding)
		}
	}
	allID := approvalID(r.heldNow(), r.engine.Binding)
	for i := range r.run.Guards {
		g := &r.run.Guards[i]
		if !g.Held || g.Remedy != "" {
			continue
		}
		for _, a := range r.approvals {
			if g.Held && r.lets(ctx, g, a, allID) && !slices.Contains(r.used, a.ID) {
				r.used = append(r.used, a.ID)
			}
		}
		if g.Held {
			keepHold(g, r.engine.Binding)
		}
	}
	if held := r.heldNow(); len(held) > 0 {
		r.run.ApprovalID = approvalID(held, r.engine.Binding)
	}
	r.acceptDoubts()
}

// heldNow gives what guards hold that can be approved.
func (r *runner) heldNow() []dirsync.Hold {
	var holds []dirsync.Hold
	for _, g := range r.run.Guards {
		if g.Held && g.Remedy == "" {
			holds = append(holds, g.Hold)
		}
	}
	return holds
}

// lets lets through of what a guard holds what an approval covers, and reports whether
// that is anything.
func (r *runner) lets(ctx context.Context, g *dirsync.Guard, a dirsync.Approval, allID string) bool {
	if a.Holds == nil { // of a dry run: the very same
		if a.ID == g.ApprovalID || a.ID == allID {
			r.forgiveScope(g, g.Hold.People)
			pass(g, func(*dirsync.Op) bool { return true })
			return true
		}
		return false
	}
	for i := range a.Holds {
		h := &a.Holds[i]
		if h.Guard != g.Name || h.About != g.About || h.Count > g.Hold.Count || h.Scope != g.Hold.Scope {
			continue
		}
		covers, people := covers(h), setOf(h.People)
		covered := 0
		for _, o := range g.Ops {
			if covers(o) {
				covered++
			}
		}
		further := slices.DeleteFunc(slices.Clone(g.Hold.People), func(id dirsync.SourceID) bool { return people[id] })
		switch {
		case !g.Partial && covered < len(g.Ops), covered == 0 && len(g.Ops) > 0:
			continue
		case len(g.Ops) == 0 && len(further) > 0:
			continue
		}
		pass(g, covers)
		g.Hold.People = further
		if g.Held = len(g.Ops) > 0 || len(further) > 0; g.Held && g.Name == guardScopeChanged {
			g.Affected, g.Names = len(further), r.labels(ctx, further)
		}
		r.forgiveScope(g, h.People)
		return true
	}
	return false
}

// covers tells operations that were held: the same ones, and under a changed scope any
// that are about the same people.
func covers(h *dirsync.Hold) func(*dirsync.Op) bool {
	keys, people := setOf(h.Keys), setOf(h.People)
	return func(o *dirsync.Op) bool { return keys[o.Key()] || h.Scope != "" && people[o.Source] }
}

// pass lets operations through a guard.
func pass(g *dirsync.Guard, covered func(*dirsync.Op) bool) {
	g.Ops = slices.DeleteFunc(slices.Clone(g.Ops), covered)
	if g.Held = len(g.Ops) > 0; !g.Held {
		return
	}
	g.Names = namesOf(g.Ops)
	if strings.HasPrefix(g.Name, "max_") {
		g.Affected = persons(g.Ops)
	}
}

// persons counts those whom operations are about.
func persons(ops []*dirsync.Op) int {
	who := map[dirsync.SourceID]bool{}
	for _, o := range ops {
		who[o.Source] = true
	}
	return len(who)
}

// forgiveScope makes approved people ones who are missing as under any scope.
func (r *runner) forgiveScope(g *dirsync.Guard, ids []dirsync.SourceID) {
	if g.Name != guardScopeChanged {
		return
	}
	forgiven := func(m *dirsync.Missing) *dirsync.Missing {
		if m == nil {
			return nil
		}
		n := *m
		n.Scope, n.Approved = "", true
		return &n
	}
	for _, id := range ids {
		s := r.bySource[id]
		if s == nil {
			continue
		}
		if s.next != nil {
			s.next.Missing = forgiven(s.next.Missing)
		}
		for _, o := range s.ops {
			o.Missing = forgiven(o.Missing)
		}
	}
}

// acceptDoubts notes what was approved of what is doubted: from now on it is taken for
// the truth. Nothing is accepted by a run that does not go on.
func (r *runner) acceptDoubts() {
	for _, d := range r.doubts {
		for _, g := range r.run.Guards {
			if g.Name == d.guard && g.About == d.about && d.remedy == "" {
				d.accepted = g.ApprovalID != "" && !g.Held && !r.run.Stopped()
			}
		}
	}
}

// heldOps are the operations that a guard still holds, and those that need what these
// would have freed or made. An operation that two guards hold needs both.
func (r *runner) heldOps() map[*dirsync.Op]bool {
	held := map[*dirsync.Op]bool{}
	for _, g := range r.run.Guards {
		if g.Held && g.Partial {
			for _, o := range g.Ops {
				held[o] = true
			}
		}
	}
	r.withDependents(held)
	if !r.run.Stopped() {
		return held
	}
	for _, g := range r.run.Guards {
		if g.Held && !g.Partial {
			for _, o := range g.Ops {
				held[o] = true
			}
		}
	}
	return held
}
